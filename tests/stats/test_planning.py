from __future__ import annotations

import math
import random

from hypothesis import given
from hypothesis import strategies as st

from math500 import stats


# Miller 2024, arXiv:2411.00640, equation 9 with omega^2 = 1/9 and a difference of 3 points.
def test_problems_by_the_equation_of_the_paper() -> None:
    assert stats.problems_for_difference(0.03, math.sqrt(1 / 9)) == 969


@given(st.floats(0.01, 0.2), st.floats(0.1, 1.0))
def test_so_many_problems_show_that_difference(delta: float, sd: float) -> None:
    n = stats.problems_for_difference(delta, sd)
    assert stats.smallest_difference(sd, n) <= delta * (1 + 1e-9)
    assert n == 1 or stats.smallest_difference(sd, n - 1) > delta * (1 - 1e-9)


def test_the_smallest_difference_is_found_in_four_of_five_tries() -> None:
    rng, found, tries, n = random.Random(2), 0, 300, 400
    changed = 0.15
    delta = stats.smallest_difference(math.sqrt(changed), n)
    gain, loss = (changed + delta) / 2, (changed - delta) / 2
    for _ in range(tries):
        moves = rng.choices((1, -1, 0), (gain, loss, 1 - changed), k=n)
        found += stats.mcnemar(moves.count(1), moves.count(-1)) < 0.05
    assert 0.72 <= found / tries <= 0.87


@given(st.floats(0.005, 0.3), st.floats(0, 1))
def test_so_many_problems_give_that_interval(half: float, p: float) -> None:
    n = stats.problems_for_width(half, p)

    def width(count: int) -> float:
        low, high = stats.wilson(p, count)
        return (high - low) / 2

    assert width(n) <= half
    assert n == 1 or width(n - 1) > half


def test_more_samples_help_only_against_the_noise_within_a_problem() -> None:
    assert stats.samples_for_width(0.02, 500, between=0.0, within=0.2) == 4
    assert stats.samples_for_width(0.02, 500, between=0.05, within=0.1) == 49
    assert stats.samples_for_width(0.02, 500, between=0.06, within=0.1) is None


def test_the_noise_of_a_difference_is_never_nothing() -> None:
    assert stats.difference_sd([1.0] * 50, [1.0] * 50) > 0.1
