"""A question and a solution as the tokens that a reward model reads, in training as in use.

    outcome/1   the conversation by the model's chat template; the value is read behind its last token
    process/1   the question by the template, then step by step, an empty line behind each; a step's value is
                read at the last token behind it, where the model knows that the step is over

Each step is made tokens by itself, so that its end is a token of its own whatever the tokenizer joins. To
read the value at a mark behind the step is Math-Shepherd's way (Wang et al. 2023, arXiv:2312.08935); the mark
is an empty line here, and no special word.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from math500.records import Message

FORMS = {"outcome": "outcome/1", "process": "process/1"}
"""Raised when the same text would become other tokens."""
END = "\n\n"
"""Behind each step."""


def plain(messages: Iterable[Message]) -> list[dict[str, str]]:
    """Messages as the libraries want them."""
    return [{"role": one.role, "content": one.content} for one in messages]


def conversation(tokenizer: Any, messages: Iterable[Message]) -> list[int]:  # noqa: ANN401
    """A conversation's tokens, by the model's chat template."""
    return list(tokenizer.apply_chat_template(plain(messages), tokenize=True, return_dict=False))


def outcome(tokenizer: Any, prompt: Sequence[Message], response: str) -> list[int]:  # noqa: ANN401
    """The tokens of a question with a whole solution."""
    return conversation(tokenizer, (*prompt, Message(role="assistant", content=response)))


def process(
    tokenizer: Any,  # noqa: ANN401
    prompt: Sequence[Message],
    steps: Sequence[str],
) -> tuple[list[int], list[int]]:
    """The tokens of a question with a solution in steps, and the place of each step's end in them."""
    ids = list(
        tokenizer.apply_chat_template(
            plain(prompt), tokenize=True, add_generation_prompt=True, return_dict=False
        )
    )
    ends = []
    for step in steps:
        ids += tokenizer.encode(step.strip() + END, add_special_tokens=False)
        ends.append(len(ids) - 1)
    return ids, ends
