"""Why samples are not correct, in a terminal: the reasons counted, the samples listed, two runs compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal

from math500.display.compare import comparability
from math500.display.tables import percent, table
from math500.display.terminal import Style, Styled, paint
from math500.plural import counted, form
from math500.records import Change, Changes, Reason, ReasonCount, Tally, Why

AT_MOST = (
    "at most: the score in percent if each of these samples were correct. assumed: where the right value is "
    "there or one slip away, the same; where there is no answer, each is right as often as the answered "
    "samples of its level."
)
CHANGES: dict[Literal["fixed", "new", "other_reason", "same"], tuple[str, Style]] = {
    "fixed": ("correct now", "good"),
    "new": ("correct before", "bad"),
    "other_reason": ("not correct in both, for another reason", "unsure"),
    "same": ("not correct in both, for the same reason", "muted"),
}


def failures(found: Tally, run: str, meaning: Mapping[Why, str]) -> str:
    """The reasons of a run: how many samples, which share, and what the score would be without."""
    wrong = sum(count.samples for count in found.counts)
    head = (
        f"{paint(run, 'heading')}\n{percent(found.score)} by {found.grader}; "
        f"{wrong} of {counted(found.samples, 'sample')} {form(wrong, 'is', 'are')} not correct"
    )
    if not found.counts:
        return head
    rows: list[tuple[str, ...]] = [("reason", "samples", "share", "95 % interval", "at most", "assumed")]
    rows += [_row(count) for count in found.counts]
    return "\n\n".join(
        [
            head,
            table(rows, right=(1, 2, 3, 4, 5), head=True),
            AT_MOST,
            _kinds(found.counts, meaning),
        ]
    ).rstrip()


def _row(count: ReasonCount) -> tuple[str, ...]:
    s = count.share
    return (
        count.why,
        str(count.samples),
        f"{100 * s.value:.1f}",
        f"{100 * s.low:.1f} to {100 * s.high:.1f}",
        "" if count.upper is None else f"{100 * count.upper.value:.1f}",
        "" if count.assumed is None else f"{100 * count.assumed.value:.1f}",
    )


def _kinds(counts: Sequence[ReasonCount], meaning: Mapping[Why, str]) -> str:
    rows = [("reason", "what it is", "of which")]
    rows += [
        (count.why, meaning[count.why], ", ".join(f"{kind} {n}" for kind, n in count.kinds.items()))
        for count in counts
    ]
    return table(rows, head=True)


def reasons(listed: Sequence[Reason], most: int, *, several: bool) -> str:
    """The samples one by one, each with what shows its reason."""
    rows = [("problem", "reason", "kind", "evidence")]
    for r in listed[:most]:
        name = f"{r.unique_id} #{r.index}" if several else r.unique_id
        rows.append((name, r.why, r.kind, r.evidence))
    left = len(listed) - most
    more = f"\n... and {left} more: --list {len(listed)} shows them, --export keeps them." if left > 0 else ""
    return table(rows, head=True) + more if listed else "No such sample."


def changes(found: Changes, most: int, *, names: tuple[str, str], several: bool) -> str:
    """The failures of two runs side by side; `names` is how the user calls the earlier and the later one."""
    before, after = names
    number = Counter(change.change for change in found.changes)
    rows = [(Styled(name, style), str(number[name]), words) for name, (words, style) in CHANGES.items()]
    blocks = [
        f"{paint(after, 'heading')} against {paint(before, 'heading')}, "
        f"{counted(found.compared, 'sample')} in both"
        + (f", {found.left_out} only in one of them" if found.left_out else ""),
        comparability(found.differences, "before", "after"),
        table(rows, right=(1,)),
        _by_reason(found.changes),
        _moved(found.changes, most, several=several),
    ]
    return "\n\n".join(block for block in blocks if block)


def _by_reason(changed: Sequence[Change]) -> str:
    """How each reason's count moved."""
    before, after = Counter(c.before for c in changed), Counter(c.after for c in changed)
    there = sorted({w for w in (*before, *after) if w}, key=lambda w: (-max(before[w], after[w]), w))
    rows = [(w, str(before[w]), str(after[w]), f"{after[w] - before[w]:+d}") for w in there]
    head = ("reason", "before", "after", "change")
    return table([head, *rows], right=(1, 2, 3), head=True) if rows else ""


def _moved(changed: Sequence[Change], most: int, *, several: bool) -> str:
    moved = sorted((c for c in changed if c.change != "same"), key=lambda c: list(CHANGES).index(c.change))
    rows: list[tuple[str, ...]] = [("problem", "change", "before", "after")]
    for c in moved[:most]:
        name = f"{c.unique_id} #{c.index}" if several else c.unique_id
        label = Styled(c.change, CHANGES[c.change][1])
        rows.append((name, label, c.before or "correct", c.after or "correct"))
    left = len(moved) - most
    more = f"\n... and {left} more: --list {len(moved)} shows them." if left > 0 else ""
    return table(rows, head=True) + more if moved and most else ""
