"""The range before a run holds what the run then takes."""

from __future__ import annotations

from typing import Any

import pytest

from math500 import display, prompts
from math500.client.prices import given
from math500.estimate import Range, estimate, of_messages
from math500.records import Message, Problem, SolverInfo
from math500.solve import replies, solutions

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


def info(name: str, **settings: Any) -> SolverInfo:
    return SolverInfo(name=name, **settings)


@pytest.mark.parametrize(
    ("solver", "least", "most"),
    [
        (info("cot"), 12, 12),
        (info("review"), 24, 24),
        (info("vote:cot", votes=8), 96, 96),
        (info("vote:cot", votes=8, confidence=0.9), 48, 96),
        (info("vote:cot", votes=3, confidence=0.9), 36, 36),
        (info("tools", rounds=2), 12, 48),
        (info("selfcheck", rounds=2), 12, 192),
        (info("vote:tools", rounds=1, votes=2), 24, 72),
        (info("brought"), 12, None),
    ],
)
def test_every_completion_of_a_solution_counts(
    solver: SolverInfo, least: int, most: int | None, problems: tuple[Problem, ...]
) -> None:
    asked = [prompts.messages(prompts.BOXED, p.problem) for p in problems]
    expected = estimate(
        asked,
        problems,
        samples=1,
        max_tokens=100,
        price=None,
        solutions=solutions(solver),
        replies=replies(solver),
    )
    assert (expected.requests, expected.most_requests) == (least, most)
    assert expected.completion_tokens.high == (None if most is None else 100 * most)
    words = f"{least:,} to {most:,} requests" if most else f"at least {least} requests"
    assert (f"Expect {least:,} requests" if most == least else words) in display.estimate(expected, None)


def test_later_requests_hold_what_was_said_before(problems: tuple[Problem, ...]) -> None:
    asked = [prompts.messages(prompts.BOXED, p.problem) for p in problems]
    once = estimate(asked, problems, samples=1, max_tokens=100, price=None)
    thrice = estimate(asked, problems, samples=1, max_tokens=100, price=None, replies=(1, 3))
    assert thrice.prompt_tokens.low == once.prompt_tokens.low
    grown = (thrice.prompt_tokens.high or 0) - 3 * (once.prompt_tokens.high or 0)
    assert grown >= 12 * 3 * 100
    assert estimate(
        asked, problems, samples=1, max_tokens=None, price=None, replies=(1, 3)
    ).prompt_tokens == (Range(once.prompt_tokens.low, None))
