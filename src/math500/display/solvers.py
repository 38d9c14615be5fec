"""The solvers, what they brought and cost, and what more samples would bring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from math500.display.compare import several
from math500.display.money import dollars, without_count
from math500.display.tables import chance, table
from math500.plural import counted, form
from math500.records import Curves, Estimate, Ranked, Reranked, Stopped, Tradeoff


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
    said = [
        "Costs are for one problem; the difference is to the first run.",
        several(sum(row.p_value is not None for row in rows)),
        _unlike(rows),
        *(f"{row.solver}: {without_count(row.uncounted)}." for row in rows if row.uncounted),
    ]
    return f"{text}\n\n" + "\n".join(line for line in said if line)


def _unlike(rows: Sequence[Tradeoff]) -> str:
    """Scores over other problems, of which one cannot be taken from the other."""
    sizes = {row.score.n for row in rows if row.score is not None}
    if len(sizes) < 2 and all(row.common in sizes for row in rows):
        return ""
    return "A score is over the run's own problems, a difference over the n that it shares with the first."


def _row(row: Tradeoff) -> tuple[str, ...]:
    s, d = row.score, row.difference
    return (
        row.solver,
        "" if s is None else f"{100 * s.value:.1f}",
        "" if s is None else f"{100 * s.low:.1f} to {100 * s.high:.1f}",
        "" if d is None else f"{100 * d.value:+.1f}",
        "" if d is None else f"{100 * d.low:+.1f} to {100 * d.high:+.1f}",
        "" if row.p_value is None else chance(row.p_value),
        str(row.common),
        f"{row.completions:.1f}",
        f"{row.tokens:,.0f}",
        f"{row.seconds:.1f}",
        "" if row.cost is None else dollars(row.cost),
    )


def curves(found: Curves) -> str:
    """What more samples bring, and under it what stopping early would save."""
    head = ("k", "pass@k", "95 % interval", "maj@k", "95 % interval")
    rows = [(str(p.k), *_estimate(p.passed), *_estimate(p.majority)) for p in found.points]
    said = [table([head, *rows], right=range(len(head)), head=True)]
    said.append(
        f"Over {counted(found.problems, 'problem')} with {counted(found.samples, 'sample')} each"
        + (f"; {found.left_out} {form(found.left_out, 'is', 'are')} left out." if found.left_out else ".")
    )
    columns = ("stops when", "samples", "saved", "score", "fixed", "difference", "95 % interval", "same")
    said.append(
        table([columns, *(_stopped(s) for s in found.stops)], right=range(1, len(columns)), head=True)
        + f"\n\nA vote of at most {found.votes}, played on these votes in {found.orders} orders; "
        "`same` is how often it decides as the fixed vote of all."
    )
    return "\n\n".join(said)


def _estimate(e: Estimate) -> tuple[str, str]:
    return f"{100 * e.value:.1f}", f"{100 * e.low:.1f} to {100 * e.high:.1f}"


def _stopped(s: Stopped) -> tuple[str, ...]:
    d = s.difference
    return (
        f"{s.stopping} {s.confidence:g}",
        f"{s.asked:.1f}",
        f"{100 * s.saved:.0f} %",
        f"{100 * s.score:.1f}",
        f"{100 * s.fixed:.1f}",
        f"{100 * d.value:+.2f}",
        f"{100 * d.low:+.1f} to {100 * d.high:+.1f}",
        f"{100 * s.same:.1f} %",
    )


WAYS = {
    "vote": "a plain vote",
    "weighed": "a vote weighed by it",
    "best": "the best one",
}


def reranked(found: Reranked) -> str:
    """The ways to choose among the same samples."""
    head = ("chosen by", "score", "95 % interval", "difference", "95 % interval", "p")
    bounds = (
        ("any one of them", *_estimate(found.single), "", "", ""),
        *(_ranked(one) for one in found.ways),
        ("who knows the answer", *_estimate(found.any_right), "", "", ""),
    )
    under = _compared(found) + _trained_on(found)
    of = (
        f"{counted(found.samples, 'sample')} for each of {counted(found.problems, 'problem')}, "
        f"valued by {found.reward}"
    )
    left_out = f"; {found.left_out} {form(found.left_out, 'is', 'are')} left out" if found.left_out else ""
    return (
        f"{table([head, *bounds], right=range(1, len(head)), head=True)}\n\n"
        f"{of}{left_out}. The differences are to the plain vote, in pairs.{under}"
    )


def _compared(found: Reranked) -> str:
    """What each p-value is worth beside the others; the plain vote has none."""
    return f"\n{several(len(found.ways) - 1)}"


def _trained_on(found: Reranked) -> str:
    """That the model knows some of the problems from its training, where it does."""
    if not found.trained_on:
        return ""
    return (
        f"\n\n{found.reward} was trained on {found.trained_on:,} of these problems, by their ids: on others "
        "it may bring less. Take a run over problems that it was not shown."
    )


def _ranked(one: Ranked) -> tuple[str, ...]:
    d, plain = one.difference, one.pick == "vote"
    return (
        WAYS[one.pick] + (f", {one.aggregate}" if one.aggregate else ""),
        *_estimate(one.score),
        "" if plain else f"{100 * d.value:+.1f}",
        "" if plain else f"{100 * d.low:+.1f} to {100 * d.high:+.1f}",
        "" if plain else f"{one.p_value:.2g}",
    )
