"""Does a problem differ enough from those that are there already?

By the gate's own measures (decontaminate.py): no earlier problem may stand in the new one by any of its
rules. Its own ancestors are measured the other way round, since a harder problem may well hold most of an
easier one: of the new problem's 3-grams, numbers masked, at most `OLD` may stand in an ancestor.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from math500.records import Problem
from math500.synth import decontaminate, overlap, spelling

OLD = 0.7
"""The share of a problem that may be its ancestor's."""


class Known:
    """Problems that a new one must differ from.

    Args:
        problems: all of them, also those of which it is not known yet whether they stay.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        self._index = overlap.Index([overlap.held_out("", problem) for problem in problems])

    def like(self, text: str) -> Iterator[tuple[str, str, float]]:
        """The ids of the problems that stand in a text, each with the rule and its share."""
        clean = spelling.cleaned(text)
        found = spelling.tokens(clean)
        numberless = spelling.without_numbers(found)
        passage = decontaminate.Text(text, spelling.squashed(clean), found, numberless)
        near = [
            *self._index.bare(spelling.bare(numberless)),
            *self._index.like(found, decontaminate.CANDIDATE),
        ]
        for problem in {one.unique_id: one for one in near}.values():
            for rule, measure in decontaminate.RULES.items():
                if share := measure(problem, passage):
                    yield problem.unique_id, rule, share
                    break


def old(text: str, ancestors: Iterable[str]) -> float:
    """The largest share of a problem's 3-grams, numbers masked, that stands in one of its ancestors."""
    wanted = frozenset(overlap.grams(_tokens(text), overlap.SHORT))
    window = round(decontaminate.WINDOW * len(_tokens(text)))
    return max((overlap.share_within(_tokens(one), wanted, window) for one in ancestors), default=0.0)


def _tokens(text: str) -> list[str]:
    """The tokens, numbers masked; whether a number is set as a formula makes no difference."""
    found = spelling.without_numbers(spelling.tokens(spelling.cleaned(text)))
    return [one for one in found if one.isalnum() or one != "$"]
