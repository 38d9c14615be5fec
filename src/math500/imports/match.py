"""Which problem of a known set is each problem of a log?

By its text: without spaces and line breaks it has to be one of the set's. Where a log keeps the whole
prompt only, the set's problem that stands last in it is taken. An id alone proves nothing, since copies of
a set exist with other texts under the same ids. A problem that is matched gets the set's own id, text,
reference answer, subject and level; where the log's reference answer has another value, that is reported.

Problems that are in no known set keep what the log says of them. Rows of one problem are its samples.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from math500 import data, grading
from math500.data import rows
from math500.errors import DataError, DataMismatch, DependencyMissing
from math500.imports.log import Answer, Item, Log
from math500.plural import counted, form
from math500.records import DataSource, Problem

AUTO, NONE = "auto", "none"
_NAMED = 5
"""Ids that a message names; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Placed:
    """The problems of a log and the responses to each, by id."""

    source: DataSource
    problems: tuple[Problem, ...]
    answers: dict[str, list[Answer]]
    asked: list[tuple[Problem, Item]]
    """Each row with the problem it was found to be."""
    notes: tuple[str, ...]


@dataclass(slots=True)
class _Found:
    problems: dict[str, Problem] = field(default_factory=dict)
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    asked: list[tuple[Problem, Item]] = field(default_factory=list)

    def add(self, problem: Problem, item: Item) -> None:
        self.problems.setdefault(problem.unique_id, problem)
        self.answers.setdefault(problem.unique_id, []).extend(item.answers)
        self.asked.append((problem, item))


def place(log: Log, name: str, *, data_set: str = AUTO) -> Placed:
    """Lay a log's problems beside a known set.

    Args:
        log: what was read.
        name: what the user's own set is called when the problems are in no known one.
        data_set: a set's name or file, whose problems alone are taken over; `auto` tries MATH-500 and keeps
            the rest as they are; `none` keeps everything as it is.

    Raises:
        DataMismatch: no problem of the log is in the set that was named, or a row has no reference answer.
        DataError: the set cannot be had.
    """
    known, notes = _known_set(data_set)
    found, own = _split(log.items, known)
    if data_set not in (AUTO, NONE):
        notes.extend(_left_out(own, found, data_set))
        own = []
    if known is not None and found.problems:
        notes.extend(_compared(found, known))
    if own and found.problems and known is not None:
        notes.append(f"{_rows(own)} not of {known.source.name}, and kept as logged")
    taken = {problem.unique_id for problem in known.problems} if known else set()
    for problem, item in _own_problems(own, _shared_lines(log.items), name, taken):
        found.add(problem, item)
    notes.extend(_uneven(found))
    problems = _ordered(found.problems, known)
    source = _own_source(name, problems) if known is None or own else known.source
    return Placed(source, problems, found.answers, found.asked, tuple(notes))


def _left_out(own: Sequence[Item], found: _Found, data_set: str) -> Iterable[str]:
    """Which rows are not of the set that was named."""
    if not found.problems:
        raise DataMismatch(
            f"of the log's {counted(len(own), 'problem')} none is in {data_set}",
            "Leave --data out to keep the log's own problems.",
        )
    if own:
        yield f"{_rows(own)} not of {data_set}, and left out"


def _uneven(found: _Found) -> Iterable[str]:
    """Which problems have more rows than others."""
    rows_of = Counter(problem.unique_id for problem, _ in found.asked)
    fewest = min(rows_of.values(), default=0)
    if more := [unique_id for unique_id, count in rows_of.items() if count > fewest]:
        yield f"{_ids(more)} on more rows than the others; each row is a further sample"


def _own_source(name: str, problems: Sequence[Problem]) -> DataSource:
    return DataSource(
        name=name,
        place="path",
        location=name,
        rows=len(problems),
        sha256=rows.digest(problems),
        verified=False,
    )


def _known_set(data_set: str) -> tuple[data.ProblemSet | None, list[str]]:
    if data_set == NONE:
        return None, []
    if data_set != AUTO:
        return data.load(data_set), []
    try:
        return data.load("math500"), []
    except (DataError, DependencyMissing) as e:
        return None, [
            f"MATH-500 could not be had to compare with, so the problems are kept as logged ({e.what})"
        ]


def _split(items: Iterable[Item], known: data.ProblemSet | None) -> tuple[_Found, list[Item]]:
    """The rows of the known set's problems, and the others."""
    found, own = _Found(), []
    index = {} if known is None else {plain(p.problem): p for p in known.problems}
    sought: dict[tuple[str, str], Problem | None] = {}
    for item in items:
        key = item.problem or "\n".join(_prompt(item)), item.answer
        if key not in sought:
            sought[key] = _identified(*key, index)
        problem = sought[key]
        if problem is None:
            own.append(item)
        else:
            found.add(problem, item)
    return found, own


def plain(text: str) -> str:
    """A problem's text without spaces, line breaks and look-alike characters."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))


def _identified(asked: str, answer: str, index: dict[str, Problem]) -> Problem | None:
    """The problem of the set that is asked, whole or within a prompt."""
    text = plain(asked)
    if text in index:
        return index[text]
    inside = [
        (text.rfind(problem) + len(problem), len(problem), problem) for problem in index if problem in text
    ]
    if not inside:
        return None
    problem = index[max(inside)[2]]
    # A short problem can be part of a longer one of somebody else's: then the answers differ.
    return None if answer and grading.equivalent(answer, problem.answer).same is False else problem


def _compared(found: _Found, known: data.ProblemSet) -> Iterable[str]:
    """What the log has and lacks beside the set."""
    lacking = [p.unique_id for p in known.problems if p.unique_id not in found.problems]
    if lacking:
        yield (
            f"{len(lacking)} of {counted(len(known.problems), 'problem')} of {known.source.name} "
            f"{form(len(lacking), 'is', 'are')} not in the log"
        )
    other = {
        problem.unique_id: None
        for problem, item in found.asked
        if item.answer and grading.equivalent(item.answer, problem.answer).same is False
    }
    if other:
        yield (
            f"the log's reference answer is another than {known.source.name}'s own for {_ids(list(other))}; "
            "the set's own is used"
        )


def _own_problems(
    items: Sequence[Item], around: tuple[int, int], name: str, taken: set[str]
) -> Iterable[tuple[Problem, Item]]:
    """The rows that are in no known set, as problems of the user's own; rows of one text share an id.

    An id that is `taken` by the known set would make another problem of it: such a row gets a new one.
    """
    ids: dict[tuple[str, str], str] = {}
    for item in items:
        text = item.problem or _without(item, around)
        if not text.strip():
            raise DataMismatch(f"{item.place}: the problem is empty", "Add its text, or take the row out.")
        if not item.answer.strip():
            raise DataMismatch(
                f"{item.place}: no reference answer, and the problem is in no known set",
                "Add an `answer` to the row, or name the set with --data.",
            )
        key = (plain(text), item.answer.strip())
        if key not in ids:
            made = f"{name}/{len(ids)}"
            ids[key] = item.unique_id if item.unique_id and item.unique_id not in taken else made
            taken.add(ids[key])
        yield (
            Problem(
                problem=text,
                answer=item.answer,
                unique_id=ids[key],
                solution=item.solution,
                subject=item.subject,
                level=item.level,
            ),
            item,
        )


def _prompt(item: Item) -> list[str]:
    """The lines of the last message that was sent."""
    return (item.asked[-1].content if item.asked else "").split("\n")


def _shared_lines(items: Sequence[Item]) -> tuple[int, int]:
    """How many lines all prompts begin with and end with: what is around the problem."""
    prompts = [_prompt(item) for item in items]
    if len({tuple(prompt) for prompt in prompts}) < 2:
        return 0, 0
    head = _shared(prompts)
    return head, _shared([prompt[head:][::-1] for prompt in prompts])


def _without(item: Item, around: tuple[int, int]) -> str:
    """The prompt without the lines that all prompts share: where a log keeps no more, that is the problem."""
    lines = _prompt(item)
    return "\n".join(lines[around[0] : len(lines) - around[1]]).strip()


def _shared(rows: Sequence[list[str]]) -> int:
    """How many first elements all rows have in common."""
    first, last = min(rows), max(rows)
    return next((at for at, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))


def _ordered(problems: dict[str, Problem], known: data.ProblemSet | None) -> tuple[Problem, ...]:
    """In the known set's order; others behind, in the log's."""
    first = {p.unique_id: at for at, p in enumerate(known.problems)} if known else {}
    return tuple(sorted(problems.values(), key=lambda p: first.get(p.unique_id, len(first))))


def _rows(items: Sequence[Item]) -> str:
    """`3 rows (a.jsonl, line 4; ...) are`."""
    places = "; ".join(item.place for item in items[:_NAMED]) + ("; ..." if len(items) > _NAMED else "")
    return f"{counted(len(items), 'row is', 'rows are')} ({places})"


def _ids(ids: Sequence[str]) -> str:
    """`2 problems (a, b)`."""
    named = ", ".join(ids[:_NAMED]) + (", ..." if len(ids) > _NAMED else "")
    return f"{counted(len(ids), 'problem')} ({named})"
