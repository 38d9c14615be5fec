from __future__ import annotations

import math
import random
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from math500.gap import words
from math500.gap.attribution import NONE, Coalition, all_coalitions, attribute
from tests.gap.simulator import FACTORS, shapley, study, value

NAMES = ("a", "b", "c")


def game(values: dict[str, float]) -> dict[Coalition, dict[str, float]]:
    """One problem, with the score of each coalition."""
    return {frozenset(name): {"p": score} for name, score in values.items()}


# The glove game, as every textbook has it: a holds a left glove, b and c a right one each.
GLOVES = {"": 0.0, "a": 0.0, "b": 0.0, "c": 0.0, "ab": 1.0, "ac": 1.0, "bc": 0.0, "abc": 1.0}


def test_the_glove_game() -> None:
    shared = attribute(NAMES, game(GLOVES))
    assert {n: s.value for n, s in shared.shares.items()} == pytest.approx(
        {"a": 2 / 3, "b": 1 / 6, "c": 1 / 6}
    )
    assert shared.unasked == 0


@given(st.lists(st.floats(0, 1), min_size=8, max_size=8))
def test_it_is_the_mean_over_all_orders(values: list[float]) -> None:
    measured = {c: {"p": v} for c, v in zip(all_coalitions(NAMES), values, strict=True)}
    shared = attribute(NAMES, measured, draws=10)
    for name in NAMES:
        gains = []
        for order in permutations(NAMES):
            before = frozenset(order[: order.index(name)])
            gains.append(measured[before | {name}]["p"] - measured[before]["p"])
        assert shared.shares[name].value == pytest.approx(sum(gains) / 6, abs=1e-9)
    total = measured[frozenset(NAMES)]["p"] - measured[NONE]["p"]
    assert shared.total.value == pytest.approx(total, abs=1e-9)


def test_what_was_not_asked_is_the_sum_of_its_parts() -> None:
    alone = {k: v for k, v in GLOVES.items() if len(k) < 2}
    shared = attribute(NAMES, game(alone | {"a": 0.25, "b": 0.5}))
    assert {n: s.value for n, s in shared.shares.items()} == pytest.approx({"a": 0.25, "b": 0.5, "c": 0.0})
    assert shared.unasked == 4


def test_what_all_do_only_together_is_shared_equally() -> None:
    known = {k: v for k, v in GLOVES.items() if len(k) in (0, 1, 3)}
    shared = attribute(NAMES, game(known))
    assert [s.value for s in shared.shares.values()] == pytest.approx([1 / 3] * 3)


def test_many_factors_are_as_exact_as_few() -> None:
    names = tuple("abcdefghijkl")
    rng = random.Random(1)
    effects = {name: rng.uniform(-0.1, 0.1) for name in names}
    measured: dict[Coalition, dict[str, float]] = {NONE: {"p": 0.5}}
    measured |= {frozenset(name): {"p": 0.5 + effect} for name, effect in effects.items()}
    measured[frozenset(names)] = {"p": 0.5 + sum(effects.values()) + 0.12}
    shared = attribute(names, measured, draws=10)
    assert shared.total.value == pytest.approx(sum(effects.values()) + 0.12)
    for name in names:
        assert shared.shares[name].value == pytest.approx(effects[name] + 0.01)


def test_a_pair_that_was_asked_counts_in_every_larger_set() -> None:
    asked = {"": 0.0, "a": 0.1, "b": 0.2, "c": 0.3, "ab": 0.5}
    shared = attribute(NAMES, game(asked))
    assert {n: s.value for n, s in shared.shares.items()} == pytest.approx({"a": 0.2, "b": 0.3, "c": 0.3})
    assert shared.total.value == pytest.approx(0.8)
    assert shared.unasked == 3


def test_without_the_single_effects_nothing_is_attributed() -> None:
    with pytest.raises(ValueError, match="were not measured"):
        attribute(("a", "b"), game({"": 0.0, "a": 1.0, "ab": 1.0}))


def test_a_factor_that_moved_nothing_is_not_known_to_move_nothing() -> None:
    same = {f"p{i}": float(i % 2) for i in range(100)}
    share = attribute(("a",), {NONE: same, frozenset("a"): same}).shares["a"]
    assert share.value == 0
    assert share.low < -0.005
    assert share.high > 0.005


def test_the_interval_is_the_bootstraps() -> None:
    rng = random.Random(2)
    moves = [rng.choices((1.0, 0.0, -1.0), (0.2, 0.75, 0.05))[0] for _ in range(400)]
    before = {f"p{i}": 0.0 for i in range(400)}
    after = {f"p{i}": move for i, move in enumerate(moves)}
    share = attribute(("a",), {NONE: before, frozenset("a"): after}).shares["a"]
    mean = sum(moves) / 400
    half = 1.96 * math.sqrt((sum(m * m for m in moves) / 400 - mean**2) / 400)
    assert (share.low, share.high) == pytest.approx((mean - half, mean + half), abs=0.008)


def test_the_simulators_truth_adds_up() -> None:
    assert sum(map(shapley, FACTORS)) == pytest.approx(value(FACTORS) - value(()))


@pytest.mark.parametrize("seed", range(2))
def test_known_effects_are_recovered_from_run_folders(seed: int, tmp_path: Path) -> None:
    gap = study(seed, tmp_path / "run", n=300)
    shares = {f.name: f.share for f in gap.factors if f.share is not None}
    assert set(shares) == set(FACTORS)
    for name, share in shares.items():
        assert share is not None
        assert share.low <= shapley(name) <= share.high, name
    assert gap.remainder is not None
    assert gap.remainder.low <= 0 <= gap.remainder.high
    assert gap.published is not None
    assert gap.explained is not None
    assert gap.measured.value + gap.explained.value + gap.remainder.value == pytest.approx(
        gap.published.score
    )


def test_what_no_factor_explains_is_left_over(tmp_path: Path) -> None:
    gap = study(1, tmp_path / "run", n=500, hidden=0.15)
    assert gap.remainder is not None
    assert gap.remainder.low > 0
    assert gap.remainder.low <= 0.15 <= gap.remainder.high
    assert "which is more than chance" in words.paragraph(gap)
