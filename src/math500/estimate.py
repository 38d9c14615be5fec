"""Tokens and money before a run, as a range.

    requests     one for each completion of each solution; a vote may stop early, a conversation may be short
    prompt       a token for 4 bytes of text at best, for 2.5 at worst, and a chat template around it; later
                 requests of a conversation hold what was said before
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
BETWEEN = 1000
"""Tokens that are said to a model between two of its replies, such as the output of its code."""


@dataclass(frozen=True)
class Range:
    """A number that is not known yet; `high` is None where it has no upper end."""

    low: float
    high: float | None


@dataclass(frozen=True)
class Estimate:
    """What a run may take."""

    requests: int
    """At least."""
    most_requests: int | None
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
    solutions: tuple[int, int] = (1, 1),
    replies: tuple[int, int | None] = (1, 1),
) -> Estimate:
    """What asking so many times may take.

    Args:
        asked: the messages of each problem.
        problems: the same problems, for their reference solutions.
        samples: how often each is asked.
        max_tokens: the token limit of an answer.
        price: what tokens cost, where it is known.
        solutions: of a sample, at least and at most.
        replies: of the model in a solution, at least and at most; None where that is not known.
    """
    shortest = sum(
        max(SHORTEST_ANSWER, len(problem.solution.encode()) / BYTES_PER_TOKEN[0]) for problem in problems
    )
    least, most = (samples * count for count in solutions)
    return _estimate(
        _Asked(asked, len(problems), shortest), (least, replies[0]), (most, replies[1]), max_tokens, price
    )


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
    return _estimate(_Asked(asked, len(asked), shortest * len(asked)), (1, 1), (1, 1), max_tokens, price)


@dataclass(frozen=True)
class _Asked:
    """What is asked once each, and the tokens that all answers together have at least."""

    messages: Sequence[Sequence[Message]]
    count: int
    shortest: float

    def prompts(self, end: int) -> float:
        """Tokens of all first requests, at the low or the high end."""
        size = sum(len(message.content.encode()) for messages in self.messages for message in messages)
        return size / BYTES_PER_TOKEN[end] + len(self.messages) * TEMPLATE[end]


def _estimate(
    asked: _Asked,
    least: tuple[int, int],
    most: tuple[int, int | None],
    max_tokens: int | None,
    price: Price | None,
) -> Estimate:
    """Each end is so many solutions with so many replies each."""
    solutions, replies = most
    requests = None if replies is None else asked.count * solutions * replies
    generated = None if requests is None or max_tokens is None else float(max_tokens * requests)
    shortest = least[0] * asked.shortest
    prompt = Range(least[0] * least[1] * asked.prompts(0), _most_prompts(asked, most, max_tokens))
    completion = Range(shortest if generated is None else min(shortest, generated), generated)
    return Estimate(
        requests=asked.count * least[0] * least[1],
        most_requests=requests,
        prompt_tokens=prompt,
        completion_tokens=completion,
        cost=None if price is None else _cost(price, prompt, completion),
    )


def _most_prompts(asked: _Asked, most: tuple[int, int | None], max_tokens: int | None) -> float | None:
    """Each request of a conversation holds the replies before it, and what was said to them."""
    solutions, replies = most
    if replies == 1:
        return solutions * asked.prompts(1)
    if replies is None or max_tokens is None:
        return None
    before = asked.count * (max_tokens + BETWEEN) * replies * (replies - 1) / 2
    return solutions * (replies * asked.prompts(1) + before)


def _cost(price: Price, prompt: Range, completion: Range) -> Range:
    high = None
    if prompt.high is not None and completion.high is not None:
        high = cost(price, prompt.high, completion.high)
    return Range(cost(price, prompt.low, completion.low), high)
