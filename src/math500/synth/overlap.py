"""Which held-out problems a text has parts of.

An inverted index from n-grams of tokens to the problems that have them. The held-out sets are small and the
texts many, so each text's n-grams are looked up and nothing is kept of the text: exact counts, faster than
MinHash estimates them (docs/decisions/decontamination.md has both measured).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from math500.records import Problem
from math500.synth import spelling

LONG, SHORT = 5, 3
"""Tokens in an n-gram: the long ones tell a copy, the short ones also one with some words changed."""

Gram = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HeldOutProblem:
    """A problem that must not be in a training row, in all the forms that it is looked for in."""

    set: str
    unique_id: str
    same_only: bool
    """Only the problem itself is looked for, and not what is like it."""
    text: str
    squashed: str
    numberless: tuple[str, ...]
    """Its tokens, numbers as `0`, without the last full stop."""
    length: int
    """Tokens."""
    long: frozenset[Gram]
    short: frozenset[Gram]


def held_out(name: str, problem: Problem, *, same_only: bool = False) -> HeldOutProblem:
    """A problem, prepared."""
    clean = spelling.cleaned(problem.problem)
    found = spelling.tokens(clean)
    return HeldOutProblem(
        set=name,
        unique_id=problem.unique_id,
        same_only=same_only,
        text=problem.problem.strip(),
        squashed=spelling.squashed(clean),
        numberless=tuple(spelling.without_numbers(found[:-1] if found[-1:] in (["."], ["?"]) else found)),
        length=len(found),
        long=frozenset(grams(found, LONG)),
        short=frozenset(grams(found, SHORT)),
    )


def grams(found: Sequence[str], n: int) -> Iterator[Gram]:
    """The n-grams of tokens in order; a text shorter than that is one by itself."""
    if 0 < len(found) < n:
        return iter([tuple(found)])
    return zip(*(found[start:] for start in range(n)), strict=False)


class Index:
    """Held-out problems by their n-grams."""

    def __init__(self, problems: Sequence[HeldOutProblem]) -> None:
        self._problems = problems
        self._having = _inverted([problem.short for problem in problems])
        self._sizes = [len(problem.short) for problem in problems]
        self._known = frozenset(self._having)
        self._bare = _by_rarest([frozenset(grams(spelling.bare(p.numberless), LONG)) for p in problems])
        self._rare = frozenset(self._bare)
        self._lengths = sorted({len(gram) for gram in self._bare})

    def like(self, found: Sequence[str], least: float) -> list[HeldOutProblem]:
        """The problems of whose short n-grams a text has at least this share, the largest share first."""
        hits = self._known.intersection(grams(found, SHORT))
        counted = Counter(chain.from_iterable(map(self._having.__getitem__, hits)))
        shares = [
            (count / self._sizes[n], -n) for n, count in counted.items() if count >= least * self._sizes[n]
        ]
        return [self._problems[-n] for _, n in sorted(shares, reverse=True)]

    def bare(self, found: Sequence[str]) -> list[HeldOutProblem]:
        """The problems that may stand in a text set otherwise, or with other numbers.

        Args:
            found: the text's bare tokens, numbers as `0`.
        """
        hits = {gram for n in self._lengths for gram in self._rare.intersection(grams(found, n))}
        return [self._problems[n] for gram in sorted(hits) for n in self._bare[gram]]


def _inverted(sets: Sequence[frozenset[Gram]]) -> dict[Gram, list[int]]:
    having: dict[Gram, list[int]] = {}
    for number, members in enumerate(sets):
        for gram in members:
            having.setdefault(gram, []).append(number)
    return having


def _by_rarest(sets: Sequence[frozenset[Gram]]) -> dict[Gram, list[int]]:
    """Each problem under that one of its n-grams that the fewest problems have."""
    having = _inverted(sets)
    rarest: dict[Gram, list[int]] = {}
    for number, members in enumerate(sets):
        if members:
            rarest.setdefault(min(members, key=lambda g: (len(having[g]), g)), []).append(number)
    return rarest


def share_within(found: Sequence[str], wanted: frozenset[Gram], window: int) -> float:
    """The largest share of short n-grams that stands within so many tokens of a text."""
    places = [(place, gram) for place, gram in enumerate(grams(found, SHORT)) if gram in wanted]
    inside: Counter[Gram] = Counter()
    best, start = 0, 0
    for place, gram in places:
        inside[gram] += 1
        while places[start][0] < place - window + SHORT:
            left = places[start][1]
            inside[left] -= 1
            if not inside[left]:
                del inside[left]
            start += 1
        best = max(best, len(inside))
    return best / len(wanted) if wanted else 0.0


def jaccard_within(found: Sequence[str], wanted: frozenset[Gram], least: float) -> float:
    """The Jaccard index of long n-grams with that passage of a text for which it is the largest.

    It is at least that of the whole text: the passage only leaves out what stands before and after.
    Below `least` it may be given as 0.
    """
    places = [(place, gram) for place, gram in enumerate(grams(found, LONG)) if gram in wanted]
    best = 0.0
    if len({gram for _, gram in places}) < least * len(wanted):
        return best  # the index is at most the share of the wanted ones
    for first, (begin, _) in enumerate(places):
        inside: set[Gram] = set()
        for place, gram in places[first:]:
            inside.add(gram)
            other = place - begin + 1 - len(inside)
            best = max(best, len(inside) / (len(wanted) + max(0, other)))
            if other > len(wanted):
                break
    return best


def stands_in(found: Sequence[str], wanted: Sequence[str]) -> bool:
    """Whether tokens stand in a text one after the other."""
    if not wanted:
        return False
    first, length = wanted[0], len(wanted)
    place = -1
    while True:
        try:
            place = found.index(first, place + 1)
        except ValueError:
            return False
        if tuple(found[place : place + length]) == tuple(wanted):
            return True
