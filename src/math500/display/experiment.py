"""A study before and after."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

import msgspec

from math500.display.money import dollars
from math500.display.solvers import tradeoffs
from math500.display.tables import table
from math500.records import StudyCell, Tradeoff


def plan(cells: Sequence[StudyCell]) -> str:
    """The cells, what is owed of each, and what that may take."""
    head = ("cell", "problems", "owed", "requests at most", "tokens at most", "cost at most")
    return table([head, *(_row(cell) for cell in cells)], right=range(1, len(head)), head=True)


def _row(cell: StudyCell) -> tuple[str, ...]:
    return (
        cell.name,
        f"{cell.problems:,}",
        f"{cell.owed:,}",
        "not known" if cell.requests is None else f"{cell.requests:,}",
        "not known" if cell.most_tokens is None else f"{cell.most_tokens:,}",
        "" if cell.most_cost is None else dollars(cell.most_cost),
    )


def outcome(rows: Sequence[Tradeoff]) -> str:
    """What each cell brought and cost, by its name."""
    return tradeoffs([msgspec.structs.replace(row, solver=PurePath(row.run).name) for row in rows], of="cell")
