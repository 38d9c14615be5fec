"""Points in a plane, alone or joined: scatter and curves, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from math500.plots import svg
from math500.plots.axes import Axis, Mark, Plane, plane
from math500.plots.scales import Form, extent, written


class Point(NamedTuple):
    """One point. `low` and `high` bound its y."""

    x: float
    y: float
    low: float | None = None
    high: float | None = None
    label: str = ""
    """Drawn beside the point."""
    weight: float = 1.0
    """0 to 1: the size of the point, relative to the greatest."""


class Series(NamedTuple):
    """Points under one name; `colour` is a name out of `svg.LIGHT`, the next of the palette when empty."""

    name: str
    points: Sequence[Point]
    colour: str = ""


def scatter(
    title: str,
    series: Sequence[Series],
    *,
    x_label: str,
    y_label: str,
    x_form: Form = "number",
    y_form: Form = "percent",
    marks: Sequence[Mark] = (),
    diagonal: bool = False,
    description: str = "",
    width: int = 560,
    height: int = 340,
) -> str:
    """Points with their intervals and labels.

    Args:
        title: what is shown.
        series: the points, by name.
        x_label: what the x axis counts, with its unit.
        y_label: what the y axis counts, with its unit.
        x_form: how its values are written.
        y_form: how its values are written.
        marks: upright lines, such as a limit.
        diagonal: draw the line where y equals x.
        description: for those who cannot see it; made from the points when empty.
        width: pixels.
        height: pixels.
    """
    shown, room = _prepared(series, x_label, y_label, x_form, y_form, marks, width, height, side=0.06)
    body = room.drawn
    if diagonal:
        low, high = extent([p.x for s in shown for p in s.points] + [p.y for s in shown for p in s.points])
        body += svg.line(room.x(low), room.y(low), room.x(high), room.y(high), colour="quiet", dash="3 3")
    for one in shown:
        body += "".join(_point(p, one, room, (x_form, y_form)) for p in one.points)
    return svg.picture(title, description or _described(shown, x_label, x_form, y_form), body, width, height)


def curves(
    title: str,
    series: Sequence[Series],
    *,
    x_label: str,
    y_label: str,
    x_form: Form = "number",
    y_form: Form = "percent",
    marks: Sequence[Mark] = (),
    doubling: bool = False,
    description: str = "",
    width: int = 560,
    height: int = 340,
) -> str:
    """Points joined from left to right over a band of their intervals; arguments as for `scatter`.

    With `doubling` each doubling of x, which is then greater than zero, takes as much room.
    """
    shown, room = _prepared(series, x_label, y_label, x_form, y_form, marks, width, height, doubling=doubling)
    body = room.drawn
    for one in shown:
        points = sorted(one.points, key=lambda p: p.x)
        body += _band(points, one.colour, room)
        path = " ".join(f"{room.x(p.x):.2f},{room.y(p.y):.2f}" for p in points)
        body += svg.element("polyline", points=path, class_=f"m5-s-{one.colour}", stroke_width=2)
        body += (
            "".join(_dot(p, one, room, (x_form, y_form), 2.5) for p in points) if len(points) <= 40 else ""
        )
    return svg.picture(title, description or _described(shown, x_label, x_form, y_form), body, width, height)


def _prepared(
    series: Sequence[Series],
    x_label: str,
    y_label: str,
    x_form: Form,
    y_form: Form,
    marks: Sequence[Mark],
    width: int,
    height: int,
    *,
    side: float = 0.0,
    doubling: bool = False,
) -> tuple[list[Series], Plane]:
    shown = [s._replace(colour=s.colour or svg.SERIES[i % len(svg.SERIES)]) for i, s in enumerate(series)]
    points = [p for s in shown for p in s.points]
    x_ends = extent([p.x for p in points] + [m.x for m in marks])
    room = side * (x_ends[1] - x_ends[0])
    x_ends = (x_ends[0] - room, x_ends[1] + room)
    y_ends = extent([v for p in points for v in (p.y, p.low, p.high)])
    names = [(s.name, s.colour) for s in shown] if len(shown) > 1 else []
    drawn = plane(
        Axis(x_label, *x_ends, x_form, doubling and x_ends[0] > 0),
        Axis(y_label, *y_ends, y_form),
        width=width,
        height=height,
        names=names,
        marks=marks,
    )
    return shown, drawn


def _point(point: Point, series: Series, room: Plane, forms: tuple[Form, Form]) -> str:
    drawn = ""
    x, y = room.x(point.x), room.y(point.y)
    if point.low is not None and point.high is not None:
        drawn += svg.whisker_up(x, room.y(point.low), room.y(point.high), colour=series.colour, cap=3)
    drawn += _dot(point, series, room, forms, 3 + 3 * min(1.0, max(0.0, point.weight)))
    if point.label:
        left = x + 8 + svg.text_width(point.label, svg.SMALL) > room.right
        at, anchor = (x - 8, "end") if left else (x + 8, "start")
        drawn += svg.text(at, y - 6, point.label, anchor=anchor, size=svg.SMALL)
    return drawn


def _dot(point: Point, series: Series, room: Plane, forms: tuple[Form, Form], radius: float) -> str:
    tip = f"{point.label or series.name}: {written(point.x, forms[0])}, {written(point.y, forms[1])}"
    return svg.element(
        "circle",
        svg.element("title", svg.words(tip)),
        cx=room.x(point.x),
        cy=room.y(point.y),
        r=float(radius),
        class_=f"m5-f-{series.colour}",
        fill_opacity=0.85,
    )


def _band(points: Sequence[Point], colour: str, room: Plane) -> str:
    bounded = [p for p in points if p.low is not None and p.high is not None]
    if len(bounded) < 2:
        return ""
    upper = [f"{room.x(p.x):.2f},{room.y(p.high or 0):.2f}" for p in bounded]
    lower = [f"{room.x(p.x):.2f},{room.y(p.low or 0):.2f}" for p in reversed(bounded)]
    return svg.element("polygon", points=" ".join(upper + lower), class_=f"m5-f-{colour}", fill_opacity=0.16)


def _described(series: Sequence[Series], x_label: str, x_form: Form, y_form: Form) -> str:
    parts = []
    for one in series:
        points = [f"{p.label or written(p.x, x_form)}: {written(p.y, y_form)}" for p in one.points[:30]]
        more = f", and {len(one.points) - 30} more" if len(one.points) > 30 else ""
        parts.append(f"{one.name}, by {x_label}: {', '.join(points)}{more}")
    return ". ".join(parts)
