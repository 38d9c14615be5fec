"""The summary against what samples and grades give now, field by field; the gap's copy of the score."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from math500 import evaluate
from math500.display.money import without_count
from math500.plural import counted
from math500.records import Gap, RunCheck, Summary
from math500.verify.folder import Folder, either, note

SUMMARY, GAP = "summary", "gap"
CLOSE = 1e-9
"""Relative difference of two sums of the same numbers."""


def check(folder: Folder) -> Iterator[RunCheck]:
    """summary.json and gap.json, where they are there."""
    written = folder.run.summary()
    if written is None:
        yield note(SUMMARY, "not written yet", f"Have it made: math500 run --resume {folder.run.path}")
        return
    yield _summary(folder, written)
    if folder.made.grader != written.grader:
        yield note(SUMMARY, f"it is by {written.grader}; the run was made with {folder.made.grader}")
    if (gap := folder.run.gap()) is not None:
        yield _gap(folder, gap, written.grader)


def _gap(folder: Folder, gap: Gap, grader: str) -> RunCheck:
    """A gap is measured by the grader of its day, which need not be the one that the run was graded by."""
    said = next((one.ours for one in gap.comparability if one.field == "grader"), "") or grader
    if said.replace("/", "-") not in folder.run.graders():
        return note(GAP, f"made with {said}, by which the folder holds no grades; taken as it is")
    again = evaluate.summarize(folder.run, said)
    where = [] if gap.run == folder.made.run_id else [f"it is of the run {gap.run}"]
    if again.score is None or not _same(gap.measured.value, again.score.value):
        where.append(f"it measures {100 * gap.measured.value:.2f} %")
    next_step = f"Have it made again: math500 gap {folder.run.path}"
    return either(
        GAP,
        "it starts from this run's score",
        ("fact is not this run's", "facts are not this run's"),
        where,
        next_step,
    )


def _summary(folder: Folder, written: Summary) -> RunCheck:
    again = evaluate.summarize(folder.run, written.grader)
    was, now = msgspec.to_builtins(written), msgspec.to_builtins(again)
    where = [
        f"{name}: {_shown(was[name])}, again {_shown(now[name])}" for name in now if _other(was, now, name)
    ]
    score = again.score
    value = "no score" if score is None else f"{100 * score.value:.2f} % of {counted(score.n, 'problem')}"
    good = f"{value} by {written.grader}, and all {len(now)} fields as derived"
    if again.uncounted:
        good += f"; {without_count(again.uncounted)}"
    next_step = f"Have it made again: math500 run --resume {folder.run.path}; it asks only what is owed."
    if folder.imported:
        next_step = "Import the log again: what is in summary.json is not what the grades give."
    return either(
        SUMMARY,
        good,
        ("field is not what samples and grades give", "fields are not what samples and grades give"),
        where,
        next_step,
    )


def _other(was: dict[str, Any], now: dict[str, Any], name: str) -> bool:
    # The order of the rules is that of their counts, and among equals that of the grades.
    # An older math500 wrote not all of them; every other field it wrote, or its default says what it meant.
    return not (name in ("paid", "uncounted") and was[name] is None) and not _same(was[name], now[name])


def _same(a: object, b: object) -> bool:
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(map(_same, a, b))
    if isinstance(a, float) or isinstance(b, float):
        numbers = isinstance(a, int | float) and isinstance(b, int | float)
        return numbers and abs(a - b) <= CLOSE * max(1.0, abs(a), abs(b))  # type: ignore[operator,arg-type]
    return a == b


def _shown(value: Any) -> str:  # noqa: ANN401 - any field of a summary
    if isinstance(value, dict) and "value" in value:
        return f"{100 * value['value']:.2f} % of {value['n']}"
    text = str(value)
    return text if len(text) <= 40 else f"{text[:40]}..."
