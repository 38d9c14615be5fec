"""Estimates, intervals and tests: numbers in, numbers out.

    intervals.py   a score with its interval; the difference of two independent scores
    paired.py      two runs over the same problems: the difference, the exact test, the bootstrap
    samples.py     k samples a problem: pass@k, maj@k, the spread over seeds
    planning.py    what n can show, and how much is needed to show a difference

Everything is in plain Python: the largest input is a few thousand problems, for which the closed forms and
the exact sums here take milliseconds, and importing numpy would take longer than most of them.
docs/statistics.md explains each for its user.
"""

from math500.stats.intervals import (
    Z95,
    difference,
    effective_n,
    mean_of_shares,
    normal_quantile,
    score,
    wilson,
)
from math500.stats.paired import bootstrap, mcnemar, paired_difference, percentiles, sign_flip, whole
from math500.stats.planning import (
    difference_sd,
    problems_for_difference,
    problems_for_width,
    samples_for_width,
    smallest_difference,
)
from math500.stats.samples import Spread, majority_at_k, majority_share, pass_at_k, spread

__all__ = [
    "Z95",
    "Spread",
    "bootstrap",
    "difference",
    "difference_sd",
    "effective_n",
    "majority_at_k",
    "majority_share",
    "mcnemar",
    "mean_of_shares",
    "normal_quantile",
    "paired_difference",
    "pass_at_k",
    "percentiles",
    "problems_for_difference",
    "problems_for_width",
    "samples_for_width",
    "score",
    "sign_flip",
    "smallest_difference",
    "spread",
    "whole",
    "wilson",
]
