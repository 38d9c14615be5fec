"""Code in the text, so that any chat model can do it: a ```python block, its output in an ```output block."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from math500.grading import extract
from math500.records import Extras, Generation, Message, Prompt
from math500.solve.manner import Asked

PROTOCOL = {
    "en": (
        "You can run Python while you solve the problem. To do so, write one block that begins with "
        "```python and ends with ```, and stop there: its output is shown to you in a block ```output, and "
        "you go on. Variables are kept from block to block; {libraries} can be imported. Print what you want "
        "to see. When you know the answer, write it within \\boxed{} and write no more code."
    ),
    "zh": (
        "解题时可以运行 Python。方法: 写一个以 ```python 开头、以 ``` 结尾的代码块, 然后停下; "
        "它的输出会放在 ```output 块中给你看, 你再继续。各代码块之间变量保留; 可以导入 {libraries}。"
        "需要看的结果请用 print 输出。得到答案后, 把它写在 \\boxed{} 中, 不要再写代码。"
    ),
}
"""How a model is told what it can do; put before the prompt's own wording."""

STOP = "```output"

_BLOCK = re.compile(r"```[ \t]*(?:python|py|Python)3?[ \t]*\n(.*?)(?:```|\Z)", re.DOTALL)


@dataclass(frozen=True)
class Blocks:
    """Code as blocks of the text; see `Manner`."""

    stop: tuple[str, ...] = (STOP,)

    def told(self, prompt: Prompt, libraries: str) -> str:
        """See `Manner.told`."""
        return PROTOCOL[prompt.language].replace("{libraries}", libraries)

    def extras(self, *, more: bool) -> Extras | None:  # noqa: ARG002 - the words alone say so
        """Nothing: it is all in the text."""
        return None

    def asked(self, reply: Generation) -> list[Asked]:
        """The blocks, unless the reply gives its answer beside them or was cut off."""
        return [] if finished(reply) else [Asked(code) for code in blocks(reply.text)]

    def answered(self, reply: Generation, outputs: Sequence[str]) -> list[Message]:
        """See `Manner.answered`."""
        told = "\n".join(f"{STOP}\n{output}\n```" for output in outputs)
        return [*self.passed_over(reply), Message(role="user", content=told)]

    def passed_over(self, reply: Generation) -> list[Message]:
        """See `Manner.passed_over`."""
        return [Message(role="assistant", content=reply.text)]


def blocks(text: str) -> list[str]:
    """The Python blocks of a reply; the last one may be cut by the stop string that ends a reply."""
    return [code for code in _BLOCK.findall(text) if code.strip()]


def outside_code(text: str) -> str:
    """A reply without its Python blocks."""
    return _BLOCK.sub("", text)


def finished(generation: Generation) -> bool:
    """Whether a reply is the last one: it gives a boxed answer outside of code, or was cut off."""
    if generation.finish_reason == "length":
        return True
    return extract(outside_code(generation.text), strict=True).answer is not None
