r"""Choosing problems out of a set, and counting them.

The order of the filters is: ids, subjects, levels, then the shuffle, then the limit. The shuffle
ranks the problems by sha256("SEED\nUNIQUE_ID"). It is the same on every Python version and
machine, does not depend on the file's order, and a smaller limit is a prefix of a larger one.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from msgspec import Struct

from math500.errors import UsageError
from math500.records import Problem, Selection


class Counts(Struct, frozen=True):
    """How many problems there are of each kind."""

    by_subject: dict[str, int]
    """In alphabetical order; "" for problems without a subject."""
    by_level: dict[int | None, int]
    """In rising order, None (no level) last."""


def counts(problems: Iterable[Problem]) -> Counts:
    """The problems by subject and by level."""
    problems = tuple(problems)
    subjects = Counter(problem.subject for problem in problems)
    levels = Counter(problem.level for problem in problems)
    return Counts(
        {name: subjects[name] for name in sorted(subjects)},
        {level: levels[level] for level in sorted(levels, key=lambda level: (level is None, level or 0))},
    )


def select(
    problems: Sequence[Problem],
    *,
    limit: int | None = None,
    subjects: Iterable[str] = (),
    levels: Iterable[int] = (),
    ids: Iterable[str] = (),
    shuffle_seed: int | None = None,
) -> tuple[tuple[Problem, ...], Selection]:
    """The problems that pass every filter, and the record of the choice.

    Args:
        problems: the set.
        limit: at most so many.
        subjects: as in the set, in any case, with spaces, hyphens or underscores: `number-theory`.
        levels: 1 to 5, as in the set.
        ids: unique ids. The set's order is kept, whatever the order here.
        shuffle_seed: put the problems in this seed's order before the limit is applied.

    Raises:
        UsageError: a subject, level or id that the set does not have, a limit below 1, or filters
            that leave no problem.
    """
    wanted_subjects = _known_subjects(problems, subjects)
    wanted_levels = _known_levels(problems, levels)
    wanted_ids = _known_ids(problems, ids)
    if limit is not None and limit < 1:
        raise UsageError(f"A limit of {limit} leaves no problem", "Give a limit of at least 1.")
    chosen = [
        problem
        for problem in problems
        if (not wanted_ids or problem.unique_id in wanted_ids)
        and (not wanted_subjects or problem.subject in wanted_subjects)
        and (not wanted_levels or problem.level in wanted_levels)
    ]
    if shuffle_seed is not None:
        chosen.sort(key=lambda problem: rank(shuffle_seed, problem.unique_id))
    chosen = chosen[:limit]
    if not chosen:
        raise UsageError("No problem has these ids, subjects and levels together", "Ask for fewer at once.")
    selection = Selection(
        limit=limit,
        subjects=wanted_subjects,
        levels=wanted_levels,
        ids=wanted_ids,
        shuffle_seed=shuffle_seed,
        count=len(chosen),
    )
    return tuple(chosen), selection


def rank(seed: int, unique_id: str) -> bytes:
    """Where this seed's shuffle puts a row: rows are sorted by it."""
    return hashlib.sha256(f"{seed}\n{unique_id}".encode()).digest()


def _known_subjects(problems: Iterable[Problem], wanted: Iterable[str]) -> tuple[str, ...]:
    """The set's own spelling of each subject, once."""
    there = {_plain(problem.subject): problem.subject for problem in problems if problem.subject}
    found: dict[str, None] = {}
    for subject in wanted:
        if _plain(subject) not in there:
            raise UsageError(f"No problem has the subject {subject!r}", _one_of(sorted(there.values())))
        found[there[_plain(subject)]] = None
    return tuple(found)


def _plain(subject: str) -> str:
    """`Counting & Probability`, `counting-and-probability` and `counting_probability` are one."""
    return "-".join(word for word in re.findall(r"[^\W_]+", subject.casefold()) if word != "and")


def _known_levels(problems: Iterable[Problem], wanted: Iterable[int]) -> tuple[int, ...]:
    there = sorted({problem.level for problem in problems if problem.level is not None})
    wanted = tuple(dict.fromkeys(wanted))
    for level in wanted:
        if level not in there:
            raise UsageError(f"No problem has level {level}", _one_of([str(level) for level in there]))
    return wanted


def _known_ids(problems: Iterable[Problem], wanted: Iterable[str]) -> tuple[str, ...]:
    there = {problem.unique_id for problem in problems}
    wanted = tuple(dict.fromkeys(wanted))
    for unique_id in wanted:
        if unique_id not in there:
            near = difflib.get_close_matches(unique_id, sorted(there), n=3, cutoff=0.6) or sorted(there)[:3]
            raise UsageError(f"No problem has the id {unique_id!r}", f"Ids look like {', '.join(near)}.")
    return wanted


def _one_of(valid: Sequence[str]) -> str:
    return f"Choose from: {', '.join(valid)}." if valid else "This set has none."
