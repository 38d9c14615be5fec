"""The gate on the real sets: the known near-duplicates, planted copies, false alarms."""

from __future__ import annotations

import importlib.util
import random
from pathlib import Path
from types import ModuleType

import pytest

from math500 import data
from math500.data import find
from math500.records import Problem
from math500.synth.decontaminate import Gatekeeper

pytestmark = [pytest.mark.real_data, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    """The benchmark, whose planting rules are used here too."""
    path = Path(__file__).parents[2] / "benchmarks" / "decontaminate.py"
    spec = importlib.util.spec_from_file_location("decontaminate_benchmark", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def _real_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("math500.data.load", find.load)


@pytest.fixture
def tests() -> tuple[Problem, ...]:
    return data.load("math500").problems


def test_every_near_duplicate_of_the_train_split_is_dropped(
    bench: ModuleType, tests: tuple[Problem, ...]
) -> None:
    rows = data.load("math-train-12k").problems
    pairs = bench.pairs(rows, tests)
    assert (len(pairs), len({test for _, test in pairs})) == (104, 52)
    keeper = Gatekeeper.of()
    dropped = {p.unique_id for p in rows if keeper.check({"prompt": bench.ASK % p.problem})}
    near = {row for row, _ in pairs}
    assert near <= dropped
    numberless = {bench.masked(test.problem) for test in tests}
    other_numbers = {p.unique_id for p in rows if bench.masked(p.problem) in numberless}
    assert len(dropped - near - other_numbers) < 0.01 * len(rows)


@pytest.mark.parametrize(
    ("kind", "least"), [("copied", 200), ("re-spaced", 200), ("numbers renamed", 190), ("paraphrased", 190)]
)
def test_planted_test_problems_are_found(
    bench: ModuleType, tests: tuple[Problem, ...], kind: str, least: int
) -> None:
    r = random.Random(7)
    keeper = Gatekeeper.of()
    for form in bench.PLACES.values():
        drawn = r.sample(list(tests), 200)
        planted = [form % bench.PLANTS[kind](p.problem, r) for p in drawn]
        assert sum(bool(keeper.check({"text": text})) for text in planted) >= least


def test_every_test_problem_is_found_as_it_is(tests: tuple[Problem, ...]) -> None:
    keeper = Gatekeeper.of()
    rules = [match.rule if (match := keeper.check({"prompt": p.problem})) else None for p in tests]
    assert set(rules) == {"exact"}
