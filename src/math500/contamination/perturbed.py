"""The score on changed problems beside that on the original ones, in pairs.

The link is a field of the perturbed set's rows that holds the original's id; the set's file is read
for it, since a run folder keeps the problems without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from math500 import stats
from math500.compare import Outcome, outcome
from math500.data import rows
from math500.errors import DataUnreadable, UsageError
from math500.records import Contamination
from math500.rundir import RunDir


def links(path: Path, field: str) -> dict[str, str]:
    """Each perturbed problem's text with the id of its original.

    Raises:
        DataError: the file cannot be read, or a row has no such field.
    """
    found = {}
    for number, row in enumerate(rows.read_file(path)):
        original, text = row.get(field), row.get("problem", row.get("question"))
        if not isinstance(original, str) or not isinstance(text, str):
            raise DataUnreadable(
                f"{path}, row {number} has no problem or no {field!r} with an id in it",
                "Name the field that holds the original's id: --link-field NAME.",
            )
        found[text.strip()] = original
    return found


def beside(first: RunDir, second: RunDir, linked: dict[str, str]) -> Contamination:
    """The perturbed run against the original one; several variants of a problem are averaged.

    Raises:
        UsageError: no pair of them is graded in both.
    """
    a, b = outcome(first), outcome(second)
    variants: dict[str, list[str]] = {}
    for unique_id in b.right:
        original = linked.get(b.problems[unique_id].problem.strip())
        if original in a.right:
            variants.setdefault(original, []).append(unique_id)
    if not variants:
        raise UsageError(
            f"no graded problem of {second.path} is linked to one of {first.path}",
            "Check that --links is the set of the second run and --link-field holds ids of the first.",
        )
    before = [a.share(name) for name in variants]
    after = [_mean([b.share(v) for v in each]) for each in variants.values()]
    return Contamination(
        original=stats.score([a.right[name] for name in variants]),
        perturbed=stats.score([_verdicts(b, each) for each in variants.values()]),
        difference=stats.paired_difference(before, after),
        p_value=stats.sign_flip(
            stats.whole(
                [_count(a.right[name]) for name in variants],
                [_count(_verdicts(b, each)) for each in variants.values()],
            )
        ),
    )


def _verdicts(of: Outcome, names: Sequence[str]) -> list[bool]:
    return [right for name in names for right in of.right[name]]


def _count(verdicts: Sequence[bool]) -> tuple[int, int]:
    return sum(verdicts), len(verdicts)


def _mean(shares: Sequence[float]) -> float:
    return sum(shares) / len(shares)
