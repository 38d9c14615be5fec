"""Slips between a value and the reference answer, and pairs that are none."""

from __future__ import annotations

import pytest

from math500.failures import near
from math500.failures.given import answers, ending

SLIPS: list[tuple[str, str, str | None]] = [
    ("-7", "7", "sign"),
    ("x - 3", "3 - x", "sign"),
    ("(2, -9)", "(2, 9)", "sign"),
    ("8", "7", "off_by_one"),
    ("n = 6", "7", "off_by_one"),
    ("14", "7", "factor"),
    ("3.5", "7", "factor"),
    ("700", "7", "factor"),
    (r"7\pi", "7", "factor"),
    (r"\frac{9}{2}", r"\frac{2}{9}", "order"),
    ("(9, 2)", "(2, 9)", "order"),
    ("0.333", r"\frac13", "form"),
    ("1.41", r"\sqrt{2}", "form"),
    (r"\{2, 9\}", "(2, 9)", "form"),
    (r"7 \text{ kg}", r"7 \text{ cm}", "unit"),
    ("3", "3, 5", "incomplete"),
    ("312", "7", None),
    ("0", "7", None),
    ("1.4", r"\frac{1}{3}", None),
    ("0.34", r"\frac13", None),
    ("(9, 4)", "(2, 9)", None),
    ("3, 6", "3, 5, 9", None),
    ("blue", "7", None),
    (r"\frac{1}{0}", "7", None),
    ("9^{9^{9^{9}}}", "7", None),
    ("7" * 5000, "7", None),
    (r"\text{west}", r"\text{east}", None),
]


@pytest.mark.parametrize(("value", "answer", "kind"), SLIPS)
def test_slips(value: str, answer: str, kind: str | None) -> None:
    found = near.miss(value, answer)
    assert (found.kind if found else None) == kind


@pytest.mark.parametrize(
    ("value", "answer", "item"),
    [
        ("3 or 7", "7", "7"),
        ("$x = 3$ and $x = 7$", "7", "x = 7"),
        (r"3 \text{ or } 7", "7", "7"),
        (r"\{3, 7\}", "7", "7"),
        ("3, 7", "3, 7, 9", None),
        ("7", "7", None),
        ("3 or 5", "7", None),
        ("1,234", "234", None),
    ],
)
def test_the_right_value_among_several(value: str, answer: str, item: str | None) -> None:
    assert near.among(value, answer) == item


def test_answers_come_in_order_with_their_places() -> None:
    text = r"First $\boxed{3}$. The answer is 4. Then $\boxed{5}$."
    found = answers(text)
    assert [(g.value, g.how) for g in found] == [("3", "box"), ("4", "announced"), ("5", "box")]
    assert [text[g.start : g.end] for g in found] == ["3", "4", "5"]


def test_the_ending_is_the_last_line_with_a_value() -> None:
    text = "There are 12 of 30.\nSo $x = 47$ of them, or 48.\nThis is easy.\n\nIt is."
    assert [g.value for g in ending(text)] == ["x = 47", "48"]
    assert [text[g.start : g.end] for g in ending(text)] == ["x = 47", "48"]
    assert ending("There are 12.\nWell.\nWell.\nWell.") == []
