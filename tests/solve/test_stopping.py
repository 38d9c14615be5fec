from __future__ import annotations

import random
from collections.abc import Sequence
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from math500.records import Ballot
from math500.solve.stopping import NEW, wins
from math500.solve.vote import decided


def chance(votes: Sequence[int], left: int, nobody: int = 0) -> float:
    """With the leader given before all others."""
    return wins(votes, range(len(votes)), left, nobody)


def by_hand(votes: Sequence[int], left: int, nobody: int = 0, new: int = 0) -> Fraction:
    """The urn drawn vote by vote; new answers are one."""
    if left == 0:
        return Fraction(all(votes[0] > v for v in votes[1:]) and votes[0] >= new)
    weights = [*votes, nobody, NEW + new]
    after = [
        *(by_hand([*votes[:i], v + 1, *votes[i + 1 :]], left - 1, nobody, new) for i, v in enumerate(votes)),
        by_hand(votes, left - 1, nobody + 1, new),
        by_hand(votes, left - 1, nobody, new + 1),
    ]
    return sum((w * p for w, p in zip(weights, after, strict=True)), Fraction(0)) / sum(weights)


@pytest.mark.parametrize(
    ("votes", "left", "nobody"),
    [((1,), 3, 0), ((2, 1), 4, 0), ((2, 2), 3, 1), ((3, 1, 1), 4, 2), ((2, 1, 1, 1), 3, 0), ((4, 2), 0, 1)],
)
def test_the_chance_is_that_of_the_urn(votes: tuple[int, ...], left: int, nobody: int) -> None:
    # `by_hand` lets the leader lose ties: all others were given before it.
    earlier = [9, *range(len(votes) - 1)]
    assert wins(votes, earlier, left, nobody) == pytest.approx(float(by_hand(votes, left, nobody)))


def test_it_is_no_more_than_the_chance_with_new_answers_apart() -> None:
    rng, won = random.Random(1), 0
    for _ in range(4000):
        counts = [2, 1, 1]
        for _ in range(12):
            at = rng.randrange(sum(counts) + NEW)
            place = next((i for i in range(len(counts)) if at < sum(counts[: i + 1])), len(counts))
            counts[place : place + 1] = [1] if place == len(counts) else [counts[place] + 1]
        won += counts[0] == max(counts)
    assert chance([2, 1, 1], 12) <= won / 4000 + 0.025
    assert chance([2, 1, 1], 12) > won / 4000 - 0.1


def test_of_two_that_tie_the_earlier_one_wins() -> None:
    assert wins([2, 2], [0, 1], 0) == 1.0
    assert wins([3, 2], [1, 0], 1) < 1.0
    assert wins([3, 2], [0, 1], 1) == 1.0


@given(st.lists(st.integers(1, 6), min_size=1, max_size=5), st.integers(0, 10), st.integers(0, 4))
def test_it_is_a_chance_and_more_votes_for_the_leader_raise_it(
    votes: list[int], left: int, nobody: int
) -> None:
    votes.sort(reverse=True)
    now = chance(votes, left, nobody)
    assert 0.0 <= now <= 1.0
    assert chance([votes[0] + 1, *votes[1:]], left, nobody) >= now
    assert votes[0] < left + max([0, *votes[1:]]) or now == 1.0


def test_a_long_vote_is_no_long_sum() -> None:
    assert 0.5 < chance([12, 6, 5, 4, 3, 2, 2, 1, 1, 1], 219, 3) < 1.0


def ballots(*votes: int) -> list[Ballot]:
    return [Ballot(answer=str(i), votes=v, weight=v, voters=(i,)) for i, v in enumerate(votes)]


def test_the_end_of_the_vote_is_sure_before_the_likelier_answer_is() -> None:
    """Eleven of sixteen are to come: a lead of 4 to 1 will hold, likelier answer or not."""
    assert decided(ballots(4, 1), 5, 16, 0.95, "final")
    assert not decided(ballots(4, 1), 5, 16, 0.95, "beta")
    # A few left and a lead of more: no need for a criterion.
    assert decided(ballots(3, 1), 15, 16, 0.99, "final")
    assert not decided(ballots(3, 1), 5, 16, 0.95, "final")
    assert not decided([], 4, 20, 0.95, "final")


def test_responses_without_an_answer_make_the_lead_safer() -> None:
    assert chance([3, 1], 8, nobody=4) > chance([3, 1], 8)
