"""Who may send now: one brake and one limit for all workers.

A worker enters before each request and leaves after it. The gate lets workers through in the order in
which they came, those that try again first, while

- fewer requests are in flight than the endpoint stands (limits.Concurrency),
- no hold is on (an endpoint's `Retry-After` holds everybody),
- the limits that the endpoint announces have room (limits.Meter),
- and, in an outage, while no other probe is in flight.

An outage is seen when several requests in a row have failed with none succeeding in between. Then one
request at a time goes out, with doubling pauses; the first success ends it, and the concurrency grows
again from a few.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from math500.client.limits import RAMP_NEAR, Concurrency, Meter
from math500.client.waits import Clock, pause
from math500.errors import ModelError

OUTAGE_AFTER = 8
"""Failures in a row: with one in five requests failing by chance, 8 in a row come up once in 400,000."""
SPELL = 5.0
"""Seconds between failures that belong together: an outage begins with answers and failures mixed."""
FIRST_PROBE = 0.25
LONGEST_PROBE = 2.0
MOST_STEPS = 4
"""Of the ramp at once: timers are late by a millisecond, and a busy process by many."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """One request's place."""

    number: int
    """1 for the first request."""
    at: float
    """When it was let through."""
    level: int = 0
    """Requests in flight then, this one included."""
    refused: int = 0
    """Push-backs until then."""


class Gate:
    """Lets workers through.

    Args:
        at_most: requests in flight at once, at most.
        clock: the time.
        ramp: seconds between two more at the beginning.
    """

    def __init__(self, at_most: int, clock: Clock, ramp: float = RAMP_NEAR) -> None:
        self.clock = clock
        self._ramp_step = ramp
        self.concurrency = Concurrency(at_most)
        self.meters = (Meter("requests"), Meter("tokens"))
        self.in_flight = 0
        self.sent = 0
        self.refused = 0
        """Push-backs."""
        self.failures = 0
        """Failures in a row."""
        self._probes = 0
        self._failed_at = -SPELL
        self._limit_before = at_most
        self._failing_since: float | None = None
        self._held_until = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0
        self._ramped_at = 0.0
        self._waiting: deque[asyncio.Future[Ticket | None]] = deque()
        self._stopped: ModelError | None = None

    @property
    def outage(self) -> bool:
        """Whether the endpoint seems to be down."""
        return self.failures >= OUTAGE_AFTER

    @property
    def held_for(self) -> float:
        """Seconds that a hold goes on; 0 where there is none."""
        return max(0.0, self._held_until - self.clock.now())

    @property
    def stopped(self) -> bool:
        """Whether nobody is let through any more."""
        return self._stopped is not None

    @property
    def failing_for(self) -> float:
        """Seconds since the first failure after the last success."""
        return 0.0 if self._failing_since is None else self.clock.now() - self._failing_since

    @asynccontextmanager
    async def slot(self, again: bool = False) -> AsyncIterator[Ticket]:
        """Hold one place among the requests in flight.

        Args:
            again: this request was sent before and goes ahead of new ones.

        Raises:
            ModelError: the run was stopped.
        """
        ticket = await self._enter(again)
        try:
            yield ticket
        finally:
            self._leave()

    def read(self, ticket: Ticket, headers: Mapping[str, str]) -> None:
        """Take over the limits that an answer announces."""
        for meter in self.meters:
            meter.read(headers, ticket.number, self.sent, ticket.at, self.clock.now())

    def succeeded(self, ticket: Ticket, tokens: int = 0) -> None:
        """A request was answered, for so many tokens."""
        if self.outage:
            self.concurrency.restart(self._limit_before)
        self.failures = self._probes = 0
        self._failing_since = None
        # What was pushed back meanwhile was on its way when this request was sent: nobody worked on it.
        level = ticket.level - (self.refused - ticket.refused)
        self.concurrency.succeeded(self.in_flight, self.sent, level)
        self.meters[1].learn(tokens)

    def failed(self) -> None:
        """A request failed as it does when the endpoint is down."""
        now = self.clock.now()
        if now - self._failed_at > SPELL:
            self._limit_before = self._worked()
        self._failed_at = now
        self.failures += 1
        self.troubled()
        if self.outage and now >= self._held_until:
            self._probes += 1
            self.hold(pause(self._probes, FIRST_PROBE, LONGEST_PROBE))

    def _worked(self) -> int:
        """The concurrency that worked; all of it while nothing is known."""
        return self.concurrency.at_most if self.concurrency.ramping else self.concurrency.now

    def troubled(self) -> None:
        """A request did not work, and the endpoint does."""
        if self._failing_since is None:
            self._failing_since = self.clock.now()

    def pushed_back(self, ticket: Ticket) -> None:
        """The endpoint wants fewer requests at once, unless it is an announced limit that is used up."""
        self.refused += 1
        now = self.clock.now()
        empty = [meter for meter in self.meters if meter.wait(now) > 0]
        if not empty:
            self.concurrency.pushed_back(self.in_flight - 1, ticket.number)
        elif self.held_for == 0:
            for meter in empty:
                meter.surprised()

    def timed_out(self) -> None:
        """An answer did not come in time."""
        self.concurrency.timed_out()

    def hold(self, seconds: float) -> None:
        """Let nobody through for so long."""
        self._held_until = max(self._held_until, self.clock.now() + seconds)

    def stop(self, error: ModelError) -> None:
        """Let nobody through any more; who waits and who comes gets the error."""
        self._stopped = self._stopped or error
        self._let_through()

    def close(self) -> None:
        """Forget the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def _enter(self, again: bool) -> Ticket:
        if self._stopped is None and not self._waiting and self._open():
            return self._admit()
        turn: asyncio.Future[Ticket | None] = asyncio.get_running_loop().create_future()
        (self._waiting.appendleft if again else self._waiting.append)(turn)
        self._let_through()
        try:
            ticket = await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.result() is not None:
                self._leave()
            raise
        if ticket is None:
            raise self._stop_again()
        return ticket

    def _stop_again(self) -> ModelError:
        """A copy of the error that stopped the run: a traceback of its own for each worker."""
        error = self._stopped
        assert error is not None, "only a stop wakes a worker without a ticket"  # noqa: S101
        return type(error)(error.what, error.next_step)

    def _leave(self) -> None:
        self.in_flight -= 1
        self._let_through()

    def _let_through(self) -> None:
        """Wake as many as may send; a cancelled turn is skipped."""
        while self._waiting and (self._stopped is not None or self._open()):
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(self._admit() if self._stopped is None else None)

    def _open(self) -> bool:
        now = self.clock.now()
        wait = max(self._held_until - now, *(meter.wait(now) for meter in self.meters))
        if wait > 0:
            self._call_again_in(wait)
            return False
        if self.in_flight < (1 if self.outage else self.concurrency.now):
            return True
        if self.concurrency.ramping and self._timer is None:
            self._ramped_at = max(self._ramped_at, now - self._ramp_step)
            self._timer = self.clock.later(self._ramp_step, self._ramp)
        return False

    def _admit(self) -> Ticket:
        now = self.clock.now()
        self.in_flight += 1
        self.sent += 1
        for meter in self.meters:
            meter.take(now)
        return Ticket(self.sent, now, self.in_flight, self.refused)

    def _call_again_in(self, seconds: float) -> None:
        """Look again after so long, or earlier where that is planned already."""
        due = self.clock.now() + seconds
        if self._timer is None or due < self._due:
            self.close()
            self._due = due
            self._timer = self.clock.later(seconds, self._look_again)

    def _ramp(self) -> None:
        """One more for each step that has passed; a few at most: what came meanwhile is not read yet."""
        passed = self.clock.now() - self._ramped_at
        steps = max(1, min(int(passed / self._ramp_step), MOST_STEPS))
        self._ramped_at += steps * self._ramp_step
        for _ in range(steps):
            self.concurrency.ramp()
        self._look_again()

    def _look_again(self) -> None:
        self._timer = None
        self._let_through()
