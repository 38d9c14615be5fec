"""Aligned columns; scores and durations in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from unicodedata import east_asian_width

from math500.records import Estimate


def percent(score: Estimate | None) -> str:
    """A score as people read it, such as `5.0 % (95 % interval 0.9 to 23.6, n = 20)`."""
    if score is None:
        return "no score: nothing was graded"
    return (
        f"{100 * score.value:.1f} % (95 % interval {100 * score.low:.1f} to {100 * score.high:.1f}, "
        f"n = {score.n})"
    )


def width(text: str) -> int:
    """Columns that a text takes in a terminal; Chinese characters take two."""
    return sum(2 if east_asian_width(c) in "WF" else 1 for c in text)


def table(rows: Sequence[Sequence[str]], *, right: Iterable[int] = ()) -> str:
    """Rows of cells as aligned columns; the columns in `right` are aligned to the right."""
    if not rows:
        return ""
    widths = [max(width(row[i]) for row in rows) for i in range(len(rows[0]))]
    to_right = set(right)

    def cell(text: str, column: int) -> str:
        gap = " " * (widths[column] - width(text))
        return gap + text if column in to_right else text + gap

    return "\n".join("  ".join(cell(c, i) for i, c in enumerate(row)).rstrip() for row in rows)


def duration(seconds: float) -> str:
    """Seconds as `42 s`, `3 min 05 s` or `2 h 10 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"
