"""The three ways in which an endpoint can be asked.

    chat          /chat/completions   messages; what nearly every model and server takes
    completions   /completions        one text; base models without a chat template
    responses     /responses          OpenAI's newer form, which some reasoning models need

A text for `completions` is made of the messages' contents, system message first, with an empty line between
them and nothing around them: no role names, no template. The prompt says where the answer begins (`minerva`
ends in `Solution:`), and its stop strings say where it ends.

`responses` knows neither seed nor stop strings: asking for them is refused rather than left out. Tools are
offered in `chat` only; log probabilities are asked for in `chat` and `completions`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from math500.client import wire
from math500.client.answers import Answer
from math500.client.stream import Events, ResponseStream, Stream
from math500.client.vendors import LimitField
from math500.errors import UsageError
from math500.records import Api, Decoding, Extras, Generation, Message

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Form:
    """One way of asking."""

    path: str
    """Behind the base URL."""
    body: Callable[..., bytes]
    """As `wire.request_body`."""
    reader: wire.Reader
    stream: Callable[[], Events]
    absent: str = ""
    """What to do where the server has no such path; empty to check the address."""


def as_text(messages: Sequence[Message]) -> str:
    """Messages as one text, for a model without a chat template; a begun answer stands right behind it."""
    *before, last = messages
    if last.role != "assistant":
        return "\n\n".join(message.content for message in messages)
    return "\n\n".join(message.content for message in before) + last.content


def require(
    api: Api,
    decoding: Decoding,
    seed: int | None,
    stop: Sequence[str],
    extras: Extras = wire.NO_EXTRAS,
) -> None:
    """Refuse settings that a form cannot carry.

    Raises:
        UsageError: the form knows no seed, no stop strings, no tools or no log probabilities.
    """
    if extras.tools and api != "chat":
        raise UsageError(f"--api {api} offers a model no tools", "Use --tool-calls prompt, or --api chat.")
    if extras.logprobs and api == "responses":
        raise UsageError(
            "the Responses form gives no log probabilities", "Use another --weigh, or --api chat."
        )
    if api != "responses":
        return
    if seed is not None or decoding.seed is not None:
        raise UsageError("the Responses form takes no seed", "Leave --seed out, or use --api chat.")
    if stop:
        raise UsageError(
            f"the Responses form takes no stop strings, and the prompt has {len(stop)}",
            "Use another prompt, or --api chat.",
        )


def _completion_body(
    model: str,
    messages: Sequence[Message],
    decoding: Decoding,
    *,
    seed: int | None,
    stop: Sequence[str],
    limit_field: LimitField,  # noqa: ARG001 - this form has one name for it
    stream: bool = False,
    extras: Extras = wire.NO_EXTRAS,
) -> bytes:
    body: Json = {"model": model, "prompt": as_text(messages)}
    if extras.logprobs:
        body["logprobs"] = 1
    return wire.encoded(body, decoding, "max_tokens", seed=seed, stop=stop, stream=stream)


def _response_body(
    model: str,
    messages: Sequence[Message],
    decoding: Decoding,
    *,
    seed: int | None,  # noqa: ARG001 - see `require`
    stop: Sequence[str],  # noqa: ARG001
    limit_field: LimitField,  # noqa: ARG001 - this form has one name for it
    stream: bool = False,
    extras: Extras = wire.NO_EXTRAS,  # noqa: ARG001 - see `require`
) -> bytes:
    body: Json = {
        "model": model,
        "input": [{"role": m.role, "content": m.content} for m in messages],
        "store": False,
    }
    settings = {
        "temperature": decoding.temperature,
        "top_p": decoding.top_p,
        "max_output_tokens": decoding.max_tokens,
        "stream": stream or None,
    }
    body.update({name: value for name, value in settings.items() if value is not None})
    return msgspec.json.encode(body)


def response(parsed: Json, headers: Mapping[str, str]) -> Answer:
    """What a Responses object comes to."""
    output = parsed.get("output")
    if not isinstance(output, list):
        return Answer("malformed", "the answer holds no output", headers)
    items = [item for item in output if isinstance(item, dict)]
    parts = [part for item in items if item.get("type") == "message" for part in _parts(item, "content")]
    thoughts = [part for item in items if item.get("type") == "reasoning" for part in _thoughts(item)]
    usage = parsed.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    details = usage.get("output_tokens_details")
    generation = Generation(
        text="".join(wire.string(part.get("text")) for part in parts),
        reasoning="\n\n".join(thoughts),
        finish_reason=_finish(parsed),
        prompt_tokens=wire.count(usage.get("input_tokens")),
        completion_tokens=wire.count(usage.get("output_tokens")),
        reasoning_tokens=wire.count(details.get("reasoning_tokens")) if isinstance(details, dict) else None,
        request_id=wire.request_id(headers) or wire.string(parsed.get("id")),
        model=wire.string(parsed.get("model")),
    )
    return wire.weighed(generation, headers, refused=any(part.get("type") == "refusal" for part in parts))


def _finish(parsed: Json) -> str:
    """The end in the words of chat: https://developers.openai.com/api/reference/resources/responses ."""
    if parsed.get("status") == "completed":
        return "stop"
    details = parsed.get("incomplete_details")
    reason = wire.string(details.get("reason")) if isinstance(details, dict) else ""
    return "length" if reason == "max_output_tokens" else reason or wire.string(parsed.get("status"))


def _parts(item: Json, name: str) -> list[Json]:
    parts = item.get(name)
    return [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []


def _thoughts(item: Json) -> list[str]:
    """The reasoning where the model shows it, else its summary."""
    shown = [wire.string(part.get("text")) for part in _parts(item, "content") or _parts(item, "summary")]
    return [text for text in shown if text]


FORMS: Mapping[Api, Form] = {
    "chat": Form("/chat/completions", wire.request_body, wire.chat, Stream),
    "completions": Form("/completions", _completion_body, wire.chat, Stream),
    "responses": Form("/responses", _response_body, response, ResponseStream),
}
