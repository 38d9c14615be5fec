"""The key: its rules act, it covers the set, and it harms no right answer.

The rules are tried on answers of our own: they depend on the problem's id alone.
"""

from __future__ import annotations

import functools
import re
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from math500 import data, grading
from math500.grading import Comparison, key
from math500.records import Problem


def judged(unique_id: str, candidate: str, answer: str) -> str:
    return grading.grade(f"\\boxed{{{candidate}}}", answer, unique_id=unique_id).verdict


def with_rule(rule: str) -> str:
    """A problem that has this rule."""
    name, _, value = rule.partition("=")
    return next(u for u, e in key.entries().items() if e.rules.get(name) == value)


RIGHT = [
    ("unordered", "(9, 2, 4)", "2, 4, 9"),
    ("unordered", r"\{9, 2, 4\}", "2, 4, 9"),
    ("unordered", r"\left[ 9, 2, 4 \right]", "2, 4, 9"),
    ("unordered", r"(5-\sqrt{2}, 5+\sqrt{2})", r"5 \pm \sqrt{2}"),
    ("ordered", "2, 4", "(2, 4)"),
    ("base=8", "17", "17_8"),
    ("base=8", r"17 \text{ (base 8)}", "17_8"),
    ("base=8", r"17 \text{ in base eight}", "17_8"),
    ("unit=cent", "12", "12"),
    ("unit=cent", r"12 \text{ cents}", "12"),
    ("unit=cent", r"\$0.12", "12"),
    ("unit=square_inches", r"144 \text{ square inches}", "144"),
    ("unit=square_inches", r"144 \text{ in}^2", "144"),
    ("unit=square_inches", r"1 \text{ square foot}", "144"),
    ("unit=dollar", r"\$36 \text{ dollars}", r"\$36"),
    ("unit=m", "12m", "12"),
    ("unit=m", r"1200 \text{ cm}", "12"),
    ("unit=seconds", "12s", "12"),
    ("unit=degree", r"30^\circ", "30"),
    ("unit=cm", r"7 \text{ widgets of length}", "7"),
    ("round=2", "2.67", "2.66667"),
    ("decimal", "0.375", ".375"),
    ("factored", "(u+7)(v+3)", "(u+7)(v+3)"),
    ("factored", "(v+3)(7+u)", "(u+7)(v+3)"),
    ("worked", r"2^5 = 32", "32"),
    ("worked", "32.0", "32"),
    ("worked", r"44 \pmod{83}", r"44 \pmod{83}"),
    ("worked", r"3\sqrt{2}", r"\sqrt{18}"),
]
WRONG = [
    ("unordered", "(9, 2, 5)", "2, 4, 9"),
    ("unordered", "2, 4", "2, 4, 9"),
    ("unordered", "[-2, 1]", "1, -2"),
    ("unordered", "x = 2, y = 4, z = 9", "2, 4, 9"),
    ("round=0", "22!", "22"),
    ("round=0", "2 2", "22"),
    ("round=0", "323,48", "32348"),
    ("ordered", "(4, 2)", "(2, 4)"),
    ("ordered", r"\{2, 4\}", "(2, 4)"),
    ("ordered", "2 < x < 4", "(2, 4)"),
    ("ordered", "]2, 4[", "(2, 4)"),
    ("base=8", "15", "17_8"),
    ("base=8", "17_9", "17_8"),
    ("base=8", r"17 \text{ base 9}", "17_8"),
    ("base=8", r"15 \text{ base ten}", "17_8"),
    ("unit=cent", r"12 \text{ dollars}", "12"),
    ("unit=cent", r"\$12", "12"),
    ("unit=dollar", r"\$36 \text{ million}", r"\$36"),
    ("unit=dollar", r"\$36 \text{ cents}", r"\$36"),
    ("unit=dollar", r"\$36x", r"\$36"),
    ("unit=square_inches", r"144 \text{ inches}", "144"),
    ("unit=square_inches", r"144 \text{ square feet}", "144"),
    ("unit=m", "13m", "12"),
    ("unit=degree", r"30 \text{ minutes}", "30"),
    ("round=2", "2.66", "2.66667"),
    ("decimal", r"\frac{3}{8}", ".375"),
    ("decimal", "3/8", ".375"),
    ("factored", "uv+3u+7v+21", "(u+7)(v+3)"),
    ("factored", "u(v+3)+7(v+3)", "(u+7)(v+3)"),
    ("worked", "2^5", "32"),
    ("worked", r"4 \cdot 8", "32"),
    ("worked", r"\log_2 8", "3"),
    ("worked", "33", "32"),
]


@pytest.mark.parametrize(("rule", "candidate", "answer"), RIGHT)
def test_a_right_answer_in_the_asked_form_is_accepted(rule: str, candidate: str, answer: str) -> None:
    assert judged(with_rule(rule), candidate, answer) == "correct"


@pytest.mark.parametrize(("rule", "candidate", "answer"), WRONG)
def test_what_the_question_did_not_ask_for_is_refused(rule: str, candidate: str, answer: str) -> None:
    assert judged(with_rule(rule), candidate, answer) == "wrong"


def test_an_interval_is_written_as_one() -> None:
    unique_id = next(u for u, e in key.entries().items() if e.kind == "interval")
    assert judged(unique_id, r"-\sqrt{3}, \sqrt{3}", r"(-\sqrt{3}, \sqrt{3})") == "wrong"
    assert judged(unique_id, r"-\sqrt{3} < x < \sqrt{3}", r"(-\sqrt{3}, \sqrt{3})") == "correct"
    assert judged(unique_id, r"-\sqrt{3}, \sqrt{3}", r"-\sqrt{3}, \sqrt{3}") == "correct"


def test_other_problems_are_graded_without_the_key() -> None:
    assert judged("mine/1", r"12 \text{ dollars}", "12") == "correct"
    assert judged("mine/1", "2^5", "32") == "correct"


def test_another_text_under_an_id_of_the_set_is_graded_without_the_key() -> None:
    unique_id = with_rule("unit=cent")
    assert judged(unique_id, r"12 \text{ dollars}", "12") == "wrong"
    graded = grading.grade(r"$\boxed{12 \text{ dollars}}$", "12", unique_id=unique_id, question="Mine.")
    assert graded.verdict == "correct"


def test_a_rule_does_not_act_on_a_reference_of_another_shape() -> None:
    assert judged(with_rule("base=8"), "17", "17") == "correct"
    assert judged(with_rule("unordered"), "(2)", "2") == "correct"


def test_a_fault_of_the_key_is_told_and_not_the_models(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setitem(key._RULES, "unit", broken)
    graded = grading.grade("12.0", "12", unique_id=with_rule("unit=cent"))
    assert (graded.verdict, graded.stage) == ("ungraded", "fault")


def test_hostile_candidates_neither_raise_nor_hang() -> None:
    for unique_id in {with_rule(rule) for rule, _, _ in RIGHT}:
        for text in ("1" * 4999, " " * 4999 + "1", "(" * 4999, "a " * 2400, "1\\!" * 1200, "\\text{" * 800):
            assert judged(unique_id, text, "7") in ("wrong", "ungraded", "no_answer")


def test_the_key_knows_the_doubtful_rows_and_the_drawings() -> None:
    reasons = Counter(key.doubtful().values())
    assert set(reasons) == {"ambiguous", "several-forms", "assumption", "duplicate"}
    assert reasons["duplicate"] == 1
    assert all(unique_id in key.entries() for unique_id in key.doubtful())
    assert len(key.figures()) == 42


def test_every_rule_that_is_named_is_one() -> None:
    informing = {"form", "own", "figure", "doubt"}
    named = {name for entry in key.entries().values() for name in entry.rules}
    assert named == {*key._RULES, *informing}


# -- the real set ----------------------------------------------------------------------------


@functools.cache
def real() -> tuple[Problem, ...]:
    return data.load("math500").problems


def graded(problem: Problem, response: str) -> str:
    return grading.grade(
        response, problem.answer, question=problem.problem, unique_id=problem.unique_id
    ).verdict


@pytest.mark.real_data
def test_the_key_has_exactly_the_sets_problems() -> None:
    assert set(key.entries()) == {problem.unique_id for problem in real()}


@pytest.mark.real_data
def test_every_problem_is_known_by_its_text() -> None:
    assert all(key.known(p.unique_id, p.problem) for p in real())
    assert all(key.known(p.unique_id, p.problem.replace("\n", "  ")) for p in real())


@pytest.mark.real_data
def test_every_reference_and_every_solution_is_right_with_the_key() -> None:
    for problem in real():
        assert graded(problem, f"\\boxed{{{problem.answer}}}") == "correct", problem.unique_id
        assert graded(problem, problem.solution) == "correct", problem.unique_id


@pytest.mark.real_data
def test_a_neighbouring_integer_is_wrong() -> None:
    for problem in real():
        if re.fullmatch(r"-?\d+", problem.answer):
            for other in (int(problem.answer) + 1, int(problem.answer) - 1):
                assert graded(problem, f"\\boxed{{{other}}}") == "wrong", problem.unique_id


@pytest.mark.real_data
def test_order_counts_where_it_is_asked_for_and_only_there() -> None:
    tried = Counter[str]()
    for problem in real():
        rules = key.entries()[problem.unique_id].rules
        bare = re.sub(r"\\left|\\right|\\[{}]|^\(|\)$", "", problem.answer)
        parts = [] if "pmatrix" in bare else re.sub(r"^\s*\(|\)\s*$", "", bare).split(",")
        if len(parts) < 2 or parts == parts[::-1] or not {"ordered", "unordered"} & rules.keys():
            continue
        turned = f"\\boxed{{({', '.join(reversed(parts))})}}"
        expected = "correct" if "unordered" in rules else "wrong"
        assert graded(problem, turned) == expected, problem.unique_id
        tried[expected] += 1
    assert tried["wrong"] >= 8
    assert tried["correct"] >= 3


WORDS = [
    r"\frac{1}{2}",
    r"\text{",
    r"\pm",
    r"\{",
    r"\}",
    r"\left",
    r"\right",
    r"base",
    r"eight",
    r"cents",
    r"\$",
    r"\circ",
    r"\log",
    r"\sqrt{",
    r"°",
    r"½",
]
pieces = st.sampled_from([*"0123456789abcxyz+-*/^_=(){}[],.$%!|@ ", r"\text{ cm}", *WORDS])


@given(
    text=st.lists(pieces, max_size=25).map("".join),
    answer=st.sampled_from(["12", "17_8", "2, 4", "(a+5)(b+2)"]),
)
@settings(max_examples=150, deadline=None)
def test_no_candidate_makes_the_key_fail(text: str, answer: str) -> None:
    for entry in {tuple(entry.rules.items()): entry for entry in key.entries().values()}.values():
        for same in (True, False):
            found = Comparison(same, "structure")
            judged_again = key.mended(entry, text, answer, found, lambda *_: Comparison(False, "text"))
            assert judged_again.stage != "fault", judged_again.reason
