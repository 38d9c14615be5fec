from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from math500.failures import loops

WORDS = ("we", "take", "the", "sum", "of", "both", "sides", "and", "halve", "each", "one", "as", "it", "is")


@settings(deadline=None)
@given(
    head=st.text(max_size=300),
    turn=st.lists(st.sampled_from(WORDS), min_size=2, max_size=30).map(" ".join),
    turns=st.integers(4, 40),
    cut=st.integers(0, 20),
)
def test_a_planted_loop_is_found_with_its_place(head: str, turn: str, turns: int, cut: int) -> None:
    planted = f"{turn}. " * turns
    text = head + "\n" + planted[: len(planted) - min(cut, len(turn) // 2)]
    found = loops.find(text)
    if len(planted) < loops.SHORTEST + 30:
        return
    assert found is not None
    assert found.kind == "exact"
    assert found.start <= len(head) + 1
    assert (len(turn) + 2) % found.period == 0
    end = len(text.rstrip())
    assert text[found.start : end - found.period] == text[found.start + found.period : end]
    assert found.repeats >= loops.REPEATS


@settings(deadline=None)
@given(st.text(max_size=2000))
def test_any_text_has_an_answer_within_its_bounds(text: str) -> None:
    found = loops.find(text)
    if found is not None:
        assert 0 <= found.start < len(text)
        assert found.period >= 1


@settings(deadline=None)
@given(st.lists(st.integers(0, 9), min_size=150, max_size=150))
def test_counting_on_is_a_loop_of_its_own_kind(numbers: list[int]) -> None:
    text = "\n".join(f"{i}. So the side of square {i} is {n} long." for i, n in enumerate(numbers, 1))
    found = loops.find(text)
    assert found is not None
    assert found.kind in ("counting", "exact")
    assert found.start < 20


def test_prose_is_no_loop() -> None:
    prose = (
        "The first side is three long and the second one four. The third one follows from the theorem of "
        "Pythagoras: its square is nine plus sixteen, which is twenty-five. So the third side is five long. "
        "The sum of all three is twelve. Half of it is six, and the area is the half of three times four."
    )
    assert loops.find(prose) is None
    assert loops.find(prose * 2) is None


def test_a_loop_that_was_left_is_none() -> None:
    text = "We add one more. " * 30 + "Then we stop, since the sum is large enough, and write it down."
    assert loops.find(text) is None


def test_the_period_may_be_long() -> None:
    turn = " ".join(f"{word} {i}" for i, word in enumerate(WORDS * 10))
    found = loops.find(f"{turn} " * 4)
    assert found is not None
    assert found.period == len(turn) + 1


def test_blank_ends_do_not_hide_it() -> None:
    found = loops.find("So the answer is one.\n\n" * 12 + "\n\n\n")
    assert found is not None
    assert found.period == 23
