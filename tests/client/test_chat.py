"""The client as a whole: what happens to other workers, to the run, and to the key."""

from __future__ import annotations

import asyncio
import gc
import socket
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from math500.client import Client, Endpoint, Event, Fault, Reply, Secret
from math500.client.transport import Sink
from math500.client.waits import Clock
from math500.errors import (
    EndpointUnreachable,
    KeyRejected,
    ModelNotFound,
    QuotaExhausted,
    RequestRejected,
    SampleFailed,
)
from math500.records import Decoding, Message
from tests.faulty_server import (
    FAULTS,
    Act,
    FaultyServer,
    Outage,
    Request,
    always,
    answer,
    chat,
    error,
    faults,
    layered,
    once,
    quota_after,
)

pytestmark = pytest.mark.anyio
ClientOf = Callable[..., Client]


async def outcomes(ask: Any, client: Client, count: int) -> list[Any]:
    return await asyncio.gather(*(ask(client, i) for i in range(count)), return_exceptions=True)


async def test_a_generation_is_complete(client_of: ClientOf, ask: Any) -> None:
    async with FaultyServer(once(FAULTS["503"])) as server, client_of(server) as client:
        generation = await ask(client)
    assert generation.text == "The answer is $\\boxed{7}$."
    assert generation.attempts == 2
    assert 0 < generation.seconds < 5
    assert (generation.model, generation.request_id) == ("served-model", "chatcmpl-1")
    assert client.stats.sent == 2
    assert client.stats.succeeded == 1
    assert client.stats.in_flight == 0
    assert client.stats.completion_tokens == generation.completion_tokens


async def test_what_is_sent(client_of: ClientOf, ask: Any) -> None:
    async with FaultyServer() as server:
        endpoint = Endpoint(server.url, "m", key=Secret("sk-123"), headers={"X-Team": "a"})
        async with client_of(endpoint) as client:
            await ask(client, decoding=Decoding(max_tokens=5, seed=1), seed=2, stop=["End"])
    (request,) = server.requests
    assert request.path == "/v1/chat/completions"
    assert request.headers["authorization"] == "bearer sk-123"
    assert request.headers["x-team"] == "a"
    assert (request.body["seed"], request.body["stop"], request.body["max_tokens"]) == (2, ["End"], 5)


async def test_no_key_is_sent_where_there_is_none(client_of: ClientOf, ask: Any) -> None:
    async with FaultyServer() as server, client_of(server) as client:
        await ask(client)
    assert "authorization" not in server.requests[0].headers


async def test_concurrency_is_kept(client_of: ClientOf, ask: Any) -> None:
    slow = always(Act(body=chat(), delay=0.01))
    async with FaultyServer(slow) as server, client_of(server, concurrency=4) as client:
        assert len(await outcomes(ask, client, 20)) == 20
    assert server.most_in_flight == 4
    assert server.connections == 4


async def test_all_workers_wait_when_one_is_told_to(client_of: ClientOf, ask: Any) -> None:
    arrivals: list[float] = []

    def plan(request: Request) -> Act:
        arrivals.append(time.monotonic())
        if request.number == 1:
            return error(429, "slow down", headers={"Retry-After": "40"})
        return answer(request)

    async with FaultyServer(plan) as server, client_of(server, concurrency=1) as client:
        await outcomes(ask, client, 6)
    assert server.count == 7
    assert arrivals[1] - arrivals[0] >= 0.95 * 40 / 200


async def test_who_was_told_to_wait_goes_first(client_of: ClientOf, ask: Any) -> None:
    busy = error(503, "busy", headers={"Retry-After": "1"})
    async with FaultyServer(once(busy)) as server, client_of(server, concurrency=1) as client:
        await outcomes(ask, client, 5)
    assert [request.problem for request in server.requests] == ["0", "0", "1", "2", "3", "4"]


async def test_without_a_word_about_waiting_only_the_one_request_waits(client_of: ClientOf, ask: Any) -> None:
    options = {"concurrency": 1, "clock": Clock(1.0)}
    async with FaultyServer(once(error(429, "busy"))) as server, client_of(server, **options) as client:
        await outcomes(ask, client, 5)
    assert [request.problem for request in server.requests][:3] == ["0", "1", "2"]
    assert server.count == 6


async def test_an_empty_account_stops_everybody_at_once(client_of: ClientOf, ask: Any) -> None:
    async with FaultyServer(layered(quota_after(20))) as server, client_of(server, concurrency=4) as client:
        results = await outcomes(ask, client, 60)
        with pytest.raises(QuotaExhausted, match="insufficient_quota"):
            await ask(client, 99)
    answered = [result for result in results if not isinstance(result, Exception)]
    assert len(answered) == 20
    assert {type(result) for result in results if isinstance(result, Exception)} == {QuotaExhausted}
    assert server.count <= 20 + 4


@pytest.mark.parametrize("concurrency", [1, 16])
async def test_an_endpoint_that_is_not_there_is_told_quickly(concurrency: int, ask: Any) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    start = time.monotonic()
    async with Client(Endpoint(url, "m"), concurrency=concurrency) as client:
        results = await outcomes(ask, client, 20)
    assert 0.8 < time.monotonic() - start < 6
    assert {type(result) for result in results} == {EndpointUnreachable}
    assert url in str(results[0])
    assert "Is the server started?" in results[0].next_step
    assert "refuses the connection" in results[0].what


async def test_an_outage_is_waited_out_with_few_requests(
    client_of: ClientOf, ask: Any, events: list[Event]
) -> None:
    outage = Outage(0.05, 0.3, error(503, "down"))
    plan = layered(outage, base=always(Act(body=chat(), delay=0.01)))
    async with FaultyServer(plan) as server, client_of(server, concurrency=32) as client:
        results = await outcomes(ask, client, 320)
    assert not [result for result in results if isinstance(result, Exception)]
    assert server.labels["503"] <= 32 + 60
    assert "recovered" in {event.kind for event in events}


async def test_a_server_that_restarts_is_waited_for(client_of: ClientOf, ask: Any) -> None:
    async with FaultyServer() as server, client_of(server) as client:
        await ask(client)
        port = server.port
        await server.stop()
        later = asyncio.create_task(ask(client))
        await asyncio.sleep(0.1)
        await server.start(port)
        generation = await later
    assert generation.attempts > 1


async def test_an_outage_without_end_stops_the_run(client_of: ClientOf, ask: Any) -> None:
    plan = once(answer, then=always(FAULTS["503"]))
    async with FaultyServer(plan) as server, client_of(server, patience=30.0) as client:
        await ask(client)
        results = await outcomes(ask, client, 10)
    assert {type(result) for result in results} == {EndpointUnreachable}
    assert "resume" in results[0].next_step.lower()


async def test_a_wait_beyond_all_patience_stops_the_run(client_of: ClientOf, ask: Any) -> None:
    busy = error(429, "daily limit", headers={"Retry-After": "7200"})
    async with FaultyServer(once(answer, then=always(busy))) as server, client_of(server) as client:
        await ask(client)
        with pytest.raises(EndpointUnreachable, match="asks to wait 7200 s"):
            await ask(client)


async def test_what_is_refused_for_every_problem_stops_the_run(client_of: ClientOf, ask: Any) -> None:
    refused = error(400, "context_length_exceeded")
    async with FaultyServer(always(refused)) as server, client_of(server, concurrency=1) as client:
        results = await outcomes(ask, client, 9)
    assert [type(result) for result in results] == [SampleFailed] * 4 + [RequestRejected] * 5
    assert "--max-tokens" in results[-1].next_step
    assert server.count == 5


async def test_one_question_that_is_refused_again_and_again_is_one(client_of: ClientOf, ask: Any) -> None:
    async with FaultyServer(always(error(400, "no"))) as server, client_of(server) as client:
        results = await asyncio.gather(*(ask(client, 3) for _ in range(16)), return_exceptions=True)
    assert {type(result) for result in results} == {SampleFailed}


async def test_questions_that_were_given_up_before_say_nothing_of_the_endpoint(
    client_of: ClientOf, ask: Any
) -> None:
    refused = always(error(400, "no"))
    async with FaultyServer(refused) as server, client_of(server, concurrency=1, given_up=7) as client:
        results = await outcomes(ask, client, 14)
    assert [type(result) for result in results] == [SampleFailed] * 11 + [RequestRejected] * 3
    assert "for each of the first 12 questions" in results[-1].what
    assert server.count == 12


async def test_what_is_refused_for_some_problems_is_theirs(client_of: ClientOf, ask: Any) -> None:
    def plan(request: Request) -> Act:
        return error(400, "no") if int(request.problem) % 2 else answer(request)

    async with FaultyServer(plan) as server, client_of(server) as client:
        results = await outcomes(ask, client, 30)
    assert sum(isinstance(result, SampleFailed) for result in results) == 15
    assert client.stats.failed == 15
    assert server.count == 30


async def test_every_fault_at_once_loses_nothing(client_of: ClientOf, ask: Any) -> None:
    names = (
        "429",
        "500",
        "502",
        "503",
        "529",
        "reset",
        "reset_mid",
        "cut",
        "malformed",
        "html",
        "no_choices",
        "null",
    )
    plan = layered(faults(dict.fromkeys(names, 0.02)))
    async with FaultyServer(plan) as server, client_of(server, concurrency=16) as client:
        results = await outcomes(ask, client, 300)
    assert [r.text for r in results] == [f"The answer is $\\boxed{{{i}}}$." for i in range(300)]
    assert 330 < server.count < 480


@pytest.mark.parametrize("concurrency", [1, 8])
async def test_the_token_limit_is_respelled_once(
    concurrency: int, client_of: ClientOf, ask: Any, events: list[Event]
) -> None:
    said = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."

    def plan(request: Request) -> Act:
        return error(400, said, "unsupported_parameter") if "max_tokens" in request.body else answer(request)

    async with FaultyServer(plan) as server, client_of(server, concurrency=concurrency) as client:
        results = await outcomes(lambda c, i: ask(c, i, decoding=Decoding(max_tokens=9)), client, 20)
    assert not [result for result in results if isinstance(result, Exception)]
    assert server.count == 20 + concurrency
    assert [event.kind for event in events] == ["respelled"]


async def test_patience_does_not_end_while_a_slow_answer_is_under_way(client_of: ClientOf, ask: Any) -> None:
    plan = once(answer, Act(body=chat(), delay=0.5), *[error(500, "x")] * 6)
    async with FaultyServer(plan) as server, client_of(server, concurrency=2, patience=3.0) as client:
        await ask(client)
        slow = asyncio.create_task(ask(client, 1))
        await asyncio.sleep(0.05)
        assert (await ask(client, 2)).attempts == 7
        assert (await slow).attempts == 1


async def test_a_limit_that_no_spelling_mends_is_given_up(client_of: ClientOf, ask: Any) -> None:
    said = error(400, "max_tokens is not supported, use 'max_completion_tokens'")
    async with FaultyServer(always(said)) as server, client_of(server) as client:
        with pytest.raises(SampleFailed) as failed:
            await ask(client)
    assert failed.value.kind == "limit_field"
    assert server.count == 2


KEY = "sk-proj-abcdefgh12345678"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500])
async def test_a_key_that_an_endpoint_repeats_is_not_shown(
    status: int, client_of: ClientOf, ask: Any, events: list[Event], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    said = error(
        status,
        f"Incorrect API key provided: {KEY} or sk-proj-****5678. model not found",
        "insufficient_quota",
    )
    async with FaultyServer(always(said)) as server:
        endpoint = Endpoint(server.url, "m", key=Secret(KEY), key_name="OPENAI_API_KEY")
        async with client_of(endpoint) as client:
            with pytest.raises((SampleFailed, QuotaExhausted, KeyRejected, ModelNotFound)) as refused:
                await ask(client)
    shown = f"{refused.value} {refused.value!r} {events} {caplog.text} {client!r}"
    assert KEY not in shown
    assert "5678" not in shown


async def test_a_refused_key_is_told_by_its_variable(client_of: ClientOf, ask: Any) -> None:
    async with FaultyServer(always(error(401, "no"))) as server:
        client = client_of(Endpoint(server.url, "m", key_name="DEEPSEEK_API_KEY"))
        async with client:
            with pytest.raises(KeyRejected, match="DEEPSEEK_API_KEY"):
                await ask(client)


async def test_cancelling_frees_the_place(client_of: ClientOf, ask: Any) -> None:
    hang = Act(end="hang")
    async with FaultyServer(once(hang, hang)) as server, client_of(server, concurrency=2) as client:
        hanging = [asyncio.create_task(ask(client, i)) for i in range(2)]
        waiting = [asyncio.create_task(ask(client, i)) for i in range(2, 6)]
        await asyncio.sleep(0.05)
        for task in [*hanging, waiting[0]]:
            task.cancel()
        await asyncio.gather(*hanging, waiting[0], return_exceptions=True)
        assert len(await asyncio.gather(*waiting[1:])) == 3
        assert client.stats.in_flight == 0
    assert server.count == 5


class Scripted:
    """A transport without a network: the next reply or fault of a list."""

    def __init__(self, *replies: Reply | Fault) -> None:
        self.replies = list(replies)
        self.closed = False

    async def post(
        self, url: str, headers: Mapping[str, str], body: bytes, sink: Sink | None = None
    ) -> Reply:
        reply = self.replies.pop(0)
        if isinstance(reply, Fault):
            raise reply
        return reply

    async def close(self) -> None:
        self.closed = True


async def test_any_transport_will_do(client_of: ClientOf, ask: Any) -> None:
    transport = Scripted(Fault("reset", "gone"), Reply(200, {}, chat("4")))
    async with client_of(Endpoint("http://nowhere.invalid/v1", "m"), transport=transport) as client:
        generation = await ask(client)
    assert (generation.text, generation.attempts) == ("4", 2)
    assert transport.closed


async def test_memory_does_not_grow_with_the_number_of_requests(client_of: ClientOf) -> None:
    class Instant:
        async def post(
            self, url: str, headers: Mapping[str, str], body: bytes, sink: Sink | None = None
        ) -> Reply:
            return Reply(200, {}, chat())

        async def close(self) -> None:
            """Nothing is open."""

    message = [Message(role="user", content="?")]
    async with client_of(Endpoint("http://nowhere.invalid/v1", "m"), transport=Instant()) as client:

        async def objects_after(count: int) -> int:
            for _ in range(count):
                await client.generate(message, Decoding())
            gc.collect()
            return len(gc.get_objects())

        before = await objects_after(100)
        assert await objects_after(2000) - before < 100
