"""Reasoning with Python in the loop (ToRA), through code blocks, so that any chat model can do it.

    model writes text and a ```python block  ->  it is run  ->  its output goes back in an ```output block

The rules are those of ToRA (Gou et al. 2023, arXiv:2309.17452; microsoft/ToRA src/infer/inference.py):
generation stops where the model would write an output by itself (lines 109, 128), a reply with a boxed answer
or without code at its end is the last one (line 145), at most four rounds (line 108). Different here: what a
model sees of an output is longer than the original's 100 characters and says what was cut; variables are kept
between blocks; and when the rounds are used up the model is asked once for its answer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from math500 import prompts
from math500.grading import extract
from math500.records import Decoding, Execution, Generation, Message, Prompt
from math500.sandbox import Sandbox, Session
from math500.solve.base import Model, Solution

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
ROUNDS = 4
SHOWN = 2000
"""Characters of an output that go back to the model; the middle is cut out of a longer one."""

NO_MORE = {
    "en": "No more code can be run. Give your final answer within \\boxed{} now.",
    "zh": "不能再运行代码了。现在请在 \\boxed{} 中给出最终答案。",
}
SILENT = "(no output: print what you want to see)"

_BLOCK = re.compile(r"```[ \t]*(?:python|py|Python)3?[ \t]*\n(.*?)(?:```|\Z)", re.DOTALL)


@dataclass(frozen=True)
class Tools:
    """Reasoning and Python in turns.

    Args:
        prompt: how the question is asked; the protocol is put before it.
        decoding: of every completion.
        sandbox: where the code runs.
        rounds: replies whose code is run.
    """

    prompt: Prompt
    decoding: Decoding
    sandbox: Sandbox
    rounds: int = ROUNDS
    name: str = "tools"
    several: bool = True

    async def solve(self, question: str, model: Model, *, seed: int | None) -> Solution:
        """See `Solver.solve`."""
        async with self.sandbox.session() as session:
            talk = Talk(self, model, session, opening(self.prompt, question, self.sandbox), seed)
            await talk.reply()
            await talk.until_answered()
        return talk.solution()


class Talk:
    """One conversation with code in it, and all that came of it."""

    def __init__(
        self, settings: Tools, model: Model, session: Session, messages: list[Message], seed: int | None
    ) -> None:
        self._settings = settings
        self._model = model
        self._session = session
        self._messages = messages
        self._seed = seed
        self.generations: list[Generation] = []
        self.executions: list[Execution] = []

    @property
    def last(self) -> str:
        """The model's last reply."""
        return self.generations[-1].text

    async def until_answered(self) -> None:
        """Let the model run code until it answers or has used up its rounds."""
        for _ in range(self._settings.rounds):
            code = blocks(self.last)
            if not code or finished(self.generations[-1]):
                return
            await self.say("\n".join([await self._run(block) for block in code]))
        if blocks(self.last) and not finished(self.generations[-1]):
            await self.say(NO_MORE[self._settings.prompt.language])

    async def say(self, text: str) -> None:
        """Say something to the model and take its reply."""
        self._messages += [
            Message(role="assistant", content=self.last),
            Message(role="user", content=text),
        ]
        await self.reply()

    async def reply(self) -> None:
        """Take the model's next reply."""
        stop = (*self._settings.prompt.stop, STOP)
        self.generations.append(
            await self._model.generate(self._messages, self._settings.decoding, seed=self._seed, stop=stop)
        )

    async def _run(self, code: str) -> str:
        done = await self._session.run(code)
        self.executions.append(done)
        return f"{STOP}\n{shown(done)}\n```"

    def solution(self) -> Solution:
        """What it came to."""
        return Solution(
            response=self.last, generations=tuple(self.generations), executions=tuple(self.executions)
        )


def opening(prompt: Prompt, question: str, sandbox: Sandbox, more: str = "") -> list[Message]:
    """The first messages: the prompt's own, the protocol in their system message."""
    libraries = ", ".join(name for name in ("sympy", "numpy", "scipy") if name in sandbox.libraries) or "math"
    told = PROTOCOL[prompt.language].replace("{libraries}", libraries)
    asked = prompts.messages(prompt, question)
    own = [m.content for m in asked if m.role == "system"]
    system = Message(role="system", content="\n\n".join([told, *([more] if more else []), *own]))
    return [system, *(m for m in asked if m.role != "system")]


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


def shown(done: Execution) -> str:
    """What a model sees of an execution."""
    parts = [done.output.rstrip(), done.error]
    if done.ended == "time":
        parts.append("Stopped: it ran too long. All variables are lost.")
    elif done.ended == "output":
        parts.append("Stopped: it printed too much. All variables are lost.")
    elif done.ended == "crash":
        parts.append("The process ended. All variables are lost.")
    text = "\n".join(p for p in parts if p) or SILENT
    if len(text) <= SHOWN:
        return text
    half = SHOWN // 2
    return f"{text[:half]}\n... ({len(text) - SHOWN} characters left out) ...\n{text[-half:]}"
