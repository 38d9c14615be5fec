"""What n problems can show, and how many it takes.

The variance of a score over problems sampled k times is (between + within / k) / n: how different the
problems are, and how much one problem's samples differ (Miller 2024, arXiv:2411.00640, sections 2 and 5).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from math500.stats.intervals import Z95, normal_quantile, wilson

POWER = 0.8
"""How often a difference that is really there should be found, unless told otherwise."""


def difference_sd(before: Sequence[float], after: Sequence[float]) -> float:
    """The standard deviation over problems of `after - before`; two made-up flips keep it above 0."""
    moves = [b - a for a, b in zip(before, after, strict=True)] + [1.0, -1.0]
    mean = sum(moves) / len(moves)
    return math.sqrt(sum((m - mean) ** 2 for m in moves) / (len(moves) - 1))


def smallest_difference(sd: float, n: int, power: float = POWER) -> float:
    """The smallest true difference that a comparison over n problems finds with this power.

    Args:
        sd: per problem, of the paired difference; for two independent scores, sqrt(p(1-p) + q(1-q)).
        n: problems.
        power: the chance to find it at the 95 % level, two-sided.
    """
    return (Z95 + normal_quantile(power)) * sd / math.sqrt(n) if n else 1.0


def problems_for_difference(delta: float, sd: float, power: float = POWER) -> int:
    """Problems that a paired comparison needs to find a difference `delta` (Miller 2024, equation 9)."""
    return math.ceil(((Z95 + normal_quantile(power)) * sd / delta) ** 2)


def problems_for_width(half_width: float, p: float) -> int:
    """Problems, sampled once, whose Wilson interval at score `p` is at most +- `half_width` wide."""
    low, high = 1, 1
    while _half(p, high) > half_width:
        high *= 2
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if _half(p, middle) <= half_width else (middle + 1, high)
    return low


def _half(p: float, n: int) -> float:
    low, high = wilson(p, n)
    return (high - low) / 2


def samples_for_width(half_width: float, n: int, between: float, within: float) -> int | None:
    """Samples a problem that bring the interval over n problems down to +- `half_width`.

    Args:
        half_width: wished for, a fraction.
        n: problems, which stay the same.
        between: variance over problems of their true share of right samples.
        within: mean over problems of share times (1 - share).

    Returns:
        The number, or None where the problems alone differ too much: then only more problems help.
    """
    left = n * (half_width / Z95) ** 2 - between
    return max(1, math.ceil(within / left - 1e-9)) if left > 0 else None
