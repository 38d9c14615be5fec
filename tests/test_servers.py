"""What vLLM and SGLang say about themselves, and what the doctor makes of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from math500 import servers
from tests.fake_servers import SECRET, sglang, tokens, vllm
from tests.faulty_server import Act, FaultyServer, chat
from tests.test_cli import Command, command, own_set, server
from tests.test_doctor import Doctor, doctor, says, sum_or_count

__all__ = ["Command", "FaultyServer", "command", "doctor", "own_set", "server"]

AUTO: dict[str, Any] = {
    "model_config": {"generation_config": "auto", "override_generation_config": {"top_p": 0.8}},
    "cache_config": {"enable_prefix_caching": True},
    "parallel_config": {"tensor_parallel_size": 4, "data_parallel_size": 2},
}


def test_vllm_as_it_is_started_by_default(doctor: Doctor) -> None:
    done = doctor(vllm(sum_or_count, logprobs=tokens(0.0, 0.0, 0.0)), "--max-tokens", 16384)
    assert done.code == 0, done.out
    says(done, "ok", "server", "vLLM 0.19.1, serving Qwen/Qwen2.5-1.5B-Instruct")
    says(done, "ok", "context", "32768 tokens", "leaves 16384 for the prompt")
    says(done, "note", "sampling defaults", "does not say")
    assert "Start it with --generation-config vllm" in done.out
    says(done, "ok", "logprobs", "each of 3 tokens was the likeliest")


def test_a_penalty_out_of_the_models_own_settings_is_seen(doctor: Doctor) -> None:
    done = doctor(vllm(sum_or_count, logprobs=tokens(0.0, 0.4, 0.0, 1.1)))
    assert done.code == 0
    says(done, "note", "logprobs", "2 of 4 tokens were not the likeliest")
    assert "logprobs: Start it with --generation-config vllm" in done.out


def test_tokens_that_tie_are_no_penalty(doctor: Doctor) -> None:
    says(doctor(vllm(sum_or_count, logprobs=tokens(0.0, 0.0005))), "ok", "logprobs", "each of 2")


def test_a_server_without_log_probabilities(doctor: Doctor) -> None:
    says(doctor(vllm(sum_or_count)), "note", "logprobs", "it gives none")


def test_vllm_in_development_mode_says_how_it_was_started(doctor: Doctor) -> None:
    done = doctor(vllm(sum_or_count, config=AUTO, logprobs=tokens(0.0)))
    says(done, "ok", "server", "tensor parallel 4, data parallel 2", "prefix cache on")
    says(done, "note", "sampling defaults", "auto: ", "generation_config.json", "max_new_tokens", "top_p=0.8")


def test_vllm_with_defaults_of_its_own(doctor: Doctor) -> None:
    config = {"model_config": {"generation_config": "vllm", "override_generation_config": {}}}
    says(doctor(vllm(sum_or_count, config=config)), "ok", "sampling defaults", "vllm: nothing")


@pytest.mark.parametrize("path", ["/server_info", "/get_server_info"])
def test_sglang_says_how_it_was_started(path: str, doctor: Doctor) -> None:
    done = doctor(sglang(sum_or_count, path=path, logprobs=tokens(0.0)))
    assert done.code == 0, done.out
    says(done, "ok", "server", "SGLang 0.5.23, serving Qwen/Qwen2.5-7B-Instruct")
    says(done, "ok", "server", "tensor parallel 2, data parallel 4", "reasoning parser none")
    says(done, "ok", "context", "40960 tokens", "without --max-tokens")
    says(done, "note", "sampling defaults", "model: ", "repetition_penalty")
    assert "max_new_tokens" not in done.out
    assert "--sampling-defaults openai" in done.out
    says(done, "ok", "logprobs", "do not show in them")
    assert SECRET not in done.out
    assert SECRET not in done.err


def test_sglang_with_openais_defaults_and_settings_of_its_own(doctor: Doctor) -> None:
    says(
        doctor(sglang(sum_or_count, sampling_defaults="openai")), "ok", "sampling defaults", "openai: nothing"
    )
    preferred = sglang(
        sum_or_count, sampling_defaults="openai", preferred_sampling_params='{"repetition_penalty": 1.05}'
    )
    says(doctor(preferred), "note", "sampling defaults", "started with", "1.05")


def test_sglang_answers_to_every_name(doctor: Doctor) -> None:
    done = doctor(sglang(sum_or_count), "--model", "another")
    assert done.code == 0, done.out
    says(done, "note", "server", "SGLang 0.5.23", "listed as m, and answering to every name")
    assert "server: Take --model m" in done.out
    says(doctor(sglang(sum_or_count), "--model", "m:adapter"), "ok", "server", "SGLang 0.5.23")


def test_sglangs_adapter_is_served_from_its_own_folder(doctor: Doctor) -> None:
    card = {"id": "m", "owned_by": "sglang", "root": "/adapters/m", "parent": "base", "max_model_len": None}
    plan = sglang(sum_or_count)
    page = Act(body=json.dumps({"data": [card]}).encode())
    done = doctor(lambda request: page if request.path == "/v1/models" else plan(request))
    says(done, "ok", "server", "serving /adapters/m")


@pytest.mark.parametrize(("limit", "told"), [(1952, False), (1953, True), (None, True)])
def test_a_cache_that_is_smaller_than_the_context(limit: int | None, told: bool, doctor: Doctor) -> None:
    """SGLang 0.5.23 with --max-total-tokens 600: of 700, 561 were generated and the answer was `length`."""
    more = () if limit is None else ("--max-tokens", limit)
    done = doctor(sglang(sum_or_count, max_total_num_tokens=4000), *more)
    assert done.code == 0
    says(done, "ok", "context", "40960 tokens")
    assert ("its cache holds 4000 tokens: an answer is cut off" in done.out) == told
    assert ("Run it with --max-tokens 1952 or less" in done.out) == told


def test_sglangs_completions_take_none_of_the_models_own_settings(doctor: Doctor) -> None:
    done = doctor(sglang(sum_or_count), "--api", "completions")
    says(done, "ok", "sampling defaults", "holds for /completions")


@pytest.mark.parametrize(
    ("limit", "state", "words"),
    [
        (30720, "ok", "leaves 2048 for the prompt"),
        (30721, "note", "leaves 2047 for the prompt"),
        (32767, "note", "leaves 1 for the prompt"),
        (32768, "fail", "leaves none for the prompt"),
        (40000, "fail", "every request fails"),
    ],
)
def test_what_is_left_for_the_prompt(limit: int, state: str, words: str, doctor: Doctor) -> None:
    done = doctor(vllm(sum_or_count), "--max-tokens", limit)
    says(done, state if state != "fail" else "FAIL", "context", words)
    assert done.code == (4 if state == "fail" else 0)
    assert ("Run it with --max-tokens 30720 or less" in done.out) == (state != "ok")
    assert ("larger --max-model-len" in done.out) == (state != "ok")


def test_a_context_that_is_smaller_than_any_prompt_needs(doctor: Doctor) -> None:
    done = doctor(vllm(sum_or_count, context=1500), "--max-tokens", 1024)
    assert "context: Start the server with a larger --max-model-len." in done.out


def test_an_adapter_says_no_context(doctor: Doctor) -> None:
    assert "for prompt and answer together" not in doctor(vllm(sum_or_count, context=None)).out


def test_another_server_or_name_is_asked_nothing_more(doctor: Doctor, server: FaultyServer) -> None:
    done = doctor(vllm(sum_or_count, model="another"))
    assert "sampling defaults" not in done.out
    assert [request.path for request in server.requests if not request.raw] == ["/v1/models"]


def test_a_parser_that_takes_the_answer_for_a_thought(doctor: Doctor) -> None:
    def plan(_request: Any) -> Act:
        return Act(body=chat(None, "stop", reasoning_content="17 + 25 is $\\boxed{42}$."))

    done = doctor(vllm(plan))
    assert done.code == 4
    says(done, "FAIL", "reasoning", "all of its answer as thinking")
    assert "without --reasoning-parser" in done.out


def test_nothing_is_read_out_of_what_is_no_server() -> None:
    assert servers.likeliest(None) is None
    assert servers.likeliest({"content": [{"token": "a"}]}) is None
    assert servers.likeliest({"content": [{"logprob": -1.0}]}) == (1, 0)
