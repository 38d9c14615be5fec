from __future__ import annotations

import itertools
import math
import random
from collections.abc import Sequence
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from math500 import stats


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_agrees_with_scipys_binomial_test(gained: int, lost: int) -> None:
    expected = scipy_stats.binomtest(gained, gained + lost).pvalue if gained + lost else 1.0
    assert stats.mcnemar(gained, lost) == pytest.approx(expected, rel=1e-9)


# The vignette of R's exact2x2, "Exact McNemar's test and matching confidence intervals": 9 against 2.
def test_mcnemar_on_a_published_example() -> None:
    assert stats.mcnemar(9, 2) == pytest.approx(0.06543, abs=5e-6)


@given(st.integers(0, 40), st.integers(0, 40))
def test_the_sign_flip_test_of_single_samples_is_mcnemars(gained: int, lost: int) -> None:
    assert stats.sign_flip([1] * gained + [-1] * lost + [0] * 5) == pytest.approx(stats.mcnemar(gained, lost))


@given(st.lists(st.integers(-5, 5), max_size=9))
def test_the_sign_flip_test_counts_every_pattern(moves: list[int]) -> None:
    seen = abs(sum(moves))
    patterns = list(itertools.product((1, -1), repeat=len(moves)))
    hits = sum(abs(sum(s * abs(m) for s, m in zip(p, moves, strict=True))) >= seen for p in patterns)
    assert stats.sign_flip(moves) == pytest.approx(hits / len(patterns))


def test_the_sign_flip_test_agrees_with_scipys_permutation_test() -> None:
    rng = random.Random(3)
    moves = [rng.randint(-4, 5) for _ in range(14)]
    found = scipy_stats.permutation_test(
        (moves, [0] * 14), lambda a, b: sum(a) - sum(b), permutation_type="samples", n_resamples=10**6
    )
    assert stats.sign_flip(moves) == pytest.approx(found.pvalue)


def test_where_it_is_too_long_to_sum_random_flips_come_near() -> None:
    rng = random.Random(4)
    moves = [rng.randint(-2, 3) for _ in range(60)]
    coarse, fine = stats.sign_flip(moves), stats.sign_flip([m * 10**6 for m in moves])
    assert fine == pytest.approx(coarse, abs=4 * math.sqrt(coarse / 10_000))


def test_whole_units_keep_the_differences() -> None:
    before, after = [(1, 4), (0, 2), (3, 3)], [(3, 4), (1, 3), (1, 1)]
    moves = stats.whole(before, after)
    exact = [Fraction(*b) - Fraction(*a) for a, b in zip(before, after, strict=True)]
    assert [Fraction(m, 12) for m in moves] == exact


# Fagerland, Lydersen and Laake 2014, Statistics in Medicine 33:2850-2875: 1 against 7 of 21.
def test_the_paired_interval_on_a_published_example() -> None:
    before, after = [1.0] * 7 + [0.0] + [1.0] * 13, [0.0] * 7 + [1.0] + [1.0] * 13
    found = stats.paired_difference(before, after)
    assert found.value == pytest.approx(-6 / 21)
    assert (found.low, found.high) == pytest.approx((-0.508, -0.013), abs=6e-4)


def test_two_runs_that_differ_nowhere_are_not_known_to_be_equal() -> None:
    found = stats.paired_difference([1.0] * 100, [1.0] * 100)
    assert found.value == 0
    assert found.low < -0.01
    assert found.high > 0.01


def covered(gain: float, loss: float, n: int, tries: int) -> float:
    """How often the paired interval holds the true difference."""
    rng, held = random.Random(5), 0
    for _ in range(tries):
        moves = rng.choices((1.0, -1.0, 0.0), (gain, loss, 1 - gain - loss), k=n)
        found = stats.paired_difference([0.0] * n, moves)
        held += found.low <= gain - loss <= found.high
    return held / tries


@pytest.mark.parametrize(("gain", "loss"), [(0.02, 0.02), (0.1, 0.04), (0.25, 0.05)])
def test_the_paired_interval_holds_the_truth_as_often_as_it_says(gain: float, loss: float) -> None:
    assert 0.93 <= covered(gain, loss, 500, 600) <= 0.985


def mean(rows: Sequence[tuple[float, int]]) -> float:
    return sum(value * count for value, count in rows) / sum(count for _, count in rows)


def test_the_bootstrap_of_a_mean_has_its_standard_error() -> None:
    rng = random.Random(6)
    rows = [float(rng.choice((-1, 0, 0, 1, 1))) for _ in range(300)]
    drawn = stats.bootstrap(rows, mean, draws=1500)
    low, high = stats.percentiles(drawn)
    found = scipy_stats.bootstrap((rows,), lambda x, axis: x.mean(axis), method="percentile", rng=7)
    assert (low, high) == pytest.approx(tuple(found.confidence_interval), abs=0.015)


def test_the_bootstrap_is_the_same_each_time() -> None:
    assert stats.bootstrap([1.0, 2.0, 5.0], mean, draws=50) == stats.bootstrap(
        [1.0, 2.0, 5.0], mean, draws=50
    )
