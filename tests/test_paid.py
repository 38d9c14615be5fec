"""Every completion is counted once, also those that no sample holds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from math500 import display, evaluate, paid, solve
from math500.errors import SampleFailed
from math500.records import Decoding, Failure, Generation, Manifest, Price, Problem, Sample, SolverInfo, Turn
from math500.rundir import RunWriter
from tests.test_evaluate import PROMPT, Stub

VOTE = SolverInfo(name="vote:cot", votes=4)
PRICE = Price(model="given", prompt=1_000_000.0, completion=2_000_000.0)
"""A dollar for a prompt token, two for a generated one."""


class Refuses(Stub):
    """Answers the three first votes of each problem, and refuses the fourth."""

    async def generate(self, *args: Any, **options: Any) -> Generation:
        fourth = len(self.asked) % 4 == 3
        given = await super().generate(*args, **options)
        if fourth:
            raise SampleFailed("filtered", "the endpoint refused")
        return given


def vote(run: RunWriter, model: Stub) -> None:
    asyncio.run(evaluate.collect(run, solve.make(VOTE, PROMPT, Decoding()), model, concurrency=1))


def test_what_failed_samples_took_is_paid_and_not_in_the_samples(
    folder: Path, problems: tuple[Problem, ...], manifest_of: Callable[..., Manifest]
) -> None:
    with RunWriter.create(folder, manifest_of(solver_settings=VOTE, price=PRICE), problems) as run:
        vote(run, Refuses())
        failed = evaluate.summarize(run)
        assert (failed.failed, failed.prompt_tokens, failed.cost) == (12, 0, 0.0)
        assert failed.paid is not None
        assert (failed.paid.prompt_tokens, failed.paid.completion_tokens) == (12 * 3 * 10, 12 * 3 * 5)
        assert failed.paid.cost == 12 * 3 * (10 + 2 * 5)
        assert "360 and 180 are in no sample" in display.summary(run.manifest, failed, folder)
        assert "$720.00" in display.summary(run.manifest, failed, folder)
        assert paid.in_all(run) == 12 * 3 * 15

        vote(run, Stub())
        whole = evaluate.summarize(run)
    assert whole.paid is not None
    assert whole.paid.cost == whole.cost == 12 * 4 * (10 + 2 * 5)
    assert "Paid in all" not in display.summary(run.manifest, whole, folder)


def test_a_try_that_was_begun_again_is_paid_beside_its_sample(
    folder: Path, problems: tuple[Problem, ...], manifest_of: Callable[..., Manifest]
) -> None:
    """Code that prints another time the second time is followed by another request."""
    unique_id = problems[0].unique_id
    first, early, late = (Generation(text=name, prompt_tokens=7, attempts=2) for name in ("a", "b", "c"))
    failure = Failure(kind="filtered", detail="", attempts=3)
    with RunWriter.create(folder, manifest_of(), problems) as run:
        for number, generation in enumerate((first, early, late)):
            run.append_turn(Turn(unique_id=unique_id, index=0, request=str(number), generation=generation))
        run.append(Sample(unique_id=unique_id, index=0, response="", failure=failure))
        run.append(Sample(unique_id=unique_id, index=0, response="c", generations=(first, late)))
    assert paid.spent(run).prompt_tokens == 21
    assert paid.spent(run).requests == 3 + 3 * 2
    assert evaluate.summarize(run).prompt_tokens == 14


def test_a_judges_completions_are_its_own(
    folder: Path, problems: tuple[Problem, ...], manifest_of: Callable[..., Manifest]
) -> None:
    unique_id = problems[0].unique_id
    with RunWriter.create(folder, manifest_of(), problems) as run:
        for judge, tokens in ((False, 5), (True, 11)):
            generation = Generation(text="x", completion_tokens=tokens)
            run.append_turn(
                Turn(unique_id=unique_id, index=0, request="r", generation=generation, judge=judge)
            )
    made = evaluate.summarize(run).paid
    assert made is not None
    assert (made.completion_tokens, made.judge_completion_tokens) == (5, 11)
