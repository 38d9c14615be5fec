"""The solvers, and what they brought and cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from math500.display.money import dollars
from math500.display.tables import table
from math500.records import Tradeoff


def solvers(known: Mapping[str, str]) -> str:
    """The solvers by name."""
    return table(list(known.items()))


def tradeoffs(rows: Sequence[Tradeoff], *, of: str = "solver") -> str:
    """One line a run; `of` is what the first column names."""
    head = (
        *(of, "score", "95 % interval", "difference", "95 % interval", "p", "n"),
        *("completions", "tokens", "seconds", "cost"),
    )
    text = table([head, *(_row(row) for row in rows)], right=range(1, len(head)), head=True)
    return f"{text}\n\nCosts are for one problem; the difference is to the first run."


def _row(row: Tradeoff) -> tuple[str, ...]:
    s, d = row.score, row.difference
    return (
        row.solver,
        "" if s is None else f"{100 * s.value:.1f}",
        "" if s is None else f"{100 * s.low:.1f} to {100 * s.high:.1f}",
        "" if d is None else f"{100 * d.value:+.1f}",
        "" if d is None else f"{100 * d.low:+.1f} to {100 * d.high:+.1f}",
        "" if row.p_value is None else f"{row.p_value:.3f}",
        str(row.common),
        f"{row.completions:.1f}",
        f"{row.tokens:,.0f}",
        f"{row.seconds:.1f}",
        "" if row.cost is None else dollars(row.cost),
    )
