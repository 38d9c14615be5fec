"""Requests and answers of servers that pool, without one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from math500.client import pooling
from math500.client.pooling import Values


def _vllm(data: Any, tokens: Any = 3) -> str:
    return json.dumps({"data": [{"index": 0, "data": data}], "usage": {"prompt_tokens": tokens}})


def test_a_request_says_which_values_it_wants() -> None:
    assert json.loads(pooling.body("vllm", "rm", (5, 6, 7), activation=False)) == {
        "model": "rm",
        "input": [[5, 6, 7]],
        "use_activation": False,
        "encoding_format": "float",
    }
    assert json.loads(pooling.body("vllm", "rm", (5,), activation=True))["use_activation"] is True
    # SGLang has no such setting, and its model is the one that it was started with.
    assert json.loads(pooling.body("sglang", "rm", (5, 6), activation=False)) == {"input_ids": [5, 6]}


def test_a_row_a_text_and_a_row_a_token_are_told_apart() -> None:
    assert pooling.values("vllm", _vllm([0.5])) == Values(((0.5,),), 3)
    assert pooling.values("vllm", _vllm([[0.5, 0.5], [1, 0]])) == Values(((0.5, 0.5), (1.0, 0.0)), 3)
    sglang = json.dumps({"embedding": [-2], "meta_info": {"prompt_tokens": 4}})
    assert pooling.values("sglang", sglang) == Values(((-2.0,),), 4)
    assert pooling.values("vllm", _vllm([0.5], tokens="3")) == Values(((0.5,),), None)


@pytest.mark.parametrize(
    "answer",
    [
        _vllm([None]),
        _vllm([]),
        _vllm([["0.5"]]),
        _vllm([True]),
        _vllm("AAAAPw=="),
        _vllm([[0.5], 0.5]),
        "{}",
        '{"data": [{"data": [1]}, {"data": [1]}]}',
    ],
)
def test_what_is_no_number_is_no_value(answer: str) -> None:
    assert pooling.values("vllm", answer) is None


def test_sglangs_answers_are_not_read_as_vllms() -> None:
    assert pooling.values("sglang", _vllm([0.5])) is None
    assert pooling.values("vllm", '{"embedding": [0.5], "meta_info": {"prompt_tokens": 3}}') is None
