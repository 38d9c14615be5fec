"""The three forms of asking, over real sockets, in one piece and streamed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from math500.client import Client
from math500.client.forms import as_text
from math500.errors import SampleFailed, UsageError
from math500.records import Decoding, Message
from tests.faulty_server import Act, FaultyServer, always, once

pytestmark = pytest.mark.anyio
ClientOf = Callable[..., Client]
MESSAGES = [
    Message(role="system", content="Be brief."),
    Message(role="user", content="Problem 7:\nSolution:"),
]
USAGE = {"input_tokens": 9, "output_tokens": 5, "output_tokens_details": {"reasoning_tokens": 3}}


def events(*chunks: dict[str, Any], done: bool = True, **more: Any) -> Act:
    """Server-sent events."""
    pieces = [b"event: x\ndata: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks]
    return Act(
        pieces=[*pieces, *([b"data: [DONE]\n\n"] if done else [])],
        headers={"Content-Type": "text/event-stream"},
        **more,
    )


def body(**fields: Any) -> Act:
    return Act(body=json.dumps(fields).encode())


# -- completions -------------------------------------------------------------------------------


def completion(text: str, finish: str = "stop") -> Act:
    usage = {"prompt_tokens": 9, "completion_tokens": 5}
    choice = {"index": 0, "text": text, "finish_reason": finish}
    return body(id="cmpl-1", model="base", choices=[choice], usage=usage)


async def test_a_base_model_gets_one_text(client_of: ClientOf) -> None:
    async with (
        FaultyServer(always(completion(" It is 4."))) as server,
        client_of(server, api="completions") as client,
    ):
        decoding = Decoding(max_tokens=50, seed=3, top_p=0.9)
        generation = await client.generate(MESSAGES, decoding, stop=["\nProblem:"])
    (request,) = server.requests
    assert request.path == "/v1/completions"
    assert request.body == {
        "model": "asked-model",
        "prompt": "Be brief.\n\nProblem 7:\nSolution:",
        "temperature": 0.0,
        "top_p": 0.9,
        "max_tokens": 50,
        "seed": 3,
        "stop": ["\nProblem:"],
    }
    assert (generation.text, generation.finish_reason, generation.model) == (" It is 4.", "stop", "base")
    assert (generation.prompt_tokens, generation.completion_tokens) == (9, 5)
    assert generation.request_id == "cmpl-1"


async def test_a_base_models_text_comes_in_pieces(client_of: ClientOf) -> None:
    plan = events(
        {"id": "c", "model": "base", "choices": [{"index": 0, "text": " It is", "finish_reason": None}]},
        {"id": "c", "choices": [{"index": 0, "text": " 4.", "finish_reason": "length"}]},
        {"id": "c", "choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 5}},
        between=0.005,
    )
    async with (
        FaultyServer(always(plan)) as server,
        client_of(server, api="completions", stream=True) as client,
    ):
        generation = await client.generate(MESSAGES, Decoding())
    assert (generation.text, generation.finish_reason) == (" It is 4.", "length")
    assert generation.completion_tokens == 5
    assert generation.first_token_seconds is not None
    assert generation.first_token_seconds < generation.seconds
    assert server.requests[0].body["stream_options"] == {"include_usage": True}


def test_a_text_holds_the_contents_and_nothing_else() -> None:
    assert as_text(MESSAGES[1:]) == "Problem 7:\nSolution:"


def test_an_answer_that_has_begun_stands_right_behind_the_question() -> None:
    begun = [*MESSAGES, Message(role="assistant", content="\nWe add.\n")]
    assert as_text(begun) == "Be brief.\n\nProblem 7:\nSolution:\nWe add.\n"


# -- responses ---------------------------------------------------------------------------------


def response(text: str = "It is 4.", **fields: Any) -> dict[str, Any]:
    return {
        "id": "resp_1",
        "object": "response",
        "status": "completed",
        "error": None,
        "model": "thinker-2026",
        "output": [
            {"type": "reasoning", "summary": [{"type": "summary_text", "text": "I add."}]},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]},
        ],
        "usage": USAGE,
        **fields,
    }


async def test_a_reasoning_model_is_asked_for_a_response(client_of: ClientOf) -> None:
    async with (
        FaultyServer(always(body(**response()))) as server,
        client_of(server, api="responses") as client,
    ):
        generation = await client.generate(MESSAGES, Decoding(temperature=None, max_tokens=50))
    (request,) = server.requests
    assert request.path == "/v1/responses"
    assert request.body == {
        "model": "asked-model",
        "input": [{"role": m.role, "content": m.content} for m in MESSAGES],
        "store": False,
        "max_output_tokens": 50,
    }
    assert (generation.text, generation.reasoning, generation.finish_reason) == ("It is 4.", "I add.", "stop")
    assert (generation.prompt_tokens, generation.completion_tokens, generation.reasoning_tokens) == (9, 5, 3)
    assert (generation.model, generation.request_id) == ("thinker-2026", "resp_1")


async def test_a_response_comes_in_pieces(client_of: ClientOf) -> None:
    plan = events(
        {"type": "response.created", "response": {"status": "in_progress"}},
        {"type": "response.reasoning_summary_text.delta", "delta": "I add."},
        {"type": "response.output_text.delta", "delta": "It is 4."},
        {"type": "response.completed", "response": response()},
        done=False,
        between=0.005,
    )
    async with (
        FaultyServer(always(plan)) as server,
        client_of(server, api="responses", stream=True) as client,
    ):
        generation = await client.generate(MESSAGES, Decoding())
    assert (generation.text, generation.reasoning, generation.attempts) == ("It is 4.", "I add.", 1)
    assert generation.first_token_seconds is not None
    assert server.requests[0].body["stream"] is True
    assert "stream_options" not in server.requests[0].body


async def test_a_last_event_without_the_text_is_made_good(client_of: ClientOf) -> None:
    plan = events(
        {"type": "response.reasoning_text.delta", "delta": "I add."},
        {"type": "response.output_text.delta", "delta": "It "},
        {"type": "response.output_text.delta", "delta": "is 4."},
        {"type": "response.completed", "response": response(output=[])},
    )
    async with (
        FaultyServer(always(plan)) as server,
        client_of(server, api="responses", stream=True) as client,
    ):
        generation = await client.generate(MESSAGES, Decoding())
    assert (generation.text, generation.reasoning, generation.completion_tokens) == ("It is 4.", "I add.", 5)


async def test_a_response_cut_while_thinking_counts_as_truncated(client_of: ClientOf) -> None:
    cut = response(status="incomplete", incomplete_details={"reason": "max_output_tokens"}, output=[])
    async with FaultyServer(always(body(**cut))) as server, client_of(server, api="responses") as client:
        generation = await client.generate(MESSAGES, Decoding())
    assert (generation.text, generation.finish_reason) == ("", "length")


REFUSAL = [{"type": "message", "content": [{"type": "refusal", "refusal": "No."}]}]


@pytest.mark.parametrize(
    ("act", "kind"),
    [
        (
            body(**response(status="incomplete", incomplete_details={"reason": "content_filter"}, output=[])),
            "filtered",
        ),
        (body(**response(output=REFUSAL)), "filtered"),
        (body(**response(text=" ")), "empty"),
        (body(id="resp_1", status="completed"), "malformed"),
        (body(**response(status="failed", error={"code": "server_error", "message": "x"})), "server_error"),
    ],
    ids=["content filter", "refusal", "blank", "no output", "failed"],
)
async def test_a_response_that_is_no_answer_is_named(act: Act, kind: str, client_of: ClientOf) -> None:
    plan = once(body(**response()), *[act] * 9)
    async with FaultyServer(plan) as server, client_of(server, api="responses") as client:
        await client.generate(MESSAGES, Decoding())
        with pytest.raises(SampleFailed) as given_up:
            await client.generate(MESSAGES, Decoding())
    assert given_up.value.kind == kind
    assert given_up.value.attempts == server.count - 1


@pytest.mark.parametrize(
    "bad",
    [
        events({"type": "response.output_text.delta", "delta": "It"}, done=False),
        events({"type": "error", "code": "server_error", "message": "x"}, done=False),
        events({"type": "response.failed", "response": response(status="failed", error={"code": "x"})}),
    ],
    ids=["no end", "error", "failed"],
)
async def test_a_broken_response_stream_is_asked_for_again(bad: Act, client_of: ClientOf) -> None:
    good = events({"type": "response.completed", "response": response()}, done=False)
    async with (
        FaultyServer(once(bad, then=always(good))) as server,
        client_of(server, api="responses", stream=True) as client,
    ):
        generation = await client.generate(MESSAGES, Decoding())
    assert (generation.text, generation.attempts) == ("It is 4.", 2)


async def test_what_a_response_cannot_carry_is_refused(client_of: ClientOf) -> None:
    async with FaultyServer() as server, client_of(server, api="responses") as client:
        with pytest.raises(UsageError, match="no seed"):
            await client.generate(MESSAGES, Decoding(), seed=1)
        with pytest.raises(UsageError, match="no stop strings"):
            await client.generate(MESSAGES, Decoding(), stop=["\nProblem:"])
    assert server.count == 0
