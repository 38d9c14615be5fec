"""The graders of other projects over the same responses: how much of a score is who graded it.

A preset's grades are read from the run folder where `math500 regrade` left them for every sample. What is not
there is made in memory for the presets that cost microseconds; the others need sympy and minutes, so they are
left out, and a note says how to have them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from math500.gap.offline import Regrade, Responses
from math500.gap.outcomes import of_grades, paired_factor
from math500.grading import presets as other
from math500.records import Factor, Grade, Problem
from math500.rundir import Key, RunDir

JUDGE = "judge-"
"""How the names of judges' grades begin (`judging.grader_name`)."""


class Preset(Protocol):
    """A grader of another project (`grading.presets`)."""

    @property
    def name(self) -> str:
        """Such as `minerva`."""
        ...

    @property
    def version(self) -> str:
        """It changes when a grade can."""
        ...

    @property
    def source(self) -> str:
        """Link to the rule upstream."""
        ...

    def grade(
        self, response: str, answer: str, *, question: str | None = None, truncated: bool = False
    ) -> Grade:
        """The grade that the project's own rule gives."""
        ...


@dataclass(frozen=True)
class Offered:
    """The graders of other projects whose effect on a run can be had in seconds.

    Attributes:
        presets: those with all grades in the folder, and the cheap ones.
        cheap: those that grade a changed response in microseconds.
        left_out: the names of the others.
    """

    presets: tuple[other.Preset, ...]
    cheap: tuple[other.Preset, ...]
    left_out: tuple[str, ...]

    def notes(self, folder: Path) -> tuple[str, ...]:
        """What is missing, and how to have it."""
        if not self.left_out:
            return ()
        names = ", ".join(self.left_out)
        return (f"Not regraded by {names}. To have these as well: math500 regrade {folder} --grader all",)


def offered(run: RunDir) -> Offered:
    """The presets for a run; our own grader is not one of another project."""
    every = tuple(other.get(name) for name in other.names()[1:])
    answered = {key for key, sample in run.samples().items() if sample.failure is None}
    used = tuple(p for p in every if p.cheap or answered <= set(run.grades(f"{p.name}-{p.version}")))
    cheap = tuple(p for p in every if p.cheap)
    return Offered(used, cheap, tuple(p.name for p in every if p not in used))


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
