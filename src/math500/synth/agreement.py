"""What several solutions of a problem without a reference answer agree on.

The vote is that of `solve.vote`: by value, not by spelling; a response without an answer, or with a sentence
in its place, votes for nothing. The share is of all solutions that were had, those without an answer among
them.
"""

from __future__ import annotations

import re
import statistics
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from math500.records import Sample
from math500.solve import Solution, vote

_TEXT = re.compile(r"\\(?:text|mbox|mathrm)\s*\{[^{}]*\}|\\[A-Za-z]+")
_TALK = re.compile(r"[A-Za-z]{2,}\s+[A-Za-z]{2,}")
"""Words one after the other: "I cannot say" is no answer, however many agree on it."""


@dataclass(frozen=True)
class Agreement:
    """The answer that most solutions gave."""

    answer: str
    """As the first of them wrote it; empty where none gave one."""
    votes: int
    n: int
    length: float
    """Median tokens of those that agree; characters where the endpoint counts none."""

    @property
    def share(self) -> float:
        """Of all solutions; a fraction."""
        return self.votes / self.n if self.n else 0.0


def agreement(samples: Sequence[Sample]) -> Agreement:
    """The agreement of a problem's samples; failed ones are left out."""
    had = [sample for sample in samples if sample.failure is None]
    solutions = [Solution(response=s.response, generations=s.generations) for s in had]
    counted = vote.count(vote.answers_of(solutions))
    ballots = [ballot for ballot in counted if not _TALK.search(_TEXT.sub("", ballot.answer))]
    if not ballots:
        return Agreement("", 0, len(had), 0.0)
    first = ballots[0]
    lengths = [_length(had[voter]) for voter in first.voters]
    return Agreement(first.answer, first.votes, len(had), statistics.median(lengths))


def _length(sample: Sample) -> int:
    counted = [generation.completion_tokens for generation in sample.generations]
    known = [tokens for tokens in counted if tokens is not None]
    return sum(known) if len(known) == len(counted) else len(sample.response)


def levels(found: Mapping[str, Agreement], least: float) -> dict[str, int]:
    """An estimate of each problem's difficulty, 1 (easy) to 5 (hard), within these problems.

    Half of it is how far the solutions disagree, from none to as much as `least` lets pass; the other half is
    the place of the length of the solutions among all of them. It is an estimate by one model about its own
    problems, and no level of MATH.

    Args:
        found: the agreement on each problem.
        least: the smallest share that was kept.
    """
    lengths = sorted(one.length for one in found.values())

    def level(one: Agreement) -> int:
        apart = (1 - one.share) / (1 - least) if least < 1 else 0.0
        place = (bisect_left(lengths, one.length) + bisect_right(lengths, one.length)) / (2 * len(lengths))
        return min(5, 1 + int(5 * (apart + place) / 2))

    return {unique_id: level(one) for unique_id, one in found.items()}
