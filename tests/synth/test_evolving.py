"""What a new problem has to be: well-formed, unlike its parents, unlike all others, with an agreed answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from math500 import data
from math500.errors import DataUnreadable, UsageError
from math500.records import Failure, Generation, Problem, Sample
from math500.synth import agreement, evolving, novelty
from math500.synth.agreement import Agreement
from math500.synth.novelty import Known

GOOD = "A train covers 180 km in 3 hours and then 120 km in 2 hours. What is its mean speed in km per hour?"


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        "Let $f(x) = x^2 - 3x + 2.$ Find the sum of all real numbers $x$ for which $f(x) = 12.$",
        "Suppose that\n\\[a + b = 7.\\]Compute $a^2 + 2ab + b^2.$ Express your answer as an integer.",
        "If $x + y = 9$ and $xy = 20$, find $x^2 + y^2$.",
        "小明有 12 个苹果, 吃了 5 个之后又买了 9 个, 现在他一共有多少个苹果?",
        "已知圆的半径为 6 厘米, 求它的面积与周长的比值。",
        "Which of these is prime? (A) 51 (B) 57 (C) 59 (D) 63",
    ],
)
def test_a_well_formed_problem(text: str) -> None:
    assert evolving.malformed(text) == ("", "")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no_problem"),
        ("What is x?", "no_problem"),
        ("word " * 301 + "?", "no_problem"),
        (f"{GOOD} The answer is 60.", "answer_inside"),
        (f"{GOOD}\nSolution: 300 / 5 = 60.", "answer_inside"),
        (f"{GOOD} $\\boxed{{60}}$", "answer_inside"),
        ("小明有 12 个苹果, 吃了 5 个, 还剩多少个? 答案是 7。", "answer_inside"),
        (f"In contrast to the original problem, the train stops. {GOOD}", "names_parent"),
        ("A train covers 180 km in 3 hours and then 120 km in 2 hours.", "no_question"),
        ("This is about a train, and it requires you to solve an equation with one unknown.", "no_question"),
        ("I'll create a puzzle: a train covers 180 km in 3 hours. What is its speed?", "names_parent"),
        ("Here is the new problem. A train covers 180 km in 3 hours. What is its speed?", "names_parent"),
        ("Prove that there are infinitely many primes of the form $4k + 3$, and find one.", "no_question"),
        (f"{GOOD} How long does it take for 30 km?", "several_questions"),
        (
            (
                "A box has 3 red balls and 4 blue ones. (a) Find the number of balls. (b) Find "
                "the share of red "
                "ones."
            ),
            "several_questions",
        ),
        ("Find the area of a square of side 4. Compute its perimeter as well.", "several_questions"),
    ],
)
def test_what_is_no_problem(text: str, reason: str) -> None:
    assert evolving.malformed(text)[0] == reason


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        (f"Here it is:\n<problem>\n{GOOD}\n</problem>", GOOD),
        (f"<think>Shall I?</think><problem>{GOOD}</problem>", GOOD),
        (f"New problem: {GOOD}", GOOD),
        (f"**Problem:** {GOOD}", GOOD),
        (f"新题目：{GOOD}", GOOD),
        (GOOD, GOOD),
        (f"<problem>{GOOD}", ""),
        (f"<think>{GOOD}", ""),
    ],
)
def test_the_problem_in_a_reply(reply: str, problem: str) -> None:
    assert evolving.written(reply) == problem


@pytest.mark.real_data
def test_most_problems_of_math_are_well_formed() -> None:
    """Drawings are too long; the other refusals are the measure of what this costs."""
    problems = [p for p in data.find.load("math-train").problems if "[asy]" not in p.problem]
    good = sum(evolving.malformed(p.problem) == ("", "") for p in problems)
    assert good / len(problems) > 0.93


# -- wording -----------------------------------------------------------------------------------


def test_each_way_asks_about_the_problem_and_says_what_is_wanted() -> None:
    for way in evolving.WAYS:
        asked = way.asked("THE {problem} PROBLEM")
        assert asked.count("THE {problem} PROBLEM") == 1
        assert asked.endswith(evolving.TAIL)
    assert {way.direction for way in evolving.WAYS} == {"up", "down"}


def test_own_wording(tmp_path: Path) -> None:
    file = tmp_path / "ways.toml"
    file.write_text(
        '[up]\nharder = "Make this harder: {problem}"\n[down]\nkids = "For children: {problem}"\n'
    )
    ways = evolving.wording(file)
    assert [(way.name, way.direction) for way in ways] == [("harder", "up"), ("kids", "down")]
    assert ways[0].asked("P").startswith("Make this harder: P It must be one problem")
    for text in ("", '[up]\nA = "{problem}"', '[up]\na = "no place"', '[sideways]\na = "{problem}"'):
        file.write_text(text)
        with pytest.raises(UsageError):
            evolving.wording(file)
    file.write_text("[up")
    with pytest.raises(DataUnreadable):
        evolving.wording(file)
    with pytest.raises(DataUnreadable):
        evolving.wording(tmp_path / "none.toml")


# -- novelty -----------------------------------------------------------------------------------

PARENT = "A baker fills 12 trays with 15 rolls each and burns 30 of the rolls. How many good rolls remain?"


@pytest.mark.parametrize(
    ("text", "old"),
    [
        (PARENT, True),
        (PARENT.replace("12", "14").replace("30", "25"), True),
        (PARENT.replace("baker", "cook").replace("good", "whole"), True),
        ("A baker fills 12 trays with 15 rolls each. How many rolls are there?", False),
        (
            (
                "A baker fills 12 trays with 15 rolls each and burns 30 of the rolls. She packs "
                "the good rolls "
                "into bags "
                "of 8 and sells each full bag for 5 dollars, but gives every fourth bag away. "
                "How much does she "
                "earn?"
            ),
            False,
        ),
        (
            "A gardener plants 9 rows of tulips. Each row costs 14 euros. What does she pay for all of them?",
            False,
        ),
    ],
)
def test_how_much_of_a_problem_is_its_parents(text: str, old: bool) -> None:
    assert (novelty.old(text, [PARENT]) > novelty.OLD) is old


def test_a_problem_like_another_one_is_found_by_the_gates_rules() -> None:
    known = Known(
        [
            Problem(problem=PARENT, answer="150", unique_id="a"),
            Problem(problem=GOOD, answer="60", unique_id="b"),
        ]
    )
    assert [one[:2] for one in known.like(PARENT.replace("12", "13"))] == [("a", "numbers")]
    assert [one[:2] for one in known.like(f"Here is a story. {GOOD}")] == [("b", "exact")]
    assert list(known.like("A gardener plants 9 rows of tulips at 14 euros a row. What does she pay?")) == []


# -- agreement ---------------------------------------------------------------------------------


def tried(*responses: str) -> list[Sample]:
    return [
        Sample(
            unique_id="a",
            index=index,
            response=response,
            generations=(Generation(text=response, finish_reason="stop", completion_tokens=len(response)),),
        )
        for index, response in enumerate(responses)
    ]


def test_solutions_agree_by_value() -> None:
    found = agreement.agreement(
        tried("$\\boxed{\\frac12}$", "It is $\\boxed{0.5}$.", "$\\boxed{2}$", "I do not know.")
    )
    assert (found.answer, found.votes, found.n, found.share) == ("\\frac12", 2, 4, 0.5)
    assert found.length == (len("$\\boxed{\\frac12}$") + len("It is $\\boxed{0.5}$.")) / 2


def test_failed_solutions_are_no_solutions_and_nothing_agrees_on_nothing() -> None:
    failed = Sample(unique_id="a", index=9, response="", failure=Failure(kind="empty", detail=""))
    assert agreement.agreement([*tried("$\\boxed{2}$"), failed]).n == 1
    assert agreement.agreement(tried("I cannot say.", "I do not know.")) == Agreement("", 0, 2, 0.0)
    assert agreement.agreement([failed]).share == 0.0


def test_levels_rise_with_disagreement_and_with_length() -> None:
    def one(votes: int, length: float) -> Agreement:
        return Agreement("1", votes, 8, length)

    found = agreement.levels(
        {"easy": one(8, 10), "long": one(8, 99), "apart": one(6, 10), "hard": one(6, 99)}, 0.75
    )
    assert found["easy"] < found["long"] < found["hard"]
    assert found["easy"] < found["apart"] < found["hard"] <= 5
    assert agreement.levels({"only": one(8, 10)}, 1.0) == {"only": 2}
