"""Two runs over the same problems: which protocol differs, by how much the score, and on which problems.

Only problems that both runs hold (same id, same text, same reference answer) and have graded are compared.
The difference is taken in pairs, so that a problem that is hard for both cancels out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from math500 import evaluate, pack, protocols, stats
from math500.errors import UsageError
from math500.plural import counted, form
from math500.records import Compared, Comparison, Estimate, Flip, Grade, Problem, Sample
from math500.rundir import Key, RunDir


@dataclass(frozen=True)
class Outcome:
    """A run as it is compared: which samples of which problem were right."""

    run: RunDir
    grader: str
    problems: dict[str, Problem]
    samples: dict[Key, Sample]
    grades: dict[Key, Grade]
    right: dict[str, list[bool]]
    """Per problem that has graded samples."""

    def share(self, unique_id: str) -> float:
        """The share of right samples of a problem."""
        return sum(self.right[unique_id]) / len(self.right[unique_id])


def outcome(run: RunDir, grader: str | None = None) -> Outcome:
    """What a run came to by one grader: the current one, or the run's own where that has no grades.

    Raises:
        UsageError: the run holds no grades of this grader.
    """
    whose, found = evaluate.graded(run, grader)
    if not found:
        raise UsageError(f"{run.path} has no grades by {whose}", f"Grade it: math500 run --resume {run.path}")
    grades = {key: g.grade for key, g in found.items()}
    problems = run.by_id()
    right = evaluate.right_by_problem(problems.values(), grades)
    kept = {name: verdicts for name, verdicts in right.items() if verdicts}
    return Outcome(run, whose, problems, run.samples(), grades, kept)


def compare(first: RunDir, second: RunDir, grader: str | None = None) -> Comparison:
    """The second run against the first.

    Raises:
        UsageError: one of them holds no grades, or they have no problem in common.
    """
    a, b = outcome(first, grader), outcome(second, grader)
    common = [name for name in a.right if name in b.right and same(a.problems[name], b.problems[name])]
    if not common:
        bare = next((run.path for run in (first, second) if run.manifest.texts_left_out), None)
        raise UsageError(
            f"{first.path} and {second.path} have no graded problem in common",
            f"{bare} lacks the problems' texts, by which they are found: `math500 unpack` puts them back."
            if bare
            else "Compare runs over the same problem set.",
        )
    before, after = [a.share(name) for name in common], [b.share(name) for name in common]
    flips = _flips(a, b, common)
    units = stats.whole(
        [_count(a.right[name]) for name in common], [_count(b.right[name]) for name in common]
    )
    single = all(len(o.right[name]) == 1 for o in (a, b) for name in common)
    return Comparison(
        first=first.manifest.run_id,
        second=second.manifest.run_id,
        comparability=_comparability(a, b),
        n=len(common),
        first_score=_score(a, common),
        second_score=_score(b, common),
        difference=stats.paired_difference(before, after),
        p_value=stats.sign_flip(units),
        test="McNemar, exact" if single else "sign flip, exact",
        gained=sum(flip.after > flip.before for flip in flips),
        lost=sum(flip.after < flip.before for flip in flips),
        flips=flips,
        changed=_changed(a, b, common),
        smallest=stats.smallest_difference(stats.difference_sd(before, after), len(common)),
        notes=_notes(a, b, common),
    )


def _comparability(a: Outcome, b: Outcome) -> tuple[Compared, ...]:
    ours = protocols.of(a.run.manifest) | {"grader": a.grader}
    theirs = protocols.of(b.run.manifest) | {"grader": b.grader}
    return protocols.side_by_side(ours, theirs)


def same(a: Problem, b: Problem) -> bool:
    """One problem, whatever its id: the same text and the same reference answer."""
    return (a.problem, a.answer) == (b.problem, b.answer)


def _count(verdicts: Sequence[bool]) -> tuple[int, int]:
    return sum(verdicts), len(verdicts)


def _score(of: Outcome, common: Sequence[str]) -> Estimate:
    estimate = stats.score([of.right[name] for name in common])
    if estimate is None:
        raise AssertionError("common problems are graded ones")
    return estimate


def _flips(a: Outcome, b: Outcome, common: Sequence[str]) -> tuple[Flip, ...]:
    return tuple(
        Flip(
            unique_id=name,
            subject=a.problems[name].subject,
            level=a.problems[name].level,
            before=a.share(name),
            after=b.share(name),
            extracted=(_extracted(a, name), _extracted(b, name)),
        )
        for name in common
        if a.share(name) != b.share(name)
    )


def _extracted(of: Outcome, unique_id: str) -> str | None:
    grade = of.grades.get((unique_id, 0))
    return None if grade is None else grade.extracted


def _changed(a: Outcome, b: Outcome, common: Sequence[str]) -> int:
    hashed = a.run.manifest.responses_left_out or b.run.manifest.responses_left_out

    def response(of: Outcome, sample: Sample) -> str | None:
        kept = not of.run.manifest.responses_left_out
        return pack.hashed(sample.response) if hashed and kept and sample.response else sample.response

    pairs = [(a.samples.get((name, 0)), b.samples.get((name, 0))) for name in common]
    return sum(x is not None and y is not None and response(a, x) != response(b, y) for x, y in pairs)


def _notes(a: Outcome, b: Outcome, common: Sequence[str]) -> tuple[str, ...]:
    notes = []
    for of in (a, b):
        left_out = len(of.problems) - len(common)
        if left_out:
            notes.append(
                f"{counted(left_out, 'problem')} of {of.run.manifest.run_id} "
                f"{form(left_out, 'is', 'are')} left out: the other run lacks {form(left_out, 'it', 'them')} "
                f"or has no grade for {form(left_out, 'it', 'them')}."
            )
    if a.grader != b.grader:
        notes.append(f"The grades are by two graders, {a.grader} and {b.grader}.")
    return tuple(notes)
