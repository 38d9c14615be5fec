"""What a number can be: whose score, of which problems, and which published one it may be compared with.

A share of n problems moves in steps of 1/n, so a score alone says something about n. Everything here is
arithmetic over the rows of the registry.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from math500 import stats
from math500.records import Estimate, Reference

SETS = {"MATH-500": 500, "MATH-5000": 5000}
"""Problems of each set that scores are published on."""
RUN_DATA = {"math500": "MATH-500", "math-test": "MATH-5000"}
"""Our names of the sets to the published ones."""
REPEATS = 64
"""Samples a problem up to which a score is tried as a mean of several."""


def decimals(text: str) -> int:
    """Digits behind the point of a number as typed."""
    return len(text.partition(".")[2])


def right_of(percent: float, places: int, n: int) -> int | None:
    """How many of n are right when the score prints as this; None when no number of them does."""
    right = round(percent / 100 * n)
    near = [c for c in (right - 1, right, right + 1) if 0 <= c <= n]
    fits = [c for c in near if abs(100 * c / n - percent) <= 0.5 * 10.0**-places + 1e-9]
    return min(fits, key=lambda c: abs(100 * c / n - percent)) if fits else None


def samples_of(percent: float, places: int, n: int) -> int | None:
    """The fewest samples a problem with which n problems give this score as a mean; None up to REPEATS."""
    return next((k for k in range(1, REPEATS + 1) if right_of(percent, places, n * k) is not None), None)


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
    """The row to compare with: on the same problems; the vendor's own before others', then as listed."""
    same = [row for row in rows if row.data == data]
    return min(same, key=lambda row: not row.reporter.startswith("vendor"), default=None)


def possible(percent: float, places: int, n: int | None) -> list[str]:
    """What the number alone says about the problems behind it, as sentences."""
    shown = f"{percent:.{places}f}"
    said = []
    if right_of(percent, places, SETS["MATH-500"]) is None:
        k = samples_of(percent, places, SETS["MATH-500"])
        mean = f", unless it is a mean of {k} or more samples a problem" if k else ""
        said.append(f"{shown} cannot be a MATH-500 score: 500 problems move in steps of 0.2{mean}.")
    for name, size in SETS.items():
        right = right_of(percent, places, size)
        if right is not None and (n == size or (n is None and said and name != "MATH-500")):
            said.append(f"{shown} is {right:,} of {size:,}, which is the size of {name}.")
    if n is not None and n not in SETS.values():
        right = right_of(percent, places, n)
        said.append(
            f"{shown} is {right:,} of {n:,}." if right is not None else f"No number of {n:,} gives {shown}."
        )
    return said
