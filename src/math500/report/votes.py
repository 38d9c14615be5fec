"""Several samples a problem: how often they agree, and how often the answer they agree on is right."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from math500 import stats
from math500.grading.normalize import key
from math500.records import Estimate
from math500.report.facts import Facts

RIGHT = "\x00right"
"""The vote of every correct sample: spellings of the right answer are one answer."""
BINS = 5


@dataclass(frozen=True, slots=True)
class Poll:
    """One problem's votes, None for a sample without an answer."""

    unique_id: str
    votes: tuple[str | None, ...]

    @property
    def agreement(self) -> float:
        """The share of the samples that give the most frequent answer."""
        counts = Counter(v for v in self.votes if v is not None)
        return max(counts.values(), default=0) / len(self.votes)

    def shape(self) -> tuple[str | None, ...]:
        """The same votes under plain names, so that polls which differ in spelling only are one."""
        counts = Counter(self.votes)
        right, none = counts.pop(RIGHT, 0), counts.pop(None, 0)
        others = sorted(counts.values(), reverse=True)
        wrong = [str(i) for i, n in enumerate(others) for _ in range(n)]
        return (*[RIGHT] * right, *wrong, *[None] * none)

    @property
    def right(self) -> float:
        """The chance that the most frequent answer is right, ties broken by a draw."""
        return stats.majority_share(self.votes, RIGHT)


@dataclass(frozen=True, slots=True)
class Bin:
    """Problems whose samples agree about as much."""

    low: float
    high: float
    agreement: float
    """Their mean agreement."""
    right: float
    """The share of them whose most frequent answer is right."""
    bounds: tuple[float, float]
    n: int


def polls(of: Facts) -> list[Poll]:
    """The votes of every problem that has graded samples.

    Wrong answers are one vote when they are spelled alike (`grading.normalize.key`).
    """
    found: dict[str, list[str | None]] = {}
    for (unique_id, _), grade in of.main.items():
        if grade.verdict == "correct":
            found.setdefault(unique_id, []).append(RIGHT)
        elif grade.verdict != "ungraded":
            found.setdefault(unique_id, []).append(key(grade.extracted) if grade.extracted else None)
    return [Poll(p.unique_id, tuple(found[p.unique_id])) for p in of.problems if p.unique_id in found]


def calibration(votes: list[Poll]) -> list[Bin]:
    """How often the most frequent answer is right, by how many of the samples give it."""
    bins = []
    for i in range(BINS):
        low, high = i / BINS, (i + 1) / BINS
        # The first bin holds 0 too: problems for which no sample gave an answer.
        inside = [v for v in votes if low < v.agreement <= high or (i == 0 and v.agreement == 0)]
        if inside:
            right = sum(v.right for v in inside) / len(inside)
            agreement = sum(v.agreement for v in inside) / len(inside)
            bins.append(Bin(low, high, agreement, right, stats.wilson(right, len(inside)), len(inside)))
    return bins


COUNTS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128)
"""Numbers of samples that are shown, and the greatest that there is."""


def by_k(votes: list[Poll]) -> tuple[list[int], list[Estimate], list[Estimate]]:
    """The numbers of samples, and for each pass@k and maj@k over the problems that have all their samples."""
    most = max((len(v.votes) for v in votes), default=0)
    whole = [v for v in votes if len(v.votes) == most]
    counts = [k for k in range(1, most + 1) if k in COUNTS or k == most]
    shapes = [v.shape() for v in whole]
    passes, majorities = [], []
    for k in counts:
        trials = len(whole) * most // k  # that many choices of k have no sample in common
        known = {shape: stats.majority_at_k(shape, RIGHT, k) for shape in set(shapes)}
        shares = [stats.pass_at_k(most, v.votes.count(RIGHT), k) for v in whole]
        passes.append(stats.mean_of_shares(shares, trials))
        majorities.append(stats.mean_of_shares([known[shape] for shape in shapes], trials))
    return counts, passes, majorities
