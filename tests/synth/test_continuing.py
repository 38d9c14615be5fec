"""Does an endpoint go on with an answer that has begun? Out of token counts, and by the real engine."""

from __future__ import annotations

import asyncio
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from math500 import models, prompts, solve
from math500.errors import UsageError
from math500.records import Asking, Decoding, Message, SolverInfo
from math500.running import Request
from math500.synth import continuing
from math500.synth.continuing import counted, require, told


@given(none=st.integers(1, 500), word=st.integers(1, 3), first=st.integers(0, 1), closing=st.integers(0, 30))
def test_a_turn_that_was_closed_is_seen_in_the_tokens(none: int, word: int, first: int, closing: int) -> None:
    """Whatever a word costs, and though the first one may cost a token less without a space before it."""
    short, long = (none + n * word - first + closing for n in (8, 16))
    assert bool(told((none, short, long))) == (closing > first)


@pytest.mark.parametrize(
    "counts", [(20, 20, 20), (20, 28, 28), (None, None, None), (20, None, 36), "refused"]
)
def test_what_cannot_be_told_is_no_yes(counts: tuple[int | None, int | None, int | None] | str) -> None:
    assert told(counts)


def test_the_form_of_asking_decides_where_it_is_known() -> None:
    nowhere = "http://127.0.0.1:9/v1"
    require(Request(model="m", base_url=nowhere, asking=Asking(api="completions")), print)
    with pytest.raises(UsageError, match="batch queue"):
        require(Request(model="m", base_url=nowhere, asking=Asking(batch=True)), print)
    with pytest.raises(UsageError, match="Responses form"):
        require(Request(model="m", base_url=nowhere, asking=Asking(api="responses")), print)


@pytest.mark.parametrize(
    ("reply", "response"),
    [
        ("and 3.\n", "1 and 2\nand 3.\n"),
        ("1 and 2\nand 3.\n", "1 and 2\nand 3.\n"),
        ("1 and 2 so", "1 and 2 so"),
    ],
)
def test_the_beginning_stands_in_the_response_once(reply: str, response: str) -> None:
    assert prompts.whole(prompts.begun("Count.", "1 and 2\n"), reply) == response


@pytest.mark.real_model
@pytest.mark.timeout(600)
def test_the_embedded_engine_goes_on_with_what_has_begun() -> None:
    begun = "Here are the days of the week.\n\nMonday\nTuesday\nWednesday\n"
    question = prompts.begun("Write the days of the week, one a line.", begun)
    decoding = Decoding(temperature=0.0, max_tokens=6)
    with models.open_model(
        models.EMBEDDED, base_url=None, concurrency=1, max_tokens=64, environ=os.environ
    ) as opened:

        async def ask() -> str:
            async with opened.client(concurrency=1) as client:
                solver = solve.make(SolverInfo(), prompts.BARE, decoding)
                return (await solver.solve(question, client, seed=None)).response

        response, counts = asyncio.run(ask()), asyncio.run(counted(opened))
    assert response.startswith(f"{begun}Thursday")
    assert response.count("Monday") == 1
    assert told(counts) == ""
    assert continuing.WORDS > 1
    assert [m.role for m in prompts.messages(prompts.BARE, question)] == ["user", "assistant"]
    assert prompts.messages(prompts.BARE, question)[1] == Message(role="assistant", content=begun)
