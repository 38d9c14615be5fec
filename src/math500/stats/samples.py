"""Several samples a problem: what one more try, a vote, or another seed is worth."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import combinations

SUBSETS = 200
"""Up to this many subsets a vote over k of n samples is averaged by listing them; beyond, by counting."""

# Student's t, two-sided 95 %, by degrees of freedom (checked against scipy in the tests).
_T95: tuple[float, ...] = (
    12.7062,
    4.3027,
    3.1824,
    2.7764,
    2.5706,
    2.4469,
    2.3646,
    2.3060,
    2.2622,
    2.2281,
    2.2010,
    2.1788,
)
_T95 += (2.1604, 2.1448, 2.1314, 2.1199, 2.1098, 2.1009, 2.0930, 2.0860, 2.0796, 2.0739, 2.0687, 2.0639)


def pass_at_k(n: int, right: int, k: int) -> float:
    """The chance that at least one of k samples is right, estimated without bias from n of them.

    Source: Chen et al. 2021, arXiv:2107.03374, equation 1.

    Raises:
        ValueError: there are fewer than k samples, or more right ones than samples.
    """
    if not 0 <= right <= n or not 1 <= k <= n:
        raise ValueError(f"pass@{k} of {n} samples with {right} right is not defined")
    return 1.0 - math.comb(n - right, k) / math.comb(n, k)


def majority_share(votes: Sequence[Hashable | None], right: Hashable | None) -> float:
    """The chance that the most frequent answer is the right one, ties broken by a fair draw.

    Args:
        votes: the answer of each sample, equal answers as equal values; None gives no answer and no vote.
        right: the answer that is right; None where no sample is.
    """
    counts = Counter(v for v in votes if v is not None)
    if not counts or right is None:
        return 0.0
    most = max(counts.values())
    return (counts[right] == most) / sum(c == most for c in counts.values())


def majority_at_k(votes: Sequence[Hashable | None], right: Hashable | None, k: int) -> float:
    """maj@k: `majority_share` over k of the samples, averaged over all choices of k.

    The average is exact.

    Raises:
        ValueError: there are fewer than k samples.
    """
    n = len(votes)
    if not 1 <= k <= n:
        raise ValueError(f"maj@{k} of {n} samples is not defined")
    if right is None or right not in votes:
        return 0.0
    if k == n:
        return majority_share(votes, right)
    if math.comb(n, k) > SUBSETS:
        return _counted(votes, right, k)
    chosen = [majority_share(some, right) for some in combinations(votes, k)]
    return sum(chosen) / len(chosen)


def _counted(votes: Sequence[Hashable | None], right: Hashable | None, k: int) -> float:
    """The same average by counting choices instead of listing them.

    For the right answer drawn r times, the other answers (and blanks) are added one after the other; the
    state is how many votes are placed and how many answers share the lead at r.
    """
    counts = Counter(v for v in votes if v is not None)
    blanks = len(votes) - sum(counts.values())
    total = 0.0
    for r in range(1, min(counts[right], k) + 1):
        ways: Counter[tuple[int, int]] = Counter({(r, 1): math.comb(counts[right], r)})
        for name, count in counts.items():
            if name != right:
                ways = _add(ways, count, r, k)
        for (placed, leaders), number in ways.items():
            if 0 <= k - placed <= blanks:
                total += number * math.comb(blanks, k - placed) / leaders
    return total / math.comb(len(votes), k)


def _add(ways: Counter[tuple[int, int]], count: int, most: int, k: int) -> Counter[tuple[int, int]]:
    """One more answer, drawn at most as often as the right one."""
    added: Counter[tuple[int, int]] = Counter()
    for (placed, leaders), number in ways.items():
        for drawn in range(min(count, most, k - placed) + 1):
            added[placed + drawn, leaders + (drawn == most)] += number * math.comb(count, drawn)
    return added


@dataclass(frozen=True)
class Spread:
    """The scores of several runs that differ in their seed alone."""

    mean: float
    sd: float
    """Standard deviation over runs, with n - 1."""
    low: float
    high: float
    """95 % interval of the mean, by Student's t: what further seeds would move it within."""
    least: float
    most: float
    runs: int


def spread(scores: Sequence[float]) -> Spread:
    """How much the seed moves a score (Hochlehnert et al. 2025, arXiv:2504.07086, section 3).

    The interval is about seeds on these same problems; it does not cover the choice of problems.

    Raises:
        ValueError: fewer than two scores.
    """
    if len(scores) < 2:
        raise ValueError("the spread of fewer than two scores is not defined")
    mean, sd = statistics.fmean(scores), statistics.stdev(scores)
    half = _t95(len(scores) - 1) * sd / math.sqrt(len(scores))
    return Spread(mean, sd, mean - half, mean + half, min(scores), max(scores), len(scores))


def _t95(freedom: int) -> float:
    if freedom <= len(_T95):
        return _T95[freedom - 1]
    z = statistics.NormalDist().inv_cdf(0.975)
    # Cornish-Fisher: right to four digits from 25 degrees on.
    return z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
