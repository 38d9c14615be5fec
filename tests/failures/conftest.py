"""Runs with invented responses, one line each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from math500 import evaluate
from math500.records import Failure, Generation, Manifest, Problem, Sample
from math500.rundir import RunDir, RunWriter

MakeRun = Callable[..., RunDir]
LIMIT = "length"


def problem(unique_id: str, answer: str, *, question: str = "How much?", level: int = 1) -> Problem:
    return Problem(problem=question, answer=answer, unique_id=unique_id, subject="Algebra", level=level)


def sample(unique_id: str, response: str, *, index: int = 0, finish: str = "stop", **more: Any) -> Sample:
    generation = Generation(text=response, finish_reason=finish, completion_tokens=len(response) // 4, **more)
    return Sample(unique_id=unique_id, index=index, response=response, generations=(generation,))


def failed(unique_id: str, kind: str, *, index: int = 0) -> Sample:
    failure = Failure(kind=kind, detail="the endpoint said no")
    return Sample(unique_id=unique_id, index=index, response="", failure=failure)


@pytest.fixture
def make_run(tmp_path: Path, manifest_of: Callable[..., Manifest]) -> MakeRun:
    """Writes and grades a run out of problems and samples."""
    made = iter(range(100))

    def make(
        problems: list[Problem], samples: list[Sample], /, *, graded: bool = True, **fields: Any
    ) -> RunDir:
        folder = tmp_path / f"run{next(made)}"
        with RunWriter.create(folder, manifest_of(**fields), problems) as writer:
            for each in samples:
                writer.append(each)
            if graded:
                evaluate.grade(writer)
        return RunDir.open(folder)

    return make
