"""A solution in steps, and the steps' values as one number.

    min       the weakest step decides (Wang et al. 2023, Math-Shepherd, arXiv:2312.08935)
    product   that all are right, were they independent (Lightman et al. 2023, arXiv:2305.20050)
    last      the value behind the whole solution
    mean      long solutions are not punished for their length

Which one is best is a matter of the model: they can be compared on the same samples (`math500 rerank`).
"""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Sequence
from typing import Literal, get_args

from math500.grading.visible import visible

Aggregate = Literal["min", "product", "last", "mean"]
AGGREGATES: tuple[Aggregate, ...] = get_args(Aggregate)
_PARAGRAPHS = re.compile(r"\n[ \t]*\n+")


def steps_of(response: str) -> list[str]:
    """A response's steps: its paragraphs; its lines where it is one paragraph. Thinking is left out."""
    text = (visible(response) or "").strip()
    paragraphs = [part.strip() for part in _PARAGRAPHS.split(text)]
    parts = paragraphs if len(paragraphs) > 1 else text.split("\n")
    return [part.strip() for part in parts if part.strip()] or [""]


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
