"""A response that carries how it was generated, or why there is none.

lm-eval hands a model's strings through filters to the task and writes them to its log; it has no
place for anything beside the string. This string subclass is that place: it survives lm-eval's
lists, its pickled cache and its JSON, where it is written as the text alone. Other models give plain
strings, of which nothing is known.
"""

from __future__ import annotations

from typing import Any, Self

from math500.records import Failure, Generation

FACTS = (
    "finish_reason",
    "prompt_tokens",
    "completion_tokens",
    "reasoning_tokens",
    "max_tokens",
    "seconds",
    "attempts",
    "request_id",
    "model",
    "reasoning",
)
"""What the log says of a response: the fields of its generation, and the token limit."""


class Response(str):
    """The text of a generation together with its facts; empty when the request failed."""

    __slots__ = ("failure", "generation", "max_tokens")

    generation: Generation | None
    failure: Failure | None
    """Set when no response could be had: ours or the endpoint's fault, never a wrong answer."""
    max_tokens: int | None
    """The token limit that was sent."""

    def __new__(
        cls, text: str = "", generation: Generation | None = None, failure: Failure | None = None,
        max_tokens: int | None = None,
    ) -> Self:  # fmt: skip
        """A string with its facts."""
        self = super().__new__(cls, text)
        self.generation, self.failure, self.max_tokens = generation, failure, max_tokens
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle with the facts: lm-eval's cache stores responses."""
        return type(self), (str(self), self.generation, self.failure, self.max_tokens)


def failure(response: str) -> Failure | None:
    """Why there is no response, or None when there is one (or nothing is known)."""
    return response.failure if isinstance(response, Response) else None


def truncated(response: str) -> bool | None:
    """Whether the response ended at the token limit; None when the model does not say."""
    if not isinstance(response, Response) or response.generation is None:
        return None
    reason = response.generation.finish_reason
    return reason == "length" if reason else None


def facts(response: str) -> dict[str, Any]:
    """How the response was generated, for the log; None stands for unknown."""
    known = dict.fromkeys(FACTS)
    if not isinstance(response, Response):
        return known
    generation = response.generation
    if generation is not None:
        told = {name: getattr(generation, name) for name in FACTS if name != "max_tokens"}
        known |= {name: None if value == "" else value for name, value in told.items()}
    return known | {"max_tokens": response.max_tokens}
