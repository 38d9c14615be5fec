"""Right by luck: every rule has what it finds and what it lets pass."""

from __future__ import annotations

import pytest

from math500.grading import extract
from math500.records import Execution, Grade, Sample
from math500.synth import luck
from tests.synth.conftest import ran, sample


def reason(made: Sample) -> str | None:
    grade = Grade(verdict="correct", extracted=extract(made.response).answer)
    found = luck.reason(luck.Case(made, grade))
    return found[0] if found else None


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ("First $3 + 5 = 8$. The answer is $\\boxed{8}$.", None),
        ("$3 + 5 = \\boxed{8}$", None),
        ("The answer is $\\boxed{8}$.", "no_working"),
        ("\\boxed{8}", "no_working"),
        ("8", "no_working"),
        ("First $3 + 5 = 9$, so the answer is $\\boxed{8}$.", "false_step"),
        ("Now, add these numbers: 12 + 16 + 6 = 21. So it is $12 + 9 = \\boxed{21}$.", "false_step"),
        ("We have 12 / 5 = 2.4 and 12 / 7 = 1.71. The answer is $\\boxed{2.4}$.", None),
        ("The area is $\\pi (10^2) = 100\\pi$, so $\\boxed{100\\pi}$.", None),
        ("Since 23/4 = 5 R 3, it is $\\boxed{3}$.", None),
        ("The ratio is $1:(3+1) = 1:4$, so it is $\\boxed{4}$.", None),
        ("The sum of 1 and 3 + 5 = 9, so it is $\\boxed{9}$.", None),
        ("I will guess the answer. $3 + 5 = 8$. The answer is $\\boxed{8}$.", "guessed"),
        ("Assume the answer is 8. Then $8 - 5 = 3$ holds. The answer is $\\boxed{8}$.", "guessed"),
        ("Assuming the answer is within the box, $3 + 5 = 8$. The answer is $\\boxed{8}$.", None),
        ("There are $x + 2 = 5$ of them, and $y = 9$. The answer is $\\boxed{741}$.", "unsupported"),
        ("We get $x = 20$ and take away 5, so the output is $\\boxed{15}$.", None),
        ("So $y = \\pm 2$ and $x = 1$, and the product of both is $\\boxed{-4}$.", None),
        ("We look at $a = b$ and see that it is $\\boxed{\\text{east}}$.", None),
        ("So $3 + 5 = 8$, $\\boxed{8}$.\n" * 40, "loop"),
    ],
)
def test_the_text_tells(response: str, expected: str | None) -> None:
    assert reason(sample("p", response)) == expected


def test_a_truncated_one_is_left_out() -> None:
    assert reason(sample("p", "$3 + 5 = 8$, so $\\boxed{8}$", finish="length")) == "truncated"


@pytest.mark.parametrize(
    ("code", "output", "expected"),
    [
        ("print(8)", "8", "constant_code"),
        ("answer = 8\nprint('The answer is', answer)", "The answer is 8", "constant_code"),
        ("print(3 + 5)", "8", None),
        ("print(sum([3, 5]))", "8", None),
    ],
)
def test_code_that_prints_a_constant(code: str, output: str, expected: str | None) -> None:
    solved = ran("p", f"```python\n{code}\n```", Execution(code=code, output=output), "It is $\\boxed{8}$.")
    assert reason(solved) == expected
    written = sample("p", f"We run\n```python\n{code}\n```\n```output\n{output}\n```\nIt is $\\boxed{{8}}$.")
    assert reason(written) == expected


def test_an_answer_after_code_that_failed() -> None:
    failed = Execution(code="print(a + b)", error="NameError: name 'a' is not defined")
    made = ran("p", "```python\nprint(a + b)\n```", failed, "It is $\\boxed{8}$.")
    assert reason(made) == "failed_code"
    mended = Execution(code="print(3 + 5)", output="8")
    assert reason(ran("p", "```python\nx\n```", failed, "Again.", mended, "It is $\\boxed{8}$.")) is None


def test_it_says_what_shows_it() -> None:
    made = sample("p", "First 3 + 5 = 9, so the answer is 8.")
    assert luck.reason(luck.Case(made, Grade(verdict="correct", extracted="8"))) == (
        "false_step",
        "3 + 5 = 9 is not true",
    )


def test_a_huge_power_is_not_worked_out() -> None:
    assert reason(sample("p", "First 9^9^9^9 = 1 and 7 * 8 = 56, so it is $\\boxed{56}$.")) is None
