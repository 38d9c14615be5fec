"""Ask a second time when an answer is unusually late, and take whichever comes first.

Off by default: the late request goes on at the vendor and its tokens are paid for. Late is what is
slower than 19 of 20 answers so far.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from math500.client.answers import Answer

FEWEST = 20
"""Answers that must be known before one can be called late."""
KEPT = 200
LATE = 0.95

Send = Callable[[], Awaitable[Answer | None]]


class Hedge:
    """Knows how long answers take."""

    def __init__(self) -> None:
        self._seconds: deque[float] = deque(maxlen=KEPT)

    def learn(self, seconds: float) -> None:
        """One answer took so long."""
        self._seconds.append(seconds)

    @property
    def late(self) -> float | None:
        """Seconds after which an answer is late; None while too few are known."""
        if len(self._seconds) < FEWEST:
            return None
        return sorted(self._seconds)[int(LATE * len(self._seconds))]


async def first_of(send: Callable[[], Awaitable[Answer]], second: Send, late: float) -> Answer:
    """The answer of `send`, or of `second` when that is late and the other one is good first.

    Args:
        send: the request.
        second: the same again; comes to None where it could not be sent.
        late: seconds to wait before the second.
    """
    tasks: list[asyncio.Task[Answer | None]] = [asyncio.ensure_future(_as_task(send))]
    try:
        await asyncio.wait(tasks, timeout=late)
        if not tasks[0].done():
            tasks.append(asyncio.ensure_future(_as_task(second)))
        return await _best(tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _as_task(send: Send) -> Answer | None:
    return await send()


async def _best(tasks: list[asyncio.Task[Answer | None]]) -> Answer:
    """The first good answer; where there is none, the first request's own."""
    pending = set(tasks)
    while pending:
        done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            answer = task.result()
            if answer is not None and answer.what == "ok":
                return answer
    answer = tasks[0].result()
    assert answer is not None, "only a second request comes to nothing"  # noqa: S101
    return answer
