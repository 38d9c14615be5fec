"""The gate: no training row holds a problem of the test set.

A row is dropped when one of its texts holds a held-out problem by one of these rules, tried in this order:

    exact      the problem's text, letter for letter
    spelling   the same but for case, spaces and LaTeX spelling
    numbers    the same but for the numbers
    n-grams    at least `GRAMS` of its n-grams, within a passage about as long as the problem
    near       at least `NEAR` of its n-grams with numbers masked, in such a passage

A row whose problem is MATH-500's own by its id is refused with an error: then something went wrong before.
MATH-500 is verified when it is loaded; where it cannot be had nothing passes. Neither can be switched off.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from math500 import data
from math500.data import ProblemSet
from math500.errors import Contaminated
from math500.records import CompletionRow, Decontamination, HeldOut, Match, PreferenceRow
from math500.synth import overlap, spelling
from math500.synth.overlap import HeldOutProblem, Index

GATE = "math500-gate/1"
"""Name and version of the rules; the version rises when another row can be dropped."""
TEST_SET = "math500"
"""The set that rows are always checked against, and whose ids are refused."""

CANDIDATE = 0.4
"""Share of a problem's masked n-grams below which no rule is tried."""
GRAMS = 0.5
NEAR = 0.7
WINDOW = 1.5
"""Tokens of the passage, as a multiple of the problem's."""

IDS = ("problem_id", "unique_id", "id")
"""Fields that may hold a problem's id."""
NOT_TEXT = frozenset({*IDS, "role", "parent", "key", "method", "subject", "rejected_parent"})

Row = CompletionRow | PreferenceRow | Mapping[str, Any]


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
    for row in rows:
        match = keeper.check(row)
        if match is None:
            kept.append(row)
        else:
            dropped.append((row, match))
    matches = [match for _, match in dropped]
    return Gate(tuple(kept), tuple(dropped), keeper.report(len(kept), matches))


class Gatekeeper:
    """The gate for one row after the other."""

    def __init__(self, sets: Sequence[ProblemSet]) -> None:
        self.sets = sets
        self._ids = {_plain(p.unique_id) for s in sets if s.source.name == TEST_SET for p in s.problems}
        self._index = Index([overlap.held_out(s.source.name, p) for s in sets for p in s.problems])

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
        own = next((str(fields[name]) for name in IDS if fields.get(name)), "")
        self._refuse_test_ids(fields)
        for field, text in texts(fields):
            if found := self._find(text):
                problem, rule, share = found
                return Match(
                    problem_id=own,
                    set=problem.set,
                    unique_id=problem.unique_id,
                    rule=rule,
                    share=round(share, 4),
                    field=field,
                )
        return None

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

    def _refuse_test_ids(self, fields: Mapping[str, Any]) -> None:
        for name in IDS:
            if isinstance(value := fields.get(name), str) and _plain(value) in self._ids:
                raise Contaminated(
                    f"a row's {name} is {value}, which is a problem of MATH-500",
                    "Make rows out of other problems, such as `--data math-train`.",
                )

    def _find(self, text: str) -> tuple[HeldOutProblem, str, float] | None:
        clean = spelling.cleaned(text)
        found = spelling.tokens(clean)
        for problem in self._index.sharing(spelling.without_numbers(found), CANDIDATE):
            for rule, measure in RULES.items():
                if share := measure(problem, Text(text, clean, found)):
                    return problem, rule, share
        return None


class Text(Struct, frozen=True):
    """A text of a row, in the forms that the rules need."""

    text: str
    clean: str
    tokens: list[str]


def _exact(problem: HeldOutProblem, text: Text) -> float:
    return float(problem.text in text.text)


def _spelling(problem: HeldOutProblem, text: Text) -> float:
    return float(problem.squashed in spelling.squashed(text.clean))


def _numbers(problem: HeldOutProblem, text: Text) -> float:
    return float(problem.masked in spelling.masked(spelling.squashed(text.clean)))


def _grams(problem: HeldOutProblem, text: Text) -> float:
    window = round(WINDOW * problem.length)
    share = overlap.share_in_window(text.tokens, problem.grams, window)
    return share if share >= GRAMS else 0.0


def _near(problem: HeldOutProblem, text: Text) -> float:
    window = round(WINDOW * problem.length)
    found = spelling.without_numbers(text.tokens)
    share = overlap.share_in_window(found, problem.masked_grams, window)
    return share if share >= NEAR else 0.0


RULES = {"exact": _exact, "spelling": _spelling, "numbers": _numbers, "n-grams": _grams, "near": _near}
"""The rules in the order in which they are tried; each gives the share that it found, or 0."""


def load(against: Iterable[str]) -> tuple[ProblemSet, ...]:
    """The sets of these names, verified where they are known ones."""
    return tuple(data.load(name) for name in against)


def texts(fields: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Every text of a row, with the name of the field that it is in."""
    for name, value in fields.items():
        if name not in NOT_TEXT:
            for text in _strings(value):
                yield name, text


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            if name not in NOT_TEXT:
                yield from _strings(inner)
    elif isinstance(value, Sequence):
        for inner in value:
            yield from _strings(inner)


def _plain(unique_id: str) -> str:
    return unique_id.strip().casefold().removesuffix(".json")


def _held_out(one: ProblemSet) -> HeldOut:
    return HeldOut(
        name=one.source.name,
        rows=one.source.rows,
        sha256=one.source.sha256,
        known=any(one.source.name == known.name for known in data.known_sets()),
    )
