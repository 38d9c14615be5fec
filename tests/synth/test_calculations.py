"""Do two solutions calculate the same: a hundred pairs, each with the reason for its label."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from math500.synth.calculations import calculation, key

CASES = Path(__file__).parent.parent / "cases" / "calculations.jsonl"
PAIRS = msgspec.json.decode(b"[" + b",".join(CASES.read_bytes().splitlines()) + b"]")


def test_there_are_a_hundred_pairs_of_both_kinds() -> None:
    assert len(PAIRS) == 100
    assert sum(pair["same"] for pair in PAIRS) == 50


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair["why"])
def test_a_pair_is_told(pair: dict[str, Any]) -> None:
    first, second = pair["first"], pair["second"]
    assert (key(first) == key(second)) == pair["same"], (calculation(first), calculation(second))


def test_thinking_does_not_count() -> None:
    assert calculation("<think>1 + 1 = 2</think> 3 + 5 = 8") == ["(3+5)=8"]


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5000 + "1" + ")" * 5000 + "=1",
        "```python\n" + "(" * 5000 + "\n```",
        "=" * 500,
        "1+" * 5000 + "1=2",
        "\x00=1",
    ],
)
def test_no_text_breaks_it(text: str) -> None:
    assert len(key(text)) == 16


@settings(deadline=None)
@given(st.text(alphabet="0123456789+-*/=^(){}$\\ fracxyab\n`python,.%"))
def test_any_text_has_a_key(text: str) -> None:
    assert key(text) == key(text)
