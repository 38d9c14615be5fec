"""Whether two answers are the same value."""

import json
from pathlib import Path
from typing import Any

import pytest

from math500.grading import Comparison, equivalent, grade, pool

CASES = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "cases" / "equivalence.jsonl").read_text("utf-8").splitlines()
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['candidate']} ~ {case['answer']}")
def test_case(case: dict[str, Any]) -> None:
    assert equivalent(case["candidate"], case["answer"], timeout=20).same is case["same"]


def test_a_late_comparison_is_ungraded_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def late(*_: object) -> pool.Reply:
        raise pool.Fault("the symbolic comparison took longer than 5 s")

    monkeypatch.setattr(pool, "ask", late)
    compared = equivalent(r"\int_0^1 f(x) dx", r"\int_1^2 f(x) dx")
    assert compared == Comparison(None, "symbolic", "the symbolic comparison took longer than 5 s")
    graded = grade(r"\boxed{\int_0^1 f(x) dx}", r"\int_1^2 f(x) dx")
    assert (graded.verdict, graded.reason) == ("ungraded", compared.reason)


def test_a_grade_tells_how_it_came_about() -> None:
    graded = grade(r"So it is $\boxed{\dfrac12}$.", r"\frac12")
    assert (graded.verdict, graded.extracted, graded.rule, graded.stage) == (
        "correct",
        r"\dfrac12",
        "boxed",
        "text",
    )
    assert grade("I do not know this one", "5").verdict == "no_answer"
