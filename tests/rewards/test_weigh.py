from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

from math500 import prompts
from math500.errors import ModelError
from math500.records import Generation, Message, Reward
from math500.rewards import RewardModel, Weigher
from math500.solve import Solution


class Short:
    """Values a solution by its length, and remembers how many it was given at once."""

    def __init__(self, *, broken: bool = False) -> None:
        self.calls: list[list[str]] = []
        self.asked: tuple[Message, ...] = ()
        self.broken = broken

    def solutions(
        self, given: list[tuple[tuple[Message, ...], str]], rewarded: Callable[[int, Reward], None]
    ) -> None:
        self.asked = given[0][0]
        self.calls.append([text for _, text in given])
        for place, (_, text) in enumerate(given):
            if self.broken and len(text) > 1:
                raise ModelError("out of memory", "Give less.")
            rewarded(place, Reward(steps=(1 / len(text), 1.0)))


def _scores(model: Short, texts: list[str]) -> list[float | BaseException | None]:
    async def all_() -> list[float | BaseException | None]:
        weigher = Weigher(cast("RewardModel", model), prompts.get("boxed"))
        solutions = [Solution(text, (Generation(text=text),)) for text in texts]
        scores = (weigher.score("1 + 1?", s, cast("Any", None)) for s in solutions)
        given = await asyncio.gather(*scores, return_exceptions=True)
        return [one if isinstance(one, BaseException) else one.value for one in given]

    return asyncio.run(all_())


def test_each_gets_its_own_value_and_those_that_wait_are_valued_at_once() -> None:
    model = Short()
    assert _scores(model, ["a", "bb", "cccc"]) == [1.0, 0.5, 0.25]
    assert model.calls == [["a", "bb", "cccc"]]
    assert model.asked == prompts.messages(prompts.get("boxed"), "1 + 1?")


def test_a_failure_reaches_those_that_have_no_value_yet() -> None:
    first, *others = _scores(Short(broken=True), ["a", "bb", "c"])
    assert first == 1.0
    assert [type(one) for one in others] == [ModelError, ModelError]
