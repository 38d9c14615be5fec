"""How often values fall into ranges, stacked by group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from math500.plots import svg
from math500.plots.axes import Axis, Mark, plane
from math500.plots.scales import Form, extent, ticks, written

BINS = 24


class Group(NamedTuple):
    """Values under one name; `colour` is a name out of `svg.LIGHT`, the next of the palette when empty."""

    name: str
    values: Sequence[float]
    colour: str = ""


def histogram(
    title: str,
    groups: Sequence[Group],
    *,
    x_label: str,
    x_form: Form = "number",
    y_label: str = "samples",
    marks: Sequence[Mark] = (),
    bins: int = BINS,
    description: str = "",
    width: int = 560,
    height: int = 300,
) -> str:
    """Counts per range of values, the groups on top of each other, the first at the bottom.

    Args:
        title: what is shown.
        groups: the values, by name.
        x_label: what the values are, with their unit.
        x_form: how they are written.
        y_label: what is counted.
        marks: upright lines, such as a limit.
        bins: about how many ranges.
        description: for those who cannot see it; made from the counts when empty.
        width: pixels.
        height: pixels.
    """
    shown = [g._replace(colour=g.colour or svg.SERIES[i % len(svg.SERIES)]) for i, g in enumerate(groups)]
    low, high = extent([v for g in shown for v in g.values] + [m.x for m in marks])
    edges = ticks(min(low, 0.0), high, bins)
    counts = [_counts(g.values, edges) for g in shown]
    most = max((sum(c[i] for c in counts) for i in range(len(edges) - 1)), default=1)
    names = [(g.name, g.colour) for g in shown] if len(shown) > 1 else []
    room = plane(
        Axis(x_label, edges[0], edges[-1], x_form),
        Axis(y_label, 0, max(most, 1)),
        width=width,
        height=height,
        names=names,
        marks=marks,
    )
    body = ""
    for i in range(len(edges) - 1):
        base = 0
        left, right = room.x(edges[i]), room.x(edges[i + 1])
        for group, count in zip(shown, counts, strict=True):
            if count[i]:
                y, tip = room.y(base + count[i]), f"{_range(edges, i, x_form)}: {count[i]} {group.name}"
                body += svg.box(
                    left + 0.5, y, right - left - 1, room.y(base) - y, colour=group.colour, tip=tip, radius=0
                )
                base += count[i]
    said = description or _described(shown, counts, edges, x_form)
    return svg.picture(title, said, body + room.drawn, width, height)


def _counts(values: Sequence[float], edges: Sequence[float]) -> list[int]:
    counts = [0] * (len(edges) - 1)
    width = edges[1] - edges[0]
    for value in values:
        counts[min(len(counts) - 1, max(0, int((value - edges[0]) / width)))] += 1
    return counts


def _range(edges: Sequence[float], i: int, form: Form) -> str:
    return f"{written(edges[i], form)} to {written(edges[i + 1], form)}"


def _described(
    groups: Sequence[Group], counts: Sequence[Sequence[int]], edges: Sequence[float], form: Form
) -> str:
    parts = []
    for group, count in zip(groups, counts, strict=True):
        full = [f"{_range(edges, i, form)}: {n}" for i, n in enumerate(count) if n]
        parts.append(f"{group.name}, {len(group.values)} in all. {'; '.join(full)}")
    return ". ".join(parts)
