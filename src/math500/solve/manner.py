"""How a model and its Python speak: what asks for code to be run, and how its output goes back.

blocks.py  a ```python block in the text, its output in an ```output block; any chat model
calls.py   the endpoint's own protocol for tools
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from math500.records import Extras, Generation, Message, Prompt

NO_MORE = {
    "en": "No more code can be run. Give your final answer within \\boxed{} now.",
    "zh": "不能再运行代码了。现在请在 \\boxed{} 中给出最终答案。",
}


@dataclass(frozen=True)
class Asked:
    """Something that a reply wants to be run."""

    code: str
    fault: str = ""
    """Why it cannot be run; told to the model in place of an output."""


class Manner(Protocol):
    """One way to speak."""

    @property
    def stop(self) -> tuple[str, ...]:
        """Strings at which a reply ends, beside the prompt's own."""
        ...

    def told(self, prompt: Prompt, libraries: str) -> str:
        """What the model is told of it before the question."""
        ...

    def extras(self, *, more: bool) -> Extras | None:
        """What is asked for beside a text; without `more` nothing is run any longer."""
        ...

    def asked(self, reply: Generation) -> Sequence[Asked]:
        """What a reply wants to be run, in order; nothing where it is the last one."""
        ...

    def answered(self, reply: Generation, outputs: Sequence[str]) -> list[Message]:
        """The reply and its outputs, one for each that was asked for, as the conversation goes on."""
        ...

    def passed_over(self, reply: Generation) -> list[Message]:
        """The reply as the conversation goes on without running what it may ask for."""
        ...
