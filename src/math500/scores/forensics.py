"""What a number alone says: how many problems it fits, and whose score it could be.

A share of n problems moves in steps of 1/n, and a mean of k samples a problem in steps of 1/(nk).
"""

from __future__ import annotations

from math500.plural import counted
from math500.records import Fit, Forensics, PublishedScore
from math500.scores import registry

REPEATS = 64
"""Samples a problem up to which a score is tried as a mean of several."""
NEAR = 0.3
"""Points within which a published score is near."""


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


def fit(text: str, n: int) -> Fit:
    """A score as printed against one number of problems."""
    percent, places = float(text), decimals(text)
    return Fit(n=n, right=right_of(percent, places, n), samples=samples_of(percent, places, n))


def what(text: str, n: int | None = None) -> Forensics:
    """All that a score as printed says, with nothing else known.

    Args:
        text: in percent, as printed: `90` and `90.0` are not the same.
        n: problems that it is said to be of, beside the sizes of the known sets.
    """
    sizes = dict(registry.SIZES) | (
        {counted(n, "problem"): n} if n and n not in registry.SIZES.values() else {}
    )
    rows = registry.rows()
    exact = tuple(row for row in rows if same(row, text))
    near = [row for row in rows if row not in exact and abs(float(row.score) - float(text)) <= NEAR]
    return Forensics(
        score=text,
        fits={name: fit(text, size) for name, size in sizes.items()},
        exact=exact,
        near=tuple(sorted(near, key=lambda row: abs(float(row.score) - float(text)))),
    )


def same(row: PublishedScore, text: str) -> bool:
    """Whether a published score prints as this one, with the digits that both have."""
    places = min(decimals(row.score), decimals(text))
    return abs(round(float(row.score), places) - round(float(text), places)) < 10.0 ** -(places + 1)
