"""Asking a server that pools: what a reward model makes of one text, as its tokens.

    vllm     POST /pooling    {input: [ids], use_activation}  ->  data[0].data   a row, or one a token or step
    sglang   POST /classify   {input_ids: ids}                ->  embedding      a row

One text a request, since both servers put together what they are asked at the same time. Of vLLM's paths
/pooling alone is there for every model that pools. An answer comes as it is, as the text of `Client.post`;
`values` reads it.

Sources: vLLM 0.25.1 vllm/entrypoints/pooling/pooling/protocol.py, serving.py, and pooling/factories.py (a
server that was not started to pool has no /pooling); SGLang python/sglang/srt/entrypoints/http_server.py
(`classify_request`), srt/managers/io_struct.py (`EmbeddingReqInput`) and tokenizer_manager.py.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from math500.client import wire
from math500.client.answers import Answer
from math500.client.forms import Form
from math500.client.stream import Stream
from math500.records import Generation, PoolingServer

Json = dict[str, Any]

POOLS = "Is a reward model served there? Start vLLM with --runner pooling, SGLang with --is-embedding."


@dataclass(frozen=True, slots=True)
class Values:
    """What a server says of one text."""

    rows: tuple[tuple[float, ...], ...]
    """One for the whole text, or one a token, or one a step: as the model's pooler gives them."""
    tokens: int | None
    """That it read, as it says."""


def as_it_is(parsed: Json, headers: Mapping[str, str]) -> Answer:
    """A successful reply, unread."""
    return Answer("ok", "", headers, Generation(text=msgspec.json.encode(parsed).decode()))


FORMS: Mapping[PoolingServer, Form] = {
    "vllm": Form("/pooling", wire.request_body, as_it_is, Stream, POOLS),
    "sglang": Form("/classify", wire.request_body, as_it_is, Stream, POOLS),
}


def body(server: PoolingServer, model: str, ids: Sequence[int], *, activation: bool) -> bytes:
    """The JSON of a request.

    Args:
        server: which one it is for.
        model: as the server knows it.
        ids: the text's tokens; nothing is put before or behind them.
        activation: ask for probabilities in place of raw values. SGLang knows raw values only.
    """
    if server == "sglang":
        return msgspec.json.encode({"input_ids": ids})
    return msgspec.json.encode(
        {"model": model, "input": [ids], "use_activation": activation, "encoding_format": "float"}
    )


def values(server: PoolingServer, text: str) -> Values | None:
    """A server's answer to `body`; None where it holds no values, or one that is no number."""
    parsed: Json = msgspec.json.decode(text)
    if server == "sglang":
        found, counted = parsed.get("embedding"), parsed.get("meta_info")
    else:
        data = parsed.get("data")
        one = data[0] if isinstance(data, list) and len(data) == 1 else None
        found, counted = one.get("data") if isinstance(one, dict) else None, parsed.get("usage")
    rows = _rows(found)
    tokens = wire.count(counted.get("prompt_tokens")) if isinstance(counted, dict) else None
    return None if rows is None else Values(rows, tokens)


def _rows(found: object) -> tuple[tuple[float, ...], ...] | None:
    if not isinstance(found, list) or not found:
        return None
    rows = found if all(isinstance(row, list) for row in found) else [found]
    if not all(_is_number(value) for row in rows for value in row):
        return None
    return tuple(tuple(map(float, row)) for row in rows)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
