"""Rows through actors by `map_batches`, and what comes back, line by line.

A row and a line are bytes, so that Ray moves them and does not read them. An actor's `__call__` gets some
rows and yields lines, each of a kind; a line is here while its actor still works on the others.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from math500.cluster.engine import Ray
from math500.errors import ClusterUnavailable

ROWS, LINES = "row", "lines"


class Line(NamedTuple):
    """One line out of a worker."""

    kind: str
    body: bytes


def batch_of(*lines: Line) -> dict[str, list[Any]]:
    """Lines as a batch of one row, which Ray makes a block: its own work is for each block."""
    return {LINES: [msgspec.msgpack.encode(lines)]}


class Flow:
    """Rows that are being worked on.

    Args:
        rows: what to work on.
        worker: the actors' class.
        arguments: of its constructor.
        engine: how many.
        at_once: calls that each actor works on at once.
        size: rows in a call.
    """

    def __init__(
        self,
        rows: Sequence[bytes],
        worker: type,
        arguments: tuple[Any, ...],
        engine: Ray,
        *,
        at_once: int = 1,
        size: int = 1,
    ) -> None:
        self._lines: queue.SimpleQueue[Line | BaseException | None] = queue.SimpleQueue()
        made = self._dataset(rows, worker, arguments, engine, at_once, size)
        self._thread = threading.Thread(target=self._run, args=(made,), daemon=True)
        self._thread.start()

    def lines(self, until: float | None = None) -> Iterator[Line]:
        """The lines as they come, up to the last one or a moment of `time.monotonic`.

        Raises:
            ClusterUnavailable: Ray ended before the work did.
        """
        while True:
            left = None if until is None else until - time.monotonic()
            try:
                line = self._lines.get(timeout=None if left is None else max(0.001, left))
            except queue.Empty:
                return
            if line is None:
                return
            if isinstance(line, BaseException):
                said = f"{type(line).__name__}: {' '.join(str(line).split())[:200]}"
                raise ClusterUnavailable(
                    f"Ray gave the work up ({said})", "What was written is kept; Ray's own logs say more."
                ) from line
            yield line

    @staticmethod
    def _dataset(
        rows: Sequence[bytes],
        worker: type,
        arguments: tuple[Any, ...],
        engine: Ray,
        at_once: int,
        size: int,
    ) -> Any:  # noqa: ANN401 - a ray.data.Dataset
        import ray.data  # noqa: PLC0415

        items = [{ROWS: row} for row in rows]
        return ray.data.from_items(items, override_num_blocks=-(-len(items) // size)).map_batches(
            worker,
            batch_size=None,
            fn_constructor_args=arguments,
            compute=ray.data.ActorPoolStrategy(
                size=min(engine.workers, -(-len(items) // size)),
                max_tasks_in_flight_per_actor=at_once + 1,
                max_concurrent_calls_per_actor=at_once,
                enable_true_multi_threading=True,
            ),
            num_cpus=1,
            scheduling_strategy="SPREAD",
            max_restarts=-1,
            max_task_retries=0,
        )

    def _run(self, made: Any) -> None:  # noqa: ANN401
        try:
            for batch in made.iter_batches(batch_size=None, prefetch_batches=0):
                for packed in batch[LINES]:
                    for line in msgspec.msgpack.decode(packed, type=list[Line]):
                        self._lines.put(line)
        except BaseException as e:
            self._lines.put(e)
        self._lines.put(None)
