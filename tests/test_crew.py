"""Workers on one list: all of it, or as much as is done when one of them stops."""

from __future__ import annotations

import asyncio
import gc

import pytest

from math500 import crew
from math500.crew import Crew
from math500.errors import RunError


def test_all_is_done_by_so_many_at_a_time() -> None:
    done: list[int] = []
    at_once = [0, 0]

    async def work(number: int) -> None:
        at_once[0] += 1
        at_once[1] = max(at_once)
        await asyncio.sleep(0.001)
        at_once[0] -= 1
        done.append(number)

    async def run() -> None:
        made = Crew(range(20), work)
        await made.work(4)
        made.end()

    asyncio.run(run())
    assert sorted(done) == list(range(20))
    assert at_once[1] == 4


def test_an_error_stops_all_and_what_is_nearly_here_lands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "GRACE_SECONDS", 0.2)
    begun, done = [], []

    async def work(seconds: float) -> None:
        begun.append(seconds)
        await asyncio.sleep(abs(seconds))
        if seconds < 0:
            raise RunError("the first", "")
        done.append(seconds)

    async def run() -> None:
        made = Crew([0.05, -0.01, 60.0, 0.0], work)
        await made.work(3)
        made.stop(RunError("a later one", ""))
        made.end()

    with pytest.raises(RunError, match="the first"):
        asyncio.run(run())
    assert (begun, done) == ([0.05, -0.01, 60.0], [0.05])


def test_what_is_broken_off_is_no_fault_of_ours(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """asyncio logs a traceback for a cancelled gathering whose exception nobody looks at."""
    monkeypatch.setattr(crew, "GRACE_SECONDS", 0.01)

    async def work(seconds: float) -> None:
        if not seconds:
            raise RunError("the first", "")
        await asyncio.sleep(seconds)

    async def run() -> None:
        await Crew([60.0, 0.0], work).work(2)

    asyncio.run(run())
    gc.collect()
    assert not caplog.records


def test_a_fault_of_ours_is_raised() -> None:
    async def work(_number: int) -> None:
        raise ZeroDivisionError

    async def run() -> None:
        made = Crew([1, 2], work)
        await made.work(1)
        made.end()

    with pytest.raises(ZeroDivisionError):
        asyncio.run(run())


def test_one_who_is_interrupted_twice_gets_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "GRACE_SECONDS", 60.0)
    said: list[dict[str, object]] = []

    async def work(_number: int) -> None:
        await asyncio.sleep(60.0)

    async def run() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, what: said.append(what))
        waiting = asyncio.ensure_future(Crew([1, 2], work).work(2))
        for _ in range(2):
            await asyncio.sleep(0.01)
            waiting.cancel()
        await asyncio.wait((waiting,))
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()  # as asyncio.run does at its end
        await asyncio.sleep(0)

    asyncio.run(run())
    gc.collect()
    assert said == []
