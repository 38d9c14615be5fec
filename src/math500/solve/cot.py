"""One chain of thought: the prompt's messages, one completion, its text.

Where the answer has begun already, the completion goes on with it, and the response is all of it.
"""

from __future__ import annotations

from dataclasses import dataclass

from math500 import prompts
from math500.records import Decoding, Prompt
from math500.solve.base import Model, Solution


@dataclass(frozen=True)
class Cot:
    """Ask once and take what comes."""

    prompt: Prompt
    decoding: Decoding
    name: str = "cot"
    several: bool = False

    async def solve(self, question: str, model: Model, *, seed: int | None) -> Solution:
        """See `Solver.solve`."""
        messages = prompts.messages(self.prompt, question)
        generation = await model.generate(messages, self.decoding, seed=seed, stop=self.prompt.stop)
        return Solution(response=prompts.whole(question, generation.text), generations=(generation,))
