"""The graders of other projects over the same responses: how much of a score is who graded it.

A preset's grades are read from the run folder where `math500 regrade` left them for every sample, and made in
memory otherwise. A preset whose extra is not installed is left out and named.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from math500.gap.offline import Regrade, Responses
from math500.gap.outcomes import of_grades, paired_factor
from math500.records import Factor, Grade, Problem
from math500.rundir import Key, RunDir

JUDGE = "judge-"
"""How the names of judges' grades begin (`judging.grader_name`)."""


class Preset(Protocol):
    """A grader of another project (`grading.presets`)."""

    name: str
    version: str
    source: str

    def grade(
        self, response: str, answer: str, *, question: str | None = None, truncated: bool = False
    ) -> Grade:
        """The grade that the project's own rule gives."""
        ...


def effects(run: RunDir, responses: Responses, presets: Iterable[Preset]) -> list[Factor]:
    """Each preset as a factor, and each judge whose grades are there; the largest loss first."""
    base = responses.outcomes()
    found = []
    for preset in presets:
        grades = kept(run, responses, preset) or made(responses, preset)
        after = of_grades(responses.problems, grades)
        found.append(paired_factor("grader", preset.name, base, after, source=preset.source))
    found += judges(run, responses)
    return sorted((f for f in found if f.n), key=lambda f: f.value or 0.0)


def judges(run: RunDir, responses: Responses) -> list[Factor]:
    """Each judge that has graded every response (`math500 judge`) as a factor; none is asked for it."""
    base = responses.outcomes()
    found = []
    for name in run.graders():
        grades = {key: g.grade for key, g in run.grades(name).items()}
        if name.startswith(JUDGE) and set(responses.samples) <= set(grades):
            after = of_grades(responses.problems, grades)
            found.append(paired_factor("grader", name, base, after, source=f"grades/{name}.jsonl"))
    return found


def kept(run: RunDir, responses: Responses, preset: Preset) -> dict[Key, Grade] | None:
    """The grades that lie in the folder; None where some are missing."""
    grades = {key: g.grade for key, g in run.grades(f"{preset.name}-{preset.version}").items()}
    return grades if set(responses.samples) <= set(grades) else None


def made(responses: Responses, preset: Preset) -> dict[Key, Grade]:
    """The grades, made in memory."""
    grade = as_regrade(preset)
    return {
        key: grade(sample.response, responses.problems[key[0]], responses.cut_off(key))
        for key, sample in responses.samples.items()
    }


def as_regrade(preset: Preset) -> Regrade:
    """A preset in the form in which the attribution asks for a grader."""

    def grade(text: str, problem: Problem, cut_off: bool) -> Grade:
        return preset.grade(text, problem.answer, question=problem.problem, truncated=cut_off)

    return grade


def named(presets: Sequence[Preset], stated: str) -> Regrade | None:
    """The preset that a published protocol names; None where it is none of ours."""
    wanted = stated.casefold().strip()
    found = next((p for p in presets if wanted and p.name.casefold() == wanted), None)
    return None if found is None else as_regrade(found)
