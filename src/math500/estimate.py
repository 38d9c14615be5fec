"""Tokens and money before a run, as a range.

    prompt       a token for 4 bytes of text at best, for 2.5 at worst, and a chat template around it
    generated    at least as long as the reference solutions; at most the token limit

A model that thinks can take many times a reference solution, so without a token limit there is no upper end,
and none is made up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from math500.client.prices import cost
from math500.records import Message, Price, Problem

BYTES_PER_TOKEN = (4.0, 2.5)
"""LaTeX and English in the tokenizers of GPT-4o, Qwen2.5 and SmolLM2."""
TEMPLATE = (4, 60)
"""Tokens that a chat template adds."""
SHORTEST_ANSWER = 30


@dataclass(frozen=True)
class Range:
    """A number that is not known yet; `high` is None where it has no upper end."""

    low: float
    high: float | None


@dataclass(frozen=True)
class Estimate:
    """What a run may take."""

    requests: int
    prompt_tokens: Range
    completion_tokens: Range
    cost: Range | None
    """US dollars; None where the price is not known."""


def estimate(
    asked: Sequence[Sequence[Message]],
    problems: Sequence[Problem],
    *,
    samples: int,
    max_tokens: int | None,
    price: Price | None,
) -> Estimate:
    """What asking so many times may take.

    Args:
        asked: the messages of each problem.
        problems: the same problems, for their reference solutions.
        samples: how often each is asked.
        max_tokens: the token limit of an answer.
        price: what tokens cost, where it is known.
    """
    shortest = sum(
        max(SHORTEST_ANSWER, len(problem.solution.encode()) / BYTES_PER_TOKEN[0]) for problem in problems
    )
    return _estimate(asked, len(problems), samples, shortest, max_tokens, price)


def of_messages(
    asked: Sequence[Sequence[Message]], *, shortest: int, max_tokens: int | None, price: Price | None
) -> Estimate:
    """What asking each of these messages once may take.

    Args:
        asked: one chat for each request.
        shortest: tokens that an answer has at least.
        max_tokens: the token limit of an answer.
        price: what tokens cost, where it is known.
    """
    return _estimate(asked, len(asked), 1, float(shortest * len(asked)), max_tokens, price)


def _estimate(
    asked: Sequence[Sequence[Message]],
    count: int,
    samples: int,
    shortest: float,
    max_tokens: int | None,
    price: Price | None,
) -> Estimate:
    size = sum(len(message.content.encode()) for messages in asked for message in messages)
    low, high = (
        samples * (size / per + len(asked) * template)
        for per, template in zip(BYTES_PER_TOKEN, TEMPLATE, strict=True)
    )
    most = None if max_tokens is None else float(max_tokens * count * samples)
    prompt = Range(low, high)
    completion = Range(samples * shortest if most is None else min(samples * shortest, most), most)
    return Estimate(
        requests=count * samples,
        prompt_tokens=prompt,
        completion_tokens=completion,
        cost=None if price is None else _cost(price, prompt, completion),
    )


def _cost(price: Price, prompt: Range, completion: Range) -> Range:
    high = None
    if prompt.high is not None and completion.high is not None:
        high = cost(price, prompt.high, completion.high)
    return Range(cost(price, prompt.low, completion.low), high)
