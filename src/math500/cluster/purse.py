"""One purse for all workers: the run's limits on requests, tokens and money hold as they do without Ray.

The purse lives in an actor of its own. A worker asks it before each request and tells it afterwards, which
takes a round trip through Ray; a run without limits has no purse. What a lost worker had in flight may have
been billed, and counts as spent.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from math500.client.budget import Limit, Purse, Spent, used_by
from math500.cluster.post import beside_the_driver
from math500.errors import QuotaExhausted
from math500.records import Budget, Decoding, Extras, Generation, Message, Price


class Shared:
    """The purse itself; each worker has a name in it."""

    def __init__(self, budget: Budget, price: Price | None, spent: Spent) -> None:
        self._purse = Purse(budget, price, spent)
        self._in_flight: dict[str, list[Spent]] = {}

    async def begin(self, worker: str) -> None:
        """A worker starts; what one of this name had in flight died with it."""
        for most in self._in_flight.pop(worker, []):
            self._purse.count(most, most)
        self._in_flight[worker] = []

    async def take(self, worker: str, most: Spent) -> Limit | None:
        """Set aside for a request when it fits; the limit that it would pass where it never will."""
        limit = await self._purse.wait_for(lambda: most)
        if limit is None:
            self._in_flight[worker].append(most)
        return limit

    async def count(self, worker: str, most: Spent, used: Spent) -> None:
        """A request that set aside so much has used so much."""
        if most in self._in_flight[worker]:
            self._in_flight[worker].remove(most)
            self._purse.count(most, used)


def shared(budget: Budget, price: Price | None, spent: Spent) -> Any:  # noqa: ANN401 - Ray's handle
    """The handle of a new purse; None where there is no limit to keep."""
    if budget == Budget():
        return None
    return beside_the_driver(Shared, budget, price, spent)


class Part(Purse):
    """A worker's side of it."""

    def __init__(self, handle: Any, worker: str, budget: Budget) -> None:  # noqa: ANN401
        super().__init__(budget)
        self._handle = handle
        self._worker = worker

    async def take(
        self, messages: Sequence[Message], decoding: Decoding, extras: Extras | None = None
    ) -> Spent:
        """As `Purse.take`."""
        most = self.most(messages, decoding, extras)
        limit: Limit | None = await self._handle.take.remote(self._worker, most)
        if limit is not None:
            raise QuotaExhausted(limit.what, limit.next_step)
        return most

    def settle(self, most: Spent, generation: Generation | None, *, billed: bool) -> None:
        """As `Purse.settle`."""
        used = used_by(generation, most) if generation is not None else most if billed else Spent()
        self.longest = max(self.longest, used.completion_tokens)
        self._handle.count.remote(self._worker, most, used)
