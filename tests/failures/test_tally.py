from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from math500 import failures
from math500.failures.tally import _estimate
from math500.records import Sample, Tally
from tests.failures.conftest import LIMIT, MakeRun, failed, problem, sample

RIGHT, WRONG, CUT = r"$\boxed{7}$", r"$\boxed{312}$", "First we write the sum as"


def tally_of(make_run: MakeRun, samples: list[Sample], /, **fields: object) -> Tally:
    ids = sorted({s.unique_id for s in samples})
    run = make_run([problem(i, "7", level=1 + n % 2) for n, i in enumerate(ids)], samples, **fields)
    return failures.tally(run, failures.explain(run))


def test_counts_parts_and_bounds(make_run: MakeRun) -> None:
    samples = [sample(f"r{i:02}", RIGHT) for i in range(30)] + [sample(f"w{i:02}", WRONG) for i in range(10)]
    samples += [sample(f"c{i:02}", CUT, finish=LIMIT) for i in range(10)]
    counted = tally_of(make_run, samples)
    assert (counted.samples, counted.correct) == (50, 30)
    assert counted.score is not None
    assert counted.score.value == pytest.approx(0.6)
    cut, wrong = counted.counts
    assert (cut.why, cut.samples, cut.problems, cut.kinds) == ("cut_off", 10, 10, {"in_the_text": 10})
    assert cut.by_subject == {"Algebra": 10}
    assert sum(cut.by_level.values()) == 10
    assert cut.share.value == pytest.approx(0.2)
    assert cut.upper is not None
    assert cut.assumed is not None
    assert cut.upper.value == pytest.approx(0.8)
    # 30 of the 40 answered ones are right, at both levels.
    assert cut.assumed.value == pytest.approx(0.6 + 0.2 * 0.75)
    assert wrong.upper is not None
    assert wrong.upper.value == pytest.approx(0.8)
    assert wrong.assumed is None


def test_what_is_not_in_the_score_enters_it_without_its_reason(make_run: MakeRun) -> None:
    samples = [sample("a", RIGHT), sample("b", WRONG), failed("c", "rate"), failed("d", "filtered")]
    counted = tally_of(make_run, samples)
    assert counted.score is not None
    assert (counted.score.value, counted.score.n) == (0.5, 2)
    first = counted.counts[0]
    assert first.why == "failed_request"
    assert first.upper is not None
    assert first.upper.value == pytest.approx(2 / 3)
    assert first.upper.n == 3


def test_several_samples_of_a_problem_weigh_as_one(make_run: MakeRun) -> None:
    samples = [sample("a", RIGHT, index=0), sample("a", WRONG, index=1), sample("b", WRONG, index=0)]
    (wrong,) = tally_of(make_run, samples, samples=2).counts
    assert (wrong.samples, wrong.problems) == (2, 2)
    assert wrong.share.value == pytest.approx(0.75)


def test_the_reasons_come_in_their_order(make_run: MakeRun) -> None:
    samples = [sample("a", WRONG), failed("b", "rate"), sample("c", CUT, finish=LIMIT)]
    assert [c.why for c in tally_of(make_run, samples).counts] == ["failed_request", "cut_off", "wrong"]


def test_an_empty_run_has_no_reasons(make_run: MakeRun) -> None:
    counted = tally_of(make_run, [])
    assert (counted.samples, counted.score, counted.counts) == (0, None, ())


@settings(deadline=None)
@given(st.lists(st.lists(st.floats(0, 1), min_size=1, max_size=4), min_size=1, max_size=30))
def test_an_expected_score_lies_within_its_interval(problems: list[list[float]]) -> None:
    found = _estimate(problems)
    assert found is not None
    assert 0 <= found.low <= found.value + 1e-12
    assert found.value <= found.high + 1e-12 <= 1 + 2e-12
