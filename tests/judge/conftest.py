from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from math500 import grading
from math500.judge import forms
from math500.records import (
    Decoding,
    Generation,
    Grade,
    JudgeForm,
    Judging,
    Manifest,
    ModelInfo,
    Problem,
    Sample,
    SampleGrade,
    Verdict,
)
from math500.rundir import RunDir, RunWriter

VERDICTS: tuple[Verdict, ...] = ("correct", "wrong", "ungraded", "no_answer")


@pytest.fixture
def judged_run(folder: Path, problems: tuple[Problem, ...], manifest_of: Callable[..., Manifest]) -> Path:
    """Twelve samples; the rule's verdicts on them are correct, wrong, ungraded, no_answer, and so on.

    Sample i answers i + i, except where the rule says wrong, where it answers 7.
    """
    with RunWriter.create(folder, manifest_of(), problems) as run:
        for i, problem in enumerate(problems):
            verdict = VERDICTS[i % 4]
            answer = None if verdict == "no_answer" else "7" if verdict == "wrong" else problem.answer
            text = "I think and think." if answer is None else f"So it is $\\boxed{{{answer}}}$."
            generation = Generation(text=text, finish_reason="stop")
            key = {"unique_id": problem.unique_id, "index": 0}
            run.append(Sample(**key, response=text, generations=(generation,)))  # type: ignore[arg-type]
            grade = Grade(verdict=verdict, extracted=answer, rule="boxed")
            run.append_grade(grading.GRADER, SampleGrade(**key, grade=grade))  # type: ignore[arg-type]
    return folder


@pytest.fixture
def opened(judged_run: Path) -> RunDir:
    return RunDir.open(judged_run)


def judging(form: JudgeForm = forms.EQUALITY) -> Judging:
    return Judging(
        name=f"judge-stub-{form.name}/1",
        created="2026-01-01T00:00:00+00:00",
        math500_version="0",
        model=ModelInfo(name="stub", served_name="stub", base_url="http://127.0.0.1:1/v1"),
        form=form,
        decoding=Decoding(),
        salt="pepper",
    )
