"""What gives a completion away, on planted ones and on honest ones."""

import pytest

from math500.train import signals

QUESTION = "Ann has 12 pens, buys 3 bags of 4, loses 5, finds 2. How many are left?"
HONEST = "3*4=12\n12+12=24\n24-5=19\n19+2=21\nThe answer is \\boxed{21}."


@pytest.mark.parametrize(
    ("text", "expected"),
    [(HONEST, True), ("The answer is 21.", False), (r"So \boxed{21", False), ("", False)],
)
def test_a_finished_box_is_one(text: str, expected: bool) -> None:
    assert signals.boxed(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (HONEST, False),
        (QUESTION, True),
        (f"The question is: {QUESTION} Hmm.", True),
        (QUESTION.replace("pens", "cups"), False),
        ("", False),
    ],
)
def test_a_copy_of_the_question_is_seen(text: str, expected: bool) -> None:
    assert signals.copied(text, QUESTION) is expected


def test_a_short_question_is_copied_as_a_whole() -> None:
    assert signals.copied("What is 2+2? It is 4.", "What is 2+2?")
    assert not signals.copied("It is 4.", "What is 2+2?")
    assert not signals.copied("It is 4.", "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (HONEST * 4, True),
        ("Let me check that again. " * 20, True),
        ("ab" * 200, True),
        (HONEST, False),
        ("".join(f"step {i}: {i * 37 % 101} follows from {i * i}\n" for i in range(40)), False),
        ("short short", False),
    ],
)
def test_a_repetition_is_seen(text: str, expected: bool) -> None:
    assert signals.repeated(text) is expected
