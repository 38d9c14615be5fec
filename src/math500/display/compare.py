"""Two runs side by side, in a terminal: first what differs in how they were made, then by how much."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from math500 import stats
from math500.display.tables import percent, table
from math500.plural import counted
from math500.records import Compared, Comparison, Difference, Flip

SHOWN = 20
"""Flipped problems that are listed; all of them are in the JSON."""
ALPHA = 0.05
"""The level of every test and interval here."""


def several(comparisons: int) -> str:
    """What a p-value is worth that stands among others; empty for one comparison."""
    if comparisons < 2:
        return ""
    bound = f"{ALPHA / comparisons:.2g} ({ALPHA:g} / {comparisons})"
    return f"Each p is of one comparison alone: with {comparisons} of them, count those below {bound}."


def points(difference: Difference | None) -> str:
    """A difference in points, such as `+4.0 points (95 % interval +1.2 to +6.8, n = 500)`."""
    if difference is None:
        return "not to be subtracted"
    d = difference
    return f"{100 * d.value:+.1f} points (95 % interval {100 * d.low:+.1f} to {100 * d.high:+.1f}, n = {d.n})"


def comparability(rows: Sequence[Compared], ours: str, theirs: str) -> str:
    """Each field of two protocols; fields that are the same take one line together."""
    same = [row.field for row in rows if row.state == "same"]
    other = [row for row in rows if row.state != "same"]
    lines = [("", ours, theirs, "")] + [(r.field, *_cells(r.ours, r.theirs), _state(r)) for r in other]
    shown = table(lines, head=True) if other else ""
    equal = f"the same: {', '.join(same)}" if same else ""
    return "\n".join(part for part in (shown, equal) if part)


def _cells(ours: str, theirs: str) -> tuple[str, str]:
    """Both cut to a cell each, and where that hides what differs, from there on."""
    if ours == theirs or _cell(ours) != _cell(theirs):
        return _cell(ours), _cell(theirs)
    one, other = (" ".join(text.split()) for text in (ours, theirs))
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
    begin = one.rfind(" ", 0, same) + 1
    return _cell(f"... {one[begin:]}"), _cell(f"... {other[begin:]}")


def _cell(text: str, width: int = 44) -> str:
    flat = " ".join(text.split())
    return "not stated" if not flat else flat if len(flat) <= width else f"{flat[: width - 3]}..."


def _state(row: Compared) -> str:
    mark = f"{row.state}, not comparable" if row.blocks else row.state
    return f"{mark}: {row.note}" if row.note else mark


def comparison(found: Comparison, first: str = "", second: str = "") -> str:
    """One run against another; `first` and `second` are how the user named them, else their ids."""
    blocks = [
        f"{second or found.second} against {first or found.first}",
        comparability(found.comparability, "first", "second"),
        table(
            [
                ("first", percent(found.first_score)),
                ("second", percent(found.second_score)),
                ("difference", points(found.difference)),
                ("by chance", f"p = {found.p_value:.3g} ({found.test})"),
            ]
        ),
        _reading(found),
        _flips(found.flips),
        "\n".join(found.notes),
    ]
    return "\n\n".join(block for block in blocks if block)


def _reading(found: Comparison) -> str:
    d = found.difference
    outside = d is not None and (d.low > 0 or d.high < 0)
    if outside and found.p_value < ALPHA:
        verdict = "The difference is larger than chance explains."
    elif outside:
        verdict = (
            "The difference may be chance: the interval leaves zero out by little, the exact test does not."
        )
    else:
        verdict = "The difference may be chance: the interval holds zero."
    return (
        f"{verdict} {counted(found.gained, 'problem was', 'problems were')} gained and {found.lost} lost; "
        f"{found.changed} of {found.n} first responses differ in their text. Two such runs show differences "
        f"from {100 * found.smallest:.1f} points on (in four of five cases)."
    )


def _flips(flips: Sequence[Flip]) -> str:
    if not flips:
        return ""
    rows = [("problem", "subject", "level", "first", "second", "first answers")]
    rows += [
        (
            flip.unique_id,
            flip.subject,
            "" if flip.level is None else str(flip.level),
            f"{100 * flip.before:.0f}",
            f"{100 * flip.after:.0f}",
            f"{_cell(flip.extracted[0] or '-', 24)} / {_cell(flip.extracted[1] or '-', 24)}",
        )
        for flip in flips[:SHOWN]
    ]
    left = f"\n... and {len(flips) - SHOWN} more: --json lists all." if len(flips) > SHOWN else ""
    return table(rows, right=(2, 3, 4), head=True) + left


def spread(found: Sequence[Comparison]) -> str:
    """How far apart the scores are of three or more runs that differ in chance alone."""
    if len(found) < 2:
        return ""
    differing = {row.field for each in found for row in each.comparability if row.state == "different"}
    scores = [found[0].first_score.value, *(each.second_score.value for each in found)]
    result = stats.spread(scores)
    what = "" if not differing else f" They differ in {', '.join(sorted(differing))}, not in chance alone."
    return (
        f"{result.runs} runs: mean {100 * result.mean:.1f}, standard deviation {100 * result.sd:.1f}, "
        f"{100 * result.least:.1f} to {100 * result.most:.1f}.{what}\n{several(len(found))}"
    )
