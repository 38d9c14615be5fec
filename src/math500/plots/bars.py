"""Horizontal bars with intervals: scores, shares, counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from math500.plots import svg
from math500.plots.axes import ruled
from math500.plots.scales import Form, extent, scale, ticks, written

ROW = 28


class Bar(NamedTuple):
    """One bar. `low` and `high` bound its interval; `colour` is a name out of `svg.LIGHT`."""

    label: str
    value: float
    low: float | None = None
    high: float | None = None
    note: str = ""
    """Said behind the value, such as `n = 38`."""
    colour: str = "one"


def bars(
    title: str,
    rows: Sequence[Bar],
    *,
    form: Form = "percent",
    top: float | None = None,
    description: str = "",
    width: int = 560,
) -> str:
    """Bars from zero, one a row, with their intervals and their values in figures.

    Args:
        title: what is shown.
        rows: the bars, in the order in which they are drawn.
        form: how values are written.
        top: the axis ends here; the greatest value or bound when None.
        description: for those who cannot see it; made from the rows when empty.
        width: pixels.
    """
    said = [f"{written(row.value, form)}{'  ' + row.note if row.note else ''}" for row in rows]
    left = min(width * 0.36, max((svg.text_width(row.label) for row in rows), default=0)) + 10
    right = width - max((svg.text_width(s, svg.SMALL) for s in said), default=0) - 12
    _, greatest = extent([v for row in rows for v in (row.value, row.high)] if top is None else [top])
    marks = ticks(0, greatest if greatest > 0 else 1.0, 5)
    place = scale((0, marks[-1] if top is None else top), (left, right))
    bottom = svg.HEADING + ROW * len(rows)
    shown = marks if top is None else [t for t in marks if t <= top]
    body = ruled(shown, place, svg.HEADING, bottom, form)
    for number, (row, words) in enumerate(zip(rows, said, strict=True)):
        body += _row(row, words, svg.HEADING + ROW * number, left, right, place)
    return svg.picture(title, description or _described(rows, said, form), body, width, bottom + 24)


def _row(row: Bar, words: str, y: float, left: float, right: float, place: Callable[[float], float]) -> str:
    middle = y + ROW / 2
    drawn = svg.text(left - 8, middle + 4, svg.shortened(row.label, left - 10), anchor="end")
    drawn += svg.box(
        left,
        y + 6,
        place(row.value) - left,
        ROW - 12,
        colour=row.colour,
        tip=f"{row.label}: {words}",
        opacity=0.85,
    )
    if row.low is not None and row.high is not None:
        drawn += svg.whisker(place(row.low), place(row.high), middle)
    return drawn + svg.text(right + 10, middle + 4, words, colour="muted", size=svg.SMALL)


def _described(rows: Sequence[Bar], said: Sequence[str], form: Form) -> str:
    parts = []
    for row, words in zip(rows, said, strict=True):
        interval = ""
        if row.low is not None and row.high is not None:
            interval = f" (interval {written(row.low, form)} to {written(row.high, form)})"
        parts.append(f"{row.label}: {words}{interval}")
    return ". ".join(parts)
