from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from math500.gap import graders
from math500.gap.offline import Responses
from math500.records import Generation, Grade, Manifest, Problem, Sample, SampleGrade
from math500.rundir import RunDir, RunWriter


@dataclass
class Box:
    """Takes a box and nothing else, and counts how often it is asked."""

    name: str = "box"
    version: str = "2"
    source: str = "a test"
    asked: list[bool] = field(default_factory=list)

    def grade(
        self, response: str, answer: str, *, question: str | None = None, truncated: bool = False
    ) -> Grade:
        self.asked.append(truncated)
        return Grade(verdict="correct" if f"\\boxed{{{answer}}}" in response else "wrong")


@pytest.fixture
def run(folder: Path, manifest_of: Callable[..., Manifest], problems: tuple[Problem, ...]) -> RunDir:
    """Twelve right answers, four of them outside a box; the first was cut off."""
    with RunWriter.create(folder, manifest_of(), problems) as writer:
        for i, p in enumerate(problems):
            text = f"$\\boxed{{{p.answer}}}$" if i % 3 else f"The answer is {p.answer}."
            generation = Generation(text=text, finish_reason="stop" if i else "length")
            writer.append(Sample(unique_id=p.unique_id, index=0, response=text, generations=(generation,)))
    return RunDir.open(folder)


def test_who_grades_is_a_factor(run: RunDir) -> None:
    preset = Box()
    (factor,) = graders.effects(run, Responses.of_run(run), [preset])
    assert (factor.name, factor.setting, factor.kind) == ("grader", "box", "recomputed")
    assert factor.value == pytest.approx(-4 / 12)
    assert (factor.gained, factor.lost, factor.source) == (0, 4, "a test")
    assert preset.asked.count(True) == 1


def test_grades_that_lie_in_the_folder_are_not_made_again(run: RunDir) -> None:
    with RunWriter(run.path) as writer:
        for problem in run.problems():
            grade = SampleGrade(unique_id=problem.unique_id, index=0, grade=Grade(verdict="wrong"))
            writer.append_grade("box-2", grade)
    preset = Box()
    (factor,) = graders.effects(run, Responses.of_run(run), [preset])
    assert factor.value == -1
    assert preset.asked == []


def test_a_published_grader_is_found_by_its_name() -> None:
    found = graders.named([Box()], "BOX")
    assert found is not None
    assert found("\\boxed{4}", Problem(problem="?", answer="4", unique_id="p"), False).verdict == "correct"
    assert graders.named([Box()], "a model judges") is None
    assert graders.named([Box()], "") is None


def test_a_judge_is_a_factor_when_it_graded_everything(run: RunDir) -> None:
    with RunWriter(run.path) as writer:
        for name, problems in (("judge-m-equality-all/1.2", run.problems()), ("judge-n-verdict-all/1.2", ())):
            for problem in problems or run.problems()[:3]:
                grade = SampleGrade(unique_id=problem.unique_id, index=0, grade=Grade(verdict="wrong"))
                writer.append_grade(name, grade)
    (factor,) = graders.effects(run, Responses.of_run(run), [])
    assert (factor.name, factor.setting, factor.value) == ("grader", "judge-m-equality-all-1.2", -1)
