from __future__ import annotations

import pytest

from math500.records import Aggregate, Reward
from math500.rewards import aggregate, steps_of, value


@pytest.mark.parametrize(("how", "expected"), [("min", 0.2), ("product", 0.08), ("last", 0.5), ("mean", 0.5)])
def test_steps_become_one_number(how: Aggregate, expected: float) -> None:
    assert aggregate([0.8, 0.2, 0.5], how) == pytest.approx(expected)


def test_paragraphs_come_before_lines() -> None:
    assert steps_of("First,\nwe add.\n\nThen it is $3$.\n") == ["First,\nwe add.\n\n", "Then it is $3$."]
    assert steps_of("1+2=3\nThe answer is 3.") == ["1+2=3\n", "The answer is 3."]
    assert steps_of("<think>hm\n\nhm</think>It is 3.") == ["It is 3."]
    assert steps_of("") == [""]


def test_a_reward_as_a_weight() -> None:
    assert value(Reward(raw=0.0)) == 0.5
    assert value(Reward(raw=2.0)) == pytest.approx(0.8808, abs=1e-4)
    assert (value(Reward(raw=-1000.0)), value(Reward(raw=1000.0))) == (0.0, 1.0)
    assert value(Reward(steps=(0.9, 0.4)), "mean") == pytest.approx(0.65)
