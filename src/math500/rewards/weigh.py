"""A reward model that weighs the solutions of a vote, or finds the best one; see `solve.Scorer`.

It reads the question as the run's prompt puts it, with the response behind it. What waits for a value when
the model is free is valued at once: k solutions of a problem, and those of others, cost one computation.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from math500 import prompts
from math500.records import Aggregate, Prompt, Reward, Score
from math500.rewards.model import Question, RewardModel, value
from math500.solve import Model, Solution


@dataclass(frozen=True)
class Weigher:
    """Gives each solution its value, 0 to 1."""

    model: RewardModel
    prompt: Prompt
    aggregate: Aggregate = "min"
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _waiting: list[tuple[Question, str, asyncio.Future[float]]] = field(default_factory=list)

    async def score(self, question: str, solution: Solution, model: Model) -> Score:  # noqa: ARG002 - nobody is asked
        """The score of one solution."""
        given: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._waiting.append((prompts.messages(self.prompt, question), solution.response, given))
        async with self._turn:
            if not given.done():
                await self._value()
        return Score(voter=0, value=await given)

    async def _value(self) -> None:
        """Value everything that waits, those that are about to ask among them."""
        await asyncio.sleep(0)
        now = [*self._waiting]
        self._waiting.clear()
        there: dict[int, Reward] = {}
        failed: Exception | None = None
        try:
            solutions = [(asked, text) for asked, text, _ in now]
            await asyncio.to_thread(self.model.solutions, solutions, there.__setitem__)
        except Exception as e:
            failed = e
        for place, (_, _, given) in enumerate(now):
            if given.done():
                continue
            if place in there:
                given.set_result(value(there[place], self.aggregate))
            else:
                assert failed is not None  # noqa: S101 - see `model.Reader`
                given.set_exception(failed)
