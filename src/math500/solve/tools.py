"""Reasoning with Python in the loop (ToRA).

    model writes text and code  ->  it is run  ->  its output goes back

The rules are those of ToRA (Gou et al. 2023, arXiv:2309.17452; microsoft/ToRA src/infer/inference.py):
generation stops where the model would write an output by itself (lines 109, 128), a reply with a boxed answer
or without code at its end is the last one (line 145), at most four rounds (line 108). Different here: what a
model sees of an output is longer than the original's 100 characters and says what was cut; variables are kept
between blocks; and when the rounds are used up the model is asked once for its answer. How it asks for code
is a `Manner`: a block in its text, or a call of the endpoint's own protocol.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from math500 import prompts
from math500.records import Decoding, Execution, Generation, Message, Prompt
from math500.sandbox import Sandbox, Session
from math500.solve.base import Model, Solution
from math500.solve.blocks import Blocks
from math500.solve.manner import NO_MORE, Asked, Manner

ROUNDS = 4
SHOWN = 2000
"""Characters of an output that go back to the model; the middle is cut out of a longer one."""

SILENT = "(no output: print what you want to see)"


@dataclass(frozen=True)
class Tools:
    """Reasoning and Python in turns.

    Args:
        prompt: how the question is asked; what is told of the manner is put before it.
        decoding: of every completion.
        sandbox: where the code runs.
        rounds: replies whose code is run.
        manner: how a model asks for code.
    """

    prompt: Prompt
    decoding: Decoding
    sandbox: Sandbox
    rounds: int = ROUNDS
    manner: Manner = field(default_factory=Blocks)
    name: str = "tools"
    several: bool = True

    async def solve(self, question: str, model: Model, *, seed: int | None) -> Solution:
        """See `Solver.solve`."""
        async with self.sandbox.session() as session:
            talk = Talk(self, model, session, opening(self, question), seed)
            await talk.reply()
            await talk.until_answered()
        return talk.solution()


class Talk:
    """One conversation with code in it, and all that came of it."""

    def __init__(
        self, settings: Tools, model: Model, session: Session, messages: list[Message], seed: int | None
    ) -> None:
        self._settings = settings
        self._manner = settings.manner
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
            asked = self._manner.asked(self.generations[-1])
            if not asked:
                return
            outputs = [await self._run(each) for each in asked]
            self._messages += self._manner.answered(self.generations[-1], outputs)
            await self.reply()
        if self._manner.asked(self.generations[-1]):
            await self.say(NO_MORE[self._settings.prompt.language], more=False)

    async def say(self, text: str, *, more: bool = True) -> None:
        """Say something to the model and take its reply; without `more` it can run nothing."""
        self._messages += self._manner.passed_over(self.generations[-1])
        self._messages.append(Message(role="user", content=text))
        await self.reply(more=more)

    async def reply(self, *, more: bool = True) -> None:
        """Take the model's next reply."""
        settings = self._settings
        self.generations.append(
            await self._model.generate(
                self._messages,
                settings.decoding,
                seed=self._seed,
                stop=(*settings.prompt.stop, *self._manner.stop),
                extras=self._manner.extras(more=more),
            )
        )

    async def _run(self, asked: Asked) -> str:
        """What the model sees of it; what cannot be run counts as an execution that failed."""
        if asked.fault:
            self.executions.append(Execution(code=asked.code, error=asked.fault))
            return asked.fault
        done = await self._session.run(asked.code)
        self.executions.append(done)
        return shown(done)

    def solution(self) -> Solution:
        """What it came to."""
        return Solution(
            response=self.last, generations=tuple(self.generations), executions=tuple(self.executions)
        )


def opening(settings: Tools, question: str, more: str = "") -> list[Message]:
    """The first messages: the prompt's own, what is told of the manner in their system message."""
    has = settings.sandbox.libraries
    libraries = ", ".join(name for name in ("sympy", "numpy", "scipy") if name in has) or "math"
    told = settings.manner.told(settings.prompt, libraries)
    asked = prompts.messages(settings.prompt, question)
    own = [m.content for m in asked if m.role == "system"]
    system = Message(role="system", content="\n\n".join([told, *([more] if more else []), *own]))
    return [system, *(m for m in asked if m.role != "system")]


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
