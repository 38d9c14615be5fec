from __future__ import annotations

import pytest

from math500.plural import counted, form


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "0 problems"), (1, "1 problem"), (2, "2 problems"), (12_345, "12,345 problems")],
)
def test_a_number_and_its_noun(number: int, words: str) -> None:
    assert counted(number, "problem") == words


def test_what_else_goes_by_the_number() -> None:
    assert counted(1, "reply says", "replies say") == "1 reply says"
    assert counted(3, "reply says", "replies say") == "3 replies say"
    assert [form(number, "is", "are") for number in (0, 1, 2)] == ["are", "is", "are"]
