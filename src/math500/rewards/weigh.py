"""A reward model that weighs the solutions of a vote, or finds the best one; see `solve.Scorer`.

It reads the question as the run's prompt puts it, with the response behind it. What waits for a value when
the model is free is valued at once: k solutions of a problem, and those of others, cost one computation.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from math500 import prompts
from math500.records import Aggregate, Prompt, Score
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
        try:
            rewards = await asyncio.to_thread(self.model.solutions, [(asked, text) for asked, text, _ in now])
        except Exception as e:
            for _, _, given in now:
                if not given.done():
                    given.set_exception(e)
            return
        for (_, _, given), reward in zip(now, rewards, strict=True):
            if not given.done():
                given.set_result(value(reward, self.aggregate))
