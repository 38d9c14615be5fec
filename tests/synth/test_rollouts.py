"""Labels out of completions: which steps are asked about, and what the counts say."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from math500.synth.rollouts import Count, Labels, Search, labels, wanted

HOPE, NONE, UNTOLD = Count(right=2, graded=8), Count(graded=8), Count(untold=8)


def _asked(first: int, steps: int, search: Search) -> dict[int, Count]:
    """What is known at the end where steps from `first` on have no hope."""
    known: dict[int, Count] = {}
    while places := wanted(known, steps, search, right=False):
        assert not known.keys() & set(places)
        known |= {place: HOPE if place < first else NONE for place in places}
    return known


@given(st.integers(1, 40), st.integers(0, 40), st.sampled_from(["all", "first", "binary"]))
def test_every_search_finds_the_first_step_without_hope(steps: int, first: int, search: Search) -> None:
    known = _asked(first, steps, search)
    found = labels(known, steps, search, correct=False, carry=True)
    assert found is not None
    assert found.hard == tuple(place < min(first, steps - 1) for place in range(steps))
    assert steps - 1 not in known


@given(st.integers(2, 200), st.integers(0, 200))
def test_halving_asks_about_few_steps(steps: int, first: int) -> None:
    assert len(_asked(first, steps, "binary")) <= math.ceil(math.log2(steps)) + 1


def test_step_after_step_stops_at_the_first_one_without_hope() -> None:
    assert sorted(_asked(2, 9, "first")) == [0, 1, 2]


@pytest.mark.parametrize("search", ["first", "binary"])
def test_a_right_solution_that_counts_for_itself_needs_no_completions(search: Search) -> None:
    assert wanted({}, 5, search, right=True) == []
    assert labels({}, 3, search, correct=True, carry=True) == Labels((True,) * 3, (1.0,) * 3, (0,) * 3)


def test_shares_are_of_completions_that_were_graded() -> None:
    known = {0: Count(right=3, graded=4, untold=4), 1: NONE}
    found = labels(known, 3, "all", correct=False, carry=True)
    assert found == Labels((True, False, False), (0.75, 0.0, 0.0), (4, 8, 0))


@pytest.mark.parametrize(
    ("correct", "carry", "hard"),
    [
        (False, True, (True, True, False, False)),
        (False, False, (False, True, False, False)),
        (True, True, (True, True, True, True)),
        (True, False, (False, True, False, True)),
    ],
)
def test_what_was_reached_later_counts_for_earlier_steps(
    correct: bool, carry: bool, hard: tuple[bool, ...]
) -> None:
    found = labels({0: NONE, 1: HOPE, 2: NONE}, 4, "all", correct=correct, carry=carry)
    assert found is not None
    assert found.hard == hard
    assert found.soft == (0.0, 0.25, 0.0, float(correct))


@pytest.mark.parametrize("search", ["all", "first", "binary"])
def test_steps_of_which_nothing_could_be_told_have_no_label(search: Search) -> None:
    assert labels({0: HOPE, 1: UNTOLD}, 3, search, correct=False, carry=True) is None
