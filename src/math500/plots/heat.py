"""A table whose cells are shaded by their value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from math500.plots import svg
from math500.plots.scales import Form, written

ROW = 34
STRONGEST = 0.6
"""Opacity of the greatest value, so that the figures on it can still be read."""


class Cell(NamedTuple):
    """One cell: its value, and words below it such as `n = 12`."""

    value: float
    note: str = ""


def heat_map(
    title: str,
    rows: Sequence[str],
    columns: Sequence[str],
    cells: Sequence[Sequence[Cell | None]],
    *,
    form: Form = "percent",
    top: float = 1.0,
    description: str = "",
    width: int = 560,
) -> str:
    """A table of values, shaded from nothing at 0 to full at `top`; a cell that is None stays empty.

    Raises:
        ValueError: there are not as many cells as rows and columns.
    """
    if len(cells) != len(rows) or any(len(row) != len(columns) for row in cells):
        raise ValueError(f"{len(rows)} rows and {len(columns)} columns do not fit the cells")
    left = min(width * 0.4, max((svg.text_width(r) for r in rows), default=0)) + 10
    each = (width - left) / max(len(columns), 1)
    body = "".join(
        svg.text(
            left + each * (i + 0.5), svg.HEADING + 12, svg.shortened(c, each), anchor="middle", colour="muted"
        )
        for i, c in enumerate(columns)
    )
    for number, (label, row) in enumerate(zip(rows, cells, strict=True)):
        y = svg.HEADING + 20 + ROW * number
        body += svg.text(left - 8, y + ROW / 2 + 4, svg.shortened(label, left - 10), anchor="end")
        for i, cell in enumerate(row):
            body += _cell(cell, f"{label}, {columns[i]}", left + each * i, y, each, form, top)
    said = description or _described(rows, columns, cells, form)
    return svg.picture(title, said, body, width, svg.HEADING + 24 + ROW * len(rows))


def _cell(cell: Cell | None, name: str, x: float, y: float, width: float, form: Form, top: float) -> str:
    if cell is None:
        return svg.box(x + 1, y + 1, width - 2, ROW - 2, colour="line", tip=f"{name}: none", opacity=0.35)
    words = written(cell.value, form)
    share = min(1.0, max(0.0, cell.value / top if top else 0.0))
    drawn = svg.box(x + 1, y + 1, width - 2, ROW - 2, colour="line", opacity=0.35) + svg.box(
        x + 1,
        y + 1,
        width - 2,
        ROW - 2,
        colour="one",
        tip=f"{name}: {words} {cell.note}",
        opacity=STRONGEST * share,
    )
    figures = words.removesuffix(" %")
    if not cell.note:
        return drawn + svg.text(x + width / 2, y + ROW / 2 + 4, figures, anchor="middle")
    middle = x + width / 2
    return (
        drawn
        + svg.text(middle, y + ROW / 2 - 1, figures, anchor="middle", weight=600)
        + svg.text(middle, y + ROW / 2 + 12, cell.note, anchor="middle", size=10)
    )


def _described(
    rows: Sequence[str], columns: Sequence[str], cells: Sequence[Sequence[Cell | None]], form: Form
) -> str:
    parts = []
    for label, row in zip(rows, cells, strict=True):
        known = [f"{c} {written(cell.value, form)}" for c, cell in zip(columns, row, strict=True) if cell]
        parts.append(f"{label}: {', '.join(known) or 'nothing'}")
    return ". ".join(parts)
