"""A prompt, and a solver that asks once more where an answer was cut off."""

from __future__ import annotations

from dataclasses import dataclass

from math500 import prompts
from math500.records import Decoding, Message, Prompt
from math500.solve import Model, Solution

RESTATE = Prompt(
    name="restate",
    template="{problem}\nFirst say in one sentence what is asked. Then solve it. End with \\boxed{}.",
    source="math500-example",
    description="What is asked in one sentence, then the solution.",
)

SHORTER = "That was too long. Give the solution again in a few lines, and end with \\boxed{}."


@dataclass(frozen=True)
class Shorter:
    """Ask; where the answer was cut off, ask for a shorter one."""

    prompt: Prompt
    decoding: Decoding
    name: str = "shorter"
    several: bool = True

    async def solve(self, question: str, model: Model, *, seed: int | None) -> Solution:
        """See `math500.solve.Solver`."""
        messages = prompts.messages(self.prompt, question)
        first = await model.generate(messages, self.decoding, seed=seed, stop=self.prompt.stop)
        if first.finish_reason != "length":
            return Solution(response=first.text, generations=(first,))
        said = (Message(role="assistant", content=first.text), Message(role="user", content=SHORTER))
        second = await model.generate((*messages, *said), self.decoding, seed=seed, stop=self.prompt.stop)
        return Solution(response=second.text, generations=(first, second))


def shorter(prompt: Prompt, decoding: Decoding) -> Shorter:
    """The solver, for a prompt and decoding."""
    return Shorter(prompt, decoding)
