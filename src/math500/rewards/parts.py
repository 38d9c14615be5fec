"""A solution in steps, and the steps' values as one number.

    min       the weakest step decides (Wang et al. 2023, Math-Shepherd, arXiv:2312.08935)
    product   that all are right, were they independent (Lightman et al. 2023, arXiv:2305.20050)
    last      the value behind the whole solution
    mean      long solutions are not punished for their length

Which one is best is a matter of the model: they can be compared on the same samples (`math500 rerank`).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from math500.grading.visible import visible
from math500.records import Aggregate
from math500.splitting import split


def steps_of(response: str) -> list[str]:
    """A response's steps, as `synth steps` has them (splitting.py); thinking is left out."""
    return list(split((visible(response) or "").strip())) or [""]


def aggregate(values: Sequence[float], how: Aggregate) -> float:
    """The steps' values as the solution's, 0 to 1."""
    match how:
        case "min":
            return min(values)
        case "product":
            return math.prod(values)
        case "last":
            return values[-1]
        case "mean":
            return statistics.fmean(values)
