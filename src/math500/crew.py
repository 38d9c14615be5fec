"""Workers that share what is to be done, and stop together.

One worker's error stops all. What the others wait for is nearly here and paid for: it may land, but not for
long.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from typing import Generic, TypeVar

from math500.errors import Math500Error

T = TypeVar("T")

GRACE_SECONDS = 1.0
"""How long what is in flight is waited for when all have to stop."""


class Crew(Generic[T]):
    """One pass over what is to be done.

    Args:
        todo: in the order in which it is begun.
        work: does one of them; a Math500Error stops all.
    """

    def __init__(self, todo: Iterable[T], work: Callable[[T], Awaitable[None]]) -> None:
        self._todo = deque(todo)
        self._work = work
        self._error: BaseException | None = None
        self._stopped = asyncio.Event()

    def stop(self, error: Exception) -> None:
        """Begin nothing more; the first error is the one that is raised at the end."""
        self._error = self._error or error
        self._todo.clear()
        self._stopped.set()

    async def work(self, count: int) -> None:
        """Have so many workers do all of it, or as much as is done when they are stopped."""
        workers = asyncio.gather(*(self._each() for _ in range(count)))
        # asyncio prints an error that nobody looks at: of workers broken off, or where Ctrl-C ends the wait.
        workers.add_done_callback(lambda done: done.cancelled() or done.exception())
        stopped = asyncio.ensure_future(self._stopped.wait())
        try:
            await asyncio.wait((workers, stopped), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._todo.clear()
            stopped.cancel()
            await asyncio.wait((workers,), timeout=GRACE_SECONDS)
            workers.cancel()
            await asyncio.wait((workers,))
            if not workers.cancelled():
                self._error = self._error or workers.exception()

    def end(self) -> None:
        """Do nothing if all went well.

        Raises:
            Math500Error: what stopped them.
        """
        if self._error is not None:
            raise self._error

    async def _each(self) -> None:
        while self._todo:
            try:
                await self._work(self._todo.popleft())
            except Math500Error as e:
                self.stop(e)
