from __future__ import annotations

import asyncio

import msgspec
import pytest

from math500.cluster.post import STARTS, Line, Post, Stop


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.anyio
async def test_lines_are_taken_as_soon_as_one_is_there_and_none_after_the_last() -> None:
    post = Post()
    waiting = asyncio.ensure_future(post.take())
    await asyncio.sleep(0)
    assert not waiting.done()
    await post.put([Line("sample", b"1"), Line("grade", b"1")])
    assert await waiting == [Line("sample", b"1"), Line("grade", b"1")]
    await post.put([Line("sample", b"2")])
    await post.close()
    assert await post.take() == [Line("sample", b"2")]
    assert await post.take() == []


@pytest.mark.anyio
async def test_a_call_that_ray_repeats_does_not_begin_again() -> None:
    post = Post()
    assert await post.begin("a", b"first")
    assert await post.begin("b", b"second")
    assert not await post.begin("b", b"first")


@pytest.mark.anyio
async def test_a_worker_that_is_killed_each_time_it_starts_stops_the_run() -> None:
    post = Post()
    for _ in range(STARTS):
        await post.start("a")
        await post.start("b")
        await post.begin("b", b"call")
    await post.start("b")
    await post.close()
    assert await post.take() == []
    await post.start("a")
    (line,) = await post.take()
    stop = msgspec.json.decode(line.body, type=Stop)
    assert (line.kind, stop.name) == ("stop", "ClusterUnavailable")
    assert f"killed {STARTS} times as it started" in stop.what
