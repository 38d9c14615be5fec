"""The rows of training sets as a trainer gets them: of one form, none too long, some kept for the measure.

What is held out is held out by problem: no row of a problem is trained on when another one is measured with.
"""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from math500.errors import DataMismatch, UsageError
from math500.plural import counted
from math500.records import TrainingRow
from math500.synth.dataset import TrainingSet

R = TypeVar("R", bound=TrainingRow)


def of_kind(sets: Iterable[TrainingSet], kind: type[R], wanted: str) -> list[R]:
    """All rows of several sets, which must be of this form.

    Args:
        sets: whose rows.
        kind: the rows' form.
        wanted: the form in words, for the message.

    Raises:
        UsageError: a set holds rows of another form.
    """
    found: list[R] = []
    for one in sets:
        fitting = [row for row in one.rows if isinstance(row, kind)]
        if len(fitting) != len(one.rows):
            raise UsageError(
                f"{one.path} holds rows of the form {one.manifest.kind}", f"Give a set of {wanted}."
            )
        found += fitting
    return found


def fitting(rows: Sequence[R], length: Callable[[R], int], most: int) -> tuple[list[R], int]:
    """The rows that are not too long, and how many are.

    Args:
        rows: all of them.
        length: tokens of a row.
        most: tokens.

    Raises:
        DataMismatch: all are.
    """
    kept = [row for row in rows if length(row) <= most]
    if not kept:
        raise DataMismatch(f"every row has more than {most} tokens", "Give a higher --max-length.")
    return kept, len(rows) - len(kept)


def parted(rows: Sequence[R], share: float, seed: int) -> tuple[list[R], list[R]]:
    """The rows to train on, and those of this share of the problems, which are held out.

    Raises:
        DataMismatch: nothing is left to train on.
    """
    problems = sorted({row.problem_id for row in rows})
    random.Random(seed).shuffle(problems)  # noqa: S311 - a choice of rows, not a secret
    held = set(problems[: math.ceil(len(problems) * share)])
    trained = [row for row in rows if row.problem_id not in held]
    if not trained:
        raise DataMismatch(
            f"{counted(len(problems), 'problem is', 'problems are')} too few to hold some out",
            "Give a lower --held-out, or more rows.",
        )
    return trained, [row for row in rows if row.problem_id in held]


def digest(sets: Sequence[TrainingSet]) -> str:
    """Of the rows: one set's own hash, or that of the hashes of several."""
    hashes = [one.manifest.sha256 for one in sets]
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()
