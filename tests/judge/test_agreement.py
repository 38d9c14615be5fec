from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from math500 import grading
from math500.judge import agreement, cases, forms, kappa
from math500.records import Grade, JudgeReport, SampleGrade, Verdict
from math500.rundir import RunDir, RunWriter
from tests.judge.conftest import judging

GRADER = "judge-stub-equality-all/1.1"


def pairs(both: int, first: int, second: int, neither: int) -> list[tuple[bool, bool]]:
    kinds = (
        [(True, True)] * both,
        [(True, False)] * first,
        [(False, True)] * second,
        [(False, False)] * neither,
    )
    return [pair for kind in kinds for pair in kind]


def test_kappa_by_hand() -> None:
    # 20 and 15 agreed of 50, seen 0.7; by chance 0.5 * 0.6 + 0.5 * 0.4 = 0.5; (0.7 - 0.5) / 0.5
    assert kappa(pairs(20, 5, 10, 15)) == pytest.approx(0.4)
    assert kappa(pairs(5, 0, 0, 5)) == 1.0
    assert kappa(pairs(0, 5, 5, 0)) == -1.0
    assert kappa(pairs(5, 0, 0, 0)) is None
    assert kappa([]) is None


@given(*[st.integers(0, 30)] * 4)
def test_kappa_is_symmetric_and_at_most_one(both: int, first: int, second: int, neither: int) -> None:
    value = kappa(pairs(both, first, second, neither))
    assert value is None or -1 <= value <= 1
    assert value == pytest.approx(kappa(pairs(both, second, first, neither)))


def reported(run: RunDir, verdicts: dict[str, Verdict]) -> JudgeReport:
    with RunWriter(run.path) as writer:
        every = list(cases.of_run(writer, forms.EQUALITY, "all"))
        for case in every:
            said = verdicts.get(case.key[0])
            if case.shown is None:
                grade = case.rule
            elif said is None:
                continue
            else:
                grade = Grade(
                    verdict=said, extracted=case.rule.extracted, stage="judge", reason="stub said: x"
                )
            writer.append_grade(GRADER, SampleGrade(unique_id=case.key[0], index=0, grade=grade))
        return agreement.report(
            writer, judging(), GRADER, every, scope="all", model="stub", form="equality", price=None
        )


def test_the_judge_beside_the_rule(opened: RunDir) -> None:
    # The rule: 0, 4, 8 correct; 1, 5, 9 wrong; 2, 6, 10 ungraded; 3, 7, 11 without an answer.
    said: dict[str, Verdict] = {f"test/{i}": "correct" for i in (0, 4, 1, 2, 6)}
    said |= {"test/8": "wrong", "test/5": "wrong", "test/10": "ungraded"}
    found = reported(opened, said)
    assert (found.judged, found.unreadable, found.owed) == (8, 1, 1)
    assert (found.compared, found.agreed, found.gained, found.lost) == (5, 3, 1, 1)
    assert found.kappa is not None
    assert found.kappa == pytest.approx((0.6 - 0.52) / 0.48)
    assert found.kappa_low is not None
    assert found.kappa_high is not None
    assert found.kappa_low <= found.kappa <= found.kappa_high
    assert found.rule_score is not None
    assert (found.rule_score.value, found.rule_score.n) == (3 / 9, 9)
    assert found.score is not None
    assert (found.score.value, found.score.n) == (5 / 10, 10)
    assert found.difference is not None
    assert (found.difference.value, found.difference.n) == (0.0, 8)
    assert {(o.unique_id, o.rule, o.judge) for o in found.overruled} == {
        ("test/1", "wrong", "correct"),
        ("test/8", "correct", "wrong"),
        ("test/2", "ungraded", "correct"),
        ("test/6", "ungraded", "correct"),
    }
    assert found.rule == grading.GRADER


def test_a_judge_that_was_not_needed(opened: RunDir) -> None:
    every = list(cases.of_run(opened, forms.EQUALITY, "cascade"))
    found = agreement.report(
        opened, None, GRADER, every, scope="cascade", model="m", form="equality", price=None
    )
    assert (found.score, found.kappa, found.requests, found.cost) == (None, None, 0, None)
    assert found.owed == 12
