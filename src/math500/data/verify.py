"""Is this copy the set that it should be, and if not, which rows differ?

A copy is right when its canonical rows have the set's known sha256. Otherwise its rows are laid
beside a reference row by row: by the problem's text, else by id. If all of them are there and
differ only in order or in their ids, the copy is brought into the set's own order and ids; that is
recorded. If anything a score depends on differs, the copy is refused and the rows are named.

The reference for MATH-500 is a table of truncated field hashes that comes with the package, so
rows can be named with no network; for the other sets it is a verified copy in the cache.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from msgspec import Struct, structs

from math500.data import rows
from math500.data.known import KnownSet
from math500.errors import DataMismatch
from math500.records import Problem

_NAMED = 5
"""Rows that a message names; the rest are counted."""


class RowHash(Struct, frozen=True):
    """The truncated hashes of one row's fields: enough to say what differs, and no text."""

    problem: str
    solution: str
    answer: str
    labels: str
    """Of subject and level together."""


Reference = dict[str, RowHash]
"""Each id with its row's hashes, in the set's order."""


class Differences(Struct, frozen=True, kw_only=True):
    """How a copy differs from its reference."""

    changed: dict[str, tuple[str, ...]] = {}
    """The ids of rows with other content, each with the fields that differ."""
    missing: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    """Rows of the copy that the reference does not have."""
    repeated: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.changed or self.missing or self.unknown or self.repeated)

    def __str__(self) -> str:
        changed = [f"{unique_id}: {', '.join(fields)}" for unique_id, fields in self.changed.items()]
        parts = (
            ("rows that differ", changed, "; "),
            ("rows missing", self.missing, ", "),
            ("rows of no such set", self.unknown, ", "),
            ("rows repeated", self.repeated, ", "),
        )
        return "; ".join(_name_rows(kind, names, mark) for kind, names, mark in parts if names)


def _name_rows(kind: str, names: Sequence[str], mark: str) -> str:
    shown = mark.join(names[:_NAMED])
    more = f"{mark}and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{kind}: {len(names)} ({shown}{more})"


# -- references ------------------------------------------------------------------------------


def hash_row(problem: Problem, unique_id: str) -> RowHash:
    """The hashes of a row. The id goes into the short fields, so that equal answers do not show."""
    return RowHash(
        problem=hash_text(problem.problem),
        solution=_short(unique_id, problem.solution),
        answer=_short(unique_id, problem.answer),
        labels=_short(unique_id, f"{problem.subject}\n{problem.level}"),
    )


def hash_text(text: str) -> str:
    """32 bits of a problem's text, which tell the rows of any known set apart."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def _short(unique_id: str, text: str) -> str:
    return hashlib.sha256(f"{unique_id}\n{text}".encode("utf-8", "surrogatepass")).hexdigest()[:6]


@cache
def math500_reference() -> Reference:
    """MATH-500's ids and hashes, from the table in the package."""
    lines = Path(__file__).with_name("math500_rows.txt").read_text("utf-8").splitlines()
    fields = (line.split() for line in lines if not line.startswith("#"))
    return {unique_id: RowHash(*hashes) for unique_id, *hashes in fields}


@cache
def _math500_ids() -> dict[str, str]:
    return {row.problem: unique_id for unique_id, row in math500_reference().items()}


def math500_id(problem: str) -> str | None:
    """The MATH-500 id of this problem text, or None when it is not one of the 500."""
    return _math500_ids().get(hash_text(problem))


def reference_of(problems: Iterable[Problem]) -> Reference:
    """A reference made of verified problems."""
    return {problem.unique_id: hash_row(problem, problem.unique_id) for problem in problems}


def identify(known: KnownSet, raw: Sequence[rows.Row], place: str) -> tuple[Problem, ...]:
    """A copy's rows as problems, with the ids that the set has here.

    Only MATH-500's own rows have published ids. The others get the row's number in the set's order,
    which is right once the hash of all of them is; MATH-500's keep their own id in MATH's test split.

    Raises:
        DataUnreadable: a row is no problem.
    """
    if known.name == "math500":
        return rows.to_problems(raw, place, known.name)
    bare = [{key: value for key, value in row.items() if key not in ("unique_id", "id")} for row in raw]
    problems = rows.to_problems(bare, place, known.name)
    if known.name != "math-test":
        return problems
    return tuple(_with_math500_id(problem) for problem in problems)


def _with_math500_id(problem: Problem) -> Problem:
    unique_id = math500_id(problem.problem)
    return structs.replace(problem, unique_id=unique_id) if unique_id else problem


# -- the verdict -----------------------------------------------------------------------------


def settle(
    problems: tuple[Problem, ...], known: KnownSet, place: str, reference: Reference | None
) -> tuple[tuple[Problem, ...], str]:
    """The known set's rows out of a copy, and a note when they had to be put in order.

    Args:
        problems: the copy's rows.
        known: the set that they should be.
        place: the copy's location, for the messages.
        reference: what to compare with when the hash is another one, if there is anything.

    Raises:
        DataMismatch: the copy is not the set.
    """
    found = rows.digest(problems)
    if found == known.sha256:
        return problems, ""
    if reference is None:
        hashes = f"sha256 {found[:12]} instead of {known.sha256[:12]}"
        raise _mismatch(known, place, f"{len(problems)} rows of {known.rows}, {hashes}")
    differences, aligned = compare(problems, reference)
    if differences:
        raise _mismatch(known, place, str(differences))
    if rows.digest(aligned) != known.sha256:
        raise _mismatch(known, place, "its rows match, and its hash does not")
    return aligned, "rows brought into the set's own order and ids"


def _mismatch(known: KnownSet, place: str, why: str) -> DataMismatch:
    return DataMismatch(
        f"{place} is not {known.name}: {why}",
        "Use a faithful copy. To measure on this one as a set of your own, give its path as the set's name.",
    )


def compare(problems: Sequence[Problem], reference: Reference) -> tuple[Differences, tuple[Problem, ...]]:
    """How the rows differ from the reference, and the matching rows in its order, with its ids."""
    by_text = {row.problem: unique_id for unique_id, row in reference.items()}
    matched: dict[str, Problem] = {}
    repeated, left = [], []
    for problem in problems:
        unique_id = by_text.get(hash_text(problem.problem))
        if unique_id is None:
            left.append(problem)
        elif unique_id in matched:
            repeated.append(unique_id)
        else:
            matched[unique_id] = problem
    unknown = _match_by_id(left, reference, matched)
    changed = {
        unique_id: fields
        for unique_id, problem in matched.items()
        if (fields := _changed_fields(problem, unique_id, reference[unique_id]))
    }
    differences = Differences(
        changed=changed,
        missing=tuple(unique_id for unique_id in reference if unique_id not in matched),
        unknown=tuple(unknown),
        repeated=tuple(repeated),
    )
    aligned = (
        structs.replace(matched[unique_id], unique_id=unique_id)
        for unique_id in reference
        if unique_id in matched
    )
    return differences, tuple(aligned)


def _match_by_id(left: Iterable[Problem], reference: Reference, matched: dict[str, Problem]) -> list[str]:
    """Match rows whose text is not in the reference by their id; the ids that match nothing."""
    unknown = []
    for problem in left:
        if problem.unique_id in reference and problem.unique_id not in matched:
            matched[problem.unique_id] = problem
        else:
            unknown.append(problem.unique_id)
    return unknown


def _changed_fields(problem: Problem, unique_id: str, expected: RowHash) -> tuple[str, ...]:
    found = hash_row(problem, unique_id)
    names = {"problem": "problem", "solution": "solution", "answer": "answer", "labels": "subject or level"}
    return tuple(word for name, word in names.items() if getattr(found, name) != getattr(expected, name))
