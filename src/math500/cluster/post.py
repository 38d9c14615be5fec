"""What workers send the driver, line by line.

The post lives in an actor on the driver's machine: it is there as long as the driver is. Ray runs the call of
a lost worker again from its beginning, as soon as the worker is back. Half of it may be written and paid for.
So a call begins once; what it left out is asked in the next pass, by a driver that knows what is written.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any, NamedTuple

import msgspec

from math500.errors import ClusterUnavailable, Math500Error

STARTS = 3
"""So often a worker may start without beginning a call."""


class Line(NamedTuple):
    """One line out of a worker."""

    kind: str
    body: bytes


class Stop(msgspec.Struct, frozen=True):
    """An error on its way to the driver."""

    name: str
    what: str
    next_step: str


def stop(error: Math500Error) -> Line:
    """The line that raises it in the driver."""
    return Line("stop", msgspec.json.encode(Stop(type(error).__name__, error.what, error.next_step)))


class Post:
    """The lines on their way; calls and workers have names in it."""

    def __init__(self) -> None:
        self._lines: list[Line] = []
        self._some = asyncio.Event()
        self._closed = False
        self._begun: set[bytes] = set()
        self._starts: Counter[str] = Counter()

    async def start(self, worker: str) -> None:
        """A worker starts; one that ends each time before it does anything ends the run."""
        self._starts[worker] += 1
        if self._starts[worker] > STARTS:
            lost = ClusterUnavailable(
                f"a worker was killed {STARTS} times as it started",
                "Memory is the usual reason: use fewer --workers, or machines with more of it.",
            )
            await self.put([stop(lost)])

    async def begin(self, worker: str, call: bytes) -> bool:
        """Whether a call is to be made: it was not begun before."""
        self._starts.pop(worker, None)
        new = call not in self._begun
        self._begun.add(call)
        return new

    async def put(self, lines: list[Line]) -> None:
        """Hand in lines."""
        self._lines += lines
        self._some.set()

    async def take(self) -> list[Line]:
        """All lines that are there, as soon as one is; none after the last."""
        while not self._lines and not self._closed:
            self._some.clear()
            await self._some.wait()
        lines, self._lines = self._lines, []
        return lines

    async def close(self) -> None:
        """No line comes any more."""
        self._closed = True
        self._some.set()


def beside_the_driver(kind: type, *arguments: Any) -> Any:  # noqa: ANN401 - Ray's handle
    """An actor on the driver's machine, in which any number of calls may wait."""
    import ray  # noqa: PLC0415
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy  # noqa: PLC0415

    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    actor = ray.remote(kind).options(num_cpus=0, max_concurrency=100_000, scheduling_strategy=here)
    return actor.remote(*arguments)


def this_worker() -> str:
    """Its name, which it keeps when Ray starts it again."""
    import ray  # noqa: PLC0415

    return ray.get_runtime_context().get_actor_id() or ""
