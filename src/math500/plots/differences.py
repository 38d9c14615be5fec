"""Differences with intervals around zero, one a row: what each of several changes brought."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from math500.plots import svg
from math500.plots.scales import extent, scale, ticks, written

ROW = 24


class Difference(NamedTuple):
    """One difference of two fractions, with the bounds of its interval."""

    label: str
    value: float
    low: float
    high: float
    note: str = ""
    """Said behind the figures, such as `n = 100`."""


def differences(
    title: str, rows: Sequence[Difference], *, description: str = "", width: int = 720, better: str = ""
) -> str:
    """Points with intervals beside a line at zero; grey where the interval covers zero.

    Args:
        title: what is shown.
        rows: in the order in which they are drawn.
        description: for those who cannot see it; made from the rows when empty.
        width: pixels.
        better: said at the right end of the axis.
    """
    said = [_words(row) for row in rows]
    left = min(width * 0.45, max((svg.text_width(row.label) for row in rows), default=0)) + 14
    right = width - max((svg.text_width(s, svg.SMALL) for s in said), default=0) - 18
    low, high = extent([v for row in rows for v in (row.low, row.high)] + [0.0])
    marks = ticks(low, high, 6)
    place = scale((marks[0], marks[-1]), (left, right))
    bottom = svg.HEADING + ROW * len(rows)
    body = "".join(
        svg.line(place(t), svg.HEADING, place(t), bottom, colour="line" if t else "muted")
        + svg.text(
            place(t),
            bottom + 16,
            written(t, "points", short=True) if t else "0",
            colour="muted",
            anchor="middle",
            size=svg.SMALL,
        )
        for t in marks
    )
    for number, (row, words) in enumerate(zip(rows, said, strict=True)):
        body += _row(row, words, svg.HEADING + ROW * (number + 0.5), left, right, place)
    if better:
        body += svg.text(right, bottom + 32, better, colour="muted", anchor="end", size=svg.SMALL)
    words = ". ".join(f"{row.label}: {one}" for row, one in zip(rows, said, strict=True))
    return svg.picture(title, description or words, body, width, bottom + (40 if better else 24))


def _row(
    row: Difference, words: str, y: float, left: float, right: float, at: Callable[[float], float]
) -> str:
    colour = "good" if row.low > 0 else "bad" if row.high < 0 else "quiet"
    tip = svg.element("title", svg.words(f"{row.label}: {words}"))
    drawn = svg.text(left - 10, y + 4, svg.shortened(row.label, left - 12), anchor="end")
    drawn += svg.whisker(at(row.low), at(row.high), y, colour=colour)
    drawn += svg.element("circle", tip, cx=float(at(row.value)), cy=float(y), r=4.0, class_=f"m5-f-{colour}")
    return drawn + svg.text(right + 14, y + 4, words, colour="muted", size=svg.SMALL)


def _words(row: Difference) -> str:
    value, low, high = (written(v, "points") for v in (row.value, row.low, row.high))
    return f"{value} ({low} to {high})" + (f"  {row.note}" if row.note else "")
