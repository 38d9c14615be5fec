"""What is off unless asked for: streams, hedges, several endpoints, budgets."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from math500.client import Budget, Client, Endpoint, Event, Spent
from math500.client.answers import Answer
from math500.client.hedge import FEWEST, Hedge, first_of
from math500.client.prices import cost
from math500.errors import EndpointUnreachable, KeyRejected, QuotaExhausted
from math500.records import Decoding, Generation, Price
from tests.faulty_server import FAULTS, Act, FaultyServer, Request, always, chat, error, once, stream

pytestmark = pytest.mark.anyio
ClientOf = Callable[..., Client]


async def outcomes(ask: Any, client: Client, count: int) -> list[Any]:
    return await asyncio.gather(*(ask(client, i) for i in range(count)), return_exceptions=True)


# -- streams -----------------------------------------------------------------------------------

PIECES = (
    {"role": "assistant", "content": ""},
    {"reasoning_content": "hm"},
    {"content": "It is "},
    {"content": "4."},
)


async def test_a_stream_is_the_same_answer(client_of: ClientOf, ask: Any) -> None:
    plan = always(stream(*PIECES, delay=0.02, between=0.01))
    async with FaultyServer(plan) as server, client_of(server, stream=True) as client:
        generation = await ask(client)
    assert (generation.text, generation.reasoning, generation.finish_reason) == ("It is 4.", "hm", "stop")
    assert (generation.prompt_tokens, generation.completion_tokens) == (7, 4)
    assert 0.02 <= generation.first_token_seconds < generation.seconds
    assert server.requests[0].body["stream"] is True
    assert server.requests[0].body["stream_options"] == {"include_usage": True}


async def test_without_a_stream_there_is_no_first_token(client_of: ClientOf, ask: Any) -> None:
    async with FaultyServer() as server, client_of(server) as client:
        generation = await ask(client)
    assert generation.first_token_seconds is None
    assert "stream" not in server.requests[0].body


@pytest.mark.parametrize(
    "bad",
    [
        stream(*PIECES, end="reset_mid"),
        stream(*PIECES, finish=None, done=False),
        Act(headers={"Content-Type": "text/event-stream"}, pieces=[b'data: {"error": {"message": "x"}}\n\n']),
        Act(
            headers={"Content-Type": "text/event-stream"}, pieces=[b"data: nothing\n\n", b"data: [DONE]\n\n"]
        ),
        error(503, "down"),
    ],
    ids=["reset", "no end", "error inside", "empty", "refused"],
)
async def test_a_broken_stream_is_asked_for_again(bad: Act, client_of: ClientOf, ask: Any) -> None:
    plan = once(bad, then=always(stream(*PIECES)))
    async with FaultyServer(plan) as server, client_of(server, stream=True) as client:
        generation = await ask(client)
    assert (generation.text, generation.attempts) == ("It is 4.", 2)


async def test_a_stream_without_a_last_word_is_whole(client_of: ClientOf, ask: Any) -> None:
    plan = always(stream(*PIECES, done=False))
    async with FaultyServer(plan) as server, client_of(server, stream=True) as client:
        assert (await ask(client)).attempts == 1


async def test_a_server_that_does_not_stream_is_understood(client_of: ClientOf, ask: Any) -> None:
    async with FaultyServer() as server, client_of(server, stream=True) as client:
        generation = await ask(client)
    assert generation.text == "The answer is $\\boxed{7}$."


async def test_a_stream_that_nobody_asked_for_is_an_answer(client_of: ClientOf, ask: Any) -> None:
    async with FaultyServer(always(stream(*PIECES))) as server, client_of(server) as client:
        generation = await ask(client)
    assert (generation.text, generation.completion_tokens, generation.attempts) == ("It is 4.", 4, 1)
    async with (
        FaultyServer(once(stream(*PIECES, finish=None, done=False))) as server,
        client_of(server) as client,
    ):
        assert (await ask(client)).attempts == 2, "it broke off"


# -- hedges ------------------------------------------------------------------------------------


def one_hangs(number: int) -> Callable[[Request], Act]:
    """The first try at one problem never ends; the rest takes a moment."""

    def plan(request: Request) -> Act:
        if request.problem == str(number) and request.attempt == 1:
            return Act(end="hang")
        return Act(body=chat(f"the answer is {request.problem}"), delay=0.002)

    return plan


async def test_a_late_answer_is_asked_for_again(client_of: ClientOf, ask: Any, events: list[Event]) -> None:
    async with FaultyServer(one_hangs(39)) as server, client_of(server, hedge=True, concurrency=2) as client:
        results = await asyncio.wait_for(outcomes(ask, client, 40), 20)
        assert client.stats.in_flight == 0
    assert [result.text for result in results] == [f"the answer is {i}" for i in range(40)]
    assert results[39].attempts == 2
    assert server.count <= 40 + 12
    assert "hedged" in {event.kind for event in events}


async def test_nothing_is_hedged_unless_asked_for(client_of: ClientOf, ask: Any) -> None:
    async with FaultyServer(one_hangs(39)) as server, client_of(server, concurrency=2) as client:
        await outcomes(ask, client, 39)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ask(client, 39), 0.3)
    assert server.count == 40


async def test_a_failed_first_request_waits_for_the_second() -> None:
    async def reply(answer: Answer | None, seconds: float) -> Answer | None:
        await asyncio.sleep(seconds)
        return answer

    bad, good = Answer(500), Answer("ok")

    async def race(first: Answer, first_takes: float, second: Answer | None, second_takes: float) -> Answer:
        async def send() -> Answer:
            return await reply(first, first_takes) or bad

        return await first_of(send, lambda: reply(second, second_takes), late=0.01)

    assert await race(good, 0.0, bad, 0.0) is good
    assert await race(bad, 0.0, good, 0.0) is bad, "a request that is not late is not sent again"
    assert await race(bad, 0.03, good, 0.05) is good
    assert await race(good, 0.05, bad, 0.0) is good
    assert await race(bad, 0.03, Answer(429), 0.0) is bad
    assert await race(bad, 0.03, None, 0.0) is bad


def test_late_is_not_known_too_early() -> None:
    hedge = Hedge()
    for i in range(FEWEST):
        assert hedge.late is None
        hedge.learn(float(i))
    assert hedge.late == FEWEST - 1
    for _ in range(200):
        hedge.learn(1.0)
    assert hedge.late == 1.0


# -- several endpoints -------------------------------------------------------------------------


async def test_the_faster_endpoint_gets_more(client_of: ClientOf, ask: Any) -> None:
    async with (
        FaultyServer(always(Act(body=chat(), delay=0.005))) as fast,
        FaultyServer(always(Act(body=chat(), delay=0.05))) as slow,
        client_of([Endpoint(fast.url, "m"), Endpoint(slow.url, "m")], concurrency=4) as client,
    ):
        left = iter(range(150))

        async def work() -> None:
            for i in left:
                await ask(client, i)

        await asyncio.gather(*(work() for _ in range(8)))
    assert fast.count + slow.count == 150
    assert fast.count > 2 * slow.count > 0


async def test_an_endpoint_that_is_gone_leaves_the_work_to_the_others(
    client_of: ClientOf, ask: Any, events: list[Event]
) -> None:
    async with FaultyServer() as there, FaultyServer() as gone:
        endpoints = [Endpoint(gone.url, "m"), Endpoint(there.url, "m")]
        await gone.stop()
        async with client_of(endpoints, concurrency=2) as client:
            results = await outcomes(ask, client, 20)
        assert not [result for result in results if isinstance(result, Exception)]
        assert there.count == 20
        await gone.start()
    assert Counter(event.kind for event in events)["stopped"] == 0


async def test_when_all_endpoints_are_gone_the_run_stops(client_of: ClientOf, ask: Any) -> None:
    async with FaultyServer() as one, FaultyServer() as two:
        endpoints = [Endpoint(one.url, "m"), Endpoint(two.url, "m")]
    async with client_of(endpoints) as client:
        results = await outcomes(ask, client, 5)
    assert {type(result) for result in results} == {EndpointUnreachable}


async def test_a_refused_key_stops_all_endpoints(client_of: ClientOf, ask: Any) -> None:
    async with (
        FaultyServer(always(error(401, "no"))) as one,
        FaultyServer() as two,
        client_of([Endpoint(one.url, "m"), Endpoint(two.url, "m")], concurrency=1) as client,
    ):
        results = await outcomes(ask, client, 10)
    assert KeyRejected in {type(result) for result in results}
    assert two.count < 10


async def test_a_wait_says_which_endpoint_is_waited_for(
    client_of: ClientOf, ask: Any, events: list[Event]
) -> None:
    async with FaultyServer(once(error(503, "busy"))) as server, client_of(server) as client:
        await ask(client)
        assert events[0].what == f"{server.url} answers 503 (busy)"


# -- budgets -----------------------------------------------------------------------------------


async def test_a_budget_of_requests_is_kept(client_of: ClientOf, ask: Any, events: list[Event]) -> None:
    async with FaultyServer() as server, client_of(server, budget=Budget(requests=7)) as client:
        results = await outcomes(ask, client, 20)
    assert server.count == 7
    assert sum(not isinstance(result, Exception) for result in results) == 7
    assert {type(result) for result in results if isinstance(result, Exception)} == {QuotaExhausted}
    assert "--max-requests" in str(results[-1])
    assert [event.kind for event in events] == ["stopped"]


BUDGET = Decoding(max_tokens=100)
"""With it an invented problem sets aside 100 tokens and some 70 for its prompt; it uses 11."""


async def test_a_budget_of_tokens_is_never_passed(client_of: ClientOf, ask: Any) -> None:
    slow = always(Act(body=chat("It is 4."), delay=0.01))
    async with FaultyServer(slow) as server, client_of(server, budget=Budget(tokens=500)) as client:
        jobs = (ask(client, i, decoding=BUDGET) for i in range(60))
        results = await asyncio.gather(*jobs, return_exceptions=True)
        spent = client.spent.tokens
    assert 500 - 180 < spent <= 500
    assert server.most_in_flight == 2
    assert "limit of 500 tokens" in str(results[-1])
    assert "--max-tokens-total" in str(results[-1])


async def test_a_budget_of_money_is_never_passed(client_of: ClientOf, ask: Any) -> None:
    price = Price(model="given", prompt=1000.0, completion=10_000.0)
    budget = Budget(cost=3.0)
    async with FaultyServer() as server, client_of(server, budget=budget, price=price) as client:
        jobs = (ask(client, i, decoding=BUDGET) for i in range(60))
        results = await asyncio.gather(*jobs, return_exceptions=True)
        spent = cost(price, client.spent.prompt_tokens, client.spent.completion_tokens)
    assert 1.8 < spent <= 3.0
    assert "limit of $3.00 leaves no room" in str(results[-1])
    assert sum(isinstance(result, Generation) for result in results) == server.count


@pytest.mark.parametrize("budget", [Budget(tokens=2000), Budget(cost=0.002)])
async def test_a_budget_holds_where_the_endpoint_counts_no_tokens(
    client_of: ClientOf, ask: Any, budget: Budget
) -> None:
    body = {"choices": [{"message": {"content": "It is 4. " * 100}, "finish_reason": "stop"}]}
    price, decoding = Price(model="given", prompt=1.0, completion=1.0), Decoding(max_tokens=500)
    plan = always(Act(body=json.dumps(body).encode()))
    async with FaultyServer(plan) as server, client_of(server, budget=budget, price=price) as client:
        jobs = (ask(client, i, decoding=decoding) for i in range(20))
        results = await asyncio.gather(*jobs, return_exceptions=True)
    assert server.count == 3, "900 characters and a prompt are reckoned as some 525 tokens"
    assert isinstance(results[-1], QuotaExhausted)


async def test_what_is_in_flight_is_waited_for(client_of: ClientOf, ask: Any) -> None:
    def slow(request: Request) -> Act:
        return Act(body=chat("4"), delay=0.2 if request.number <= 3 else 0.0)

    async with FaultyServer(slow) as server, client_of(server, budget=Budget(requests=3)) as client:
        jobs = [asyncio.ensure_future(ask(client, i)) for i in range(5)]
        await asyncio.wait(jobs, return_when=asyncio.FIRST_EXCEPTION)
        done = [job for job in jobs if job.done() and job.exception() is None]
        await asyncio.gather(*jobs, return_exceptions=True)
    assert len(done) == 3, "the answers were there before the run was stopped"


async def test_what_a_run_spent_before_counts(client_of: ClientOf, ask: Any) -> None:
    budget, spent = Budget(requests=5), Spent(requests=3)
    async with FaultyServer() as server, client_of(server, budget=budget, spent=spent) as client:
        results = await outcomes(ask, client, 5)
    assert server.count == 2
    assert sum(isinstance(result, QuotaExhausted) for result in results) == 3


async def test_a_request_that_may_have_been_billed_counts(client_of: ClientOf, ask: Any) -> None:
    plan = once(FAULTS["cut"])
    async with FaultyServer(plan) as server, client_of(server, budget=Budget(tokens=10_000)) as client:
        await ask(client, decoding=BUDGET)
        assert client.spent.tokens > 170
        assert client.stats.completion_tokens < 10
    async with FaultyServer(once(error(500, "no"))) as server, client_of(server) as client:
        await ask(client, decoding=BUDGET)
        assert client.spent.tokens < 20
