"""Why the not-correct samples of a run are not correct, each with one reason and what shows it.

    reasons.py   the ordered rules: one sample to its reason
    loops.py     does a text repeat itself until its end
    given.py     the values that a response gives
    near.py      a wrong value beside the right one: the slip between them
    tally.py     counts, and the score without a reason
    changes.py   the failures of two runs side by side
    export.py    the failures as one archive

    >>> run = RunDir.open("runs/...")
    >>> reasons = failures.explain(run)
    >>> failures.tally(run, reasons).counts

No model is asked and nothing is written into the run folder. The rules, their order and what they were
checked on: docs/failures.md.
"""

from __future__ import annotations

from collections.abc import Mapping

from math500 import evaluate, grading
from math500.errors import UsageError
from math500.failures.changes import changes
from math500.failures.reasons import Case, reason
from math500.failures.tally import ORDER, tally
from math500.records import Reason, Why
from math500.rundir import Key, RunDir

__all__ = ["MEANING", "ORDER", "changes", "explain", "grader_of", "other_graders", "tally"]

MEANING: dict[Why, str] = {
    "failed_request": "no response could be had; not in the score",
    "could_not_tell": "the grader could not decide; not in the score",
    "refused": "the model refused, or the endpoint filtered",
    "loop": "repeated itself until the end",
    "cut_off": "cut off by the token limit",
    "among_several": "the right value among several",
    "changed_mind": "the right answer first, another one last",
    "asked_form": "the right value, but not where it was asked for",
    "other_grader": "right by another grader",
    "no_answer": "ended without an answer",
    "near_miss": "missed by one slip",
    "wrong": "another answer",
}
"""Each reason in words that fit in a table."""


def explain(
    run: RunDir, *, grader: str = grading.GRADER, others: Mapping[str, Mapping[Key, bool]] | None = None
) -> tuple[Reason, ...]:
    """The reason of every collected sample that is not correct, in the order of the run's problems.

    Args:
        run: the run folder; it may still be growing.
        grader: whose grades decide what is correct; a sample that it has not graded is `could_not_tell`.
        others: for each other grader's name, which samples it calls correct; gives `other_grader`.
    """
    samples, grades = run.samples(), run.grades(grader)
    reasons = []
    for problem in run.problems():
        for index in range(run.manifest.samples):
            key = (problem.unique_id, index)
            graded = grades.get(key)
            if key not in samples or (graded is not None and graded.grade.verdict == "correct"):
                continue
            accepted = {name: theirs.get(key, False) for name, theirs in (others or {}).items()}
            reasons.append(reason(Case(problem, samples[key], graded.grade if graded else None, accepted)))
    return tuple(reasons)


def grader_of(run: RunDir, grader: str | None = None) -> str:
    """Whose grades to go by: the one asked for, else the current grader, else the run's own.

    Raises:
        UsageError: the run holds no grades of this grader.
    """
    name, grades = evaluate.graded(run, grader)
    if grades or (grader is None and not run.samples()):
        return name
    there = ", ".join(run.graders()) or "none"
    raise UsageError(
        f"{run.path} has no grades by {name} (there: {there})",
        f"Grade it: math500 run --resume {run.path}",
    )


def other_graders(run: RunDir, grader: str = grading.GRADER) -> dict[str, dict[Key, bool]]:
    """What every other grader says whose grades are in the folder; versions of this one are left out."""
    own = grader.split("/", maxsplit=1)[0]
    return {
        name: {key: g.grade.verdict == "correct" for key, g in run.grades(name).items()}
        for name in run.graders()
        if name.rpartition("-")[0] != own and name != own
    }
