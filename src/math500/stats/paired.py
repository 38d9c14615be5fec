"""Two runs over the same problems: how large is the difference, and could it be chance?

Each problem gives a pair of shares of right samples. Their difference has a much smaller variance than the
difference of two independent scores, since a hard problem is hard for both (Miller 2024, arXiv:2411.00640,
section 4).
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

from math500.records import Difference
from math500.stats.intervals import Z95

T = TypeVar("T", bound=Hashable)

EXACT_BITS = 20_000_000
"""Length of the integer up to which the sign flip test is summed exactly: a fraction of a second."""
FLIPS = 10_000
"""Random sign flips where it is not."""


def paired_difference(before: Sequence[float], after: Sequence[float]) -> Difference:
    """The mean of `after - before` over problems, with its 95 % interval.

    Two made-up problems, one that was gained and one that was lost, are added before the normal interval is
    made (Bonett and Price 2012, Journal of Educational and Behavioral Statistics 37:479-488). Without them
    two runs that differ nowhere would have an interval of no width. The value itself is the plain mean.

    Args:
        before: per problem, the share of right samples in the first run.
        after: the same problems in the second run.
    """
    n = len(before)
    moves = [b - a for a, b in zip(before, after, strict=True)]
    if n == 0:
        return Difference(value=0.0, low=-1.0, high=1.0, n=0, method="no common problem")
    centre = sum(moves) / (n + 2)
    variance = (sum(m * m for m in moves) + 2) / (n + 2) - centre * centre
    half = Z95 * math.sqrt(variance / (n + 2))
    value = sum(moves) / n
    return Difference(
        value=value,
        low=max(-1.0, min(value, centre - half)),
        high=min(1.0, max(value, centre + half)),
        n=n,
        method="Bonett-Price, paired",
    )


def mcnemar(gained: int, lost: int) -> float:
    """The exact two-sided p-value of McNemar's test, from the two kinds of problems that changed.

    It is the binomial test of `gained` out of `gained + lost` at one half (McNemar 1947, Psychometrika
    12:153-157).
    """
    n, least = gained + lost, min(gained, lost)
    tail = sum(math.comb(n, i) for i in range(least + 1))
    return min(1.0, 2 * tail / (1 << n))


def sign_flip(moves: Sequence[int], *, seed: int = 0) -> float:
    """The two-sided p-value that differences this one-sided arise when each sign is a fair coin's.

    It is the paired permutation test, and McNemar's exact test where every difference is -1, 0 or 1. All
    2^m sign patterns are counted: the numbers of patterns by their sum are the digits of one large integer,
    which every problem shifts and adds to. Where that integer would be too long, FLIPS seeded random
    patterns are drawn.

    Args:
        moves: per problem the difference in whole units (`whole` makes them).
        seed: of the random patterns.
    """
    sizes = [abs(m) for m in moves if m]
    total, seen = sum(sizes), abs(sum(moves))
    width = len(sizes) + 1
    if total * width > EXACT_BITS:
        return _random_flips(sizes, seen, seed)
    counts = 1
    for size in sizes:
        counts += counts << (size * width)
    # A pattern whose positive part sums to t has the sum 2t - total: one tail is t up to (total - seen) / 2.
    below = (total - seen) // 2 + 1
    tail = _digit_sum(counts, below, width)
    return min(1.0, 2 * tail / (1 << len(sizes)))


def _digit_sum(number: int, digits: int, width: int) -> int:
    """The sum of the lowest digits of a number written in base 2^width."""
    mask, data = (1 << width) - 1, number & ((1 << (digits * width)) - 1)
    # Summed by halves: shifting a long integer digit by digit would cost its length each time.
    if digits > 64:
        half = digits // 2
        low, high = data & ((1 << (half * width)) - 1), data >> (half * width)
        return _digit_sum(low, half, width) + _digit_sum(high, digits - half, width)
    total = 0
    for _ in range(digits):
        total += data & mask
        data >>= width
    return total


def _random_flips(sizes: Sequence[int], seen: int, seed: int) -> float:
    rng = random.Random(seed)  # noqa: S311 - statistics, not secrets
    hits = sum(
        abs(sum(size if bit else -size for size, bit in zip(sizes, _bits(rng, len(sizes)), strict=True)))
        >= seen
        for _ in range(FLIPS)
    )
    return (hits + 1) / (FLIPS + 1)


def _bits(rng: random.Random, count: int) -> list[bool]:
    drawn = rng.getrandbits(count)
    return [bool(drawn >> i & 1) for i in range(count)]


def whole(before: Sequence[tuple[int, int]], after: Sequence[tuple[int, int]]) -> list[int]:
    """The differences of shares `right of graded`, in whole units of their common denominator."""
    pairs = list(zip(before, after, strict=True))
    unit = math.lcm(1, *(n for pair in pairs for _, n in pair))
    return [b * (unit // m) - a * (unit // n) for (a, n), (b, m) in pairs]


def bootstrap(
    rows: Sequence[T],
    statistic: Callable[[Sequence[tuple[T, int]]], float],
    *,
    draws: int = 2000,
    seed: int = 0,
) -> list[float]:
    """A statistic over resampled problems, sorted: its bootstrap distribution (Efron 1979).

    Args:
        rows: one per problem, such as a pair of shares; equal rows are counted, not repeated.
        statistic: of the distinct rows, each with how often it was drawn.
        draws: resamples.
        seed: of the resampling.
    """
    kinds = Counter(rows)
    names, weights = list(kinds), list(kinds.values())
    rng = random.Random(seed)  # noqa: S311 - statistics, not secrets
    resamples = (Counter(rng.choices(names, weights, k=len(rows))) for _ in range(draws))
    return sorted(statistic(list(drawn.items())) for drawn in resamples)


def percentiles(sorted_values: Sequence[float], level: float = 0.95) -> tuple[float, float]:
    """The middle `level` of a sorted distribution."""
    last = len(sorted_values) - 1
    cut = (1 - level) / 2
    return sorted_values[math.floor(cut * last)], sorted_values[math.ceil((1 - cut) * last)]
