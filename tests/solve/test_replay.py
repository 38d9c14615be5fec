from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from math500 import evaluate
from math500.errors import QuotaExhausted
from math500.records import Extras, Generation, Manifest, Message, Problem, Turn
from math500.rundir import RunWriter
from math500.solve import Replay, Turns, Vote
from math500.solve.cot import Cot
from math500.solve.replay import digest
from tests.solve.conftest import DECODING, PROMPT, Scripted


def test_the_same_request_is_not_sent_again(runner: asyncio.Runner) -> None:
    kept: list[Turn] = []

    def keep(request: str, generation: Generation, judge: bool) -> None:
        kept.append(Turn(unique_id="u", index=0, request=request, generation=generation))

    solver = Vote(Turns("review", PROMPT, DECODING), 2)
    first = runner.run(solver.solve("?", Replay(Scripted(("a", "b", "c", "d")), (), keep), seed=1))
    assert len(kept) == 4
    # All of it is there: nothing is asked.
    again = runner.run(solver.solve("?", Replay(Scripted(()), kept, keep), seed=1))
    assert again == first
    # With another seed nothing of it is there.
    fresh = Scripted(("e", "f", "g", "h"))
    runner.run(solver.solve("?", Replay(fresh, kept, keep), seed=5))
    assert len(fresh.asked) == 4


def test_the_hash_of_a_plain_request_is_what_it_always_was() -> None:
    """Or a run that was stopped before messages had tool calls would pay twice."""
    old = (
        b'[[{"role":"user","content":"1+1?"}],'
        b'{"temperature":0.0,"top_p":null,"max_tokens":100,"seed":null},7,["END"]]'
    )
    known = hashlib.sha256(old).hexdigest()[:32]
    messages = [Message(role="user", content="1+1?")]
    assert digest(messages, DECODING, 7, ("END",)) == known
    assert digest(messages, DECODING, 7, ("END",), Extras(logprobs=True)) != known


def test_equal_requests_get_their_own_answers(runner: asyncio.Runner) -> None:
    """Without seeds k requests of a vote are the same; k kept answers must stay k answers."""
    kept: list[Turn] = []

    def keep(request: str, generation: Generation, judge: bool) -> None:
        kept.append(Turn(unique_id="u", index=0, request=request, generation=generation))

    solver = Vote(Cot(PROMPT, DECODING), 3)
    first = runner.run(solver.solve("?", Replay(Scripted(("a", "b", "c")), (), keep), seed=None))
    again = runner.run(solver.solve("?", Replay(Scripted(()), kept, keep), seed=None))
    assert sorted(g.text for g in again.generations) == sorted(g.text for g in first.generations)


class Dies(Scripted):
    """Its quota ends after some answers."""

    async def generate(self, *args: object, **options: object) -> Generation:
        if len(self.asked) == len(self.lines):
            raise QuotaExhausted("the quota is used up", "Buy more.")
        return await super().generate(*args, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("paid", range(1, 6))
def test_a_run_that_dies_in_the_middle_pays_for_nothing_twice(
    paid: int,
    folder: Path,
    problems: tuple[Problem, ...],
    manifest_of: Callable[..., Manifest],
    runner: asyncio.Runner,
) -> None:
    solver = Turns("review", PROMPT, DECODING)
    manifest = manifest_of(solver="review")

    def go(model: Scripted) -> None:
        with RunWriter(folder) as run:
            runner.run(evaluate.collect(run, solver, model, concurrency=1))

    with RunWriter.create(folder, manifest, problems[:3]):
        pass
    dying = Dies(tuple(f"line {i}" for i in range(paid)))
    with pytest.raises(QuotaExhausted):
        go(dying)
    rest = Scripted(tuple(f"line {i}" for i in range(paid, 6)))
    go(rest)
    assert len(rest.asked) == 6 - paid
    with RunWriter(folder) as run:
        texts = [[g.text for g in s.generations] for s in run.samples().values()]
    assert texts == [["line 0", "line 1"], ["line 2", "line 3"], ["line 4", "line 5"]]
