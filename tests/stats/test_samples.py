from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from math500 import stats

VOTES = st.lists(st.sampled_from(("a", "b", "c", None)), min_size=1, max_size=8)


@given(st.integers(1, 9), st.data())
def test_pass_at_k_is_the_share_of_choices_with_a_right_one(n: int, data: st.DataObject) -> None:
    right, k = data.draw(st.integers(0, n)), data.draw(st.integers(1, n))
    choices = list(itertools.combinations([True] * right + [False] * (n - right), k))
    assert stats.pass_at_k(n, right, k) == pytest.approx(sum(map(any, choices)) / len(choices))


@given(st.integers(1, 200), st.data())
def test_pass_at_k_is_the_product_of_the_paper(n: int, data: st.DataObject) -> None:
    right, k = data.draw(st.integers(0, n)), data.draw(st.integers(1, n))
    # Chen et al. 2021, figure 3, writes the same as 1 - prod(1 - k / i) for i in n-c+1 .. n.
    product = math.prod(1 - k / i for i in range(n - right + 1, n + 1)) if n - right >= k else 0.0
    assert stats.pass_at_k(n, right, k) == pytest.approx(1 - product)


@pytest.mark.parametrize(("n", "right", "k"), [(3, 4, 1), (3, 1, 4), (3, 1, 0)])
def test_pass_at_k_of_too_few_samples_is_refused(n: int, right: int, k: int) -> None:
    with pytest.raises(ValueError, match="not defined"):
        stats.pass_at_k(n, right, k)


@pytest.mark.parametrize(
    ("votes", "share"),
    [
        (("a", "a", "b"), 1.0),
        (("a", "b", "b"), 0.0),
        (("a", "b"), 0.5),
        (("a", "b", "c", None), 1 / 3),
        ((None, None, "a"), 1.0),
        ((None, None), 0.0),
    ],
)
def test_a_tied_vote_is_a_fair_draw(votes: tuple[str | None, ...], share: float) -> None:
    assert stats.majority_share(votes, "a") == pytest.approx(share)


@given(VOTES, st.data())
def test_a_vote_over_k_is_the_mean_over_all_choices(votes: list[str | None], data: st.DataObject) -> None:
    from math500.stats import samples

    k = data.draw(st.integers(1, len(votes)))
    choices = [stats.majority_share(some, "a") for some in itertools.combinations(votes, k)]
    expected = sum(choices) / len(choices)
    assert stats.majority_at_k(votes, "a", k) == pytest.approx(expected)
    assert samples._counted(votes, "a", k) == pytest.approx(expected)


def test_a_vote_over_many_samples_is_counted() -> None:
    votes = ["a"] * 20 + ["b"] * 15 + ["c"] * 20 + [None] * 9
    found = stats.majority_at_k(votes, "a", 32)
    assert found == pytest.approx(stats.majority_at_k(votes, "c", 32))
    assert 0.4 < found < 0.5


def test_the_vote_of_one_is_the_mean_score() -> None:
    assert stats.majority_at_k(["a", "b", "a", None], "a", 1) == pytest.approx(0.5)


@pytest.mark.parametrize("runs", [2, 3, 10, 25, 26, 60])
def test_the_spread_has_students_interval(runs: int) -> None:
    scores = [0.7 + 0.01 * (i * 7 % 5) for i in range(runs)]
    found = stats.spread(scores)
    expected = scipy_stats.ttest_1samp(scores, 0.7).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx(tuple(expected), abs=2e-5)
    assert (found.least, found.most, found.runs) == (min(scores), max(scores), runs)


def test_one_score_has_no_spread() -> None:
    with pytest.raises(ValueError, match="not defined"):
        stats.spread([0.5])
