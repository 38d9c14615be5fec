"""vLLM and SGLang as plans of the faulty server: their answers in the forms that they have.

vLLM: entrypoints/openai/models/serving.py (the list), serve/instrumentator/server_info.py (`/server_info`
in development mode only), openai/chat_completion/serving.py (the log probabilities).
SGLang 0.5.23, as it answered: `/server_info` is every argument of the start, keys included, and its cache's
size; in its list of models the root is the name again.
"""

from __future__ import annotations

import json
from typing import Any

from tests.faulty_server import Act, Plan, Request, chat, error

SECRET = "sk-this-must-not-be-shown"


def listed(model: str, owner: str, context: int | None, weights: str) -> Act:
    """The list of models as both write it."""
    card = {
        "id": model,
        "object": "model",
        "created": 1764140000,
        "owned_by": owner,
        "root": weights,
        "parent": None,
        "max_model_len": context,
    }
    return Act(body=json.dumps({"object": "list", "data": [card]}).encode())


def vllm(
    plan: Plan,
    *,
    model: str = "m",
    context: int | None = 32768,
    config: dict[str, Any] | None = None,
    logprobs: Any = None,
) -> Plan:
    """A vLLM 0.19.1 in front of this plan; `config` is what development mode shows of its configuration."""
    pages = {
        "/v1/models": listed(model, "vllm", context, "Qwen/Qwen2.5-1.5B-Instruct"),
        "/version": Act(body=b'{"version": "0.19.1"}'),
        "/server_info": error(404, "Not Found") if config is None else _page({"vllm_config": config}),
    }
    return _served(pages, plan, logprobs)


def sglang(plan: Plan, *, path: str = "/server_info", logprobs: Any = None, **arguments: Any) -> Plan:
    """An SGLang 0.5.23 in front of this plan, started with these arguments."""
    info = {
        "model_path": "Qwen/Qwen2.5-7B-Instruct",
        "tp_size": 2,
        "dp_size": 4,
        "api_key": SECRET,
        "admin_api_key": SECRET,
        "sampling_defaults": "model",
        "preferred_sampling_params": None,
        "reasoning_parser": None,
        "disable_radix_cache": False,
        "context_length": None,
        "max_total_num_tokens": 65536,
        "version": "0.5.23",
        **arguments,
    }
    pages = {
        "/v1/models": listed("m", "sglang", 40960, "m"),
        path: _page(info),
    }
    return _served(pages, plan, logprobs)


def tokens(*differences: float) -> dict[str, Any]:
    """Log probabilities of an answer; each token as far below the likeliest one as is given."""
    content = []
    for number, difference in enumerate(differences):
        mine = {"token": f"t{number}", "logprob": -0.25 - difference, "bytes": [116]}
        likeliest = {"token": f"u{number}", "logprob": -0.25, "bytes": [117]}
        # vLLM lists the token that was taken first, then the likeliest ones.
        content.append({**mine, "top_logprobs": [mine, likeliest]})
    return {"content": content}


def _page(content: object) -> Act:
    return Act(body=json.dumps(content).encode())


def _served(pages: dict[str, Act], plan: Plan, logprobs: Any) -> Plan:
    def answer(request: Request) -> Act:
        path = request.path.split("?")[0]
        if not request.raw:
            return pages.get(path, error(404, "Not Found"))
        if "top_logprobs" not in request.body:
            return plan(request)
        body = json.loads(chat("17 + 25 is $\\boxed{42}$."))
        body["choices"][0]["logprobs"] = logprobs
        return Act(body=json.dumps(body).encode())

    return answer
