"""Planted slips: one number of one step, and the labels that follow from it."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from math500.records import Message, StepRow
from math500.synth.planting import another, numbers, plant

RIGHT = ("13+12=25", "5*3=15", "25+15=40", "The answer is \\boxed{40}.")


def _row(*steps: str, labels: tuple[bool, ...] | None = None) -> StepRow:
    return StepRow(
        prompt=(Message(role="user", content="How many are left?"),),
        completions=steps,
        labels=labels or (True,) * len(steps),
        soft=(1.0,) * len(steps),
        rollouts=(8,) * len(steps),
        problem_id="train/0",
        key="k",
        method="steps",
    )


def test_one_step_is_changed_and_all_from_it_on_are_labelled_wrong() -> None:
    planted_at = set()
    for seed in range(40):
        planted = plant(_row(*RIGHT), random.Random(seed))
        assert planted is not None
        differing = [n for n, step in enumerate(planted.completions) if step != RIGHT[n]]
        assert len(differing) == 1
        assert planted.labels == tuple(n < differing[0] for n in range(len(RIGHT)))
        planted_at.add(differing[0])
    assert planted_at == {0, 1, 2, 3}


def test_the_planted_row_says_what_it_is_and_claims_no_rollouts() -> None:
    planted = plant(_row(*RIGHT), random.Random(1))
    assert planted is not None
    assert (planted.method, planted.soft, planted.rollouts, planted.key) == ("plant", (), (), "")
    assert planted.problem_id == "train/0"


def test_the_same_seed_plants_the_same_slip() -> None:
    assert plant(_row(*RIGHT), random.Random(7)) == plant(_row(*RIGHT), random.Random(7))


@pytest.mark.parametrize("step", ["13+12=25", "so 13+12 = 25.", "2x = 24, x = 25", "Step 3: it is 25"])
def test_what_a_step_comes_to_is_changed(step: str) -> None:
    ((start, end),) = numbers(step)
    assert step[start:end] == "25"


@pytest.mark.parametrize("step", ["Step 2: we are done", "no number", "x_1 is y", "2. So it is", r"\x41"])
def test_nothing_is_planted_where_no_number_is_claimed(step: str) -> None:
    assert plant(_row(step), random.Random(0)) is None


def test_nothing_is_planted_in_a_solution_that_is_wrong_already() -> None:
    assert plant(_row(*RIGHT, labels=(True, False, False, False)), random.Random(0)) is None


@given(
    st.integers(0, 10**9),
    st.integers(0, 3),
    st.integers(0, 2**32),
)
def test_another_number_is_another_of_the_same_form(value: int, decimals: int, seed: int) -> None:
    text = f"{value}.{'0' * (decimals - 1)}7" if decimals else str(value)
    changed = another(text, random.Random(seed))
    assert float(changed) != float(text)
    assert float(changed) >= 0
    assert len(changed.partition(".")[2]) == len(text.partition(".")[2])
