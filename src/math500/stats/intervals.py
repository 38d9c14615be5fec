"""A score with its interval, and the difference of two independent scores.

A score is the mean over problems of each problem's share of correct samples. Its interval is
Wilson's, with the number of trials replaced by the effective number when a problem was sampled
more than once: samples of one problem are alike, so 500 problems x 16 samples are worth fewer
than 8,000 trials (Miller 2024, "Adding Error Bars to Evals", arXiv:2411.00640, section 2.2).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from math500.records import Difference, Estimate

Z95 = 1.959963984540054
"""The standard normal quantile of a two-sided 95 % interval."""


def normal_quantile(share: float) -> float:
    """The point below which this share of a standard normal distribution lies."""
    return statistics.NormalDist().inv_cdf(share)


def wilson(p: float, n: float, z: float = Z95) -> tuple[float, float]:
    """Wilson's score interval of a share `p` seen in `n` trials; (0, 1) without trials.

    Source: Wilson 1927, JASA 22:209-212. `n` may be an effective number, hence a float.
    """
    if n <= 0:
        return 0.0, 1.0
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    # At p = 0 and p = 1 the bound on that side is exact; rounding must not move it.
    low = 0.0 if p <= 0 else max(0.0, centre - half)
    high = 1.0 if p >= 1 else min(1.0, centre + half)
    return low, high


def score(problems: Sequence[Sequence[bool]]) -> Estimate | None:
    """The mean score over problems with its 95 % interval.

    Args:
        problems: for each problem, which of its graded samples were correct. Problems without
            graded samples are left out.

    Returns:
        The estimate, or None when nothing was graded.
    """
    graded = [tuple(samples) for samples in problems if samples]
    n = len(graded)
    if n == 0:
        return None
    shares = [sum(samples) / len(samples) for samples in graded]
    mean = sum(shares) / n
    if all(len(samples) == 1 for samples in graded):
        low, high = wilson(mean, n)
        return Estimate(value=mean, low=low, high=high, n=n, method="Wilson")
    trials = sum(len(samples) for samples in graded)
    return mean_of_shares(shares, trials)


def mean_of_shares(shares: Sequence[float], trials: int) -> Estimate:
    """The mean of the problems' own shares with its 95 % interval.

    Args:
        shares: one for each problem, such as its share of right samples, or its pass@k.
        trials: how many independent trials they are made of, all problems together.
    """
    mean = sum(shares) / len(shares)
    low, high = wilson(mean, effective_n(shares, trials))
    return Estimate(value=mean, low=low, high=high, n=len(shares), method="Wilson, clustered by problem")


def effective_n(shares: Sequence[float], trials: int) -> float:
    """How many independent trials would give the same standard error as these problems.

    It is p(1-p) over the variance of the mean of the problems' shares, and lies between the
    number of problems (each problem always or never solved) and the number of trials (no
    likeness within a problem).
    """
    n = len(shares)
    mean = sum(shares) / n
    if n == 1 or mean in (0.0, 1.0):
        return n
    variance_of_mean = sum((s - mean) ** 2 for s in shares) / (n - 1) / n
    if variance_of_mean == 0:
        return float(trials)
    return min(max(mean * (1 - mean) / variance_of_mean, n), trials)


def difference(first: Estimate, second: Estimate) -> Difference:
    """Second minus first for two scores of independent samples, such as a run and a published number.

    The interval joins the two scores' own intervals (Newcombe 1998, Statistics in Medicine 17:873-890,
    method 10), so that it keeps their asymmetry near 0 and 1. Two runs over the same problems are compared
    in pairs instead (`paired_difference`), which shows much smaller differences.
    """
    value = second.value - first.value
    down = math.hypot(second.value - second.low, first.high - first.value)
    up = math.hypot(second.high - second.value, first.value - first.low)
    return Difference(
        value=value,
        low=max(-1.0, value - down),
        high=min(1.0, value + up),
        n=min(first.n, second.n),
        method="Newcombe, independent samples",
    )
