"""A question and a solution as the tokens that a reward model reads, in training as in use.

    outcome/1   the conversation by the model's chat template; the value is read behind its last token
    process/1   the question by the template, then step by step, an empty line behind each; a step's value is
                read at the last token behind it, where the model knows that the step is over
    qwen-prm/1  the conversation by the template, with `<extra_0>` behind each step of its answer, where the
                step's value is read: Qwen2.5-Math-PRM, served only (its model card; arXiv:2501.07301)

Each step is made tokens by itself, so that its end is a token of its own whatever the tokenizer joins. To
read the value at a mark behind the step is Math-Shepherd's way (Wang et al. 2023, arXiv:2312.08935); the mark
is an empty line here, and no special word.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from math500.errors import UsageError
from math500.records import Message

FORMS = {"outcome": "outcome/1", "process": "process/1"}
"""Raised when the same text would become other tokens."""
QWEN_PRM = "qwen-prm/1"
END = "\n\n"
"""Behind each step."""
QWEN_END = "<extra_0>"


class Text(NamedTuple):
    """What a model reads of one solution."""

    ids: tuple[int, ...]
    """The tokens."""
    ends: tuple[int, ...]
    """The tokens behind which a value is read: the last one, or each step's."""


Landed = Callable[[int, Sequence[float]], None]
"""Told of each text, by its place, the moment its values are there: one for each of its ends."""


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


def qwen_prm(
    tokenizer: Any,  # noqa: ANN401
    prompt: Sequence[Message],
    steps: Sequence[str],
) -> tuple[list[int], list[int]]:
    """The tokens of a solution in steps as Qwen2.5-Math-PRM reads them, and the places of its marks.

    Raises:
        UsageError: the tokenizer has no such mark, or the question writes it, or the template leaves it out.
    """
    mark = tokenizer.encode(QWEN_END, add_special_tokens=False)
    if len(mark) != 1:
        raise UsageError(
            f"this tokenizer does not know {QWEN_END} as one token",
            "The form qwen-prm is Qwen2.5-Math-PRM's: give the folder of its tokenizer as --reward.",
        )
    # What a solution itself writes is no mark.
    written = "".join(step.replace(QWEN_END, "").strip() + QWEN_END for step in steps)
    ids = outcome(tokenizer, prompt, written)
    ends = [place for place, one in enumerate(ids) if one == mark[0]]
    if len(ends) != len(steps):
        raise UsageError(
            f"a solution of {len(steps)} steps has {len(ends)} marks {QWEN_END} as this tokenizer writes it",
            "Look at its chat template, and at the question, for the mark.",
        )
    return ids, ends


def whole(tokenizer: Any, prompt: Sequence[Message], response: str) -> Text:  # noqa: ANN401
    """What is read of a whole solution."""
    ids = outcome(tokenizer, prompt, response)
    return Text(tuple(ids), (len(ids) - 1,))


def parted(tokenizer: Any, form: str, prompt: Sequence[Message], steps: Sequence[str]) -> Text:  # noqa: ANN401
    """What is read of a solution in steps, in this form."""
    ids, ends = (qwen_prm if form == QWEN_PRM else process)(tokenizer, prompt, steps)
    return Text(tuple(ids), tuple(ends))
