from __future__ import annotations

import pytest

from math500.shots import likeness, near
from math500.shots.near import pieces

QUESTION = (
    "A bag holds 3 red balls and 5 blue balls. Two are drawn at random. What is the chance that both are red?"
)


def test_the_same_problem_with_another_number_is_a_near_duplicate() -> None:
    assert near(QUESTION, QUESTION.replace("5 blue", "7 blue"))
    assert not near(QUESTION, "A bag holds 3 red balls. How many ways are there to draw two of them?")


def test_case_and_spaces_do_not_matter() -> None:
    assert likeness(QUESTION, QUESTION.upper().replace(" ", "\n")) == 1.0


def test_likeness_counts_shared_runs_of_five() -> None:
    # Runs of "a b c d e f" and "b c d e f g": {abcde, bcdef} and {bcdef, cdefg}.
    assert likeness("a b c d e f", "b c d e f g") == pytest.approx(1 / 3)


def test_a_short_text_is_one_run() -> None:
    assert pieces("$1+1$") == {("$", "1", "+", "1", "$")}
    assert pieces("2+2") == {("2", "+", "2")}
    assert likeness("2+2", "2+3") == 0.0
    assert likeness("", "") == 1.0
