from __future__ import annotations

import asyncio

import pytest

from math500.client.budget import Limit, Spent
from math500.cluster.purse import Shared, shared
from math500.records import Budget

ONE = Spent(0, 10, 90)


def test_without_limits_there_is_no_purse() -> None:
    assert shared(Budget(), None, Spent()) is None


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.anyio
async def test_workers_share_one_limit_and_what_was_spent_before_counts() -> None:
    purse = Shared(Budget(tokens=300), None, Spent(0, 50, 50))
    await purse.begin("a")
    await purse.begin("b")
    assert await purse.take("a", ONE) is None
    assert await purse.take("b", ONE) is None
    waiting = asyncio.ensure_future(purse.take("a", ONE))
    await asyncio.sleep(0)
    assert not waiting.done()
    await purse.count("b", ONE, Spent())
    assert await waiting is None


@pytest.mark.anyio
async def test_what_a_lost_worker_had_in_flight_counts_as_spent_and_holds_nobody_up() -> None:
    purse = Shared(Budget(tokens=200), None, Spent())
    await purse.begin("a")
    await purse.begin("b")
    assert await purse.take("a", ONE) is None
    assert await purse.take("b", ONE) is None
    waiting = asyncio.ensure_future(purse.take("b", ONE))
    await asyncio.sleep(0)
    await purse.begin("a")
    await purse.count("b", ONE, ONE)
    assert isinstance(await waiting, Limit)


@pytest.mark.anyio
async def test_what_a_worker_tells_after_it_was_given_up_is_not_counted_twice() -> None:
    purse = Shared(Budget(tokens=200), None, Spent())
    await purse.begin("a")
    assert await purse.take("a", ONE) is None
    await purse.begin("a")
    await purse.count("a", ONE, ONE)
    assert await purse.take("a", ONE) is None
    await purse.count("a", ONE, ONE)
    assert isinstance(await purse.take("a", ONE), Limit)
