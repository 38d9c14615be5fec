"""From one number to another, step by step: where a difference comes from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from math500.plots import svg
from math500.plots.axes import ruled
from math500.plots.scales import Form, extent, scale, ticks, written

ROW = 32


class Step(NamedTuple):
    """A total (a bar from zero) or a change (a bar from where the last step ended).

    `low` and `high` bound the value itself: for a change, the change.
    """

    label: str
    value: float
    low: float | None = None
    high: float | None = None
    kind: Literal["total", "change", "rest"] = "change"
    """`rest` is a change that nothing explains."""
    note: str = ""


def waterfall(
    title: str,
    steps: Sequence[Step],
    *,
    form: Form = "percent",
    description: str = "",
    width: int = 560,
) -> str:
    """Bars that each begin where the one above ended, with the interval of each step.

    Args:
        title: what is shown.
        steps: from the first total to the last, in order.
        form: how totals are written; changes of percentages are written in points.
        description: for those who cannot see it; made from the steps when empty.
        width: pixels.
    """
    spans = _spans(steps)
    said = [_words(step, form) for step in steps]
    left = min(width * 0.38, max((svg.text_width(s.label) for s in steps), default=0)) + 10
    right = width - max((svg.text_width(w, svg.SMALL) for w in said), default=0) - 12
    marks = ticks(*_view(steps, spans), 5)
    place = scale((marks[0], marks[-1]), (left, right))
    bottom = svg.HEADING + ROW * len(steps)
    body = ruled(marks, place, svg.HEADING, bottom, form)
    for number, step in enumerate(steps):
        y = svg.HEADING + ROW * number
        body += _step(step, spans[number], said[number], y, (left, right), place)
        if number + 1 < len(steps):
            body += svg.line(
                place(spans[number][1]), y + ROW - 6, place(spans[number][1]), y + ROW + 6, colour="muted"
            )
    words = ". ".join(f"{s.label}: {w}" for s, w in zip(steps, said, strict=True))
    return svg.picture(title, description or words, body, width, bottom + 24)


def _spans(steps: Sequence[Step]) -> list[tuple[float, float]]:
    """Where each bar begins and ends; a total begins at zero."""
    spans, at = [], 0.0
    for step in steps:
        start = 0.0 if step.kind == "total" else at
        at = start + step.value
        spans.append((start, at))
    return spans


def _view(steps: Sequence[Step], spans: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The part of the axis that is drawn; changes are small beside totals, so it need not begin at 0."""
    ends = [v for step, (start, end) in zip(steps, spans, strict=True) for v in _reach(step, start, end)]
    low, high = extent(ends)
    room = (high - low) * 0.25 or abs(high) * 0.1 or 0.1
    return (max(low - room, 0.0) if low >= 0 else low - room), high + room * 0.2


def _reach(step: Step, start: float, end: float) -> list[float]:
    base = 0.0 if step.kind == "total" else start
    bounds = [base + b for b in (step.low, step.high) if b is not None]
    return [end, *bounds] if step.kind == "total" else [start, end, *bounds]


def _words(step: Step, form: Form) -> str:
    kind: Form = form if step.kind == "total" or form != "percent" else "points"
    words = written(step.value, kind)
    if step.low is not None and step.high is not None:
        words += f" ({written(step.low, kind)} to {written(step.high, kind)})".replace(" %", "")
    return f"{words}  {step.note}" if step.note else words


def _step(
    step: Step,
    span: tuple[float, float],
    words: str,
    y: float,
    sides: tuple[float, float],
    place: Callable[[float], float],
) -> str:
    left, right = sides
    start, end = sorted(place(v) for v in span)
    start = left if step.kind == "total" else start
    signed = "good" if step.value >= 0 else "bad"
    colour = {"total": "one", "rest": "quiet"}.get(step.kind, signed)
    middle = y + ROW / 2
    drawn = svg.text(left - 8, middle + 4, svg.shortened(step.label, left - 10), anchor="end")
    tip = f"{step.label}: {words}"
    drawn += svg.box(start, y + 6, max(end - start, 1.5), ROW - 12, colour=colour, tip=tip, opacity=0.85)
    if step.low is not None and step.high is not None:
        base = 0.0 if step.kind == "total" else span[0]
        drawn += svg.whisker(place(base + step.low), place(base + step.high), middle)
    return drawn + svg.text(right + 10, middle + 4, words, colour="muted", size=svg.SMALL)
