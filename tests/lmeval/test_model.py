"""The model `math500` against a real server on loopback."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lm_eval.api.instance import Instance
from lm_eval.api.model import CachingLM

from math500.errors import KeyRejected, ModelError, UsageError
from math500.lmeval.model import STOPPED, Math500LM
from math500.lmeval.response import Response
from tests.lmeval.conftest import Endpoint, completion

pytestmark = pytest.mark.lm_eval

GREEDY = {"until": [], "max_gen_toks": 64, "temperature": 0.0, "do_sample": False}


def requests(*texts: str, settings: dict[str, Any] | None = None, repeats: int = 1) -> list[Instance]:
    """lm-eval's requests, each object repeated as lm-eval repeats it."""
    made = [
        Instance("generate_until", {}, (text, dict(settings or GREEDY)), 0, ("t", i, repeats))
        for i, text in enumerate(texts)
    ]
    return [request for request in made for _ in range(repeats)]


@pytest.fixture
def model_at(endpoint: Endpoint) -> Callable[..., Math500LM]:
    def make(**options: Any) -> Math500LM:
        return Math500LM(model="stub", base_url=endpoint.url, **options)

    return make


def ask(model: Math500LM, asked: list[Instance]) -> list[Any]:
    """The responses."""
    return model.generate_until(asked, disable_tqdm=True)


def test_answers_come_in_order_with_their_facts(
    endpoint: Endpoint, model_at: Callable[..., Math500LM], script: Callable[[str], str]
) -> None:
    texts = [f"Problem {i}: ?" for i in (3, 0, 9, 0)]
    found = ask(model_at(concurrency=3), requests(*texts))
    assert found == [script(text) for text in texts]
    assert all(isinstance(response, Response) for response in found)
    assert found[0].generation.completion_tokens == len(found[0])
    assert (found[0].generation.finish_reason, found[0].max_tokens) == ("stop", 64)
    assert len(endpoint.requests) == 4


def test_settings_are_sent(endpoint: Endpoint, model_at: Callable[..., Math500LM]) -> None:
    settings = {
        "until": ["\nProblem:"],
        "max_gen_toks": 99,
        "temperature": 0.6,
        "do_sample": True,
        "top_p": 0.9,
    }
    ask(model_at(seed=7), requests("Problem 0: ?", settings=settings, repeats=3))
    sent = sorted(endpoint.requests, key=lambda body: int(body["seed"]))
    first = (7 + zlib.crc32(b"Problem 0: ?")) % 2**30
    assert [body["seed"] for body in sent] == [first, first + 1, first + 2]
    assert {(b["max_tokens"], b["temperature"], b["top_p"], b["stop"][0]) for b in sent} == {
        (99, 0.6, 0.9, "\nProblem:")
    }


def test_a_chat_template_keeps_the_messages_apart(
    endpoint: Endpoint, model_at: Callable[..., Math500LM]
) -> None:
    model = model_at()
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Problem 1: ?"}]
    ask(model, requests(model.apply_chat_template(messages), "Problem 2: plain"))
    assert sorted((body["messages"] for body in endpoint.requests), key=len) == [
        [{"role": "user", "content": "Problem 2: plain"}],
        messages,
    ]


def test_a_request_that_is_given_up_does_not_lose_the_run(
    endpoint: Endpoint, model_at: Callable[..., Math500LM], script: Callable[[str], str]
) -> None:
    scripted = endpoint.reply

    def refuse_one(body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if "Problem 1:" in json.dumps(body):
            return 200, completion("", "content_filter")[1]
        return scripted(body)

    endpoint.reply = refuse_one
    found = ask(model_at(concurrency=1), requests("Problem 0: ?", "Problem 1: ?", "Problem 2: ?"))
    assert [response.failure is None for response in found] == [True, False, True]
    assert found[1] == ""
    assert found[1].failure.detail
    assert found[2] == script("Problem 2: ?")


def quota_after(endpoint: Endpoint, answers: int) -> None:
    """Let the endpoint run out of quota."""
    scripted = endpoint.reply

    def reply(body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if len(endpoint.requests) <= answers:
            return scripted(body)
        return 429, {"error": {"code": "insufficient_quota", "message": "You exceeded your current quota"}}

    endpoint.reply = reply


def test_what_was_answered_before_the_quota_ended_is_kept(
    endpoint: Endpoint, model_at: Callable[..., Math500LM], script: Callable[[str], str]
) -> None:
    quota_after(endpoint, 2)
    texts = [f"Problem {i}: ?" for i in range(6)]
    found = ask(model_at(concurrency=1), requests(*texts))
    assert found[:2] == [script(text) for text in texts[:2]]
    assert [response.failure and response.failure.kind for response in found[2:]] == [STOPPED] * 4
    assert len(endpoint.requests) == 3


def test_when_nothing_is_answered_the_error_is_raised(
    endpoint: Endpoint, model_at: Callable[..., Math500LM]
) -> None:
    quota_after(endpoint, 0)
    with pytest.raises(ModelError, match="quota"):
        ask(model_at(), requests("Problem 0: ?", "Problem 1: ?"))


def test_lm_evals_cache_owes_what_failed(
    endpoint: Endpoint, model_at: Callable[..., Math500LM], script: Callable[[str], str], tmp_path: Path
) -> None:
    quota_after(endpoint, 2)
    asked = requests("Problem 0: ?", "Problem 1: ?", "Problem 2: ?")
    database = str(tmp_path / "cache.db")
    first = CachingLM(model_at(concurrency=1), database)
    assert [r.failure is None for r in first.generate_until(asked)] == [True, True, False]
    first.dbdict.close()

    endpoint.requests.clear()
    quota_after(endpoint, 99)
    endpoint.reply = lambda body: completion(script(body["messages"][-1]["content"]))
    again = CachingLM(model_at(concurrency=1), database)
    found = again.generate_until(asked)
    again.dbdict.close()
    assert found == [script(f"Problem {i}:") for i in range(3)]
    assert found[0].generation.completion_tokens == len(found[0])
    assert len(endpoint.requests) == 1


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"pretrained": "x"}, "pretrained"),
        ({"base_url": "http://me:secret@127.0.0.1:1/v1"}, "MATH500_API_KEY"),
    ],
)
def test_odd_arguments_are_refused(options: dict[str, Any], word: str) -> None:
    with pytest.raises(UsageError, match=word) as caught:
        Math500LM(model="stub", **options)
    assert "secret" not in str(caught.value)


def test_a_setting_that_cannot_be_sent_is_refused(
    endpoint: Endpoint, model_at: Callable[..., Math500LM]
) -> None:
    with pytest.raises(UsageError, match="top_k"):
        ask(model_at(), requests("Problem 0: ?", settings={**GREEDY, "top_k": 5}))
    assert not endpoint.requests


def test_a_missing_key_is_said_before_anything_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.endswith("API_KEY")]:
        monkeypatch.delenv(name)
    with pytest.raises(KeyRejected, match="OPENAI_API_KEY"):
        ask(Math500LM(model="openai/some-model"), requests("Problem 0: ?"))


def test_log_likelihoods_are_refused(model_at: Callable[..., Math500LM]) -> None:
    for method in (model_at().loglikelihood, model_at().loglikelihood_rolling):
        with pytest.raises(UsageError, match="log-likelihoods"):
            method(requests("Problem 0: ?"))


def test_the_results_name_the_endpoint(endpoint: Endpoint, model_at: Callable[..., Math500LM]) -> None:
    model = model_at()
    ask(model, requests("Problem 0: ?"))
    assert model.get_model_info() == {"served_name": "stub", "base_url": endpoint.url}


def test_the_clients_options_are_arguments(
    endpoint: Endpoint, model_at: Callable[..., Math500LM], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEAM", "hidden-one")
    model = model_at(stream=True, header="X-Team:$TEAM", max_requests=2, timeout_total=50, price="1|2")
    assert (model.asking.stream, model.asking.budget.requests, model.asking.timeouts.total) == (True, 2, 50)
    assert model.private.headers == {"X-Team": "hidden-one"}
    assert model.price is not None
    assert (model.price.prompt, model.price.completion) == (1, 2)
    found = ask(model, requests(*(f"Problem {i}: ?" for i in range(5))))
    assert len(endpoint.requests) == 2
    assert all(body["stream"] for body in endpoint.requests)
    assert [response.failure.kind for response in found if response.failure] == [STOPPED] * 3


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"header": "X-Team: value"}, "header=NAME:"),
        ({"proxy": "http://me:hidden@h:1"}, "proxy holds a user or a password"),
        ({"api": "telepathy"}, "telepathy"),
        ({"timeout_total": "never"}, "total=never"),
        ({"max_cost": 1}, "--price PROMPT,COMPLETION"),
    ],
)
def test_an_argument_that_cannot_be_used_is_told(
    options: dict[str, Any], words: str, model_at: Callable[..., Math500LM]
) -> None:
    with pytest.raises(UsageError) as refused:
        ask(model_at(**options), requests("Problem 0: ?"))
    assert words in str(refused.value)
    assert "hidden" not in str(refused.value)
