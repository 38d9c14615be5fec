"""Which part of a response counts: everything outside thinking blocks.

Thinking is blanked out with spaces of the same length, so that offsets still point into the response.
"""

from __future__ import annotations

import re

THINKING = (
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"),
    ("<seed:think>", "</seed:think>"),
    ("[THINK]", "[/THINK]"),
    ("◁think▷", "◁/think▷"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
)
"""The marks around thinking that open models write."""


def visible(response: str) -> str | None:
    """The response with its thinking blanked out, or None when a thinking block never ends.

    A closing mark without an opening one ends a block that began with the prompt.
    """
    text: str | None = _own_turn(response)
    for opening, closing in THINKING:
        if text is not None and (opening in text or closing in text):
            text = _without(text, opening, closing)
    return text


_TURN_ENDS = re.compile(r"<\|(?:im_end|im_start|eot_id|endoftext|end_of_text)\|>|</s>|<｜end▁of▁sentence｜>")


def _own_turn(response: str) -> str:
    """The response up to the mark at which the model should have stopped; what it wrote on is blanked out."""
    if "<" not in response:
        return response
    for end in _TURN_ENDS.finditer(response):
        if response[: end.start()].strip():
            return response[: end.start()] + " " * (len(response) - end.start())
    return response


def _without(text: str, opening: str, closing: str) -> str | None:
    if text.rfind(opening) > text.rfind(closing):
        return None
    block = re.compile(f"{re.escape(opening)}.*?{re.escape(closing)}", re.DOTALL)
    text = block.sub(lambda match: " " * len(match.group()), text)
    stray = text.rfind(closing)
    return text if stray < 0 else " " * (stray + len(closing)) + text[stray + len(closing) :]
