"""The worker that asks: a model, a client and a solver of its own, and lines for the driver.

    turn     a completion inside a solution, the moment it is there
    sample   a finished sample
    grade    its grade
    event    what a person who waits may want to read
    stop     the run has to stop: the error's name and its two sentences
    crash    a fault of ours, with its traceback

The key comes from the worker's own environment, which on this machine is the driver's. No key, header or
password is sent to it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import threading
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

import math500
from math500 import answering, evaluate, grading, models, prompts, solve
from math500.client import Event
from math500.cluster.flow import ROWS, Line, batch_of
from math500.cluster.purse import Part
from math500.errors import Math500Error, RunMismatch
from math500.records import Asking, Manifest, Price, Problem, SampleGrade, Turn
from math500.solve import Model, Solver

LINGER = 0.05
"""Seconds that a line waits for others, since Ray's own work is for each batch of them."""


class Owed(msgspec.Struct, frozen=True, array_like=True):
    """One sample to be asked for."""

    place: int
    """Of the problem, in the run."""
    index: int
    turns: tuple[Turn, ...] = ()
    """What an earlier try at it has paid for."""


class Stop(msgspec.Struct, frozen=True):
    """An error on its way to the driver."""

    name: str
    what: str
    next_step: str


@dataclass(frozen=True, kw_only=True)
class Job:
    """What a worker needs to know; nothing in it is secret."""

    version: str
    made: Manifest
    problems: tuple[Problem, ...]
    asking: Asking
    price: Price | None
    concurrency: int
    """Of this worker."""
    threads: int | None
    """Of this worker's embedded model."""
    given_up: int = 0
    """Questions that the run gave up before."""
    purse: Any = None
    """Ray's handle of the run's limits."""


class Asker:
    """One worker; `ray.data` makes it and calls it, several calls at once.

    Args:
        job: what all workers of a run are told.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self._lines: queue.SimpleQueue[Line] = queue.SimpleQueue()
        """Of no call in particular."""
        self._broken: Line | None = None
        self._room = contextlib.ExitStack()
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        try:
            self._solver, self._model = self._wait_for(self._open())
            self._slots = asyncio.Semaphore(job.concurrency)
            self._grading = asyncio.Semaphore(evaluate.GRADERS)
        except BaseException as e:
            self._broken = _ended(e)

    def __call__(self, batch: dict[str, Any]) -> Iterator[dict[str, list[Any]]]:
        """Ask for some samples; yield each line the moment it is there."""
        if self._broken is not None:
            yield batch_of(self._broken)
            return
        lines: queue.SimpleQueue[Line | None] = queue.SimpleQueue()
        owed = [msgspec.msgpack.decode(row, type=Owed) for row in batch[ROWS]]
        asyncio.run_coroutine_threadsafe(self._answer_all(owed, lines), self._loop)
        while (line := lines.get()) is not None:
            time.sleep(LINGER)
            yield batch_of(*self._told(), line, *_rest(lines))
        if told := self._told():
            yield batch_of(*told)

    def _told(self) -> list[Line]:
        return [self._lines.get() for _ in range(self._lines.qsize())]

    def _wait_for(self, coroutine: Any) -> Any:  # noqa: ANN401
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    async def _open(self) -> tuple[Solver, Model]:
        job, made = self._job, self._job.made
        if job.version != math500.__version__:
            raise RunMismatch(
                f"a worker has math500 {math500.__version__} and the driver {job.version}",
                "Install the same version on every machine of the cluster.",
            )
        embedded = models.is_embedded(made.model.name)
        opened = self._room.enter_context(
            models.open_model(
                made.model.name,
                base_url=None if embedded else job.asking.base_urls or (made.model.base_url,),
                concurrency=job.concurrency,
                max_tokens=solve.room(made.solver_settings, made.decoding.max_tokens),
                asked=[prompts.messages(made.prompt, p.problem) for p in job.problems],
                asking=job.asking,
                price=job.price,
                threads=job.threads,
                environ=os.environ,
            )
        )
        models.require_same(made.model, opened.info)
        ready = answering.ready(
            made,
            opened,
            None,
            job.concurrency,
            self._tell,
            purse=await self._purse(),
            given_up=job.given_up,
        )
        return await contextlib.AsyncExitStack().enter_async_context(ready)

    async def _purse(self) -> Part | None:
        if self._job.purse is None:
            return None
        import ray  # noqa: PLC0415

        name = ray.get_runtime_context().get_actor_id() or ""
        await self._job.purse.begin.remote(name)
        return Part(self._job.purse, name, self._job.asking.budget)

    def _tell(self, event: Event) -> None:
        if event.kind not in ("retry", "stopped"):
            self._lines.put(Line("event", msgspec.json.encode(event)))

    async def _answer_all(self, owed: Sequence[Owed], lines: queue.SimpleQueue[Line | None]) -> None:
        await asyncio.gather(*(self._told_end(one, lines) for one in owed))
        lines.put(None)

    async def _told_end(self, one: Owed, lines: queue.SimpleQueue[Line | None]) -> None:
        """Answer one; its error ends the run, and not the others that are in flight here."""
        try:
            await self._answer(one, lines)
        except BaseException as e:
            lines.put(_ended(e))

    async def _answer(self, one: Owed, lines: queue.SimpleQueue[Line | None]) -> None:
        problem = self._job.problems[one.place]
        model = self._model
        if self._solver.several:

            def keep(turn: Turn) -> None:
                lines.put(Line("turn", msgspec.json.encode(turn)))

            model = evaluate.keeping(model, (problem.unique_id, one.index), one.turns, keep)
        async with self._slots:
            sample = await evaluate.ask(self._job.made, self._solver, model, problem, one.index)
        lines.put(Line("sample", msgspec.json.encode(sample)))
        if sample.failure is None:
            async with self._grading:
                grade = await asyncio.to_thread(evaluate.grade_sample, sample, problem)
            made: SampleGrade = evaluate.named(sample, grade)
            lines.put(Line("grade", msgspec.json.encode(made)))

    def __del__(self) -> None:
        """End what this worker started."""
        grading.shutdown()
        self._room.close()


def _rest(lines: queue.SimpleQueue[Line | None]) -> Iterator[Line]:
    """The lines that are in it now; the end stays in it."""
    while not lines.empty():
        line = lines.get()
        if line is None:
            lines.put(None)
            return
        yield line


def _ended(error: BaseException) -> Line:
    if isinstance(error, Math500Error):
        return Line("stop", msgspec.json.encode(Stop(type(error).__name__, error.what, error.next_step)))
    return Line("crash", "".join(traceback.format_exception(error)).encode())
