"""When a vote may stop: who will have won when all k have voted?

A vote of k is decided by its count at the end, so what has to be sure is that the leader of today leads then.
That is stochastic curtailment (Lan, Simon and Halperin 1982, Sequential Analysis 1:207-219): stop when the
outcome of the whole trial is known with the wished confidence.

The votes still to come are foretold by an urn: each is for an answer with the chance of its share of the
votes so far, for nobody with the share of the responses without an answer, or for an answer that is new, as
if NEW votes had been cast for it (Blackwell and MacQueen 1973, Annals of Statistics 1:353-355). What such an
urn gives is counted exactly: in how many ways the leader gains so many votes and nobody overtakes it.

Looking again after every few votes costs no confidence: the chance foretold is a martingale, so that of the
votes that are stopped at c a share of at least c would have ended the same, as far as the urn is right.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import comb

NEW = 1


def wins(votes: Sequence[int], first: Sequence[int], left: int, nobody: int = 0) -> float:
    """The chance that the leading answer wins the whole vote.

    Args:
        votes: how many each answer has, the leader's first.
        first: when each was given for the first time: of two that tie the earlier one wins.
        left: votes still to come.
        nobody: responses without an answer.
    """
    rivals = sorted((count, when < first[0]) for count, when in zip(votes[1:], first[1:], strict=True))
    return _wins(votes[0], tuple(rivals), left, nobody)


@lru_cache(maxsize=100_000)
def _wins(lead: int, rivals: tuple[tuple[int, bool], ...], left: int, nobody: int) -> float:
    everyone = lead + sum(count for count, _ in rivals) + nobody + NEW
    ways = sum(
        _ways(lead, gained) * _kept_below(lead + gained, rivals, left - gained, nobody)
        for gained in range(left + 1)
    )
    return ways / _ways(everyone, left)


def _kept_below(end: int, rivals: Sequence[tuple[int, bool]], room: int, nobody: int) -> int:
    """The ways in which all votes but the leader's fall, and none overtakes the leader's `end`."""
    ways = [1, *[0] * room]
    free = nobody
    # New answers count as one rival, the most that any of them can be.
    for drawn, limit in (
        *((count, end - count - earlier) for count, earlier in rivals),
        (NEW, end),
    ):
        if limit < 0:
            return 0
        if limit >= room:
            free += drawn  # it cannot overtake any more: one colour with all such
        else:
            ways = _times(ways, [_ways(drawn, gained) for gained in range(limit + 1)])
    return sum(ways[n] * _ways(free, room - n) for n in range(room + 1))


def _times(ways: Sequence[int], more: Sequence[int]) -> list[int]:
    """The ways to draw n in all, out of the ways to draw from each of two."""
    return [sum(more[i] * ways[n - i] for i in range(min(n + 1, len(more)))) for n in range(len(ways))]


def _ways(votes: int, drawn: int) -> int:
    """In how many ways so many are drawn of a colour: a rising factorial over a factorial."""
    return comb(votes + drawn - 1, drawn) if votes else int(drawn == 0)
