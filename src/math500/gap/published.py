"""What a number can be: whose score, of which problems, and which published one it may be compared with.

A share of n problems moves in steps of 1/n, so a score alone says something about n. Everything here is
arithmetic over the rows of the registry.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from math500 import scores, stats
from math500.records import Estimate, Reference

SETS = scores.SIZES
"""Problems of each set that scores are published on."""
MEMORY = "memory"
"""The confidence of a row that nobody has looked up."""
RUN_DATA = {"math500": "MATH-500", "math-test": "MATH-5000"}
"""Our names of the sets to the published ones."""


def estimate(percent: float, n: int) -> Estimate:
    """A score of n problems with its interval."""
    low, high = stats.wilson(percent / 100, n)
    return Estimate(value=percent / 100, low=low, high=high, n=n, method="Wilson")


def as_estimate(reference: Reference) -> Estimate | None:
    """A published score with the interval of its sampling error, where its number of problems is known."""
    n = reference.n or SETS.get(reference.data)
    return None if n is None else estimate(100 * reference.score, n)


def same_score(rows: Iterable[Reference], percent: float) -> list[Reference]:
    """The rows that print as this number."""
    return [row for row in rows if math.isclose(100 * row.score, percent, abs_tol=0.005)]


def like_for_like(rows: Sequence[Reference], data: str) -> Reference | None:
    """The row to compare with: on the same problems, and of the best standing, else as listed."""
    return min((row for row in rows if row.data == data), key=_standing, default=None)


def _standing(row: Reference) -> tuple[bool, bool, bool]:
    """What was seen before what is remembered, the model before its snapshots, its vendor before others."""
    return row.confidence == MEMORY, bool(row.snapshot), not row.reporter.startswith("vendor")


def possible(percent: float, places: int, n: int | None) -> list[str]:
    """What the number alone says about the problems behind it, as sentences."""
    shown = f"{percent:.{places}f}"
    said = []
    if scores.right_of(percent, places, SETS["MATH-500"]) is None:
        k = scores.samples_of(percent, places, SETS["MATH-500"])
        mean = f", unless it is a mean of {k} or more samples a problem" if k else ""
        said.append(f"{shown} cannot be a MATH-500 score: 500 problems move in steps of 0.2{mean}.")
    for name, size in SETS.items():
        right = scores.right_of(percent, places, size)
        if right is not None and (n == size or (n is None and said and name != "MATH-500")):
            said.append(f"{shown} is {right:,} of {size:,}, which is the size of {name}.")
    if n is not None and n not in SETS.values():
        right = scores.right_of(percent, places, n)
        said.append(
            f"{shown} is {right:,} of {n:,}." if right is not None else f"No number of {n:,} gives {shown}."
        )
    return said
