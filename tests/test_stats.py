from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from math500 import stats

# Wilson intervals as computed with statsmodels 0.14 `proportion_confint(method="wilson")`.
WILSON = [
    (0, 10, 0.0, 0.27753279986288926),
    (1, 20, 0.008881448800795402, 0.2361311934467421),
    (5, 10, 0.23659309051256394, 0.7634069094874361),
    (375, 500, 0.7102363265170449, 0.785951503252179),
    (450, 500, 0.8705780903680599, 0.9233224372626984),
    (500, 500, 0.9923756595384479, 1.0),
]


@pytest.mark.parametrize(("right", "n", "low", "high"), WILSON)
def test_wilson_agrees_with_statsmodels(right: int, n: int, low: float, high: float) -> None:
    assert stats.wilson(right / n, n) == pytest.approx((low, high), abs=1e-12)


def test_without_trials_anything_is_possible() -> None:
    assert stats.wilson(0.0, 0) == (0.0, 1.0)


@given(st.lists(st.lists(st.booleans(), max_size=5), max_size=40))
def test_the_interval_holds_the_score(problems: list[list[bool]]) -> None:
    estimate = stats.score(problems)
    if estimate is None:
        assert not any(problems)
        return
    assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1
    assert estimate.n == sum(bool(p) for p in problems)


def test_problems_without_graded_samples_are_left_out() -> None:
    estimate = stats.score([[True], [], [False], []])
    assert estimate is not None
    assert (estimate.value, estimate.n) == (0.5, 2)


def test_each_problem_weighs_the_same_however_often_it_was_sampled() -> None:
    estimate = stats.score([[True] * 9, [False]])
    assert estimate is not None
    assert estimate.value == 0.5


def test_samples_that_always_agree_add_nothing() -> None:
    once = stats.score([[True]] * 30 + [[False]] * 70)
    often = stats.score([[True] * 16] * 30 + [[False] * 16] * 70)
    assert once is not None
    assert often is not None
    assert (often.low, often.high) == pytest.approx((once.low, once.high), abs=1e-3)


def test_samples_that_differ_within_a_problem_narrow_the_interval() -> None:
    alike = stats.score([[True, True]] * 50 + [[False, False]] * 50)
    mixed = stats.score([[True, False]] * 90 + [[True, True]] * 5 + [[False, False]] * 5)
    assert alike is not None
    assert mixed is not None
    assert mixed.high - mixed.low < alike.high - alike.low


@given(st.lists(st.floats(0, 1), min_size=2, max_size=50), st.integers(1, 16))
def test_the_effective_number_lies_between_problems_and_trials(shares: list[float], k: int) -> None:
    effective = stats.effective_n(shares, k * len(shares))
    assert len(shares) <= effective <= k * len(shares)
