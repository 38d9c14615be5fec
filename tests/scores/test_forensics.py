"""What a number alone says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from math500 import scores


@pytest.mark.parametrize(
    ("percent", "places", "n", "right"),
    [
        (75.16, 2, 500, None),
        (75.16, 2, 5000, 3758),
        (75.2, 1, 500, 376),
        (75.2, 1, 5000, 3760),
        (90.6, 1, 500, 453),
        (33.3, 1, 3, 1),
        (100.0, 1, 500, 500),
        (0.1, 1, 500, None),
    ],
)
def test_how_many_of_n_a_score_is(percent: float, places: int, n: int, right: int | None) -> None:
    assert scores.right_of(percent, places, n) == right


@given(st.integers(1, 3000), st.data())
def test_every_share_is_found_again(n: int, data: st.DataObject) -> None:
    right = data.draw(st.integers(0, n))
    shown = round(100 * right / n, 2)
    found = scores.right_of(shown, 2, n)
    assert found is not None
    assert round(100 * found / n, 2) == pytest.approx(shown, abs=0.011)


def test_a_mean_over_samples_moves_in_smaller_steps() -> None:
    assert scores.samples_of(75.16, 2, 500) == 5
    assert scores.samples_of(75.2, 1, 500) == 1
    assert scores.samples_of(75.1234567, 7, 500) is None


def test_the_number_that_this_project_began_with() -> None:
    found = scores.what("75.16")
    assert found.fits["MATH-500"].right is None
    assert found.fits["MATH-500"].samples == 5
    assert found.fits["MATH-5000"].right == 3758
    assert found.exact == ()


def test_whose_score_a_number_is() -> None:
    exact = scores.what("90.6").exact
    assert "Qwen/QwQ-32B-Preview" in {row.model for row in exact}
    assert not [row for row in exact if "72B-Instruct" in row.model]
    near = scores.what("90.6").near
    assert near
    assert all(0 < abs(float(row.score) - 90.6) <= 0.3 for row in near)


@pytest.mark.parametrize(
    ("printed", "text", "expected"),
    [
        ("90.0", "90", True),
        ("90.4", "90", True),
        ("90.6", "90", False),
        ("90.6", "90.6", True),
        ("90.6", "90.62", True),
    ],
)
def test_two_numbers_are_the_same_with_the_digits_that_both_have(
    printed: str, text: str, expected: bool
) -> None:
    row = scores.read(
        f'[[block]]\nsource="s"\nref="r"\nreporter="vendor:x"\ndata="MATH-500"\nconfidence="verified"\n'
        f'rows=[["m","{printed}","m"]]',
        "test",
    )[0]
    assert scores.forensics.same(row, text) == expected


def test_another_number_of_problems_can_be_tried() -> None:
    assert scores.what("33.3", n=3).fits["3 problems"].right == 1
    assert "500 problems" not in scores.what("33.3", n=500).fits
