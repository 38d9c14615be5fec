"""Which answer a response gives, and by which rule."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from math500.grading import extract, statements

CASES = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "cases" / "extraction.jsonl").read_text("utf-8").splitlines()
]

FRAGMENTS = st.sampled_from(
    [
        "\\boxed{",
        "}",
        "{",
        "5",
        "x",
        "$",
        "$$",
        "\\(",
        "\\)",
        "\\[",
        "\\]",
        "**",
        "answer is ",
        "Answer: ",
        "答案是",
        "\n",
        "<think>",
        "</think>",
        "\\frac",
        "wait",
        " and ",
        ",",
        ".",
        "####",
        "<answer>",
        "</answer>",
        "\\",
        "therefore ",
    ]
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["response"][:40])
def test_case(case: dict[str, Any]) -> None:
    found = extract(
        case["response"], strict=case.get("strict", False), truncated=case.get("truncated", False)
    )
    assert (found.answer, found.rule) == (case["answer"], case["rule"])


@given(st.lists(FRAGMENTS, max_size=30).map("".join), st.booleans(), st.booleans())
def test_offsets_point_at_the_answer(response: str, strict: bool, truncated: bool) -> None:
    found = extract(response, strict=strict, truncated=truncated)
    if found.answer is not None and found.rule != "boxed_parts":
        assert response[found.start : found.end] == found.answer


@given(st.text(alphabet=st.characters(exclude_characters="}"), max_size=60).filter(str.strip))
def test_text_before_a_box_does_not_matter(before: str) -> None:
    if "think" not in before.lower() and "\\" not in before:
        assert extract(before + r" so \boxed{31}").answer == "31"


@given(st.lists(FRAGMENTS, max_size=30).map("".join))
def test_an_answer_of_a_cut_response_is_also_one_of_the_whole(response: str) -> None:
    if extract(response, truncated=True).answer is not None:
        assert extract(response).answer is not None


@given(st.lists(FRAGMENTS | st.text(max_size=6), max_size=30).map("".join))
def test_a_pattern_is_passed_over_only_where_it_cannot_match(response: str) -> None:
    for pattern, words in statements._WITHOUT.items():
        if pattern.search(response, max(0, len(response) - statements.WINDOW)):
            assert statements.holds_any(response, words), (pattern.pattern[:40], response)
