"""A run's responses under other graders, without asking the model again.

`regrade` writes a preset's grades beside the run's own, as `grades/NAME-VERSION.jsonl`; samples that are
graded there already are left alone, so it can be stopped anywhere and called again. The run's summary stays
that of its own grader. `table` lays the graders of a folder side by side: the score under each, how often
each two agree, and the responses that they do not agree on.

A preset that needs the killable process waits on one for each core; what is cheap is graded right here. The
grades do not depend on which: each is a function of its own response.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations

from math500 import evaluate, grading
from math500.errors import DependencyMissing
from math500.grading import presets
from math500.records import (
    Agreement,
    Disagreement,
    Grade,
    GraderScore,
    GraderTable,
    Problem,
    Sample,
    SampleGrade,
)
from math500.rundir import Key, RunDir, RunWriter

OWN = presets.names()[0]

OnGrade = Callable[[int, int], None]
"""Called after each grade with how many are made, and how many there are to make."""


def kept_as(grader: str) -> str:
    """The name under which a preset's grades lie in a run folder.

    Raises:
        UsageError: there is no such preset.
    """
    preset = presets.get(grader)
    return grading.GRADER if grader == OWN else f"{preset.name}-{preset.version}"


def regrade(run: RunWriter, grader: str, on_grade: OnGrade | None = None) -> dict[Key, SampleGrade]:
    """Grade every collected sample of the run by a preset; grades that are there already are kept.

    Args:
        run: the folder, open for writing.
        grader: a preset's name.
        on_grade: called after each new grade.

    Returns:
        The grades of all samples that did not fail, by sample.

    Raises:
        UsageError: there is no such preset.
        DependencyMissing: it needs an extra that is not installed.
        StorageFull: the disk is full; the grades that were written are intact.
    """
    name, todo = to_grade(run, grader)
    problems = run.by_id()
    for done, one in enumerate(graded(grader, todo.values(), problems), 1):
        run.append_grade(name, one)
        if on_grade is not None:
            on_grade(done, len(todo))
    return of_collected(run, name)


def to_grade(run: RunDir, grader: str) -> tuple[str, dict[Key, Sample]]:
    """The name that a preset's grades are kept as, and the collected samples that it has not graded yet.

    Raises:
        UsageError: there is no such preset.
        DependencyMissing: it needs an extra that is not installed.
    """
    name = kept_as(grader)
    preset = presets.get(grader)
    if not preset.installed:
        raise DependencyMissing(
            f"the grader {grader} needs {preset.library}", f"Install it: pip install '{preset.needs}'"
        )
    there = run.grades(name)
    return name, {key: s for key, s in run.samples().items() if s.failure is None and key not in there}


def graded_by(run: RunDir, graders: Iterable[str]) -> bool:
    """Whether the folder holds these presets' grades of all collected samples, so that none is to be made.

    Raises:
        UsageError: there is no such preset.
    """
    collected = {key for key, sample in run.samples().items() if sample.failure is None}
    return all(collected <= run.grades(kept_as(name)).keys() for name in graders)


def of_collected(run: RunDir, name: str) -> dict[Key, SampleGrade]:
    """The grades that are kept under a name, of the samples that did not fail."""
    there = run.grades(name)
    return {key: there[key] for key, sample in run.samples().items() if sample.failure is None}


def graded(grader: str, samples: Iterable[Sample], problems: Mapping[str, Problem]) -> Iterator[SampleGrade]:
    """The grades that a preset gives to these samples, in their order; nothing is written."""
    if presets.get(grader).cheap:
        yield from one_by_one(grader, samples, problems)
        return
    with ThreadPoolExecutor(os.cpu_count() or 1) as threads:
        try:
            yield from threads.map(_one(grader, problems), samples)
        finally:
            threads.shutdown(cancel_futures=True)


def one_by_one(
    grader: str, samples: Iterable[Sample], problems: Mapping[str, Problem]
) -> Iterator[SampleGrade]:
    """The same grades by one core."""
    return map(_one(grader, problems), samples)


def _one(grader: str, problems: Mapping[str, Problem]) -> Callable[[Sample], SampleGrade]:
    preset = presets.get(grader)
    return lambda sample: evaluate.named(sample, _grade(preset, sample, problems[sample.unique_id]))


def _grade(preset: presets.Preset, sample: Sample, problem: Problem) -> Grade:
    """Our own grader knows the problem's id, and with it what MATH-500's own problems ask for."""
    if preset.name == OWN:
        return evaluate.grade_sample(sample, problem)
    return preset.grade(
        sample.response, problem.answer, question=problem.problem, truncated=evaluate.truncated(sample)
    )


def table(run: RunDir, graders: Iterable[str] | None = None) -> GraderTable:
    """The graders of a folder side by side.

    Args:
        run: the folder.
        graders: the names that their grades are kept as; by default all that are in the folder.
    """
    names = tuple(graders) if graders is not None else run.graders()
    grades = {name: {key: g.grade for key, g in run.grades(name).items()} for name in names}
    return GraderTable(
        run=run.manifest.run_id,
        grader=run.manifest.grader,
        scores=tuple(_score(run, name) for name in names),
        agreement=tuple(_agreement(a, b, grades[a], grades[b]) for a, b in combinations(names, 2)),
        disagreements=tuple(_disagreements(run, grades)),
    )


def _score(run: RunDir, name: str) -> GraderScore:
    made = evaluate.summarize(run, name)
    return GraderScore(
        grader=name,
        score=made.score,
        correct=made.correct,
        wrong=made.wrong,
        no_answer=made.no_answer,
        ungraded=made.ungraded,
    )


def _agreement(a: str, b: str, one: Mapping[Key, Grade], other: Mapping[Key, Grade]) -> Agreement:
    both = [
        (one[key].verdict == "correct", other[key].verdict == "correct")
        for key in one.keys() & other.keys()
        if "ungraded" not in (one[key].verdict, other[key].verdict)
    ]
    return Agreement(
        first=a,
        second=b,
        n=len(both),
        same=sum(x == y for x, y in both),
        first_only=sum(x and not y for x, y in both),
        second_only=sum(y and not x for x, y in both),
    )


def _disagreements(run: RunDir, grades: Mapping[str, Mapping[Key, Grade]]) -> Iterator[Disagreement]:
    """The samples that some accept and others do not, the most evenly split first."""
    problems = run.by_id()
    split = []
    for key in run.samples():
        found = {name: each[key] for name, each in grades.items() if key in each}
        right = sum(grade.verdict == "correct" for grade in found.values())
        decided = sum(grade.verdict != "ungraded" for grade in found.values())
        if 0 < right < decided:
            split.append((abs(2 * right - decided), key, found))
    for _, (unique_id, index), found in sorted(split, key=lambda row: row[:2]):
        yield Disagreement(unique_id=unique_id, index=index, answer=problems[unique_id].answer, grades=found)
