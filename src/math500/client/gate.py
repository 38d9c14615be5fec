"""Who may send now: one brake and one limit for all workers.

A worker enters before each request and leaves after it. The gate lets workers through in the order in
which they came, those that try again first, while

- fewer than `limit` requests are in flight,
- no hold is on (an endpoint's `Retry-After` holds everybody),
- and, in an outage, while no other probe is in flight.

An outage is seen when several requests in a row have failed with none succeeding in between. Then one
request at a time goes out, with doubling pauses; the first success ends it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from math500.client.waits import Clock, pause
from math500.errors import ModelError

OUTAGE_AFTER = 8
"""Failures in a row: with one in five requests failing by chance, 8 in a row come up once in 400,000."""
FIRST_PROBE = 0.25
LONGEST_PROBE = 8.0


class Gate:
    """Lets workers through.

    Args:
        limit: requests in flight at once.
        clock: the time.
    """

    def __init__(self, limit: int, clock: Clock) -> None:
        self.limit = limit
        self.clock = clock
        self.in_flight = 0
        self.failures = 0
        """Failures in a row."""
        self._probes = 0
        self._failing_since: float | None = None
        self._held_until = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._waiting: deque[asyncio.Future[bool]] = deque()
        self._stopped: ModelError | None = None

    @property
    def outage(self) -> bool:
        """Whether the endpoint seems to be down."""
        return self.failures >= OUTAGE_AFTER

    @property
    def failing_for(self) -> float:
        """Seconds since the first failure after the last success."""
        return 0.0 if self._failing_since is None else self.clock.now() - self._failing_since

    @asynccontextmanager
    async def slot(self, again: bool = False) -> AsyncIterator[None]:
        """Hold one place among the requests in flight.

        Args:
            again: this request was sent before and goes ahead of new ones.

        Raises:
            ModelError: the run was stopped.
        """
        await self._enter(again)
        try:
            yield
        finally:
            self._leave()

    def succeeded(self) -> None:
        """A request was answered."""
        self.failures = self._probes = 0
        self._failing_since = None

    def failed(self) -> None:
        """A request failed in a way that says something about the endpoint."""
        self.failures += 1
        if self._failing_since is None:
            self._failing_since = self.clock.now()
        if self.outage and self.clock.now() >= self._held_until:
            self._probes += 1
            self.hold(pause(self._probes, FIRST_PROBE, LONGEST_PROBE))

    def hold(self, seconds: float) -> None:
        """Let nobody through for so long."""
        self._held_until = max(self._held_until, self.clock.now() + seconds)

    def stop(self, error: ModelError) -> None:
        """Let nobody through any more; who waits and who comes gets the error."""
        self._stopped = self._stopped or error
        self._let_through()

    def close(self) -> None:
        """Forget the timer; nobody is waiting any more."""
        if self._timer is not None:
            self._timer.cancel()

    async def _enter(self, again: bool) -> None:
        if self._stopped is None and not self._waiting and self._open():
            self.in_flight += 1
        else:
            await self._turn(again)

    async def _turn(self, again: bool) -> None:
        """Wait in line; the turn's result is False when the run was stopped meanwhile."""
        turn: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        (self._waiting.appendleft if again else self._waiting.append)(turn)
        self._let_through()
        try:
            admitted = await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.result():
                self._leave()
            raise
        if not admitted and self._stopped is not None:
            raise type(self._stopped)(self._stopped.what, self._stopped.next_step)

    def _leave(self) -> None:
        self.in_flight -= 1
        self._let_through()

    def _let_through(self) -> None:
        """Wake as many as may send; a cancelled turn is skipped."""
        while self._waiting and (self._stopped is not None or self._open()):
            turn = self._waiting.popleft()
            if not turn.done():
                self.in_flight += self._stopped is None
                turn.set_result(self._stopped is None)

    def _open(self) -> bool:
        left = self._held_until - self.clock.now()
        if left > 0:
            self._call_again_in(left)
            return False
        return self.in_flight < (1 if self.outage else self.limit)

    def _call_again_in(self, seconds: float) -> None:
        if self._timer is None:
            self._timer = self.clock.later(seconds, self._timed)

    def _timed(self) -> None:
        self._timer = None
        self._let_through()
