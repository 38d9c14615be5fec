"""The range before a run holds what the run then takes."""

from __future__ import annotations

import pytest

from math500 import display, prompts
from math500.client.prices import given
from math500.estimate import Range, estimate, of_messages
from math500.records import Message, Problem

PRICE = given("1,10")


def test_the_token_limit_is_the_upper_end(problems: tuple[Problem, ...]) -> None:
    asked = [prompts.messages(prompts.BOXED, p.problem) for p in problems]
    expected = estimate(asked, problems, samples=2, max_tokens=100, price=PRICE)
    assert expected.requests == 24
    assert expected.completion_tokens.high == 2400
    assert expected.completion_tokens.low == 24 * 30
    assert expected.cost is not None
    assert expected.cost.high is not None
    assert (
        expected.cost.low
        < expected.cost.high
        == pytest.approx((expected.prompt_tokens.high or 0) / 1e6 + 0.024)
    )
    assert "24 requests" in display.estimate(expected, PRICE)
    assert "$1 and $10 per million" in display.estimate(expected, PRICE)


def test_without_a_limit_there_is_no_upper_end(problems: tuple[Problem, ...]) -> None:
    expected = estimate([], problems, samples=1, max_tokens=None, price=PRICE)
    assert expected.completion_tokens.high is None
    assert expected.cost == Range(12 * 30 * 10 / 1e6, None)
    assert "at least $0.0036" in display.estimate(expected, PRICE)


def test_each_message_once_for_a_judge() -> None:
    asked = [[Message(role="user", content="x" * 400)]] * 3
    expected = of_messages(asked, shortest=1, max_tokens=8, price=None)
    assert (expected.requests, expected.completion_tokens.low, expected.completion_tokens.high) == (3, 3, 24)
    assert expected.prompt_tokens.low == 3 * (100 + 4)


def test_an_unknown_price_stays_unknown(problems: tuple[Problem, ...]) -> None:
    expected = estimate([], problems, samples=1, max_tokens=5, price=None)
    assert expected.cost is None
    assert expected.completion_tokens.low == expected.completion_tokens.high == 60
    assert "not known" in display.estimate(expected, None)
