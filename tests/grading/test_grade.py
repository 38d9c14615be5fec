"""From a response to a grade: phrasings, cut-off solutions, copied questions."""

import json
from pathlib import Path
from typing import Any

import pytest

from math500.grading import Conventions, equivalent, grade

PHRASINGS = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "cases" / "phrasing.jsonl").read_text("utf-8").splitlines()
]

SOLUTIONS = {
    "12": "Let the side be $s$. Then $s^2 = 144$, and since $s > 0$ we have $s = \\sqrt{144}$. "
    "Hence the side is $\\boxed{12}$ as claimed.",
    r"\frac{5}{6}": "Adding gives\n\\[\\frac{1}{2} + \\frac{1}{3} = \\frac{3}{6} + \\frac{2}{6}.\\]\n"
    "So altogether we get $\\boxed{\\frac{5}{6}}$.",
    "(2,-1)": "From the first equation $y = 1 - x$.\n\nSubstituting, $3x - 2(1 - x) = 8$, so $5x = 10$.\n\n"
    "Therefore the point is\n\\[\\boxed{(2,-1)}.\\]",
    "x^2 - 9": "**Step 1.** Use the difference of squares.\n\n**Step 2.** We have $a = x$ and $b = 3$.\n\n"
    "The product equals $\\boxed{x^2 - 9}$.",
    r"30^\circ": "The angles add to $180^\\circ$: $90^\\circ + 60^\\circ + x = 180^\\circ$. "
    "We conclude that $x = \\boxed{30^\\circ}$.",
}


@pytest.mark.parametrize("case", PHRASINGS, ids=lambda case: case["response"][:40])
def test_phrasing(case: dict[str, Any]) -> None:
    assert grade(case["response"], case["answer"], timeout=20).verdict == case["verdict"]


@pytest.mark.parametrize("truncated", [True, False])
@pytest.mark.parametrize("answer", SOLUTIONS)
def test_a_solution_cut_before_its_box_is_closed_is_never_correct(answer: str, truncated: bool) -> None:
    solution = SOLUTIONS[answer]
    closing = solution.index("boxed{") + len("boxed{") + len(answer)
    assert grade(solution, answer).verdict == "correct"
    for cut in range(closing + 1):
        graded = grade(solution[:cut], answer, truncated=truncated, timeout=20)
        assert graded.verdict != "correct", solution[:cut]


@pytest.mark.parametrize(
    ("response", "answer", "question", "verdict"),
    [
        (r"\boxed{(x+1)(x-1)}", "x^2-1", "Expand $(x+1)(x-1)$.", "wrong"),
        (r"\boxed{x^2-1}", "x^2-1", "Expand $(x+1)(x-1)$.", "correct"),
        (r"\boxed{-1+x^2}", "x^2-1", "Expand $(x+1)(x-1)$.", "correct"),
        (r"\boxed{\sqrt{49}}", "7", r"Evaluate $\sqrt{49}$.", "wrong"),
        (r"\boxed{\sqrt{49}}", "7", None, "correct"),
        (r"\boxed{\frac{3}{8}}", "0.375", r"Write $\frac{3}{8}$ as a decimal.", "wrong"),
        (r"\boxed{2^{10}}", "1024", "What is $2^{10}$?", "wrong"),
        (r"\boxed{1024}", "1024", "What is $2^{10}$?", "correct"),
        (r"\boxed{2^{10} = 2^{10}}", "1024", "What is $2^{10}$?", "wrong"),
        (r"\boxed{2^{10} = 1024}", "1024", "What is $2^{10}$?", "correct"),
        (r"\boxed{5}", "5", "How many of $1, 5, 9$ are prime? If $x = 5$, say five.", "correct"),
    ],
)
def test_the_question_copied_is_no_answer(
    response: str, answer: str, question: str | None, verdict: str
) -> None:
    assert grade(response, answer, question=question).verdict == verdict


@pytest.mark.parametrize(
    ("name", "candidate", "answer"),
    [
        ("unit_optional", "5", r"5 \text{ cm}"),
        ("unit_conversion", r"500 \text{ cm}", r"5 \text{ m}"),
        ("percent_optional", "50", r"50\%"),
        ("degree_optional", "90", r"90^\circ"),
        ("base_optional", "52", "52_8"),
        ("side_of_equation", "5", "x = 5"),
        ("scaled_equation", "2x = 4y", "x - 2y = 0"),
        ("list_as_tuple", "1, 2", "(1, 2)"),
        ("tuple_as_vector", "(1, 2)", r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}"),
        ("interval_as_inequality", "x > 2", r"(2, \infty)"),
        ("choice_with_text", "(C) 12", r"\text{(C)}"),
    ],
)
def test_each_convention_can_be_switched_off(name: str, candidate: str, answer: str) -> None:
    assert equivalent(candidate, answer, timeout=20).same is True
    without = Conventions(**{name: False})
    assert equivalent(candidate, answer, timeout=20, conventions=without).same is False


@pytest.mark.parametrize(
    ("response", "answer", "question", "verdict"),
    [
        (r"\boxed{20\%}", "20", "How many apples are there?", "wrong"),
        (r"\boxed{20\%}", "20", "What percent of the apples are red?", "correct"),
        (r"\boxed{20\%}", "20", "By how many per cent does it rise?", "correct"),
        (r"\boxed{50\%}", "0.5", "What is the probability?", "correct"),
        (r"\boxed{50\%}", r"\frac{1}{2}", "What is the probability?", "correct"),
        (r"\boxed{100\%}", "1", "What is the probability?", "correct"),
        (r"\boxed{100\%}", "1", "How many apples are there?", "wrong"),
        (r"\boxed{0\%}", "0", "How many apples are there?", "wrong"),
        (r"\boxed{2000\%}", "20", "How many apples are there?", "wrong"),
        (r"\boxed{-2000\%}", "-20", "What is the sum?", "wrong"),
        (r"\boxed{500\%}", "5", "By how many percent does it grow?", "wrong"),
        (r"\boxed{20}", "20", "How many apples are there?", "correct"),
    ],
)
def test_a_percentage_counts_where_one_is_asked_for(
    response: str, answer: str, question: str, verdict: str
) -> None:
    assert grade(response, answer, question=question).verdict == verdict
    assert grade(response, answer).verdict == "correct"
