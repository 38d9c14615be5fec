from __future__ import annotations

import asyncio
import time

import pytest

from math500.errors import ModelError, SampleFailed
from math500.solve.together import together


async def came(after: float, log: list[float], error: Exception | None = None) -> float:
    await asyncio.sleep(after)
    if error is not None:
        raise error
    log.append(after)
    return after


def test_each_comes_in_its_place(runner: asyncio.Runner) -> None:
    log: list[float] = []
    assert runner.run(together(came(s, log) for s in (0.02, 0.0, 0.01))) == [0.02, 0.0, 0.01]
    assert runner.run(together(came(s, log) for s in range(0))) == []


def test_what_was_paid_for_is_waited_for_when_one_is_given_up(runner: asyncio.Runner) -> None:
    log: list[float] = []
    failed = SampleFailed("filtered", "no")
    with pytest.raises(SampleFailed, match="no"):
        runner.run(together([came(0.05, log), came(0.0, log, failed), came(0.02, log)]))
    assert log == [0.02, 0.05]


def test_what_takes_too_long_does_not_hold_up_the_end(runner: asyncio.Runner) -> None:
    log: list[float] = []
    ends = (came(0.0, log, SampleFailed("filtered", "no")), came(0.01, log, ModelError("over", "Pay.")))
    begun = time.perf_counter()
    with pytest.raises(ModelError, match="over"):
        runner.run(together([*ends, came(0.1, log), came(60.0, log)]))
    assert time.perf_counter() - begun < 20
    assert log == [0.1]


def test_nothing_goes_on_when_all_are_stopped(runner: asyncio.Runner) -> None:
    log: list[float] = []

    async def stopped() -> None:
        task = asyncio.create_task(together([came(0.05, log), came(0.05, log)]))
        await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        await asyncio.sleep(0.1)

    runner.run(stopped())
    assert log == []
