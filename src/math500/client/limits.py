"""How much may be sent: the concurrency that an endpoint stands, and the limits that it announces.

Concurrency   how many requests at once. Begins with a few and adds one every few milliseconds while
              nothing comes back but answers, so that a fast endpoint is filled within its first latency
              and a full one is noticed after one request too many. A push-back (429, 503) leaves as many
              as the endpoint still works on. Then one more is tried after every half round of answers,
              and four times as rarely each time exactly that one is refused. So a server for 16 is left
              at 16. A push-back that comes now and then, with far fewer in flight than were answered a
              moment ago, is not about how many there are: the concurrency goes back to what worked.
Meter         one announced limit (requests or tokens), kept like the endpoint keeps it: as a bucket that
              refills. It only slows down when the bucket is nearly empty, so an account with room to
              spare is used at full speed.

A queue inside the endpoint is left alone: throughput is what counts, and a server that batches answers
more slowly the more it does at once. Only an answer that does not come in time counts as a push-back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime

from math500.client.waits import moment

FIRST = 8
"""Requests at once at the very beginning, and after an outage."""
RAMP_NEAR = 0.00125
"""Seconds between two more at the beginning, at an endpoint on this machine or network."""
RAMP_FAR = 0.01
"""The same across the internet, where a push-back takes a tenth of a second to come back."""
RARER = 4
"""How much more rarely one more is tried after it was refused."""
RAREST = 256
TRIED = 3
"""A push-back of one of the first so many requests after one more was allowed says that it was too much."""

FAR_FEWER = 0.75
NOW_AND_THEN = 0.25
"""Of the last RECENT requests; more push-backs than that are always about how many there are."""
RECENT = 16
ROUNDS = 4
"""How long the most that was answered is remembered: twice so many rounds of answers."""

RESERVE = 2.0
LARGEST_RESERVE = 20.0


class Concurrency:
    """How many requests may be in flight.

    Args:
        at_most: the user's limit.
    """

    def __init__(self, at_most: int) -> None:
        self.at_most = at_most
        self.now = min(FIRST, at_most)
        self._ramping = True
        self._known = 0
        """Up to here it grows with every answer: it worked before."""
        self._answers = 0
        """Since the last change."""
        self._caution = 1
        self._trial: int | None = None
        """The number of the first request after one more was allowed."""
        self._recent: deque[bool] = deque(maxlen=RECENT)
        """Whether each of the last requests was pushed back."""
        self._most = self._most_before = 0
        """In flight when a request was sent that was answered, lately and a little earlier."""
        self._counted = 0

    @property
    def ramping(self) -> bool:
        """Whether it is still at its beginning, and grows by itself."""
        return self._ramping and self.now < self.at_most

    def ramp(self) -> None:
        """One more; called once a tick. A busy process has few ticks, and so slows down."""
        self.now += self.ramping

    def pushed_back(self, others: int, number: int) -> None:
        """The endpoint refused request `number` while it worked on `others`.

        Half is the most that one push-back takes: few may be in flight because the rest are waiting.
        """
        self._recent.append(True)
        if self._by_chance(others):
            self._ramping = False
            self.now = self._known = max(self.now, min(self.at_most, self._peak))
            self._caution = 1
            return
        if self._trial is not None and self._trial <= number < self._trial + TRIED:
            self._caution = min(RAREST, self._caution * RARER)
            self._trial = None
        self._ramping = False
        self.now = self._known = max(1, self.now // 2, min(self.now, others))
        self._answers = 0

    def timed_out(self) -> None:
        """An answer did not come in time."""
        self.pushed_back(self.now - 1, 0)

    def restart(self, known: int) -> None:
        """Begin anew after an outage, and grow quickly to what worked before it."""
        self._ramping = False
        self._known = max(1, known)
        self.now = min(FIRST, self._known)

    @property
    def _peak(self) -> int:
        return max(self._most, self._most_before)

    def _by_chance(self, others: int) -> bool:
        """Whether a push-back contradicts what was answered a moment ago."""
        if sum(self._recent) > NOW_AND_THEN * RECENT:
            self._most = self._most_before = 0  # what was answered before does not hold any more
        return len(self._recent) == RECENT and others < FAR_FEWER * self._peak

    def _answered_at(self, level: int) -> None:
        self._recent.append(False)
        self._most = max(self._most, level)
        self._counted += 1
        if self._counted >= ROUNDS * self.now:
            self._most, self._most_before, self._counted = 0, self._most, 0

    def succeeded(self, in_flight: int, sent: int, level: int = 0) -> None:
        """A request was answered, with so many in flight, after so many were sent in all.

        Args:
            in_flight: requests in flight now, this one included.
            sent: requests sent until now.
            level: requests that the endpoint worked on when this one was sent, this one included.
        """
        self._answered_at(level)
        if self._ramping or self.now >= self.at_most or in_flight < self.now:
            return
        self._answers += 1
        if self.now < self._known:
            self.now += 1
        elif self._answers >= self._caution * self.now / 2:
            self._try_one_more(sent)

    def _try_one_more(self, sent: int) -> None:
        if self._trial is not None:  # the last one went well
            self._caution = max(1, self._caution // RARER)
        self._trial = sent + 1
        self._answers = 0
        self.now += 1


class Meter:
    """One announced limit, as a bucket that refills.

    Args:
        name: `requests` or `tokens`, as in `x-ratelimit-remaining-requests`.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.level = float("inf")
        self.rate = 0.0
        """Refill per second; 0 while unknown."""
        self.cost = 1.0
        """What one request takes."""
        self.reserve = RESERVE
        """Requests' worth that is left in the bucket: clocks and networks are not exact."""
        self._at = 0.0
        self._newest = 0

    def learn(self, cost: float) -> None:
        """One request took so much."""
        if cost > 0:
            self.cost = cost if self.cost == 1.0 else 0.9 * self.cost + 0.1 * cost

    def surprised(self) -> None:
        """A request was refused that should have fitted: the endpoint counts a little differently."""
        self.reserve = min(LARGEST_RESERVE, self.reserve + RESERVE)

    def take(self, time: float) -> None:
        """A request is sent."""
        self._refill(time)
        self.level -= self.cost

    def wait(self, time: float) -> float:
        """Seconds until a request fits."""
        self._refill(time)
        missing = self.cost * (1 + self.reserve) - self.level
        return missing / self.rate if missing > 0 and self.rate > 0 else 0.0

    def read(self, headers: Mapping[str, str], number: int, sent: int, sent_at: float, time: float) -> None:
        """Take over what the endpoint says about one request.

        Args:
            headers: of its answer.
            number: of the request, counted from 1.
            sent: requests sent until now.
            sent_at: when it was sent.
            time: now.
        """
        limit, remaining = (
            _number(headers.get(f"x-ratelimit-{what}-{self.name}")) for what in ("limit", "remaining")
        )
        if limit is None or remaining is None or number < self._newest:
            return
        self._newest = number
        reset = moment(headers.get(f"x-ratelimit-reset-{self.name}", ""), datetime.now(UTC)) or 0.0
        self.rate = _refill_rate(limit, remaining, reset)
        self.level = remaining - self.cost * (sent - number) + self.rate * (time - sent_at)
        self._at = time

    def _refill(self, time: float) -> None:
        self.level += self.rate * max(0.0, time - self._at)
        self._at = time


def _refill_rate(limit: float, remaining: float, reset: float) -> float:
    """Per second: a limit a minute, or less where the time to a full bucket says so (a limit a day)."""
    a_minute = limit / 60
    return min(a_minute, (limit - remaining) / reset) if reset > 0 and remaining < limit else a_minute


def _number(value: str | None) -> float | None:
    try:
        return float(value) if value else None
    except ValueError:
        return None
