"""A scripted model: it says its lines, and remembers what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest

from math500.records import Decoding, Extras, Generation, Message, Prompt, ToolCall
from math500.sandbox import Limits, Sandbox
from math500.solve import Solution, Solver

PROMPT = Prompt(name="bare", template="{problem}", source="test")
DECODING = Decoding(temperature=0.0, max_tokens=100)


@dataclass(frozen=True)
class Called:
    """A reply that calls tools: name and arguments of each, as the model wrote them."""

    calls: tuple[tuple[str, str], ...]
    text: str = ""
    finish: str = "tool_calls"


@dataclass
class Scripted:
    """Says its lines in order; a line that ends in `<cut>` ended at the token limit."""

    lines: Sequence[str | Called | Generation]
    asked: list[tuple[Message, ...]] = field(default_factory=list)
    seeds: list[int | None] = field(default_factory=list)
    stops: list[tuple[str, ...]] = field(default_factory=list)
    extras: list[Extras | None] = field(default_factory=list)

    async def generate(
        self,
        messages: Sequence[Message],
        decoding: Decoding,
        *,
        seed: int | None = None,
        stop: Sequence[str] = (),
        extras: Extras | None = None,
    ) -> Generation:
        assert len(self.asked) < len(self.lines), f"asked once more: {messages[-1].content}"
        line = self.lines[len(self.asked)]
        self.asked.append(tuple(messages))
        self.seeds.append(seed)
        self.stops.append(tuple(stop))
        self.extras.append(extras)
        if isinstance(line, Generation):
            return line
        if isinstance(line, Called):
            return Generation(text=line.text, finish_reason=line.finish, tool_calls=numbered(line.calls))
        cut = line.endswith("<cut>")
        return Generation(
            text=line.removesuffix("<cut>"), finish_reason="length" if cut else "stop", completion_tokens=1
        )

    @property
    def told(self) -> list[str]:
        """The last message of each request after the first: what the model was told in between."""
        return [messages[-1].content for messages in self.asked[1:]]


def numbered(calls: Sequence[tuple[str, str]]) -> tuple[ToolCall, ...]:
    return tuple(ToolCall(id=f"c{i}", name=n, arguments=a) for i, (n, a) in enumerate(calls))


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
