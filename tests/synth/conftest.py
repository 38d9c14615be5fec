"""Invented test problems in MATH-500's place, and runs with invented samples."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from math500 import evaluate
from math500.data import ProblemSet
from math500.errors import UsageError
from math500.records import (
    CompletionRow,
    DataSource,
    Decoding,
    Execution,
    Generation,
    Manifest,
    Message,
    ModelInfo,
    Problem,
    Sample,
    SolverInfo,
)
from math500.rundir import RunDir, RunWriter

TESTS = (
    Problem(
        problem="A farmer has $17$ red hens and $5$ grey hens. How many hens does the farmer have in all?",
        answer="22",
        unique_id="test/algebra/1.json",
    ),
    Problem(
        problem="Let $f(x) = \\frac{x + 1}{x - 2}$. Find the value of $f(f(5))$ as a common fraction.",
        answer="3",
        unique_id="test/algebra/2.json",
    ),
    Problem(problem="Evaluate $\\log_2 64$.", answer="6", unique_id="test/algebra/3.json"),
)


def problem_set(name: str, problems: tuple[Problem, ...]) -> ProblemSet:
    source = DataSource(
        name=name, place="cache", location="x", rows=len(problems), sha256=f"hash of {name}", verified=True
    )
    return ProblemSet(source, problems)


SETS = {"math500": TESTS, "held": (Problem(problem="What is $3 + 4$?", answer="7", unique_id="held/0"),)}


@pytest.fixture(autouse=True)
def _invented_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gate checks against invented problems."""

    def load(name: str) -> ProblemSet:
        if name not in SETS:
            raise UsageError(f"no set {name}")
        return problem_set(name, SETS[name])

    monkeypatch.setattr("math500.data.load", load)


def row(
    question: str, solution: str = "It is 1.", problem_id: str = "train/1", **fields: Any
) -> CompletionRow:
    return CompletionRow(
        prompt=(Message(role="user", content=question),),
        completion=(Message(role="assistant", content=solution),),
        problem_id=problem_id,
        **fields,
    )


def sample(unique_id: str, response: str, index: int = 0, *, finish: str = "stop", **more: Any) -> Sample:
    generation = Generation(text=response, finish_reason=finish)
    return Sample(unique_id=unique_id, index=index, response=response, generations=(generation,), **more)


def ran(unique_id: str, *turns: str | Execution, index: int = 0) -> Sample:
    """A sample of the solver with tools: replies, and what their code gave."""
    replies = tuple(Generation(text=turn, finish_reason="stop") for turn in turns if isinstance(turn, str))
    executions = tuple(turn for turn in turns if isinstance(turn, Execution))
    return Sample(
        unique_id=unique_id,
        index=index,
        response=replies[-1].text,
        generations=replies,
        executions=executions,
    )


MakeRun = Callable[..., RunDir]


@pytest.fixture
def make_run(tmp_path: Path, manifest_of: Callable[..., Manifest]) -> MakeRun:
    """Writes and grades a run out of problems and samples, `samples` of them a problem."""

    def make(
        name: str, problems: list[Problem], samples: list[Sample], *, solver: str = "cot", **fields: Any
    ) -> RunDir:
        most = 1 + max(s.index for s in samples)
        manifest = manifest_of(
            run_id=name,
            samples=most,
            solver=solver,
            solver_settings=SolverInfo(name=solver),
            decoding=Decoding(temperature=0.7),
            model=ModelInfo(name="stub", served_name="stub", base_url=""),
            **fields,
        )
        with RunWriter.create(tmp_path / name, manifest, problems) as writer:
            for each in samples:
                writer.append(each)
            evaluate.grade(writer)
        return RunDir.open(tmp_path / name)

    return make
