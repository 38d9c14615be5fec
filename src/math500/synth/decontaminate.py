"""The gate: no training row holds a problem of the test set.

A row is dropped when one of its texts holds a held-out problem by one of these rules, tried in this order:

    exact      the problem's text, letter for letter
    spelling   the same but for case, spaces and LaTeX spelling
    numbers    the same but for the numbers
    n-grams    a passage with a Jaccard index of 5-grams of at least `JACCARD`
    near       a passage about as long as the problem with at least `NEAR` of its 3-grams

A row whose problem is MATH-500's own by its id is refused with an error: then something went wrong before.
MATH-500 is verified when it is loaded; where it cannot be had nothing passes. Neither can be switched off.
How the limits were chosen and what they find: docs/synth.md.
"""

from __future__ import annotations

import os
import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from functools import lru_cache
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec
from msgspec import Struct

from math500 import data
from math500.data import ProblemSet
from math500.data.rows import read_file
from math500.errors import Contaminated
from math500.records import (
    CompletionRow,
    Decontamination,
    HeldOut,
    Match,
    PreferenceRow,
    Problem,
    QuestionRow,
    StepRow,
)
from math500.synth import overlap, spelling
from math500.synth.overlap import HeldOutProblem, Index

GATE = "math500-gate/2"
"""Name and version of the rules; the version rises when another row can be dropped."""
TEST_SET = "math500"
"""The set that rows are always checked against, and whose ids are refused."""

SAME_ONLY = "exact:"
"""Before a set's name: only `exact` and `spelling`, for a held-out set of the same template as the rows."""

CANDIDATE = 0.45
"""Share of a problem's 3-grams below which neither `n-grams` nor `near` is tried."""
JACCARD = 0.5
NEAR = 0.65
WINDOW = 1.25
"""Tokens of the passage, as a multiple of the problem's."""

MANY = 20_000
"""Rows from which on several processes check."""
CHUNK = 1_000

IDS = ("problem_id", "unique_id", "id")
"""Fields by which a row says which problem it is about."""
NOT_TEXT = frozenset({"role", "type"})
"""What parts the texts of a conversation, and is none."""
ALL_FIELDS = "whole row"
"""The field of a problem that stands in several, a part in each."""
LONGEST_ID = 200
"""Characters of a text that may be an id."""

_SEPARATORS = re.compile(r"[/_]+")
_MATH_ID = re.compile(r"(?<![a-z0-9])test(?:/[a-z]+)+/\d+(?!\d)")

Row = CompletionRow | PreferenceRow | StepRow | QuestionRow | Mapping[str, Any]


class Gate(Struct, frozen=True):
    """What passed and what did not."""

    kept: tuple[Row, ...]
    dropped: tuple[tuple[Row, Match], ...]
    report: Decontamination


def gate(rows: Iterable[Row], against: Sequence[str] = (TEST_SET,)) -> Gate:
    """Part rows into those without any held-out problem and the others.

    Args:
        rows: training rows, or any mappings; of these every text at any depth is looked at.
        against: sets: names, or files of problems. MATH-500 is checked against whether named or not.

    Raises:
        Contaminated: a row's id is one of MATH-500's.
        DataError: MATH-500, or another of the sets, could not be had.
        UsageError: there is no set and no file of that name.
    """
    keeper = Gatekeeper.of(against)
    kept: list[Row] = []
    dropped: list[tuple[Row, Match]] = []
    for row, match in keeper.check_all(rows):
        if match is None:
            kept.append(row)
        else:
            dropped.append((row, match))
    matches = [match for _, match in dropped]
    return Gate(tuple(kept), tuple(dropped), keeper.report(len(kept), matches))


def check(path: Path, against: Sequence[str] = ()) -> Decontamination:
    """What the gate would drop of a file of rows, or of a training set's folder.

    Raises:
        Contaminated: a row's id is one of MATH-500's.
        DataError: the file, MATH-500 or another set could not be had.
        UsageError: there is no set and no file of a name in `against`.
    """
    file = path / "rows.jsonl" if (path / "rows.jsonl").is_file() else path
    found = read_file(file)
    return gate(found, against).report


class Against(Struct, frozen=True):
    """A set that rows are checked against."""

    name: str
    set: ProblemSet
    same_only: bool = False
    """By `exact` and `spelling` only."""
    known: bool = True
    """A known set, and no file of the user's."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Those that must not be in a row."""
        return self.set.problems


class Gatekeeper:
    """The gate for one row after the other."""

    def __init__(self, sets: Sequence[Against]) -> None:
        self.sets = sets
        tests = [p for s in sets if s.name == TEST_SET for p in s.problems]
        self._ids = frozenset(name for p in tests for name in _names(p.unique_id))
        self._index = Index(
            [overlap.held_out(s.name, p, same_only=s.same_only) for s in sets for p in s.problems]
        )

    @classmethod
    def of(cls, against: Iterable[str] = ()) -> Gatekeeper:
        """The gate against these sets and MATH-500.

        Raises:
            DataError: one of them could not be had.
            UsageError: there is no set and no file of that name.
        """
        return cls(load(dict.fromkeys([TEST_SET, *against])))

    def check(self, row: Row) -> Match | None:
        """The held-out problem in a row, or None.

        Raises:
            Contaminated: the row's id is one of MATH-500's.
        """
        fields = row if isinstance(row, Mapping) else msgspec.to_builtins(row)
        parts = [(name, list(_strings(value))) for name, value in fields.items() if name not in NOT_TEXT]
        self.refuse_ids(text for _, found in parts for text in found if len(text) <= LONGEST_ID)
        texts = [(name, "\n".join(found)) for name, found in parts if found]
        whole = self._find("\n".join(text for _, text in texts))
        if whole is None:
            return None
        alone = ((name, self._find(text)) for name, text in texts)
        field, (problem, rule, share) = next(((name, one) for name, one in alone if one), (ALL_FIELDS, whole))
        return Match(
            problem_id=next((str(fields[name]) for name in IDS if fields.get(name)), ""),
            set=problem.set,
            unique_id=problem.unique_id,
            rule=rule,
            share=round(share, 4),
            field=field,
        )

    def check_all(self, rows: Iterable[Row]) -> Iterator[tuple[Row, Match | None]]:
        """Each row in order with the held-out problem in it, or None; many rows are parted among the cores.

        Raises:
            Contaminated: a row's id is one of MATH-500's.
        """
        first = 0
        with _Workers(self) as workers:
            for chunk, matches in workers.map(rows):
                for place, (row, match) in enumerate(zip(chunk, matches, strict=True), first):
                    yield row, msgspec.structs.replace(match, row=place) if match else None
                first += len(chunk)

    def report(self, kept: int, matches: Sequence[Match]) -> Decontamination:
        """What was checked and found, for so many kept rows and these dropped ones."""
        counted = Counter(match.rule for match in matches)
        return Decontamination(
            gate=GATE,
            against=tuple(_held_out(one) for one in self.sets),
            checked=kept + len(matches),
            dropped=len(matches),
            by_rule={rule: counted[rule] for rule in RULES if counted[rule]},
            matches=tuple(matches),
        )

    def refuse_ids(self, ids: Iterable[str]) -> None:
        """Do nothing if none of these is the id of a problem of MATH-500.

        Raises:
            Contaminated: one of them is.
        """
        for one in ids:
            if not self._ids.isdisjoint(_names(one)):
                raise Contaminated(
                    f"{one} is a problem of MATH-500, which must never train",
                    "Make rows out of other problems, such as `--data math-train`.",
                )

    def _find(self, text: str) -> tuple[HeldOutProblem, str, float] | None:
        clean = spelling.cleaned(text)
        found = spelling.tokens(clean)
        numberless = spelling.without_numbers(found)
        again = self._index.bare(spelling.bare(numberless))
        like = self._index.like(found, CANDIDATE)
        if not again and not like:
            return None
        passage = Text(text, spelling.squashed(clean), found, numberless)
        tried = (
            (problem, rule, measure(problem, passage))
            for rule, measure in RULES.items()
            for problem in (like if rule in PARTLY else [*again, *like])
        )
        return next((one for one in tried if one[2]), None)


class Text(Struct, frozen=True):
    """A text of a row, in the forms that the rules need."""

    text: str
    squashed: str
    tokens: list[str]
    numberless: list[str]


def _exact(problem: HeldOutProblem, text: Text) -> float:
    return float(problem.text in text.text)


def _spelling(problem: HeldOutProblem, text: Text) -> float:
    return float(spelling.stands_in(text.squashed, problem.squashed))


def _numbers(problem: HeldOutProblem, text: Text) -> float:
    return float(not problem.same_only and overlap.stands_in(text.numberless, problem.numberless))


def _grams(problem: HeldOutProblem, text: Text) -> float:
    share = 0.0 if problem.same_only else overlap.jaccard_within(text.tokens, problem.long, JACCARD)
    return share if share >= JACCARD else 0.0


def _near(problem: HeldOutProblem, text: Text) -> float:
    window = round(WINDOW * problem.length)
    share = 0.0 if problem.same_only else overlap.share_within(text.tokens, problem.short, window)
    return share if share >= NEAR else 0.0


RULES = {"exact": _exact, "spelling": _spelling, "numbers": _numbers, "n-grams": _grams, "near": _near}
"""The rules in the order in which they are tried; each gives the share that it found, or 0."""
PARTLY = frozenset({"n-grams", "near"})
"""Those for which a text needs only a part of the problem, and at least `CANDIDATE` of its 3-grams."""


class _Workers:
    """Processes that check rows; none while there are few rows, since each has to make the index first."""

    def __init__(self, keeper: Gatekeeper) -> None:
        self._keeper = keeper
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def map(self, rows: Iterable[Row]) -> Iterator[tuple[list[Row], list[Match | None]]]:
        """Chunks of rows with what was found in each row, in order."""
        source, cores = iter(rows), _cores()
        for _ in range(MANY // CHUNK):
            if chunk := list(islice(source, CHUNK)):
                yield chunk, list(map(self._keeper.check, chunk))
        if cores == 1:
            while chunk := list(islice(source, CHUNK)):
                yield chunk, list(map(self._keeper.check, chunk))
            return
        waiting: deque[tuple[list[Row], Future[list[Match | None]]]] = deque()
        while (chunk := list(islice(source, CHUNK))) or waiting:
            if chunk:
                waiting.append((chunk, self._started(cores).submit(_check_chunk, chunk)))
            if len(waiting) > 2 * cores or not chunk:
                done, future = waiting.popleft()
                yield done, future.result()

    def _started(self, cores: int) -> ProcessPoolExecutor:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                cores, get_context("spawn"), initializer=_begin, initargs=(self._keeper.sets,)
            )
        return self._pool


def _cores() -> int:
    """The processors that this process may use; all of the machine's where the system does not say."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


_keepers: list[Gatekeeper] = []
"""In a worker: its own gatekeeper."""


def _begin(sets: Sequence[Against]) -> None:
    _keepers.append(Gatekeeper(sets))


def _check_chunk(rows: list[Row]) -> list[Match | None]:
    return [_keepers[0].check(row) for row in rows]


def load(against: Iterable[str]) -> tuple[Against, ...]:
    """The sets of these names, verified where they are known ones."""
    known = {one.name for one in data.known_sets()}
    sets = []
    for name in against:
        plain = name.removeprefix(SAME_ONLY)
        found = data.load(plain)
        same_only = plain not in (name, TEST_SET)
        sets.append(Against(found.source.name, found, same_only=same_only, known=plain in known))
    return tuple(sets)


def _strings(value: object) -> Iterator[str]:
    """Every text in a value, at any depth."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            if name not in NOT_TEXT:
                yield from _strings(inner)
    elif isinstance(value, Sequence):
        for inner in value:
            yield from _strings(inner)


@lru_cache(maxsize=4096)
def _names(text: str) -> frozenset[str]:
    """The ids that a short text may be: it itself, or MATH's form `test/algebra/1` anywhere in it.

    Folders before an id, and what the ways of `synth` or others put behind it, are no other problem.
    """
    plain = _SEPARATORS.sub("/", spelling.cleaned(text.replace("\\", "/"))).strip()
    return frozenset({plain.partition("+")[0].strip().removesuffix(".json"), *_MATH_ID.findall(plain)})


def _held_out(one: Against) -> HeldOut:
    return HeldOut(
        name=one.name,
        rows=one.set.source.rows,
        sha256=one.set.source.sha256,
        known=one.known,
        same_only=one.same_only,
    )
