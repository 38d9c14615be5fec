"""What is asked for beside a text: tools and log probabilities, whole and in pieces."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from math500.client import Budget, Client, Endpoint, wire
from math500.client.budget import Purse, Spent
from math500.errors import QuotaExhausted, RequestRejected, SampleFailed, UsageError
from math500.records import Decoding, Extras, Message, Price, Tool, ToolCall
from tests.faulty_server import Act, FaultyServer, always, chat, error, once, stream

pytestmark = pytest.mark.anyio
ClientOf = Callable[..., Client]

TOOL = Tool(name="python", description="Runs it.", parameters={"type": "object"})
TOOLS = Extras(tools=(TOOL,))
LOGPROBS = Extras(logprobs=True)


def calls(*made: tuple[str | None, Any], name: str = "python") -> list[dict[str, Any]]:
    return [{"id": i, "type": "function", "function": {"name": name, "arguments": a}} for i, a in made]


def with_logprobs(text: str, numbers: list[float], plain: bool = False) -> Act:
    body = json.loads(chat(text))
    body["choices"][0]["logprobs"] = (
        {"token_logprobs": [None, *numbers]} if plain else {"content": [{"logprob": n} for n in numbers]}
    )
    return Act(body=json.dumps(body).encode())


async def test_tools_are_offered_and_calls_are_read(client_of: ClientOf, ask: Any) -> None:
    reply = chat(
        None, "tool_calls", tool_calls=calls(("a", '{"code": "1"}'), ("b", {"code": "2"}), (None, None))
    )
    async with FaultyServer(always(Act(body=reply))) as server, client_of(server) as client:
        generation = await ask(client, extras=TOOLS)
    assert (generation.text, generation.finish_reason, generation.attempts) == ("", "tool_calls", 1)
    assert generation.tool_calls == (
        ToolCall(id="a", name="python", arguments='{"code": "1"}'),
        ToolCall(id="b", name="python", arguments='{"code":"2"}'),
        ToolCall(id="call-2", name="python", arguments=""),
    )
    sent = server.requests[0].body
    assert sent["tool_choice"] == "auto"
    assert sent["tools"] == [
        {
            "type": "function",
            "function": {"name": "python", "description": "Runs it.", "parameters": {"type": "object"}},
        }
    ]


async def test_a_conversation_with_calls_is_sent_as_the_protocol_says() -> None:
    call = ToolCall(id="a", name="python", arguments="{")
    messages = [
        Message(role="user", content="1+1?"),
        Message(role="assistant", content="", tool_calls=(call,), reasoning="hm"),
        Message(role="tool", content="2", tool_call_id="a"),
    ]
    body = wire.request_body("m", messages, Decoding(), seed=None, stop=(), limit_field="max_tokens")
    function = {"name": "python", "arguments": "{"}
    assert wire.decoded(body) == {
        "model": "m",
        "temperature": 0.0,
        "messages": [
            {"role": "user", "content": "1+1?"},
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": "a", "type": "function", "function": function}],
                "reasoning_content": "hm",
            },
            {"role": "tool", "content": "2", "tool_call_id": "a"},
        ],
    }


BY_INDEX = (
    {"tool_calls": [{"index": 0, "id": "a", "function": {"name": "python", "arguments": ""}}]},
    {"tool_calls": [{"index": 0, "function": {"arguments": '{"code": '}}]},
    {"tool_calls": [{"index": 1, "id": "b", "function": {"name": "python", "arguments": "{}"}}]},
    {"tool_calls": [{"index": 0, "function": {"arguments": '"1"}'}}]},
)
WITHOUT_INDEX = (
    {"tool_calls": [{"id": "a", "function": {"name": "python", "arguments": '{"code": '}}]},
    {"tool_calls": [{"function": {"arguments": '"1"}'}}]},
    {"tool_calls": [{"id": "b", "function": {"name": "python", "arguments": {}}}]},
)
ALL_AT_ZERO = (
    {"tool_calls": [{"index": 0, "id": "a", "function": {"name": "python", "arguments": '{"code": "1"}'}}]},
    {"tool_calls": [{"index": 0, "id": "b", "function": {"name": "python", "arguments": "{}"}}]},
)
ALL_REPEATED = (
    {"tool_calls": [{"index": 0, "function": {"name": "python", "arguments": '{"code"'}}]},
    {"tool_calls": [{"index": 0, "id": "a", "function": {"name": "python", "arguments": ': "1"}'}}]},
    {"tool_calls": [{"index": 1, "id": "b", "function": {"name": "python", "arguments": "{"}}]},
    {"tool_calls": [{"index": 1, "id": "b", "function": {"name": "python", "arguments": "}"}}]},
)
PIECES = {"index": BY_INDEX, "none": WITHOUT_INDEX, "zero": ALL_AT_ZERO, "repeated": ALL_REPEATED}


@pytest.mark.parametrize("deltas", PIECES.values(), ids=PIECES)
async def test_streamed_calls_are_put_together(deltas: Any, client_of: ClientOf, ask: Any) -> None:
    plan = always(stream(*deltas, finish="tool_calls", delay=0.01))
    async with FaultyServer(plan) as server, client_of(server, stream=True) as client:
        generation = await ask(client, extras=TOOLS)
    assert [(c.id, c.arguments) for c in generation.tool_calls] == [("a", '{"code": "1"}'), ("b", "{}")]
    assert {c.name for c in generation.tool_calls} == {"python"}
    assert generation.finish_reason == "tool_calls"
    assert generation.first_token_seconds is not None


async def test_a_call_that_nobody_offered_is_an_empty_answer(client_of: ClientOf, ask: Any) -> None:
    reply = Act(body=chat("", "tool_calls", tool_calls=calls(("a", "{}"))))
    async with FaultyServer(once(chat_act("4"), then=always(reply))) as server, client_of(server) as client:
        await ask(client)
        with pytest.raises(SampleFailed) as failed:
            await ask(client)
    assert failed.value.kind == "empty"


def chat_act(text: str | None, finish: str = "stop", **more: Any) -> Act:
    return Act(body=chat(text, finish, **more))


async def test_a_call_cut_off_at_its_beginning_is_the_models_own_answer(
    client_of: ClientOf, ask: Any
) -> None:
    async with FaultyServer(always(chat_act(None, "length"))) as server, client_of(server) as client:
        generation = await ask(client, extras=TOOLS)
    assert (generation.text, generation.finish_reason, server.count) == ("", "length", 1)


async def test_an_endpoint_that_refuses_tools_says_what_to_do(client_of: ClientOf, ask: Any) -> None:
    plan = always(error(400, "gemma does not support tools"))
    async with FaultyServer(plan) as server, client_of(server) as client:
        with pytest.raises(RequestRejected, match="Use --tool-calls prompt") as refused:
            await ask(client, extras=TOOLS)
    assert "\n" not in str(refused.value)
    assert server.count == 1


async def test_a_refusal_without_a_known_reason_names_the_likely_one(client_of: ClientOf, ask: Any) -> None:
    async with FaultyServer(always(error(400, "bad request"))) as server, client_of(server) as client:
        for number in range(4):
            with pytest.raises(SampleFailed):
                await ask(client, number, extras=TOOLS)
        with pytest.raises(RequestRejected, match="If it takes no tools, use --tool-calls prompt"):
            await ask(client, 4, extras=TOOLS)


@pytest.mark.parametrize(("api", "plain"), [("chat", False), ("completions", True)])
async def test_log_probabilities_are_summed(api: str, plain: bool, client_of: ClientOf, ask: Any) -> None:
    plan = always(with_logprobs("4", [-0.5, -1.0], plain))
    async with FaultyServer(plan) as server, client_of(server, api=api) as client:
        generation = await ask(client, extras=LOGPROBS)
    assert (generation.logprob, generation.logprob_tokens) == (-1.5, 2)
    assert server.requests[0].body["logprobs"] == (True if api == "chat" else 1)


WITH_PROBABILITY = b'"finish_reason": null, "logprobs": {"content": [{"logprob": -0.25}]}'


async def test_streamed_log_probabilities_are_summed(client_of: ClientOf, ask: Any) -> None:
    act = stream({"content": "4"}, {"content": "2"})
    pieces = [piece.replace(b'"finish_reason": null', WITH_PROBABILITY) for piece in act.pieces]
    plan = always(Act(pieces=pieces, headers=act.headers))
    async with FaultyServer(plan) as server, client_of(server, stream=True) as client:
        generation = await ask(client, extras=LOGPROBS)
    assert (generation.text, generation.logprob, generation.logprob_tokens) == ("42", -0.5, 2)


async def test_log_probabilities_that_are_not_there_stop_the_run(client_of: ClientOf, ask: Any) -> None:
    async with FaultyServer() as server, client_of(server) as client:
        with pytest.raises(RequestRejected, match="without log probabilities.*Use another --weigh"):
            await ask(client, extras=LOGPROBS)
        assert server.count == 1


async def test_nothing_is_asked_for_unless_it_is_needed(client_of: ClientOf, ask: Any) -> None:
    async with FaultyServer() as server, client_of(server) as client:
        await ask(client)
    assert not {"tools", "tool_choice", "logprobs"} & set(server.requests[0].body)


@pytest.mark.parametrize(
    ("api", "extras", "words"),
    [
        ("completions", TOOLS, "--api completions offers a model no tools"),
        ("responses", TOOLS, "--api responses offers a model no tools"),
        ("responses", LOGPROBS, "gives no log probabilities"),
    ],
)
async def test_a_form_that_cannot_carry_it_refuses(
    api: str, extras: Extras, words: str, client_of: ClientOf, ask: Any
) -> None:
    client = client_of(Endpoint("http://127.0.0.1:1/v1", "m"), api=api)
    with pytest.raises(UsageError, match=words):
        await ask(client, extras=extras)


# -- two clients, one budget ----------------------------------------------------------------------


async def test_two_clients_of_one_run_share_its_limits(client_of: ClientOf, ask: Any) -> None:
    async with FaultyServer() as server:
        model = client_of(server, budget=Budget(requests=3))
        async with model, client_of(server, beside=model) as judge:
            await ask(model)
            await ask(judge)
            await ask(model)
            with pytest.raises(QuotaExhausted, match="3 requests"):
                await ask(judge)


def test_each_purse_pays_at_its_own_price() -> None:
    one = Price(model="given", prompt=0.0, completion=1.0)
    model = Purse(Budget(cost=1e-4), one, Spent(1, 0, 40))
    judge = Purse(Budget(), Price(model="given", prompt=0.0, completion=10.0), Spent(1, 0, 5))
    judge.join(model)
    ten = Decoding(max_tokens=10)
    # 40 + 50 are spent, of 100.
    assert model.take_now((), ten) is None
    assert model.take_now((), Decoding(max_tokens=1)) is not None
    assert judge.take_now((), Decoding(max_tokens=1)) is not None


async def test_who_waits_for_room_gets_what_the_other_gives_back() -> None:
    model = Purse(Budget(tokens=200))
    judge = Purse(Budget())
    judge.join(model)
    aside = await model.take((), Decoding(max_tokens=100))
    waiting = asyncio.ensure_future(judge.take((), Decoding(max_tokens=100)))
    await asyncio.sleep(0.01)
    assert not waiting.done()
    model.settle(aside, None, billed=False)
    await asyncio.wait_for(waiting, 5)
    judge.settle(aside, None, billed=True)
    with pytest.raises(QuotaExhausted, match="200 tokens"):
        await model.take((), Decoding(max_tokens=100))
