"""A scripted model: it says its lines, and remembers what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest

from math500.records import Decoding, Generation, Message, Prompt
from math500.sandbox import Limits, Sandbox
from math500.solve import Solution, Solver

PROMPT = Prompt(name="bare", template="{problem}", source="test")
DECODING = Decoding(temperature=0.0, max_tokens=100)


@dataclass
class Scripted:
    """Says its lines in order; a line that ends in `<cut>` ended at the token limit."""

    lines: Sequence[str]
    asked: list[tuple[Message, ...]] = field(default_factory=list)
    seeds: list[int | None] = field(default_factory=list)
    stops: list[tuple[str, ...]] = field(default_factory=list)

    async def generate(
        self,
        messages: Sequence[Message],
        decoding: Decoding,
        *,
        seed: int | None = None,
        stop: Sequence[str] = (),
    ) -> Generation:
        assert len(self.asked) < len(self.lines), f"asked once more: {messages[-1].content}"
        line = self.lines[len(self.asked)]
        self.asked.append(tuple(messages))
        self.seeds.append(seed)
        self.stops.append(tuple(stop))
        cut = line.endswith("<cut>")
        return Generation(
            text=line.removesuffix("<cut>"), finish_reason="length" if cut else "stop", completion_tokens=1
        )

    @property
    def told(self) -> list[str]:
        """The last message of each request after the first: what the model was told in between."""
        return [messages[-1].content for messages in self.asked[1:]]


@pytest.fixture(scope="session")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as made:
        yield made


@pytest.fixture(scope="session")
def sandbox(runner: asyncio.Runner) -> Iterator[Sandbox]:
    made = Sandbox(Limits(seconds=30.0))
    runner.run(made.__aenter__())
    yield made
    runner.run(made.__aexit__())


def solve(runner: asyncio.Runner, solver: Solver, model: Scripted, seed: int | None = None) -> Solution:
    solution: Solution = runner.run(solver.solve("What is $1 + 1$?", model, seed=seed))
    assert len(model.asked) == len(model.lines), "not all lines were asked for"
    return solution
