from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from math500.gap.cut import counted, cut, smaller_limits, tokens
from math500.records import Generation, Sample


def sample(text: str, completion: int | None = None, reasoning: str = "") -> Sample:
    generation = Generation(text=text, reasoning=reasoning, completion_tokens=completion)
    return Sample(unique_id="p", index=0, response=text, generations=(generation,))


def test_counted_tokens_keep_their_share_of_the_text() -> None:
    assert cut(sample("a" * 100, 50), 25) == ("a" * 50, True)
    assert cut(sample("a" * 100, 50), 50) == ("a" * 100, False)


def test_without_a_count_three_characters_are_one_token() -> None:
    assert tokens(sample("a" * 90)) == 30
    assert cut(sample("a" * 90), 10) == ("a" * 30, True)
    assert not counted([sample("a" * 90)])
    assert counted([sample("a", 3)])


def test_reasoning_apart_comes_first() -> None:
    assert cut(sample("b" * 50, 100, "a" * 50), 75) == ("b" * 25, True)
    assert cut(sample("b" * 50, 100, "a" * 50), 30) == ("", True)


@given(st.text(max_size=200), st.integers(1, 400), st.integers(1, 400), st.integers(1, 400))
def test_a_smaller_limit_never_keeps_more(text: str, completion: int, one: int, two: int) -> None:
    low, high = sorted((one, two))
    kept = cut(sample(text, completion), low)[0]
    assert cut(sample(text, completion), high)[0].startswith(kept)
    assert text.startswith(kept)


def test_limits_that_cut_some_and_not_nearly_all() -> None:
    assert smaller_limits([sample("x", n) for n in range(100, 1100, 100)]) == (128, 256, 512)
    assert smaller_limits([]) == ()
