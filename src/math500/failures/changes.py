"""The failures of two runs side by side: fixed, new, the same, or not correct for another reason.

Samples are matched by problem and index, and only where both runs hold the same problem (same id, text and
reference answer). What differs in how the runs were made is said, never hidden.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from math500 import protocols
from math500.errors import UsageError
from math500.records import Change, Changes, Problem, Reason, Why
from math500.rundir import Key, RunDir

Kind = Literal["fixed", "new", "same", "other_reason"]


def changes(
    before: RunDir, after: RunDir, reasons_before: Iterable[Reason], reasons_after: Iterable[Reason]
) -> Changes:
    """What became of each sample that is not correct in at least one of two runs.

    Args:
        before: the run to start from.
        after: the other run.
        reasons_before: what `explain` says of the first run.
        reasons_after: what it says of the second.

    Raises:
        UsageError: the runs have no sample in common.
    """
    problems = {p.unique_id: p for p in before.problems()}
    other = {p.unique_id: p for p in after.problems()}
    same = {name for name, p in problems.items() if name in other and _same(p, other[name])}
    first, second = set(before.samples()), set(after.samples())
    common = {key for key in first & second if key[0] in same}
    if not common:
        raise UsageError(
            f"{before.path} and {after.path} have no sample in common",
            "Compare runs over the same problem set.",
        )
    was, now = _by_key(reasons_before), _by_key(reasons_after)
    order = {name: place for place, name in enumerate(problems)}
    keys = sorted(common & (was.keys() | now.keys()), key=lambda key: (order[key[0]], key[1]))
    rows = protocols.side_by_side(protocols.of(before.manifest), protocols.of(after.manifest))
    return Changes(
        before=before.manifest.run_id,
        after=after.manifest.run_id,
        compared=len(common),
        left_out=len(first | second) - len(common),
        changes=tuple(_change(key, was.get(key), now.get(key)) for key in keys),
        differences=tuple(row for row in rows if row.state != "same"),
    )


def _same(left: Problem, right: Problem) -> bool:
    return (left.problem, left.answer) == (right.problem, right.answer)


def _by_key(reasons: Iterable[Reason]) -> Mapping[Key, Why]:
    return {(r.unique_id, r.index): r.why for r in reasons}


def _change(key: Key, was: Why | None, now: Why | None) -> Change:
    kind: Kind = "same" if was == now else "other_reason"
    if now is None:
        kind = "fixed"
    elif was is None:
        kind = "new"
    return Change(unique_id=key[0], index=key[1], change=kind, before=was, after=now)
