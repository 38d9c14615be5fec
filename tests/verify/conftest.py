"""Runs as math500 makes them, by a stub model: a plain one, one with votes, one with a judge."""

from __future__ import annotations

import asyncio
import datetime
import itertools
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from math500 import evaluate, grading, judge, solve
from math500.judge import forms
from math500.records import (
    Decoding,
    Extras,
    Failure,
    Generation,
    Judging,
    Manifest,
    Message,
    ModelInfo,
    Price,
    Problem,
    Sample,
    SolverInfo,
)
from math500.rundir import RunWriter

CREATED = "2026-01-01T00:00:00+00:00"
KINDS = ("$\\boxed{%s}$", "$\\boxed{7}$", "Let us think about it", "So the answer is $%s$.")


class Stub:
    """Right in two of four answers; one in four is cut off."""

    def __init__(self) -> None:
        self._count = itertools.count()

    async def generate(
        self,
        messages: Sequence[Message],
        decoding: Decoding,
        *,
        seed: int | None = None,
        stop: Sequence[str] = (),
        extras: Extras | None = None,
    ) -> Generation:
        number = next(self._count)
        asked = messages[-1].content
        answer = 2 * int(asked.split("$")[1].split()[0])
        kind = KINDS[number % 4]
        return Generation(
            text=kind % answer if "%s" in kind else kind,
            finish_reason="length" if number % 4 == 2 else "stop",
            prompt_tokens=20,
            completion_tokens=64 if number % 4 == 2 else 9 + number,
            model="stub-1",
        )


def written(folder: Path, manifest: Manifest, problems: tuple[Problem, ...]) -> Path:
    """Collected, graded, summed up."""
    with RunWriter.create(folder, manifest, problems) as run:
        solver = solve.make(manifest.solver_settings, manifest.prompt, manifest.decoding)
        asyncio.run(evaluate.collect(run, solver, Stub(), concurrency=1))
        run.write_summary(evaluate.summarize(run))
    return folder


@pytest.fixture
def made(manifest_of: Callable[..., Manifest]) -> Callable[..., Manifest]:
    """A manifest as `math500 run` makes it."""

    def make(**fields: object) -> Manifest:
        base: dict[str, object] = {
            "run_id": "20260101-000000-stub-bare",
            "created": CREATED,
            "command": ("run", "--model", "stub", "--prompt", "bare"),
            "price": Price(model="stub", prompt=1.0, completion=2.0),
            "decoding": Decoding(temperature=0.7, max_tokens=64, seed=1),
        }
        return manifest_of(**base | fields)

    return make


@pytest.fixture
def plain(folder: Path, made: Callable[..., Manifest], problems: tuple[Problem, ...]) -> Path:
    """Two samples a problem; the last sample is written as failed first."""
    manifest = made(samples=2)
    with RunWriter.create(folder, manifest, problems) as run:
        failure = Failure(kind="empty", detail="nothing came")
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
        run.append(Sample(unique_id="test/11", index=1, response="", failure=failure, started=now))
        solver = solve.make(manifest.solver_settings, manifest.prompt, manifest.decoding)
        asyncio.run(evaluate.collect(run, solver, Stub(), concurrency=1))
        run.write_summary(evaluate.summarize(run))
    return folder


@pytest.fixture
def voted(tmp_path: Path, made: Callable[..., Manifest], problems: tuple[Problem, ...]) -> Path:
    """A vote of four."""
    settings = SolverInfo(name="vote:cot", votes=4)
    return written(tmp_path / "voted", made(solver="vote:cot, 4 votes", solver_settings=settings), problems)


@pytest.fixture
def judged(plain: Path) -> Path:
    """The plain run with a judge that says of every second answer that it is right."""
    name = "judge-stub-equality/1"
    judging = Judging(
        name=name,
        created=CREATED,
        math500_version="0",
        model=ModelInfo(name="stub", served_name="stub", base_url="http://127.0.0.1:1/v1"),
        form=forms.EQUALITY,
        decoding=Decoding(),
        salt="pepper",
    )

    class Judge:
        def __init__(self) -> None:
            self._says = itertools.cycle(("yes", "no"))

        async def generate(
            self,
            messages: Sequence[Message],
            decoding: Decoding,
            *,
            seed: int | None = None,
            stop: Sequence[str] = (),
            extras: Extras | None = None,
        ) -> Generation:
            return Generation(text=next(self._says), finish_reason="stop")

    grader = f"judge-stub-equality-all/1.{grading.GRADER.partition('/')[2]}"
    with RunWriter(plain) as run:
        run.write_judging(judging)
        cases = list(judge.of_run(run, judging.form, "all"))
        for case in cases:
            if case.shown is None:
                run.append_grade(grader, evaluate.named(case.sample, case.rule))
        todo = [case for case in cases if case.shown is not None]
        asyncio.run(judge.judge(run, judging, grader, todo, Judge(), concurrency=1))
    return plain
