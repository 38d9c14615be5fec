"""Axes: two, with a legend and upright marks, for scatter, curves and histogram; one alone below rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from math500.plots import svg
from math500.plots.scales import Form, doubling, doublings, scale, ticks, written

LEFT, RIGHT, FOOT = 56, 14, 44


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis: its label, its ends, how values are written, and whether each doubling takes as much room."""

    label: str
    low: float
    high: float
    form: Form = "number"
    doubling: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """An upright dashed line at a value, with a word, such as a token limit."""

    x: float
    label: str


@dataclass(frozen=True, slots=True)
class Plane:
    """Where values are drawn, and what is drawn there already."""

    x: Callable[[float], float]
    y: Callable[[float], float]
    drawn: str
    right: float


def plane(
    x: Axis,
    y: Axis,
    *,
    width: int,
    height: int,
    names: Sequence[tuple[str, str]] = (),
    marks: Sequence[Mark] = (),
) -> Plane:
    """Axes with grid lines and labels, below the heading and a legend of (name, colour)."""
    legend, top = _legend(names, width)
    bottom = float(height - FOOT)
    up = ticks(y.low, y.high, 5)
    round_ones = doublings(x.low, x.high) if x.doubling else ticks(x.low, x.high, 6)
    across = [t for t in round_ones if x.low <= t <= x.high]
    to_x = (doubling if x.doubling else scale)((x.low, x.high), (LEFT, width - RIGHT))
    to_y = scale((up[0], up[-1]), (bottom, top))
    drawn = legend
    for t in up:
        drawn += svg.line(LEFT, to_y(t), width - RIGHT, to_y(t)) + svg.text(
            LEFT - 6,
            to_y(t) + 4,
            written(t, y.form, short=True),
            colour="muted",
            anchor="end",
            size=svg.SMALL,
        )
    for t in across:
        shown = written(t, x.form, short=True)
        drawn += svg.text(to_x(t), bottom + 17, shown, colour="muted", anchor="middle", size=svg.SMALL)
    drawn += svg.text(width - RIGHT, bottom + 37, x.label, colour="muted", anchor="end", size=svg.SMALL)
    drawn += svg.text(0, top - 8, y.label, colour="muted", size=svg.SMALL)
    for mark in marks:
        drawn += _mark(mark, to_x(mark.x), top, bottom, width)
    return Plane(to_x, to_y, drawn, float(width))


def _mark(mark: Mark, x: float, top: float, bottom: float, width: int) -> str:
    past_middle = x > width / 2
    word = svg.text(
        x + (-5 if past_middle else 5),
        top + 10,
        mark.label,
        anchor="end" if past_middle else "start",
        size=svg.SMALL,
    )
    return svg.line(x, top, x, bottom, colour="ink", width=1.5, dash="4 3") + word


def _legend(names: Sequence[tuple[str, str]], width: int) -> tuple[str, float]:
    """The names with their colours, wrapped, and the pixel where the plane may begin."""
    drawn, x, y = "", 0.0, float(svg.HEADING + 4)
    for name, colour in names:
        shown = svg.shortened(name, width - 20, svg.SMALL)
        needed = svg.text_width(shown, svg.SMALL) + 34
        if x and x + needed > width:
            x, y = 0.0, y + svg.LINE
        drawn += svg.box(x, y - 9, 11, 11, colour=colour) + svg.text(x + 16, y + 1, shown, size=svg.SMALL)
        x += needed
    return drawn, (y + 32 if names else svg.HEADING + 22)


def ruled(
    marks: Sequence[float], place: Callable[[float], float], top: float, bottom: float, form: Form
) -> str:
    """Upright lines at round values, each with its value below."""
    return "".join(
        svg.line(place(t), top, place(t), bottom)
        + svg.text(
            place(t),
            bottom + 16,
            written(t, form, short=True),
            colour="muted",
            anchor="middle",
            size=svg.SMALL,
        )
        for t in marks
    )
