"""A decision taken apart: every step is there, and the grade is the same as without."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from math500 import grading
from math500.grading.explain import explain

CASES = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "cases" / "phrasing.jsonl").read_text("utf-8").splitlines()
][::25]


def steps(response: str, answer: str, **options: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for step in explain(response, answer, **options)[1]:
        found.setdefault(step.step, []).append(step.what)
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["response"][:40])
def test_the_grade_is_that_of_grade(case: dict[str, Any]) -> None:
    told, shown = explain(case["response"], case["answer"])
    graded = grading.grade(case["response"], case["answer"])
    assert msgspec.structs.replace(told, seconds=0.0) == msgspec.structs.replace(graded, seconds=0.0)
    assert shown[0].step == "part"


def test_a_decision_in_steps() -> None:
    found = steps(r"We halve it. The answer is $\frac{1}{2}$ cm.", "0.5")
    assert found["part"] == ["the whole response"]
    assert found["rule"][0].startswith("correction, boxed_parts, boxed")
    assert found["rule"][1] == r"answer: found $\frac{1}{2}$ cm"
    assert found["read"] == ["given: Quantity(Div(Num 1, Num 2), cm)", "reference: Num 1/2"]
    assert found["decided"] == ["correct, by structure: the same value"]
    assert found["convention"] == ["without unit_optional it would be wrong"]


def test_thinking_is_told() -> None:
    found = steps(r"<think>Is it 7?</think> It is \boxed{8}.", "8")
    assert found["part"] == ["21 characters of thinking do not count"]
    assert steps("<think>Is it 7?", "7")["part"] == ["a thinking block that never ends: no answer was given"]


def test_no_answer_names_the_rules_that_were_tried() -> None:
    found = steps("I would have to think about that one for a while.", "8")
    assert found["rule"][0].startswith("none of correction, boxed_parts")
    assert "decided" not in found
    assert steps("", "8")["rule"] == ["empty: there is nothing to look at"]
    assert steps("It is 8.", "8", strict=True)["rule"] == [
        "none of boxed_parts, boxed, boxed_mended found an answer"
    ]


def test_what_cannot_be_read_is_told() -> None:
    found = steps(r"\boxed{\int_0^1 f}", "8")
    assert found["read"][0].startswith("given: not read (")
    assert found["read"][1] == "reference: Num 8"


@pytest.mark.parametrize("text", ["{" * 5000, "\\boxed{" + "9^" * 500 + "9}", "x" * 10**5, "\x00\ud800"])
def test_hostile_text_is_explained_too(text: str) -> None:
    grade, shown = explain(text, "8")
    assert grade.verdict in ("wrong", "no_answer", "ungraded")
    assert all(len(step.what) < 1000 for step in shown)


def test_the_problems_own_rules_are_told() -> None:
    found = steps(r"\boxed{8}", "8", unique_id="test/precalculus/807.json")
    assert len(found["key"]) == 1
