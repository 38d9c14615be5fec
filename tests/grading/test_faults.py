"""Whatever a model writes ends as a grade, in bounded time."""

import time

import pytest

from math500 import grading

LIMIT = 0.7

HOSTILE = {
    "empty": "",
    "blank": " \n\t ",
    "no answer": "I like turtles and will think about them some more",
    "unbalanced": r"\boxed{\frac{1}{2",
    "closed too often": r"}}}}\boxed{3}}}}",
    "power tower": r"\boxed{9^{9^{9^9}}}",
    "power tower in words": r"The answer is 9^{9^{9^{9^9}}}.",
    "huge exponent": r"\boxed{1E999999999}",
    "huge power": r"\boxed{10^{999999999}}",
    "factorials": r"\boxed{100000!!!!}",
    "deep braces": r"\boxed{" + "{" * 100_000 + "1" + "}" * 100_000 + "}",
    "deep braces, short": r"\boxed{" + "{" * 2_000 + "1" + "}" * 2_000 + "}",
    "deep fractions": r"\boxed{" + r"\frac{1}{" * 400 + "2" + "}" * 400 + "}",
    "deep brackets": r"\boxed{" + "(" * 2_000 + "1" + ")" * 2_000 + "}",
    "repeated boxes": r"\boxed{1} and " * 20_000,
    "unclosed boxes": r"\boxed{" * 50_000,
    "one megabyte of LaTeX": r"\frac{a}{b}+\sqrt{x} = $y$ " * 40_000,
    "one megabyte in a box": r"\boxed{" + "1+" * 500_000 + "1}",
    "one megabyte of dollars": "$" * 1_000_000,
    "one megabyte of answers": "the answer is: " * 70_000,
    "one megabyte of stars": "*" * 1_000_000,
    "lone surrogates": "\ud800\\boxed{\udfff}\ud800",
    "surrogate in a sum": "\\boxed{x^2+\ud800}",
    "NUL": "\x00\\boxed{\x00 5 \x00}",
    "infinite sum": r"\boxed{\sum_{n=1}^{\infty} \frac{\sin n}{n^{1.0001}}}",
    "integral": r"\boxed{\int_0^\infty e^{-x^{x^x}} \, dx}",
    "Python": r"\boxed{__import__('os').system('touch executed')}",
    "Python in words": "Answer: exec('1/0')",
    "many letters": r"\boxed{" + "+".join(f"x_{{{i}}}^{{{i}}}" for i in range(300)) + "}",
    "big power of a sum": r"\boxed{(a+b+c+d)^{2000}}",
    "right-to-left": "\u202e\\boxed{5}\u202c",
    "thinking without end": "<think> \\boxed{7}",
    "many thinking marks": "<think>" * 50_000 + "</think>" * 50_000,
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("answer", ["7", r"x^2+\sqrt{3}"])
def test_hostile_response_ends_as_a_grade(name: str, answer: str) -> None:
    started = time.monotonic()
    grade = grading.grade(HOSTILE[name], answer, timeout=LIMIT)
    assert grade.verdict != "correct"
    assert grade.reason or grade.verdict != "ungraded"
    assert time.monotonic() - started < LIMIT + 20, "a first process may still have to start"


@pytest.mark.parametrize("answer", ["", "\x00", "\ud800", "{" * 1000, r"9^{9^{9^9}}"])
def test_hostile_reference_is_never_the_models_fault(answer: str) -> None:
    assert grading.grade(r"\boxed{x^2+1}", answer, timeout=LIMIT).verdict in {"ungraded", "wrong"}


def test_the_pool_is_healthy_after_the_worst() -> None:
    grading.grade(HOSTILE["power tower"], r"x^2+\sqrt{3}", timeout=LIMIT)
    assert grading.grade(r"\boxed{\sin^2 t + \cos^2 t + x}", "x+1", timeout=20).verdict != "ungraded"
