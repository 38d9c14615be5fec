"""What a server of one's own says about itself: vLLM and SGLang.

Both name themselves in their list of models, with the context that they serve. The rest stands elsewhere:

    vLLM     /version; /server_info only where it was started for development
    SGLang   /server_info (older: /get_server_info), with every argument that it was started with; in the
             list its model's root is the name again, and it answers to names that are not there

What is looked for is what changes a score and stands in no request: sampling defaults out of the model's
generation_config.json, which hold for each setting that a run does not send, a limit on tokens among them;
the context; the parser of the thinking. SGLang's answer holds its keys as well, so named fields are read
and the rest is dropped at once.

Sources: vLLM vllm/entrypoints/openai/models/serving.py, vllm/entrypoints/serve/instrumentator/server_info.py,
vllm/config/model.py (`get_diff_sampling_param`); SGLang python/sglang/srt/entrypoints/http_server.py and
openai/protocol.py, srt/configs/model_config.py (`get_default_sampling_params`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from math500.records import Finding

Get = Callable[[str], Awaitable[object]]
"""Fetches a path below the server's root, and returns its JSON; None where there is none."""

NAMES: Mapping[str, str] = {"vllm": "vLLM", "sglang": "SGLang"}
"""What each of them writes as the owner of its models."""
KEEP: Mapping[str, str] = {
    "vLLM": "Start it with --generation-config vllm",
    "SGLang": "Start it with --sampling-defaults openai",
}
"""How nothing is applied but what a request says."""
WIDER: Mapping[str, str] = {"vLLM": "--max-model-len", "SGLang": "--context-length"}
ROOM_FOR_A_PROMPT = 2048
"""Tokens: the longest problem with the four Minerva examples before it stays below."""
TIE = 1e-3
"""Natural logarithms; two tokens that are this close may come in either order."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server, as far as it says what it is. None is what it does not say."""

    name: str
    """`vLLM` or `SGLang`."""
    version: str = ""
    weights: str = ""
    """What is served under the model's name."""
    listed: str = ""
    """The name that it lists, where it is asked by another one and answers all the same."""
    context: int | None = None
    """Tokens of prompt and answer together."""
    cache: int | None = None
    """Tokens that its cache holds: where they are fewer, SGLang ends an answer there without a word."""
    defaults: str | None = None
    """Where sampling defaults come from: `auto`, `vllm` or a folder (vLLM), `model` or `openai` (SGLang)."""
    preferred: str = ""
    """Sampling settings that it was started with, as it writes them."""
    reasoning_parser: str | None = None
    prefix_cache: bool | None = None
    parallel: tuple[int, int] | None = None
    """Tensor parallel and data parallel, each 1 where it is not used."""

    @property
    def takes_the_models_defaults(self) -> bool:
        """Whether it says that the model's generation_config.json holds where a request says nothing."""
        return self.defaults is not None and self.defaults not in ("vllm", "openai")


async def look(model: str, listed: object, get: Get) -> Server | None:
    """What the server says about itself; None for any other server.

    Args:
        model: the model's name as the server knows it.
        listed: the JSON of its list of models.
        get: fetches more.
    """
    cards = listed.get("data") if isinstance(listed, dict) else None
    cards = [card for card in cards if isinstance(card, dict)] if isinstance(cards, list) else []
    card = next((card for card in cards if card.get("id") == model), None) or _of_any_name(cards)
    name = NAMES.get(str(card.get("owned_by"))) if card else None
    if card is None or name is None:
        return None
    listed_as = str(card.get("id"))
    server = Server(
        name,
        weights=str(card.get("root") or ""),
        listed="" if f"{model}:".startswith(f"{listed_as}:") else listed_as,
        context=_whole(card.get("max_model_len")),
    )
    return await (_vllm(server, get) if name == "vLLM" else _sglang(server, card, get))


def _of_any_name(cards: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """SGLang's model, which answers to every name, and to NAME:ADAPTER; its adapters come behind it."""
    return next((card for card in cards if card.get("owned_by") == "sglang"), None)


async def _vllm(server: Server, get: Get) -> Server:
    version = _fields(await get("/version")).get("version")
    config = _fields(_fields(await get("/server_info?config_format=json")).get("vllm_config"))
    model, cache = _fields(config.get("model_config")), _fields(config.get("cache_config"))
    defaults = model.get("generation_config")
    return replace(
        server,
        version=str(version or ""),
        defaults=defaults if isinstance(defaults, str) else None,
        preferred=_written(model.get("override_generation_config")),
        prefix_cache=_told(cache.get("enable_prefix_caching")),
        parallel=_pair(_fields(config.get("parallel_config")), "tensor_parallel_size", "data_parallel_size"),
    )


async def _sglang(server: Server, card: Mapping[str, Any], get: Get) -> Server:
    info = _fields(await get("/server_info")) or _fields(await get("/get_server_info"))
    if not info:
        return server
    defaults, off = info.get("sampling_defaults"), _told(info.get("disable_radix_cache"))
    return replace(
        server,
        version=str(info.get("version") or ""),
        weights=server.weights if card.get("parent") else str(info.get("model_path") or server.weights),
        defaults=defaults if isinstance(defaults, str) else None,
        preferred=_written(info.get("preferred_sampling_params")),
        reasoning_parser=str(info["reasoning_parser"] or "") if "reasoning_parser" in info else None,
        cache=_whole(info.get("max_total_num_tokens")),
        prefix_cache=None if off is None else not off,
        parallel=_pair(info, "tp_size", "dp_size"),
    )


# -- in words ----------------------------------------------------------------------------------


def findings(server: Server, max_tokens: int | None, *, plain: bool = False) -> list[Finding]:
    """What a person should know about it before a run.

    Args:
        server: what it says about itself.
        max_tokens: the run's token limit; None where it sends none.
        plain: whether it is asked to go on with a text, at `/completions`.
    """
    held = [*_context(server, max_tokens), *_cache(server, max_tokens)]
    return [_identity(server), *held, _plain_defaults(server) if plain else _defaults(server)]


def _identity(server: Server) -> Finding:
    parts = [f"{server.name} {server.version}".strip()]
    parts += [f"serving {server.weights}"] if server.weights else []
    if server.parallel is not None:
        parts += [f"tensor parallel {server.parallel[0]}, data parallel {server.parallel[1]}"]
    if server.prefix_cache is not None:
        parts += [f"prefix cache {'on' if server.prefix_cache else 'off'}"]
    if server.reasoning_parser is not None:
        parts += [f"reasoning parser {server.reasoning_parser or 'none'}"]
    if not server.listed:
        return Finding(about="server", state="ok", what=", ".join(parts))
    what = f"{', '.join(parts)}; listed as {server.listed}, and answering to every name"
    step = f"Take --model {server.listed}: the run is kept under that name."
    return Finding(about="server", state="note", what=what, next_step=step)


def _context(server: Server, max_tokens: int | None) -> list[Finding]:
    """Whether the longest prompt and an answer of the limit fit together."""
    if server.context is None:
        return []
    served = f"{server.context} tokens for prompt and answer together"
    if max_tokens is None:
        what = f"{served}; without --max-tokens an answer ends where they are used up"
        return [Finding(about="context", state="ok", what=what)]
    left = server.context - max_tokens
    if left >= ROOM_FOR_A_PROMPT:
        what = f"{served}; --max-tokens {max_tokens} leaves {left} for the prompt"
        return [Finding(about="context", state="ok", what=what)]
    most = server.context - ROOM_FOR_A_PROMPT
    smaller = f"Run it with --max-tokens {most} or less, or start" if most > 0 else "Start"
    step = f"{smaller} the server with a larger {WIDER[server.name]}."
    if left <= 0:
        what = f"{served}; --max-tokens {max_tokens} leaves none for the prompt, so that every request fails"
        return [Finding(about="context", state="fail", what=what, next_step=step)]
    what = f"{served}; --max-tokens {max_tokens} leaves {left} for the prompt, and longer ones fail"
    return [Finding(about="context", state="note", what=what, next_step=step)]


def _cache(server: Server, max_tokens: int | None) -> list[Finding]:
    """Whether they fit into a cache that is smaller than the context."""
    if server.cache is None or server.context is None or server.cache >= server.context:
        return []
    most = server.cache - ROOM_FOR_A_PROMPT
    if max_tokens is not None and max_tokens <= most:
        return []
    what = f"its cache holds {server.cache} tokens: an answer is cut off where prompt and answer fill it"
    smaller = f"Run it with --max-tokens {most} or less, or start" if most > 0 else "Start"
    step = f"{smaller} the server with a larger --mem-fraction-static or --max-total-tokens."
    return [Finding(about="context", state="note", what=what, next_step=step)]


def _plain_defaults(server: Server) -> Finding:
    """The same for `/completions`, where SGLang sends every setting that a request leaves out itself."""
    if server.name == "vLLM":
        return _defaults(server)
    what = "nothing of the model's generation_config.json holds for /completions"
    return Finding(about="sampling defaults", state="ok", what=what)


def _defaults(server: Server) -> Finding:
    """What holds for the settings that a run does not send."""
    about, more = "sampling defaults", f"; started with {server.preferred}" if server.preferred else ""
    if server.defaults is None:
        what = f"{server.name} does not say whether it takes them from the model's generation_config.json"
        return Finding(about=about, state="note", what=what + more, next_step=_step(server))
    if not server.takes_the_models_defaults:
        what = f"{server.defaults}: nothing of the model's generation_config.json holds"
        if not more:
            return Finding(about=about, state="ok", what=what)
        return Finding(about=about, state="note", what=what + more, next_step=_step(server))
    what = (
        f"{server.defaults}: what a run does not send comes from the model's generation_config.json "
        "(top_p, top_k, min_p, repetition_penalty"
    )
    limit = ", and max_new_tokens as a limit on every answer)" if server.name == "vLLM" else ")"
    return Finding(about=about, state="note", what=what + limit + more, next_step=_step(server))


def _step(server: Server) -> str:
    return f"{KEEP[server.name]}, or say with the score that the model's own settings were used."


# -- log probabilities -------------------------------------------------------------------------


def likeliest(logprobs: object) -> tuple[int, int] | None:
    """How many tokens an answer has, and how many of them were not the likeliest; None without probabilities.

    Args:
        logprobs: `choices[0].logprobs` of a chat completion that asked for `top_logprobs`.
    """
    content = logprobs.get("content") if isinstance(logprobs, dict) else None
    tokens = [one for one in content if isinstance(one, dict)] if isinstance(content, list) else []
    tokens = [one for one in tokens if isinstance(one.get("logprob"), int | float)]
    return (len(tokens), sum(_beaten(one) for one in tokens)) if tokens else None


def _beaten(token: Mapping[str, Any]) -> bool:
    others = token.get("top_logprobs")
    others = others if isinstance(others, Sequence) else ()
    numbers = [one["logprob"] for one in others if isinstance(one, dict) and "logprob" in one]
    return bool(numbers) and bool(max(numbers) > token["logprob"] + TIE)


def greedy(server: Server, counted: tuple[int, int] | None) -> Finding:
    """What an answer at temperature 0 with its log probabilities says about the server."""
    if counted is None:
        what = "it gives none, so whether a penalty is applied at temperature 0 cannot be seen"
        step = "Use no solver that weighs by log probabilities here."
        return Finding(about="logprobs", state="note", what=what, next_step=step)
    tokens, beaten = counted
    if beaten:
        what = f"at temperature 0, {beaten} of {tokens} tokens were not the likeliest: a penalty is applied"
        return Finding(about="logprobs", state="note", what=what, next_step=_step(server))
    if server.name == "vLLM":
        what = (
            f"given; at temperature 0 each of {tokens} tokens was the likeliest, so no penalty changed them"
        )
    else:
        what = f"given for {tokens} tokens; SGLang's are taken after its penalties, which do not show in them"
    return Finding(about="logprobs", state="ok", what=what)


# -- JSON --------------------------------------------------------------------------------------


def _fields(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _told(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _pair(fields: Mapping[str, Any], tensor: str, data: str) -> tuple[int, int] | None:
    sizes = _whole(fields.get(tensor)), _whole(fields.get(data))
    return None if sizes[0] is None else (sizes[0], sizes[1] or 1)


def _written(value: object) -> str:
    """Settings as one line; nothing for none."""
    if isinstance(value, dict):
        return ", ".join(f"{name}={setting}" for name, setting in value.items())
    return value.strip() if isinstance(value, str) else ""
