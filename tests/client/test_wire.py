"""Requests as they are sent, answers as they are read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from math500.client import answers, wire
from math500.client.stream import Stream
from math500.records import Decoding, Message

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)
NAMES = (
    "choices",
    "message",
    "content",
    "text",
    "usage",
    "error",
    "code",
    "detail",
    "finish_reason",
    "model",
)


def sent(decoding: Decoding, **more: Any) -> dict[str, Any]:
    options = {"seed": None, "stop": (), "limit_field": "max_tokens", **more}
    messages = [Message(role="system", content="Be brief."), Message(role="user", content="1+1?")]
    body: dict[str, Any] = json.loads(wire.request_body("m", messages, decoding, **options))
    assert body.pop("model") == "m"
    assert body.pop("messages") == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "1+1?"},
    ]
    return body


def test_a_setting_that_is_none_is_not_sent() -> None:
    assert sent(Decoding(temperature=None)) == {}
    assert sent(Decoding()) == {"temperature": 0.0}


def test_all_settings_are_sent() -> None:
    decoding = Decoding(temperature=0.6, top_p=0.95, max_tokens=64, seed=3)
    assert sent(decoding, stop=("Problem:",)) == {
        "temperature": 0.6,
        "top_p": 0.95,
        "max_tokens": 64,
        "seed": 3,
        "stop": ["Problem:"],
    }
    assert sent(decoding, seed=0)["seed"] == 0
    assert sent(decoding, limit_field="max_completion_tokens")["max_completion_tokens"] == 64


def test_an_answer_that_has_begun_is_to_be_gone_on_with() -> None:
    begun = [Message(role="user", content="1+1?"), Message(role="assistant", content="It is")]
    sent = json.loads(wire.request_body("m", begun, Decoding(), seed=None, stop=(), limit_field="max_tokens"))
    assert sent["messages"][-1] == {"role": "assistant", "content": "It is"}
    assert (sent["continue_final_message"], sent["add_generation_prompt"]) == (True, False)
    plain = json.loads(
        wire.request_body("m", begun[:1], Decoding(), seed=None, stop=(), limit_field="max_tokens")
    )
    assert not {"continue_final_message", "add_generation_prompt"} & set(plain)


def test_a_whole_answer() -> None:
    body = {
        "id": "c1",
        "model": "served",
        "choices": [
            {
                "finish_reason": "stop",
                "message": {"content": "<think>hm</think> 4", "reasoning_content": "apart"},
            }
        ],
        "usage": {
            "prompt_tokens": 3,
            "completion_tokens": 9,
            "completion_tokens_details": {"reasoning_tokens": 5},
        },
    }
    answer = wire.read(200, {"x-request-id": "req-1"}, json.dumps(body).encode())
    assert answer.generation is not None
    assert answer.generation.text == "<think>hm</think> 4"
    assert answer.generation.reasoning == "apart"
    assert answer.generation.request_id == "req-1"
    assert (answer.generation.model, answer.generation.finish_reason) == ("served", "stop")
    assert answer.generation.prompt_tokens == 3
    assert answer.generation.completion_tokens == 9
    assert answer.generation.reasoning_tokens == 5


@pytest.mark.parametrize("spelling", ["length", "max_tokens", "model_length"])
def test_a_truncated_answer_has_one_spelling(spelling: str) -> None:
    body = {"choices": [{"finish_reason": spelling, "message": {"content": "half"}}]}
    answer = wire.read(200, {}, json.dumps(body).encode())
    assert answer.what == "ok"
    assert answer.generation is not None
    assert answer.generation.finish_reason == "length"


@pytest.mark.parametrize(
    "usage", [None, [], {"prompt_tokens": -1, "completion_tokens": "9"}, {"prompt_tokens": True}]
)
def test_odd_usage_is_no_usage(usage: object) -> None:
    body = {"choices": [{"message": {"content": "4"}}], "usage": usage}
    answer = wire.read(200, {}, json.dumps(body).encode())
    assert answer.generation is not None
    assert answer.generation.prompt_tokens is None
    assert answer.generation.completion_tokens is None


@given(st.integers(200, 599), st.binary(max_size=200))
def test_no_bytes_break_the_reader(status: int, body: bytes) -> None:
    answer = wire.read(status, {}, body)
    assert answer.generation is None or answer.generation.text


@given(
    st.dictionaries(
        st.sampled_from(NAMES), JSON | st.lists(st.dictionaries(st.sampled_from(NAMES), JSON), max_size=2)
    )
)
def test_no_json_breaks_the_reader(body: dict[str, Any]) -> None:
    answer = wire.read(200, {}, json.dumps(body).encode())
    assert answer.what != "ok" or answer.generation is not None


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (b'"7 \xff\xfe is it"', "7 \ufffd\ufffd is it"),
        (b'"7 \\ud83d is it"', "7 \ufffd is it"),
        (b'"7 \\ud83d\\ude00 \xff"', "7 \U0001f600 \ufffd"),
        (b'"\\\\ud83d \xff"', "\\ud83d \ufffd"),
    ],
)
def test_a_bad_byte_does_not_lose_what_is_paid_for(text: bytes, read: str) -> None:
    body = b'{"created": NaN, "choices": [{"message": {"content": %s}, "finish_reason": "stop"}]}' % text
    answer = wire.read(200, {}, b"\xef\xbb\xbf" + body)
    assert answer.what == "ok"
    assert answer.generation is not None
    assert answer.generation.text == read
    stream = Stream()
    stream.feed(b'data: {"choices": [{"delta": {"content": %s}, "finish_reason": "stop"}]}\n\n' % text)
    assert wire.chat(stream.whole_answer(), {}).generation.text == read  # type: ignore[union-attr]
    assert not stream.damaged


def test_a_stream_that_lost_a_piece_of_the_text_is_damaged() -> None:
    stream = Stream()
    stream.feed(b': a comment\ndata: ping\ndata: {"choices": [{"delta": {"content": "1"}}]}\n')
    assert not stream.damaged
    stream.feed(b'data: {"choices": [{"delta": {"cont\ndata: [DONE]\n')
    assert stream.whole
    assert stream.damaged


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"message": "Incorrect API key provided", "code": "invalid_api_key"}, "key"),
        ("Invalid API key", "key"),
        ({"message": "no", "code": "401"}, "key"),
        ({"message": "no", "code": 503}, "overloaded"),
        ({"message": "temperature is too high", "type": "invalid_request_error"}, "rejected"),
        ({"message": "You exceeded your current quota", "code": "insufficient_quota"}, "quota"),
        ({"message": "internal oops", "type": "server_error"}, "server_error"),
    ],
)
def test_an_error_in_a_reply_with_status_200(error: object, kind: str) -> None:
    answer = wire.read(200, {}, json.dumps({"error": error}).encode())
    assert answers.find(answer).kind == kind
    assert answer.said.endswith("sent with status 200")


def test_an_empty_body_is_said_to_be_empty() -> None:
    assert wire.read(204, {}, b"").said == "an empty body"


def test_nesting_without_end_is_malformed() -> None:
    assert wire.read(200, {}, b"[" * 100_000).what == "malformed"


def test_a_page_of_html_is_shown_as_its_text() -> None:
    answer = wire.read(502, {}, b"<html><h1>Bad   Gateway</h1>\n<p>nginx</p></html>")
    assert answer.said == "Bad Gateway nginx"


def streamed(*lines: str, size: int = 7) -> Stream:
    stream = Stream()
    data = "\n".join(lines).encode()
    for start in range(0, len(data), size):
        stream.feed(data[start : start + size])
    return stream


EVENTS = (
    ": a comment that keeps the connection open",
    'data: {"id": "c1", "model": "served", "choices": [{"delta": {"role": "assistant", "content": ""}}]}',
    "",
    'data: {"id": "c1", "choices": [{"delta": {"reasoning_content": "hm "}}]}',
    "",
    'data: {"id": "c1", "choices": [{"delta": {"reasoning": "so"}}]}',
    "",
    'data: {"id": "c1", "choices": [{"delta": {"content": "für "}}]}',
    'data: {"id": "c1", "choices": [{"delta": {"content": "4"}, "finish_reason": null}]}\r',
    "",
    'data: {"id": "c1", "choices": [{"delta": {}, "finish_reason": "stop"}]}',
    "",
    'data: {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 5}}',
    "",
    "data: [DONE]",
    "",
)


@pytest.mark.parametrize("size", [1, 3, 50, 10_000])
def test_a_stream_is_put_together_however_it_is_cut(size: int) -> None:
    stream = streamed(*EVENTS, size=size)
    assert stream.whole
    assert stream.first_at is not None
    answer = wire.judge(stream.whole_answer(), {})
    assert answer.what == "ok"
    assert answer.generation is not None
    assert (answer.generation.text, answer.generation.reasoning) == ("für 4", "hm so")
    assert (answer.generation.model, answer.generation.request_id) == ("served", "c1")
    assert (answer.generation.prompt_tokens, answer.generation.completion_tokens) == (3, 5)


def test_a_stream_that_breaks_off_is_not_whole() -> None:
    assert not streamed(*EVENTS[:9]).whole
    assert not streamed().begun


def test_an_error_inside_a_stream_is_an_error() -> None:
    stream = streamed(*EVENTS[:9], 'data: {"error": {"code": 429, "message": "slow down"}}', "")
    assert stream.whole
    assert wire.judge(stream.whole_answer(), {}).what == 429


@given(st.lists(st.binary(max_size=30), max_size=5))
def test_no_bytes_break_a_stream(pieces: list[bytes]) -> None:
    stream = Stream()
    for piece in pieces:
        stream.feed(b"data:" + piece + b"\n")
    assert wire.judge(stream.whole_answer(), {}).what != "ok"


@given(JSON)
def test_no_event_breaks_a_stream(event: Any) -> None:
    stream = streamed("data: " + json.dumps(event), "data: " + json.dumps({"choices": [event]}), "", size=99)
    assert stream.begun
    wire.judge(stream.whole_answer(), {})
