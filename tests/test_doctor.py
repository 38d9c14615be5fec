"""The doctor against endpoints with every illness; what it says, and how it ends."""

from __future__ import annotations

import json
import re
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from math500 import doctor as room
from math500 import sandbox
from math500.records import Protection
from tests.faulty_server import FAULTS, Act, FaultyServer, Plan, Request, always, chat, error
from tests.test_cli import Command, Outcome, command, own_set, server

__all__ = ["command", "own_set", "server"]

Doctor = Callable[..., Outcome]


def sum_or_count(request: Request, *, thought: dict[str, Any] | None = None, before: str = "") -> Act:
    """A healthy assistant: adds, and is cut off when it counts."""
    if b"Count from 1" in request.raw:
        limit = request.body.get("max_tokens") or request.body.get("max_completion_tokens")
        assert limit == 16
        return Act(body=usage(chat("1 2 3 4", "length", **(thought or {})), 16))
    return Act(body=chat(f"{before}17 + 25 is $\\boxed{{42}}$.", **(thought or {})))


def usage(body: bytes, completion_tokens: int) -> bytes:
    parsed = json.loads(body)
    parsed["usage"]["completion_tokens"] = completion_tokens
    return json.dumps(parsed).encode()


def with_models(plan: Plan, *names: str, prefix: str = "/v1") -> Plan:
    """The same, with a list of models beside it."""
    listed = Act(body=json.dumps({"object": "list", "data": [{"id": name} for name in names]}).encode())
    return lambda request: listed if request.path == f"{prefix}/models" else plan(request)


@pytest.fixture
def doctor(command: Command, server: FaultyServer, own_set: Path) -> Doctor:
    """`math500 doctor` at the server, which gets this plan."""

    def look(plan: Plan, *more: object, url: str = "") -> Outcome:
        server.plan = plan
        return command("doctor", "--model", "m", "--base-url", url or server.url, "--data", own_set, *more)

    return look


def says(done: Outcome, state: str, about: str, *words: str) -> None:
    lines = [line for line in done.out.splitlines() if re.match(rf"{state} +{about}\b", line)]
    assert lines, done.out
    for word in words:
        assert word in "\n".join(lines), done.out


def test_a_healthy_endpoint(doctor: Doctor, server: FaultyServer) -> None:
    done = doctor(sum_or_count)
    assert done.code == 0, done.out
    assert "FAIL" not in done.out
    assert "note" not in done.out
    says(done, "ok", "data", "12 problems")
    says(done, "ok", "model", "m, which answers as served-model")
    says(done, "ok", "stop reason", "stop")
    says(done, "ok", "reasoning", "none")
    says(done, "ok", "token limit", "max_tokens is kept")
    says(done, "ok", "grading", "42 was found by the rule boxed")
    assert done.out.rstrip().endswith("A run can begin.")
    asked = [request for request in server.requests if request.raw]
    assert len(asked) == 2
    assert all(request.body["temperature"] == 0.0 for request in asked)


def test_json_is_for_machines(doctor: Doctor) -> None:
    done = doctor(sum_or_count, "--json")
    found = json.loads(done.out)
    assert found["exit_code"] == 0
    assert {one["about"] for one in found["findings"]} >= {"data", "key", "quota", "model", "reasoning"}
    assert {one["state"] for one in found["findings"]} == {"ok"}


# -- illnesses that end a run ------------------------------------------------------------------

QUOTA = error(429, "You exceeded your current quota", "insufficient_quota")


@pytest.mark.parametrize(
    ("act", "about", "words", "step"),
    [
        (error(401, "Incorrect API key provided", "invalid_api_key"), "key", "Incorrect", "MATH500_API_KEY"),
        (QUOTA, "quota", "insufficient_quota", "Add credit"),
        (error(429, "Rate limit reached"), "quota", "Rate limit", "Wait a minute"),
        (error(404, "The model `m` does not exist", "model_not_found"), "model", "does not exist", "gpt-x"),
        (FAULTS["html"], "connection", "not a JSON object", "Check --base-url"),
        (FAULTS["503"], "connection", "answers 503", "Try again later"),
        (FAULTS["reset"], "connection", "closed the connection", "Check the address"),
        (FAULTS["null"], "chat template", "empty answer", "chat template, stop strings"),
        (
            error(400, "As of transformers v4.44, default chat template is no longer allowed"),
            "chat template",
            "no longer allowed",
            "--api completions and --prompt minerva",
        ),
        (error(400, "max_tokens must be less than 500"), "connection", "answers 400", "settings"),
    ],
    ids=["key", "quota", "rate", "model", "html", "503", "reset", "empty", "no template", "400"],
)
def test_an_illness_is_named(act: Act, about: str, words: str, step: str, doctor: Doctor) -> None:
    done = doctor(with_models(always(act), "gpt-x", "gpt-y"))
    assert done.code == 4, done.out
    says(done, "FAIL", about, words)
    assert re.search(rf"^{about}: .*{re.escape(step)}", done.out, re.MULTILINE), done.out
    assert done.out.rstrip().endswith("A run would not get far.")
    assert "Traceback" not in done.err


def test_the_nearest_name_is_shown(doctor: Doctor) -> None:
    gone = with_models(always(error(404, "model m not found")), "mistral", "m-2", *map(str, range(30)))
    done = doctor(gone)
    assert "It has m-2" in done.out
    assert "more)" in done.out


def test_a_missing_v1_is_seen(doctor: Doctor, server: FaultyServer) -> None:
    lost = with_models(always(Act(status=404, body=b"not here")), "m")
    bare = server.url.removesuffix("/v1")
    done = doctor(lost, url=bare)
    assert f"--base-url {bare}/v1." in done.out


def test_no_key(command: Command, own_set: Path) -> None:
    done = command("doctor", "--model", "openai/gpt-4o-mini", "--data", own_set)
    assert done.code == 4
    says(done, "FAIL", "key", "OPENAI_API_KEY is not set")
    assert "export OPENAI_API_KEY" in done.out


def test_nobody_there(doctor: Doctor) -> None:
    done = doctor(sum_or_count, url="http://127.0.0.1:9/v1")
    assert done.code == 4
    says(done, "FAIL", "connection", "refuses the connection")
    assert "Is the server started?" in done.out


def test_a_proxy_that_is_not_there(doctor: Doctor) -> None:
    done = doctor(sum_or_count, "--proxy", "http://me:hidden@127.0.0.1:9")
    assert done.code == 4
    says(done, "ok", "proxy", "through http://127.0.0.1:9")
    says(done, "FAIL", "proxy")
    assert "hidden" not in done.out


def test_no_answer_in_time(doctor: Doctor) -> None:
    done = doctor(always(FAULTS["hang"]), "--timeout", "connect=0.1", "--timeout", "first-byte=0.1")
    assert done.code == 4
    says(done, "FAIL", "connection", "does not begin to answer in time")


def test_a_certificate_that_is_not_trusted(doctor: Doctor, server: FaultyServer, tmp_path: Path) -> None:
    pair = tmp_path / "both.pem"
    made = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=x")
    subprocess.run([*made, "-keyout", pair, "-out", tmp_path / "c.pem"], check=True, capture_output=True)
    pair.write_bytes(pair.read_bytes() + (tmp_path / "c.pem").read_bytes())
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pair)
    import asyncio
    import threading

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    secure = FaultyServer(sum_or_count, tls=context)
    asyncio.run_coroutine_threadsafe(secure.start(), loop).result(10)
    done = doctor(sum_or_count, url=secure.url)
    asyncio.run_coroutine_threadsafe(secure.stop(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()
    assert done.code == 4
    says(done, "FAIL", "connection", "certificate")
    assert "SSL_CERT_FILE" in done.out


def test_data_that_is_not_there(command: Command, server: FaultyServer, tmp_path: Path) -> None:
    server.plan = sum_or_count
    (tmp_path / "bad.jsonl").write_text("{}\n")
    done = command("doctor", "--model", "m", "--base-url", server.url, "--data", tmp_path / "bad.jsonl")
    assert done.code == 3
    says(done, "FAIL", "data", "bad.jsonl")
    says(done, "ok", "key")


# -- what a person should know -----------------------------------------------------------------


def thinks_in_a_field(request: Request) -> Act:
    return sum_or_count(request, thought={"reasoning_content": "I add."})


def thinks_in_the_text(request: Request) -> Act:
    return sum_or_count(request, before="<think>I add.</think>\n")


def thinks_too_long(_request: Request) -> Act:
    return Act(body=usage(chat("", "length", reasoning_content="Hm. " * 100), 1024))


def test_where_the_thinking_stands(doctor: Doctor) -> None:
    says(doctor(thinks_in_a_field), "ok", "reasoning", "in a field of its own")
    says(doctor(thinks_in_the_text), "ok", "reasoning", "in the text as <think>")
    says(doctor(thinks_in_the_text), "ok", "grading", "42 was found")


def test_a_thought_without_end(doctor: Doctor) -> None:
    done = doctor(thinks_too_long)
    assert done.code == 0
    says(done, "note", "stop reason", "more than 1024 tokens")
    assert "--max-tokens 16384" in done.out
    says(done, "ok", "token limit", "max_tokens is kept")


def test_a_model_that_does_not_stop(doctor: Doctor) -> None:
    done = doctor(always(Act(body=usage(chat("42 42 " * 100, "length"), 1024))))
    says(done, "note", "stop reason")
    assert "stop tokens" in done.out


@pytest.mark.parametrize(
    "text",
    ["42<|im_end|>\n<|im_start|>user", "It is 42.\nUser: and 3 + 4?", "[INST] 17 + 25 [/INST] 42"],
)
def test_a_template_that_leaks(text: str, doctor: Doctor) -> None:
    done = doctor(always(Act(body=chat(text))))
    says(done, "note", "chat template", "the template is missing or wrong")


def test_a_base_model_that_goes_on_writing(doctor: Doctor) -> None:
    done = doctor(always(Act(body=chat("What is 18 + 26? What is 19 + 27?"))))
    says(done, "note", "chat template", "17 + 25 is answered with")
    assert "--api completions" in done.out


def test_a_base_model_asked_rightly(doctor: Doctor, server: FaultyServer) -> None:
    def text(request: Request) -> Act:
        assert request.path == "/v1/completions"
        choice = {"text": " The final answer is $42$. I hope it is correct.", "finish_reason": "length"}
        body = {"choices": [choice], "usage": {"prompt_tokens": 5, "completion_tokens": 16}}
        return Act(body=json.dumps(body).encode())

    done = doctor(text, "--api", "completions")
    assert done.code == 0
    says(done, "ok", "chat template", "none is used")
    assert server.requests[0].body["prompt"].endswith("Solution:")


def test_a_model_that_takes_no_temperature(doctor: Doctor) -> None:
    def plan(request: Request) -> Act:
        if "temperature" in request.body:
            return error(400, "Unsupported value: 'temperature' does not support 0.0", "unsupported_value")
        return sum_or_count(request)

    done = doctor(plan)
    assert done.code == 0
    says(done, "note", "temperature", "takes none")
    assert "--temperature none" in done.out


def test_a_limit_of_another_name(doctor: Doctor) -> None:
    def plan(request: Request) -> Act:
        if "max_tokens" in request.body:
            return error(400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.")
        return sum_or_count(request)

    says(doctor(plan), "ok", "token limit", "max_completion_tokens is kept")


def test_a_context_smaller_than_the_question_asks_for(doctor: Doctor) -> None:
    """As vLLM 0.32 refuses the question where it serves 512 tokens."""

    def small(request: Request) -> Act:
        asked = request.body["max_tokens"]
        if asked < 512:
            return sum_or_count(request)
        said = f"max_tokens={asked} cannot be greater than max_model_len=512."
        return error(400, said)

    done = doctor(small)
    assert done.code == 0
    says(done, "note", "token limit", "an answer of 1024 tokens does not fit; 256 were asked for")
    says(done, "ok", "grading", "42 was found")
    says(done, "ok", "token limit", "max_tokens is kept")


def test_a_limit_that_is_not_kept(doctor: Doctor) -> None:
    def plan(request: Request) -> Act:
        if b"Count from 1" in request.raw:
            return Act(body=usage(chat("1 2 3 " * 50), 300))
        return sum_or_count(request)

    done = doctor(plan)
    says(done, "note", "token limit", "max_tokens=16 was sent and 300 tokens came")
    assert "Set the limit at the server" in done.out


def test_what_an_endpoint_does_not_say(doctor: Doctor) -> None:
    body = json.dumps({"choices": [{"message": {"content": "\\boxed{42}"}}]}).encode()
    done = doctor(always(Act(body=body)))
    says(done, "note", "stop reason", "does not say why")
    says(done, "note", "tokens", "does not count them")
    assert "by the text's length; --max-requests is exact" in done.out


def test_an_address_that_has_its_version_is_not_given_another(doctor: Doctor, server: FaultyServer) -> None:
    """Some gateways list their models at any address."""
    done = doctor(with_models(always(Act(body=b"")), "m", prefix="/v1/v1"))
    says(done, "FAIL", "connection", "an empty body")
    assert f"{server.url}/v1" not in done.out


def test_a_wrong_answer_is_shown(doctor: Doctor) -> None:
    done = doctor(always(Act(body=chat("It is $\\boxed{41}$, not 42."))))
    says(done, "note", "grading", "wrong: found 41")


def test_a_clock_that_is_off(doctor: Doctor) -> None:
    def plan(request: Request) -> Act:
        act = sum_or_count(request)
        return Act(body=act.body, headers={"Date": "Mon, 01 Jan 2024 00:00:00 GMT"})

    says(doctor(plan), "note", "clock", "s apart")


def test_a_stream_tells_the_first_token(doctor: Doctor) -> None:
    from tests.faulty_server import stream

    done = doctor(always(stream({"content": "It is "}, {"content": "\\boxed{42}."})), "--stream")
    says(done, "ok", "speed", "the first token after")


def test_every_address_is_looked_at(doctor: Doctor, server: FaultyServer) -> None:
    done = doctor(sum_or_count, "--base-url", "http://127.0.0.1:9/v1")
    assert done.code == 4
    says(done, "ok", "model", server.url)
    says(done, "FAIL", "connection", "http://127.0.0.1:9/v1")


BEST = Protection(walls="namespaces", landlock=7, seccomp=True)


@pytest.mark.parametrize(
    ("best", "state", "words"),
    [
        (
            Protection(walls="namespaces", landlock=7, seccomp=True),
            "ok",
            "namespaces with landlock 7 with seccomp",
        ),
        (
            Protection(walls="landlock", landlock=3, seccomp=True, why="no namespaces"),
            "ok",
            "; no namespaces",
        ),
        (
            Protection(walls="none", why="no Linux"),
            "note",
            "nothing would keep model-written code in: no Linux",
        ),
    ],
)
def test_what_keeps_code_in_is_told(
    best: Protection, state: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "protection", lambda: best)
    found = room._sandbox()
    assert (found.about, found.state) == ("sandbox", state)
    assert words in found.what
