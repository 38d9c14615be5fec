"""Steps of a solution: nothing is lost, and they are the steps that a reader sees."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from math500.splitting import split

PIECES = (
    "Step 1: add.",
    "1. First",
    "2) then",
    "**Step 3**: so",
    "第1步: 加",
    "We have:",
    "$x = 1\n\n2$",
    "\\[a\n\nb\\]",
    "```python\nprint(1)\n\n```",
    "```",
    "[asy]\n\ndraw();\n[/asy]",
    "$",
    "It is 4. So 5.",
    "。",
    "\n",
    "\n\n",
    " \n \n\t",
    "\r\n",
    "  ",
    "\\boxed{7}",
    "---",
    "\\begin{align*}\n\nx\n\\end{align*}",
    "\x0b\u2028",
)
TEXTS = st.one_of(st.text(), st.lists(st.sampled_from(PIECES), max_size=12).map("".join))


@given(TEXTS)
def test_the_steps_put_together_are_the_solution(text: str) -> None:
    assert "".join(split(text)) == text


@given(TEXTS)
def test_no_step_is_empty_and_only_a_text_without_a_word_has_a_step_without_one(text: str) -> None:
    steps = split(text)
    assert all(steps)
    if any(character.isalnum() for character in text):
        assert all(any(c.isalnum() or c == "_" for c in step) for step in steps)


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("13+12=25\n5*3=15\nThe answer is 40.", ["13+12=25\n", "5*3=15\n", "The answer is 40."]),
        ("We add.\n\nIt is 4.\nSo 5.\n\nDone: 6.", ["We add.\n\n", "It is 4.\nSo 5.\n\n", "Done: 6."]),
        ("Step 1: a\n\nmore\n\nStep 2: b", ["Step 1: a\n\nmore\n\n", "Step 2: b"]),
        ("Sure.\n\n1. Add them.\n2. Box it.", ["Sure.\n\n1. Add them.\n", "2. Box it."]),
        ("We have\n\n$$x = 1\n\n= 2$$\n\nso 3", ["We have\n\n", "$$x = 1\n\n= 2$$\n\n", "so 3"]),
        ("Let's solve this:\n\nx = 1\n\ny = 2", ["Let's solve this:\n\nx = 1\n\n", "y = 2"]),
        ("a\n\n```python\nx = 1\n\ny = 2\n```\n\nb", ["a\n\n", "```python\nx = 1\n\ny = 2\n```\n\n", "b"]),
        ("It is $4. 5$ now. Then we add. It is 6.", ["It is $4. 5$ now. ", "Then we add. ", "It is 6."]),
        ("先算 3+4=7。再加 2。", ["先算 3+4=7。", "再加 2。"]),
        ("a = 1\n\n---\n\nb = 2", ["a = 1\n\n---\n\n", "b = 2"]),
        ("so 7", ["so 7"]),
        ("", []),
    ],
)
def test_what_a_step_is(text: str, steps: list[str]) -> None:
    assert list(split(text)) == steps
