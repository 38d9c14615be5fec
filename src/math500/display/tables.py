"""Aligned columns; scores and durations in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from math500.display import terminal
from math500.display.terminal import width
from math500.records import Estimate

__all__ = ["duration", "percent", "table", "width"]

GAP = "  "
FLOOR = 10
"""Columns that a wrapped column keeps."""


def percent(score: Estimate | None) -> str:
    """A score as people read it, such as `5.0 % (95 % interval 0.9 to 23.6, n = 20)`."""
    if score is None:
        return "no score: nothing was graded"
    return (
        f"{100 * score.value:.1f} % (95 % interval {100 * score.low:.1f} to {100 * score.high:.1f}, "
        f"n = {score.n})"
    )


def table(rows: Sequence[Sequence[str]], *, right: Iterable[int] = (), head: bool = False) -> str:
    """Rows of cells as aligned columns, fitted to the terminal.

    Where they do not fit, the widest columns are wrapped; where that leaves too little of them, each row is
    written as a block.

    Args:
        rows: the cells; all rows have the same number of them.
        right: columns aligned to the right, which are never wrapped.
        head: the first row names the columns.
    """
    if not rows:
        return ""
    cells = [[_clean(cell) for cell in row] for row in rows]
    if head:
        cells[0] = [terminal.Styled(cell, "heading") for cell in cells[0]]
    to_right = set(right)
    natural = [max(width(row[i]) for row in cells) for i in range(len(cells[0]))]
    limit = terminal.columns()
    widths = natural if limit is None else _narrowed(natural, to_right, limit)
    if widths is None:
        return "\n".join(_block(row, cells[0] if head else None, limit or 0) for row in cells[head:])
    return "\n".join(line for row in cells for line in _lines(row, widths, to_right))


def _clean(cell: str) -> str:
    text = terminal.safe(cell).replace("\n", " ").replace("\t", " ")
    return terminal.Styled(text, cell.style) if isinstance(cell, terminal.Styled) else text


def _narrowed(natural: Sequence[int], right: set[int], limit: int) -> list[int] | None:
    """The widths of columns that fit, or None when too little would be left of them."""
    widths = list(natural)
    floors = [w if i in right else min(w, FLOOR) for i, w in enumerate(natural)]
    while sum(widths) + len(GAP) * (len(widths) - 1) > limit:
        spare, widest = max((w if w > floors[i] else 0, i) for i, w in enumerate(widths))
        if not spare:
            return None
        widths[widest] -= 1
    return widths


def _lines(row: Sequence[str], widths: Sequence[int], right: set[int]) -> Iterator[str]:
    """One row as lines: one, or more where a cell is wrapped."""
    parts = [
        terminal.wrapped(cell, widths[i]) if width(cell) > widths[i] else [cell] for i, cell in enumerate(row)
    ]
    for number in range(max(map(len, parts))):
        line = []
        for i, cell in enumerate(parts):
            text = cell[number] if number < len(cell) else ""
            padding = " " * (widths[i] - width(text))
            whole = row[i]
            if isinstance(whole, terminal.Styled):
                text = terminal.paint(text, whole.style)
            line.append(padding + text if i in right else text + padding)
        yield GAP.join(line).rstrip()


def _block(row: Sequence[str], names: Sequence[str] | None, limit: int) -> str:
    """One row as a block: its first cell, and below it the others, with their names where these are known."""
    first, *others = row
    if names is None:
        cells = [cell for cell in others if cell]
    else:
        cells = [
            "; ".join(f"{name} {cell}".strip() for name, cell in zip(names[1:], others, strict=True) if cell)
        ]
    below = [f"  {part}" for cell in cells for part in terminal.wrapped(cell, limit - 2)]
    return "\n".join([*terminal.wrapped(first, limit), *below])


def duration(seconds: float) -> str:
    """Seconds as `42 s`, `3 min 05 s` or `2 h 10 min`; what rounds to none is `under 1 s`."""
    whole = round(seconds)
    if not whole:
        return "under 1 s"
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def between(low: float | None, high: float | None) -> str:
    """Two fractions as points, such as `4.9 to 8.2`; one number where they are equal; else empty."""
    if low is None or high is None:
        return ""
    return f"{100 * low:.1f}" if low == high else f"{100 * low:.1f} to {100 * high:.1f}"


def chance(p: float) -> str:
    """A p-value; one that rounds to nothing is not none."""
    return "<0.001" if p < 0.0005 else f"{p:.3f}"
