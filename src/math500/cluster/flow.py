"""Rows through actors by `map_batches`, and what comes back, line by line.

A row and a line are bytes, so that Ray moves them and does not read them. An actor's `__call__` gets some
rows, sends its lines by the post while it works on them, and returns DONE.
"""

from __future__ import annotations

import contextlib
import queue
import re
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

import math500
from math500.cluster.engine import Ray
from math500.cluster.post import Line, Post, beside_the_driver
from math500.errors import ClusterUnavailable

ROWS = "row"
ANSI = re.compile(r"\x1b\[[0-9;]*m")
DONE = {"done": [True]}
"""What a call returns."""
PATIENCE = 5.0
"""Seconds for a thread to end."""


class Flow:
    """Rows that are being worked on.

    Args:
        rows: what to work on.
        worker: the actors' class.
        arguments: of its constructor, after the post.
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
        self._post = beside_the_driver(Post)
        made = self._dataset(rows, worker, (self._post, *arguments), engine, at_once, size)
        self._threads = [
            threading.Thread(target=self._told_fault, args=(work,), daemon=True)
            for work in (lambda: self._carry_out(made), self._fetch)
        ]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """End what still runs: a thread that uses Ray once it is left would end the process, unheard."""
        if self._threads[0].is_alive():
            with contextlib.suppress(ImportError):  # no public way is known; a newer Ray may have another
                _shut_down()
        for thread in self._threads:
            thread.join(PATIENCE)

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
                raise gave_up(line) from line
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
        )

    def _told_fault(self, work: Any) -> None:  # noqa: ANN401
        try:
            work()
        except BaseException as e:
            self._lines.put(e)

    def _carry_out(self, made: Any) -> None:  # noqa: ANN401
        import ray  # noqa: PLC0415

        try:
            for _ in made.iter_batches(batch_size=None, prefetch_batches=0):
                pass
        finally:
            ray.get(self._post.close.remote())

    def _fetch(self) -> None:
        import ray  # noqa: PLC0415

        while lines := ray.get(self._post.take.remote()):
            for line in lines:
                self._lines.put(Line(*line))
        self._lines.put(None)


def _shut_down() -> None:
    from ray.data._internal.execution.streaming_executor import StreamingExecutor  # noqa: PLC0415

    for thread in threading.enumerate():
        if isinstance(thread, StreamingExecutor):
            thread.shutdown(force=True)


def gave_up(fault: BaseException) -> ClusterUnavailable:
    """What a user reads when Ray ends the work."""
    said = ANSI.sub("", str(fault)).split("\n")
    if "creation task" in said[0]:  # with the traceback of a worker that could not be made
        return ClusterUnavailable(
            f"a worker cannot be started ({said[-1].strip()[:200]})",
            f"Every machine of the cluster needs math500 {math500.__version__} and Python "
            f"{sys.version_info.major}.{sys.version_info.minor}.",
        )
    what = f"{type(fault).__name__}: {' '.join(said)[:200]}"
    return ClusterUnavailable(
        f"Ray gave the work up ({what})", "What was written is kept; Ray's own logs say more."
    )
