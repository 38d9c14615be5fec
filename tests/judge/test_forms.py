from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from math500.errors import UsageError
from math500.judge import forms
from math500.records import Generation, JudgeForm, Verdict

PLAIN: list[tuple[str, str, Verdict | None]] = [
    ("equality", "Yes", "correct"),
    ("equality", "no.", "wrong"),
    ("equality", "**Yes**", "correct"),
    ("equality", "Answer: No", "wrong"),
    ("equality", "The final answer is Yes.", "correct"),
    ("equality", "They have the same factors.\n\nYes", "correct"),
    ("equality", "No, the second one has a solution too many.", "wrong"),
    ("equality", "<think>Is it? No... yes!</think>\nNo", "wrong"),
    ("verdict", "A", "correct"),
    ("verdict", "(B)", "wrong"),
    ("verdict", "A: CORRECT", "correct"),
    ("verdict", "INCORRECT", "wrong"),
    ("verdict", "C - no attempt", "no_answer"),
    ("verdict", "The candidate misses a root.\nVerdict: B", "wrong"),
    ("verdict", "A. The value is the same.", "correct"),
]
UNPLAIN = [
    ("equality", ""),
    ("equality", "Yes and no"),
    ("equality", "No\n\nYes"),
    ("equality", "No, wait: yes, they are"),
    ("equality", "I cannot help with that."),
    ("equality", "Nothing"),
    ("equality", "<think>Yes, I am sure that"),
    ("verdict", "I Agree"),
    ("verdict", "A or B"),
    ("verdict", "B. Or is it A?"),
    ("verdict", "A fraction is asked for"),
    ("verdict", "The answer is 42."),
]


def reply(text: str, finish: str = "stop") -> Generation:
    return Generation(text=text, finish_reason=finish)


@pytest.mark.parametrize(("form", "text", "verdict"), PLAIN)
def test_a_plain_reply_is_read(form: str, text: str, verdict: Verdict) -> None:
    assert forms.read(forms.get(form), reply(text)) == verdict


@pytest.mark.parametrize(("form", "text"), UNPLAIN)
def test_what_is_not_plain_is_no_verdict(form: str, text: str) -> None:
    assert forms.read(forms.get(form), reply(text)) is None


def test_a_reply_that_was_cut_off_counts_only_whole() -> None:
    assert forms.read(forms.EQUALITY, reply("Yes", "length")) == "correct"
    assert forms.read(forms.EQUALITY, reply("No, since the first", "length")) is None
    assert forms.read(forms.VERDICT, reply("Let me see.\nA", "length")) is None


@given(st.text())
def test_any_reply_is_read_or_not(text: str) -> None:
    for form in forms.FORMS.values():
        assert forms.read(form, reply(text)) in {*form.words, None}


def test_an_unknown_form_is_told() -> None:
    with pytest.raises(UsageError, match="equality, verdict"):
        forms.get("elo")


@pytest.mark.parametrize("form", forms.FORMS.values(), ids=str)
def test_a_form_says_where_its_idea_is_from(form: JudgeForm) -> None:
    assert "https://github.com/" in form.source
    assert "{answer}" in form.template
    assert "{reference}" in form.template
