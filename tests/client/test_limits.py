"""How the client finds its speed: the numbers alone, and against servers that push back."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from math500.client import Client
from math500.client.limits import FIRST, LARGEST_RESERVE, Concurrency, Meter
from tests.faulty_server import Act, Bucket, FaultyServer, Outage, Slots, always, chance, chat, error, layered

pytestmark = pytest.mark.anyio
ClientOf = Callable[..., Client]


def ramped(at_most: int) -> Concurrency:
    concurrency = Concurrency(at_most)
    for _ in range(at_most):
        concurrency.ramp()
    return concurrency


@given(st.integers(1, 300))
def test_it_begins_careful_and_grows_to_what_is_asked_for(at_most: int) -> None:
    concurrency = Concurrency(at_most)
    assert concurrency.now == min(FIRST, at_most)
    assert ramped(at_most).now == at_most
    assert not ramped(at_most).ramping


def test_a_push_back_leaves_what_works() -> None:
    concurrency = ramped(64)
    for others in (40, 30, 16):
        concurrency.pushed_back(others, 64)
    assert concurrency.now == 16
    concurrency.ramp()
    assert concurrency.now == 16


def test_one_push_back_takes_half_at_most() -> None:
    concurrency = ramped(64)
    concurrency.pushed_back(3, 64)
    assert concurrency.now == 32


def run(concurrency: Concurrency, answers: int, refused: Callable[[int, int], bool]) -> list[int]:
    """Keep it full; `refused(in_flight, number)` decides about each request. The numbers of those refused."""
    refusals = []
    for number in range(answers):
        if refused(concurrency.now, number):
            refusals.append(number)
            concurrency.pushed_back(concurrency.now - 1, number)
        else:
            concurrency.succeeded(concurrency.now, number)
    return refusals


def test_one_more_is_tried_ever_more_rarely_where_it_is_refused() -> None:
    concurrency = ramped(64)
    for others in range(63, 15, -1):
        concurrency.pushed_back(others, 17)
    refusals = run(concurrency, 5000, lambda in_flight, _: in_flight > 16)
    gaps = [later - earlier for earlier, later in itertools.pairwise(refusals)]
    assert gaps == sorted(gaps)
    assert len(refusals) <= 8
    assert len([number for number in refusals if number <= 500]) <= 4
    assert concurrency.now in (16, 17)


def test_what_is_refused_at_random_costs_little_speed() -> None:
    concurrency = ramped(64)
    run(concurrency, 20_000, lambda _, number: chance("refused", number) < 0.02)
    levels = []
    for start in range(20):
        run(concurrency, 500, lambda _, number, start=start: chance(start, number) < 0.02)  # type: ignore[misc]
        levels.append(concurrency.now)
    assert sum(levels) / len(levels) > 40


def test_many_faults_at_random_do_not_add_up() -> None:
    """Six in a hundred are refused and four come too late, as many as a run of half an hour meets."""
    concurrency = ramped(16)
    levels = []
    for number in range(20_000):
        x = chance("fault", number)
        if x < 0.06:
            concurrency.pushed_back(concurrency.now - 1, number)
        elif x < 0.10:
            concurrency.timed_out()
        else:
            concurrency.succeeded(concurrency.now, number, concurrency.now)
        levels.append(concurrency.now)
    assert sum(level < 4 for level in levels) < 0.02 * len(levels)
    assert sum(levels) / len(levels) > 11


def test_where_less_is_stood_than_before_it_adapts() -> None:
    concurrency = ramped(64)

    def answers(count: int, slots: int) -> int:
        refused = 0
        for number in range(count):
            if concurrency.now > slots:
                concurrency.pushed_back(concurrency.now - 1, number)
                refused += 1
            else:
                concurrency.succeeded(concurrency.now, number, concurrency.now)
        return refused

    answers(1000, slots=64)
    assert concurrency.now == 64
    assert answers(1000, slots=16) < 70
    assert concurrency.now in (16, 17)


def test_it_grows_back_where_it_is_let() -> None:
    concurrency = ramped(64)
    concurrency.restart(8)
    run(concurrency, 2000, lambda *_: False)
    assert concurrency.now == 64


def test_after_an_outage_it_grows_quickly_to_what_worked() -> None:
    concurrency = ramped(64)
    concurrency.pushed_back(40, 0)
    concurrency.restart(40)
    assert concurrency.now == FIRST
    run(concurrency, 32, lambda *_: False)
    assert concurrency.now == 40


def test_it_does_not_grow_where_it_is_not_used() -> None:
    concurrency = ramped(64)
    concurrency.restart(8)
    for number in range(1000):
        concurrency.succeeded(3, number)
    assert concurrency.now == 8


def test_answers_that_do_not_come_in_time_count_as_push_backs() -> None:
    concurrency = ramped(32)
    for _ in range(10):
        concurrency.timed_out()
    assert concurrency.now == 22


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 80)), max_size=60))
def test_it_stays_within_its_bounds(steps: list[tuple[bool, int]]) -> None:
    concurrency = ramped(32)
    for number, (good, in_flight) in enumerate(steps):
        if good:
            concurrency.succeeded(in_flight, number)
        else:
            concurrency.pushed_back(in_flight, number)
        assert 1 <= concurrency.now <= 32


def announced(limit: int, remaining: int, reset: str) -> dict[str, str]:
    return {
        "x-ratelimit-limit-requests": str(limit),
        "x-ratelimit-remaining-requests": str(remaining),
        "x-ratelimit-reset-requests": reset,
    }


@pytest.mark.parametrize(
    ("limit", "remaining", "reset", "rate"),
    [
        (3000, 2999, "20ms", 50.0),  # OpenAI: a bucket of a minute
        (3000, 49, "20ms", 50.0),  # a bucket smaller than the limit
        (14400, 14370, "2m59.56s", 30 / 179.56),  # Groq: a limit a day
        (60, 60, "0s", 1.0),
        (60, 0, "", 1.0),
    ],
)
def test_the_rate_behind_what_is_announced(limit: int, remaining: int, reset: str, rate: float) -> None:
    meter = Meter("requests")
    meter.read(announced(limit, remaining, reset), 1, 1, 0.0, 0.0)
    assert meter.rate == pytest.approx(rate, rel=0.01)


def test_nothing_announced_is_no_limit() -> None:
    meter = Meter("requests")
    meter.read({"x-ratelimit-limit-requests": "many"}, 1, 1, 0.0, 0.0)
    meter.take(0.0)
    assert meter.wait(0.0) == 0.0


def test_what_was_sent_meanwhile_is_counted() -> None:
    meter = Meter("requests")
    meter.read(announced(60, 10, "50s"), 1, 9, 0.0, 0.0)
    assert meter.level == 2
    meter.read(announced(60, 59, "1s"), 1, 9, 0.0, 0.0)
    assert meter.level == 51, "a newer word about the same request counts"
    meter.read(announced(60, 3, "57s"), 9, 9, 0.0, 0.0)
    meter.read(announced(60, 50, "10s"), 2, 9, 0.0, 0.0)
    assert meter.level == 3, "an older request's word does not"


@given(st.floats(0, 100), st.integers(0, 50))
def test_after_the_wait_a_request_fits(level: float, sent: int) -> None:
    meter = Meter("requests")
    meter.level, meter.rate = level, 2.0
    for _ in range(sent):
        meter.take(0.0)
    wait = meter.wait(0.0)
    assert meter.wait(wait + 1e-6) == 0.0


async def all_of(ask: Any, client: Client, count: int) -> list[Any]:
    left = iter(range(count))

    async def work() -> list[Any]:
        return [await ask(client, i) for i in left]

    shares = await asyncio.gather(*(work() for _ in range(client.concurrency)))
    return [one for share in shares for one in share]


async def test_a_server_for_sixteen_is_found(client_of: ClientOf, ask: Any) -> None:
    server = FaultyServer()
    server.plan = layered(Slots(server, 16), base=always(Act(body=chat(), delay=0.01)))
    async with server, client_of(server, concurrency=64) as client:
        assert len(await all_of(ask, client, 500)) == 500
        assert 8 <= client.stats.limit <= 20
    assert server.count <= 650, "on the fast clock the ramp and the waits take no time at all"


async def test_an_announced_limit_is_kept(client_of: ClientOf, ask: Any) -> None:
    bucket = Bucket(3000 * 200, burst=20)

    async with FaultyServer() as server, client_of(server, concurrency=16) as client:
        server.plan = layered(bucket, base=lambda _: Act(body=chat(), headers=bucket.headers()))
        assert len(await all_of(ask, client, 400)) == 400
    assert server.count <= 440


async def test_after_an_outage_there_is_no_herd(client_of: ClientOf, ask: Any) -> None:
    waves: list[int] = []
    server = FaultyServer()
    outage = Outage(0.03, 0.1, error(503, "down"))

    def good(_: Any) -> Act:
        waves.append(server.in_flight)
        return Act(body=chat(), delay=0.01)

    server.plan = layered(outage, base=good)
    async with server, client_of(server, concurrency=64) as client:
        await all_of(ask, client, 600)
    before = server.labels["503"]
    assert before <= 64 + 40
    assert max(waves) <= 64
    calm = waves.index(1, 64)
    assert max(waves[calm : calm + 8]) <= FIRST + 1


def test_a_surprise_leaves_more_in_reserve() -> None:
    meter = Meter("requests")
    meter.level, meter.rate = 3.5, 1.0
    assert meter.wait(0.0) == 0.0
    meter.surprised()
    assert meter.wait(0.0) == pytest.approx(1.5)
    for _ in range(100):
        meter.surprised()
    assert meter.wait(0.0) == pytest.approx(LARGEST_RESERVE + 1 - 3.5)
