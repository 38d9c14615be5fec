"""How large each factor was where others measured it: on other models, so a prior and not a finding.

The rows are in priors.csv, each with its source: factor, the size in points (one number, a range, or
nothing where it is not one), and how sure the row is.
"""

from __future__ import annotations

import csv
import statistics
from functools import cache
from importlib.resources import files

from math500.records import Factor

DEFAULT = 0.01
"""What is expected of a factor that no row gives a size of: about a seed's worth."""


@cache
def rows() -> tuple[Factor, ...]:
    """Every known effect size, as factors of kind `prior`."""
    text = files("math500.gap").joinpath("priors.csv").read_text(encoding="utf-8")
    return tuple(_factor(row) for row in csv.DictReader(text.splitlines()))


def of(names: set[str]) -> tuple[Factor, ...]:
    """The rows about these factors."""
    return tuple(row for row in rows() if row.name in names)


def expected(name: str) -> float:
    """The median size that others found, a fraction; DEFAULT where there is none."""
    sizes = [abs(row.value) for row in rows() if row.name == name and row.value is not None]
    return statistics.median(sizes) if sizes else DEFAULT


def told(name: str) -> str:
    """Where the expected size comes from: how far apart others found it, or that nobody's is known."""
    ends = [end for row in rows() if row.name == name for end in (row.low, row.high) if end is not None]
    if not ends:
        return "a guess: no size of it is on record"
    low, high = 100 * min(ends), 100 * max(ends)
    return f"others found {low:.1f}{f' to {high:.1f}' if high > low else ''} points, on other models"


def _factor(row: dict[str, str]) -> Factor:
    low, high = (float(row[name]) / 100 if row[name] else None for name in ("low", "high"))
    middle = None if low is None or high is None else (low + high) / 2
    return Factor(
        name=row["factor"],
        setting="as reported",
        kind="prior",
        value=middle,
        low=low,
        high=high,
        detail=f"{row['detail']} ({row['confidence']})",
        source=row["source"],
    )
