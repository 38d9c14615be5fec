"""Which held-out problems a text has parts of.

An inverted index from n-grams of tokens, numbers masked, to the problems that have them. The held-out
sets are small and the texts many, so each text's n-grams are looked up and nothing is kept of the text: exact
counts, where MinHash would estimate them (docs/decisions/decontamination.md has both measured).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from math500.records import Problem
from math500.synth import spelling

N = 5
"""Tokens in an n-gram."""

Gram = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HeldOutProblem:
    """A problem that must not be in a training row, in all the forms that it is looked for in."""

    set: str
    unique_id: str
    text: str
    squashed: str
    masked: str
    """Squashed, numbers masked."""
    length: int
    """Tokens."""
    grams: frozenset[Gram]
    masked_grams: frozenset[Gram]


def held_out(name: str, problem: Problem) -> HeldOutProblem:
    """A problem, prepared."""
    clean = spelling.cleaned(problem.problem)
    found = spelling.tokens(clean)
    squashed = spelling.squashed(clean)
    return HeldOutProblem(
        set=name,
        unique_id=problem.unique_id,
        text=problem.problem.strip(),
        squashed=squashed,
        masked=spelling.masked(squashed),
        length=len(found),
        grams=frozenset(grams(found)),
        masked_grams=frozenset(grams(spelling.without_numbers(found))),
    )


def grams(found: Sequence[str]) -> Iterator[Gram]:
    """The n-grams of tokens in order; a text shorter than that is one by itself."""
    if 0 < len(found) < N:
        return iter([tuple(found)])
    return zip(*(found[start:] for start in range(N)), strict=False)


class Index:
    """Held-out problems by their n-grams."""

    def __init__(self, problems: Sequence[HeldOutProblem]) -> None:
        self.problems = problems
        having: dict[Gram, list[int]] = {}
        for number, problem in enumerate(problems):
            for gram in problem.masked_grams:
                having.setdefault(gram, []).append(number)
        self._having = having
        self._known = frozenset(having)

    def sharing(self, found: Sequence[str], least: float) -> list[HeldOutProblem]:
        """The problems of which a text has at least this share of the n-grams, the largest share first.

        Args:
            found: the text's tokens, numbers masked.
            least: a fraction.
        """
        counted = Counter(
            number for gram in self._known.intersection(grams(found)) for number in self._having[gram]
        )
        shares = [(count / len(self.problems[n].masked_grams), n) for n, count in counted.items()]
        return [self.problems[n] for share, n in sorted(shares, reverse=True) if share >= least]


def share_in_window(found: Sequence[str], wanted: frozenset[Gram], window: int) -> float:
    """The largest share of the wanted n-grams that stands within so many tokens of a text."""
    places = [(place, gram) for place, gram in enumerate(grams(found)) if gram in wanted]
    inside: Counter[Gram] = Counter()
    best, start = 0, 0
    for place, gram in places:
        inside[gram] += 1
        while places[start][0] < place - window + N:
            left = places[start][1]
            inside[left] -= 1
            if not inside[left]:
                del inside[left]
            start += 1
        best = max(best, len(inside))
    return best / len(wanted) if wanted else 0.0
