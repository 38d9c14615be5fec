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
import socket
import threading
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

import math500
from math500 import answering, evaluate, grading, models, prompts, solve
from math500.client import Event
from math500.cluster.flow import DONE, ROWS
from math500.cluster.post import Line, stop, this_worker
from math500.cluster.purse import Part
from math500.errors import Math500Error, RunMismatch
from math500.records import Asking, Manifest, Price, Problem, SampleGrade, Turn
from math500.solve import Model, Solver

LINGER = 0.05
"""Seconds that a line waits for others, since Ray's own work is for each call of the post."""


class Owed(msgspec.Struct, frozen=True, array_like=True):
    """One sample to be asked for."""

    place: int
    """Of the problem, in the run."""
    index: int
    turns: tuple[Turn, ...] = ()
    """What an earlier try at it has paid for."""


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
    local: bool
    """Whether it is on the driver's machine."""
    given_up: int = 0
    """Questions that the run gave up before."""
    purse: Any = None
    """Ray's handle of the run's limits."""


class Asker:
    """One worker; `ray.data` makes it and calls it, several calls at once.

    Args:
        post: takes its lines.
        job: what all workers of a run are told.
    """

    def __init__(self, post: Any, job: Job) -> None:  # noqa: ANN401 - Ray's handle
        self._post = post
        self._job = job
        self._lines: list[Line] = []
        """That wait for others."""
        self._broken = False
        self._room = contextlib.ExitStack()
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        try:
            self._name = this_worker()
            self._wait_for(self._started())
            self._solver, self._model = self._wait_for(self._open())
            self._slots = asyncio.Semaphore(job.concurrency)
            self._grading = asyncio.Semaphore(evaluate.GRADERS)
        except BaseException as e:
            self._broken = True
            self._loop.call_soon_threadsafe(self._send, _ended(e, "" if job.local else socket.gethostname()))

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[bool]]:
        """Ask for some samples; send each line the moment it is there."""
        owed = [msgspec.msgpack.decode(row, type=Owed) for row in batch[ROWS]]
        self._wait_for(self._answer_all(owed, batch[ROWS][0]))
        return DONE

    def _wait_for(self, coroutine: Any) -> Any:  # noqa: ANN401
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def _send(self, line: Line) -> None:
        self._lines.append(line)

    async def _delivered(self) -> None:
        lines, self._lines = self._lines, []
        await self._post.put.remote(lines)

    async def _deliver(self) -> None:
        """Hand in what is there, again and again."""
        while True:
            await asyncio.sleep(LINGER)
            if self._lines:
                await self._delivered()

    async def _started(self) -> None:
        await self._post.start.remote(self._name)
        self._delivering = asyncio.create_task(self._deliver())

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
        await self._job.purse.begin.remote(self._name)
        return Part(self._job.purse, self._name, self._job.asking.budget)

    def _tell(self, event: Event) -> None:
        if event.kind not in ("retry", "stopped"):
            self._send(Line("event", msgspec.json.encode(event)))

    async def _answer_all(self, owed: Sequence[Owed], call: bytes) -> None:
        if await self._post.begin.remote(self._name, call) and not self._broken:
            await asyncio.gather(*map(self._told_end, owed))
        await self._delivered()

    async def _told_end(self, one: Owed) -> None:
        """Answer one; its error ends the run, and not the others that are in flight here."""
        try:
            await self._answer(one)
        except BaseException as e:
            self._send(_ended(e))

    async def _answer(self, one: Owed) -> None:
        problem = self._job.problems[one.place]
        model = self._model
        if self._solver.several:

            def keep(turn: Turn) -> None:
                self._send(Line("turn", msgspec.json.encode(turn)))

            model = evaluate.keeping(model, (problem.unique_id, one.index), one.turns, keep)
        async with self._slots:
            sample = await evaluate.ask(self._job.made, self._solver, model, problem, one.index)
        self._send(Line("sample", msgspec.json.encode(sample)))
        if sample.failure is None:
            async with self._grading:
                grade = await asyncio.to_thread(evaluate.grade_sample, sample, problem)
            made: SampleGrade = evaluate.named(sample, grade)
            self._send(Line("grade", msgspec.json.encode(made)))

    def __del__(self) -> None:
        """End what this worker started."""
        grading.shutdown()
        self._room.close()


def _ended(error: BaseException, where: str = "") -> Line:
    if isinstance(error, Math500Error):
        return stop(type(error)(f"on {where}: {error.what}", error.next_step) if where else error)
    return Line("crash", "".join(traceback.format_exception(error)).encode())
