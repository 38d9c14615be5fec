from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from math500 import stats
from math500.records import Estimate

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


def binomial_coverage(n: int, p: float) -> float:
    """How often the interval of a score holds the true share p: exact, summed over all outcomes."""
    held = 0.0
    for right in range(n + 1):
        low, high = stats.wilson(right / n, n)
        if low <= p <= high:
            ways = math.lgamma(n + 1) - math.lgamma(right + 1) - math.lgamma(n - right + 1)
            held += math.exp(ways + right * math.log(p) + (n - right) * math.log1p(-p))
    return held


@pytest.mark.parametrize("percent", range(2, 99))
def test_the_interval_holds_the_truth_as_often_as_it_says(percent: int) -> None:
    assert 0.935 <= binomial_coverage(500, percent / 100) <= 0.965


@pytest.mark.parametrize(("mean", "likeness"), [(0.1, 0.3), (0.5, 0.7), (0.9, 0.5)])
def test_the_interval_of_several_samples_a_problem_does_too(mean: float, likeness: float) -> None:
    rng = random.Random(1)
    a, b = mean * (1 / likeness - 1), (1 - mean) * (1 / likeness - 1)
    held, tries = 0, 400
    for _ in range(tries):
        problems = []
        for _ in range(125):
            p = rng.betavariate(a, b)
            problems.append([rng.random() < p for _ in range(4)])
        estimate = stats.score(problems)
        assert estimate is not None
        held += estimate.low <= mean <= estimate.high
    # 0.95 +- three standard errors of 400 tries
    assert 0.917 <= held / tries <= 0.983


# Newcombe 1998, Statistics in Medicine 17:873-890, table II, method 10.
NEWCOMBE = [
    (56, 70, 48, 80, 0.0524, 0.3339),
    (9, 10, 3, 10, 0.1705, 0.8090),
    (6, 7, 2, 7, 0.0582, 0.8062),
    (5, 56, 0, 29, -0.0381, 0.1926),
    (0, 10, 0, 20, -0.1611, 0.2775),
    (10, 10, 0, 10, 0.6075, 1.0),
]


@pytest.mark.parametrize(("a", "n", "b", "m", "low", "high"), NEWCOMBE)
def test_the_difference_of_independent_scores_agrees_with_newcombe(
    a: int, n: int, b: int, m: int, low: float, high: float
) -> None:
    def estimate(right: int, count: int) -> Estimate:
        bounds = stats.wilson(right / count, count)
        return Estimate(value=right / count, low=bounds[0], high=bounds[1], n=count)

    found = stats.difference(estimate(b, m), estimate(a, n))
    assert (found.low, found.high) == pytest.approx((low, high), abs=6e-5)
    assert found.value == pytest.approx(a / n - b / m)


def test_a_mean_of_shares_has_the_interval_of_the_same_score() -> None:
    problems = [[True] * 3 + [False], [False] * 4, [True] * 4, [True, False] * 2]
    assert stats.mean_of_shares([0.75, 0.0, 1.0, 0.5], 16) == stats.score(problems)
    assert stats.mean_of_shares([1.0] * 20, 40).low == pytest.approx(stats.wilson(1.0, 20)[0])
