"""The rules that look at texts alone: masks, mentions, steps, problems turned round; cases by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from math500 import grading
from math500.records import Problem
from math500.synth import backwards, masks, mentions, numbered

CASES = Path(__file__).with_name("cases")


def cases(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (CASES / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


def short(case: dict[str, Any]) -> str:
    return str(next(iter(case.values())))[:40]


@pytest.mark.parametrize("case", cases("masks"), ids=short)
def test_a_mask_by_rule_hides_the_results_and_keeps_what_is_given(case: dict[str, Any]) -> None:
    masked = masks.by_rule(case["problem"], case["solution"], case["answer"])
    assert masked == case["masked"]
    assert masks.shown(masked, case["problem"], case["answer"]) == ""
    assert masks.shown(case["solution"], case["problem"], case["answer"])


@pytest.mark.parametrize("case", cases("shown"), ids=short)
def test_what_a_mask_shows_in_any_spelling(case: dict[str, Any]) -> None:
    assert bool(masks.shown(case["masked"], case["problem"], case["answer"])) is case["shown"]


def test_symbols_do_not_run_out_and_are_no_letters_of_the_text() -> None:
    solution = " ".join(f"then {n}" for n in range(100, 160)) + r", so $Z = \boxed{7}$"
    masked = masks.by_rule("Find $Z$.", solution, "7")
    symbols = masked.replace(",", "").split()[1::2]
    assert len(set(symbols[:60])) == 60
    assert "Z" not in symbols[:60]
    assert not any(sign.isdigit() for sign in masked)


@pytest.mark.parametrize("case", cases("mentions"), ids=short)
def test_who_speaks_of_a_hint(case: dict[str, Any]) -> None:
    assert bool(mentions.mentioned(case["text"], case["problem"])) is case["mentions"]


# -- backward ----------------------------------------------------------------------------------


@pytest.mark.parametrize("case", cases("backward"), ids=short)
def test_a_number_that_is_given_once_can_be_asked_for(case: dict[str, Any]) -> None:
    problem = Problem(problem=case["problem"], answer=case["answer"], unique_id="train/1", level=2)
    found = backwards.unknowns(problem)
    assert [one.written for one in found] == case["unknowns"]
    if not found:
        return
    turned = backwards.turned(problem, found[0])
    assert turned is not None
    assert turned.problem.split("\n\n")[0] == case["first"]
    assert turned.answer == case["value"]
    assert grading.grade(f"So it is $\\boxed{{{case['value']}}}$.", turned.answer).verdict == "correct"
    assert f"${case['answer']}$" in turned.problem.split("\n\n")[1]
    assert turned.unique_id == f"train/1+x{found[0].start}"


def test_a_backward_problem_asks_in_chinese_too() -> None:
    problem = Problem(problem="小明有 12 个苹果, 吃了 5 个, 还剩几个?", answer="7", unique_id="a")
    turned = backwards.turned(problem, backwards.unknowns(problem)[0], "zh")
    assert turned is not None
    assert turned.problem.startswith("小明有 $x$ 个苹果")
    assert "答案是 $7$" in turned.problem
    assert turned.answer == "12"


def test_without_a_free_letter_there_is_no_backward_problem() -> None:
    text = (
        "Let " + ", ".join(f"${letter}$" for letter in backwards.UNKNOWNS) + " be 12 numbers. How many pairs?"
    )
    problem = Problem(problem=text, answer="66", unique_id="a")
    assert backwards.turned(problem, backwards.unknowns(problem)[0]) is None


# -- steps -------------------------------------------------------------------------------------

SENTENCES = r"First, $3 \cdot 4 = 12$. Then we add 5. The sum is $\boxed{17}$."
PARAGRAPHS = "Let's solve this.\n\nWe have $3 \\cdot 4 = 12$.\n\nThe sum is $12 + 5 = \\boxed{17}$ apples."
MARKED = "**Step 1:** Multiply: $3 \\cdot 4 = 12$.\n**Step 2:** Add: $12 + 5 = \\boxed{17}$."
LISTED = "1. Multiply: $3 \\cdot 4 = 12$.\n2. Add: $12 + 5 = \\boxed{17}$."


def test_sentences_become_steps() -> None:
    assert numbered.formatted(SENTENCES) == (
        "Step 1: First, $3 \\cdot 4 = 12$.\nStep 2: Then we add 5.\nStep 3: The sum is $17$.\nThe answer is "
        "$\\boxed{17}$."
    )


@pytest.mark.parametrize("text", [PARAGRAPHS, MARKED, LISTED])
def test_other_parts_become_steps(text: str) -> None:
    made = numbered.formatted(text)
    assert made is not None
    assert made.startswith("Step 1: ")
    assert made.count("Step ") == 2
    assert made.count("\\boxed") == 1
    assert numbered.is_formatted(made)
    assert grading.grade(made, "17").verdict == "correct"


def test_a_lead_in_goes_with_the_step_after_it() -> None:
    assert (numbered.formatted(PARAGRAPHS) or "").startswith("Step 1: Let's solve this. We have")


def test_an_answer_without_a_box_is_boxed_in_the_last_line() -> None:
    said = (
        "Sure.\n\nTom had 3 apples and bought 4 more, so $3 + 4 = 7$.\n\nSo he has 7.\n\nSo, the answer is 7."
    )
    made = numbered.formatted(said)
    assert made is not None
    assert made.endswith("Step 2: So he has 7.\nThe answer is $\\boxed{7}$.")
    assert numbered.is_formatted(made)


def test_chinese_steps() -> None:
    made = numbered.formatted(r"先算乘法: $3 \cdot 4 = 12$。再加五, 得到 $\boxed{17}$。", "zh")
    assert made == "第1步: 先算乘法: $3 \\cdot 4 = 12$。\n第2步: 再加五, 得到 $17$。\n答案是 $\\boxed{17}$。"
    assert numbered.is_formatted(made)


@pytest.mark.parametrize(
    "text",
    [
        "It is 17.",
        "First this. Then that.",
        r"It is $\boxed{17}$.",
        "We run it.\n\n```python\nprint(17)\n```\n\nSo $\\boxed{17}$.",
        (
            "First this. Then $\\boxed{17}$.\n\nBut let me look at this in another way, "
            "which takes some more "
            "words to say."
        ),
        r"First this. Then $\boxed{17",
        "<think>First this. Then that. $\\boxed{17}$",
    ],
)
def test_where_the_steps_cannot_be_told_there_are_none(text: str) -> None:
    assert numbered.formatted(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "Step 1: a\nStep 3: b\n$\\boxed{1}$",
        "Step 1: a $\\boxed{1}$",
        "Step 1: a $\\boxed{1}$\nStep 2: b",
        "Step 1: a\nStep 2: b",
        "Step 1: a\nStep 2: $\\boxed{1}$ and then there is a long story about how all of this came to be so",
    ],
)
def test_what_is_not_in_steps(text: str) -> None:
    assert not numbered.is_formatted(text)


def test_a_full_stop_in_a_formula_ends_no_step() -> None:
    made = numbered.formatted(r"Since $a = 1. B$ holds, we go on. Then $\[x. Y\]$ gives $\boxed{2}$.")
    assert made is not None
    assert made.count("Step ") == 2
