"""Choosing failures by reason, subject and level."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from math500.errors import UsageError
from math500.failures.tally import ORDER
from math500.records import Changes, Problem, Reason
from math500.rundir import RunDir


@dataclass(frozen=True)
class Choice:
    """Which failures are wanted; an empty field wants all.

    Attributes:
        reasons: such as `loop`, or `near_miss/sign` with the sub-kind.
        subjects: in any case of letters.
        levels: 1 to 5.
    """

    reasons: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    levels: tuple[int, ...] = ()

    @property
    def everything(self) -> bool:
        """Nothing is left out."""
        return not (self.reasons or self.subjects or self.levels)

    def __str__(self) -> str:
        """In words."""
        parts = [*self.reasons, *self.subjects, *(f"level {level}" for level in self.levels)]
        return ", ".join(parts) if parts else "all samples that are not correct"

    def has(self, problem: Problem) -> bool:
        """Whether a problem's subject and level are wanted."""
        wanted = {subject.casefold() for subject in self.subjects}
        return (not wanted or problem.subject.casefold() in wanted) and (
            not self.levels or problem.level in self.levels
        )

    def of(self, reasons: Iterable[Reason], problems: Iterable[Problem]) -> list[Reason]:
        """The reasons that are wanted."""
        ids = {problem.unique_id for problem in problems if self.has(problem)}
        return [
            r
            for r in reasons
            if r.unique_id in ids and (not self.reasons or {r.why, f"{r.why}/{r.kind}"} & set(self.reasons))
        ]

    def of_changes(self, found: Changes, problems: Iterable[Problem]) -> Changes:
        """The changes of two runs that are wanted: their reason before or after is one of those."""
        ids = {problem.unique_id for problem in problems if self.has(problem)}
        names = {reason.partition("/")[0] for reason in self.reasons}
        kept = [c for c in found.changes if c.unique_id in ids and (not names or names & {c.before, c.after})]
        return msgspec.structs.replace(found, changes=tuple(kept))


def choice(run: RunDir, reasons: Sequence[str], subjects: Sequence[str], levels: Sequence[int]) -> Choice:
    """What was typed, checked against what there is.

    Raises:
        UsageError: there is no such reason, or the run has no such subject or level.
    """
    problems = run.problems()
    known = {p.subject.casefold(): p.subject for p in problems if p.subject}
    _require((r.partition("/")[0] for r in reasons), ORDER, "reason", "--reason")
    _require((s.casefold() for s in subjects), known, "subject in this run", "--subject")
    there = sorted({str(p.level) for p in problems if p.level is not None})
    _require(map(str, levels), there, "level in this run", "--level")
    return Choice(tuple(reasons), tuple(known[s.casefold()] for s in subjects), tuple(levels))


def _require(typed: Iterable[str], known: Iterable[str], what: str, option: str) -> None:
    names = list(known)
    for each in typed:
        if each not in names:
            raise UsageError(f"there is no {what} {each!r}", f"{option} is one of: {', '.join(names)}.")
