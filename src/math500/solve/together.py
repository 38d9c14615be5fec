"""Several solutions at once, none of which is left running behind the back of its sample.

a request is given up      the others are waited for: they are paid for, and kept for the next try
the model cannot be used   the others have GRACE_SECONDS to come, and are stopped
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

from math500.errors import SampleFailed

GRACE_SECONDS = 1.0

T = TypeVar("T")


async def together(asked: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """What each comes to, in order.

    Raises:
        SampleFailed: a request of one of them was given up.
        ModelError: the model cannot be used.
    """
    tasks = [asyncio.create_task(one) for one in asked]
    left = set(tasks)
    try:
        while left and not any(map(_ends_all, tasks)):
            _, left = await asyncio.wait(left, return_when=asyncio.FIRST_EXCEPTION)
        if left:
            _, left = await asyncio.wait(left, timeout=GRACE_SECONDS)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in sorted(tasks, key=_ends_all, reverse=True):
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error
    return [task.result() for task in tasks]


def _ends_all(task: asyncio.Task[Any]) -> bool:
    """Whether it failed for more than itself."""
    if not task.done() or task.cancelled():
        return False
    return task.exception() is not None and not isinstance(task.exception(), SampleFailed)
