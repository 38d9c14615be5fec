"""Messages and settings -> request body; response body -> Generation.

Reading is tolerant, since every server has its own habits: fields that are missing stay empty, content
may be a list of parts, reasoning comes as `reasoning_content`, `reasoning` or a part. Nothing is taken
from the text: a `<think>` block stays where the model wrote it. forms.py has the forms beside chat.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from math500.client import spellings
from math500.client.answers import Answer
from math500.client.endpoint import without_credentials
from math500.client.vendors import LimitField
from math500.records import Decoding, Extras, Generation, Message, ToolCall

Json = dict[str, Any]

FINISH_SHAPES: Mapping[str, str] = {
    "content_filter": "filtered",
    "safety": "filtered",
    "sensitive": "filtered",  # Zhipu
    "recitation": "filtered",  # Gemini
    "error": "interrupted",  # OpenRouter: the provider behind it failed
    "network_error": "interrupted",  # Zhipu
    "insufficient_system_resource": "interrupted",  # DeepSeek
    "abort": "interrupted",  # vLLM, SGLang: the server gave the request up
}
"""Finish reasons that mean that this is not the model's whole answer."""

LENGTH_SPELLINGS = frozenset({"length", "max_tokens", "model_length"})
NO_EXTRAS = Extras()
GOING_ON: Mapping[str, bool] = {"continue_final_message": True, "add_generation_prompt": False}
"""Where the last message is the assistant's, it is to be gone on with, in the words of vLLM, SGLang and
llama.cpp. Vendors that do not know them refuse, or answer anew (docs/reward-data.md)."""
LONGEST_SAID = 4000
"""Characters of an endpoint's message that are read."""


def request_body(
    model: str,
    messages: Sequence[Message],
    decoding: Decoding,
    *,
    seed: int | None,
    stop: Sequence[str],
    limit_field: LimitField,
    stream: bool = False,
    extras: Extras = NO_EXTRAS,
) -> bytes:
    """The JSON of a chat request. A setting that is None is left out: the endpoint's default holds."""
    body: Json = {"model": model, "messages": [_message(m) for m in messages]}
    if messages and messages[-1].role == "assistant":
        body |= GOING_ON
    if extras.tools:
        functions = ({"type": "function", "function": msgspec.to_builtins(tool)} for tool in extras.tools)
        body |= {"tools": list(functions), "tool_choice": extras.tool_choice}
    if extras.logprobs:
        body["logprobs"] = True
    return encoded(body, decoding, limit_field, seed=seed, stop=stop, stream=stream)


def _message(message: Message) -> Json:
    """A message as the chat protocol has it; a call of a tool has no text beside it unless there is one."""
    made: Json = {"role": message.role, "content": message.content}
    if message.tool_calls:
        made["content"] = message.content or None
        made["tool_calls"] = [
            {"id": c.id, "type": "function", "function": {"name": c.name, "arguments": c.arguments}}
            for c in message.tool_calls
        ]
        if message.reasoning:
            made["reasoning_content"] = message.reasoning
    if message.role == "tool":
        made["tool_call_id"] = message.tool_call_id
    return made


def encoded(
    body: Json, decoding: Decoding, limit_field: str, *, seed: int | None, stop: Sequence[str], stream: bool
) -> bytes:
    """A request's JSON with its settings in it."""
    settings = {
        "temperature": decoding.temperature,
        "top_p": decoding.top_p,
        limit_field: decoding.max_tokens,
        "seed": decoding.seed if seed is None else seed,
        "stop": list(stop) or None,
        "stream": stream or None,
        "stream_options": {"include_usage": True} if stream else None,
    }
    body.update({name: value for name, value in settings.items() if value is not None})
    return msgspec.json.encode(body)


Reader = Callable[[Json, Mapping[str, str]], Answer]
"""Reads the JSON of a successful reply: `chat` here, `response` in forms.py."""


def read(status: int, headers: Mapping[str, str], body: bytes, reader: Reader | None = None) -> Answer:
    """What a whole reply comes to."""
    parsed = decoded(body)
    if 200 <= status < 300 and isinstance(parsed, dict):
        return judge(parsed, headers, reader)
    error = _error(parsed)
    if 200 <= status < 300:
        return Answer("malformed", f"not a JSON object: {said(body)}" if body else "an empty body", headers)
    return Answer(
        status, (_elsewhere(headers) + said(error if error is not None else body)).rstrip(), headers
    )


def _elsewhere(headers: Mapping[str, str]) -> str:
    """Where a redirect leads: most often to https, or to the address with its /v1."""
    to = headers.get("location", "")
    return (
        f"it redirects to {without_credentials(to)} " if to.startswith(("http://", "https://", "/")) else ""
    )


def judge(parsed: Json, headers: Mapping[str, str], reader: Reader | None = None) -> Answer:
    """What the JSON of a successful reply comes to; some gateways put an error into it."""
    error = _error(parsed)
    if error is None:
        return (reader or chat)(parsed, headers)
    words = said(error)
    return Answer(_status(error, words), f"{words}; sent with status 200", headers)


def _status(error: object, words: str) -> int:
    """The status that an error inside a reply stands for: its own code, else whose fault it says it is."""
    fields = error if isinstance(error, dict) else {}
    code = str(fields.get("code", ""))
    if re.fullmatch("[45][0-9]{2}", code):
        return int(code)
    ours = re.search("invalid|authentication|permission|not_found", f"{fields.get('type')} {code}")
    return 400 if ours or spellings.KEY.search(words) else 500


def said(error: object) -> str:
    """An endpoint's error on one line: code, type, message and what else it holds, shortened."""
    if isinstance(error, bytes):
        text = re.sub(r"<[^>]{0,500}>", " ", error[:LONGEST_SAID].decode("utf-8", "replace"))
    elif isinstance(error, dict):
        first = [str(error[name]) for name in ("code", "type", "status", "message") if error.get(name)]
        rest = {
            name: value for name, value in error.items() if name not in _SAID_FIRST | _SAYS_NOTHING and value
        }
        text = " ".join(dict.fromkeys(first)) + (f" {rest}" if rest else "")
    else:
        text = str(error)
    return " ".join(text.split())[:LONGEST_SAID]


_SAID_FIRST = frozenset({"code", "type", "status", "message"})
_SAYS_NOTHING = frozenset({"object"})
"""`error`, in every error of servers of one's own."""


def decoded(body: bytes) -> object:
    """The JSON of a body, or None where it is none.

    An answer is paid for, so a byte that is no UTF-8 and half a surrogate pair do not lose it: each is read
    as U+FFFD, which shows. A byte order mark and NaN are passed over.
    """
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        loose = json.loads(body.decode("utf-8-sig", "replace"))
        return json.loads(_HALF_PAIR.sub("\ufffd", json.dumps(loose, ensure_ascii=False)))
    except (ValueError, RecursionError):
        return None


_HALF_PAIR = re.compile("[\ud800-\udfff]")


def _error(parsed: object) -> object | None:
    """The error inside a body: OpenAI's `error`, or a bare code and message (vLLM, Mistral, DashScope)."""
    if isinstance(parsed, list) and parsed:
        parsed = parsed[0]  # Gemini wraps its errors in a list
    if not isinstance(parsed, dict):
        return None
    if parsed.get("error"):
        return parsed["error"] if isinstance(parsed["error"], dict | str) else str(parsed["error"])
    if "choices" not in parsed and ("message" in parsed or "detail" in parsed):
        return {"message": parsed.get("detail"), **parsed} if "message" not in parsed else parsed
    return None


def chat(parsed: Json, headers: Mapping[str, str]) -> Answer:
    """What a chat completion comes to, or a plain one."""
    choices = parsed.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(choice, dict):
        return Answer("malformed", "the answer holds no choices", headers)
    message = choice.get("message")
    text, thought = _content(message if isinstance(message, dict) else {"content": choice.get("text")})
    finish = string(choice.get("finish_reason"))
    refused = isinstance(message, dict) and bool(message.get("refusal"))
    logprob, tokens = _logprob(choice.get("logprobs"))
    generation = msgspec.structs.replace(
        _generation(parsed, headers, text, thought, finish),
        tool_calls=_tool_calls(message.get("tool_calls")) if isinstance(message, dict) else (),
        logprob=logprob,
        logprob_tokens=tokens,
    )
    return weighed(generation, headers, refused=refused)


def weighed(generation: Generation, headers: Mapping[str, str], *, refused: bool) -> Answer:
    """What a generation comes to: an answer, or one of the table's words for what is none."""
    shape = _shape(generation, refused)
    said = "" if shape == "ok" else f"finish_reason {generation.finish_reason or 'missing'}"
    return Answer(shape, said, headers, generation)


def _shape(generation: Generation, refused: bool) -> str:
    finish = generation.finish_reason
    if finish.lower() in FINISH_SHAPES:
        return FINISH_SHAPES[finish.lower()]
    if generation.text.strip() or generation.tool_calls:
        return "ok"
    if refused:
        return "filtered"
    cut_while_thinking = finish in LENGTH_SPELLINGS and (generation.reasoning or generation.reasoning_tokens)
    return "ok" if cut_while_thinking else "empty"


def beside(answer: Answer, extras: Extras) -> Answer:
    """An answer in the light of what was asked for beside a text.

    A call of a tool that nobody offered is no answer; a call that the token limit cut off so early that
    nothing is left of it is one; and log probabilities that are not there cannot be made up.
    """
    generation = answer.generation
    if generation is None:
        return answer
    bare = not generation.text.strip()
    if answer.what == "empty" and extras.tools and generation.finish_reason == "length":
        return replace(answer, what="ok", said="")
    if answer.what == "ok" and bare and generation.tool_calls and not extras.tools:
        return replace(answer, what="empty", said="it calls a tool, and none was offered")
    missing = extras.logprobs and generation.logprob is None
    if answer.what == "ok" and missing and not (bare or generation.tool_calls):
        return replace(answer, what="no_logprobs")
    return answer


def _tool_calls(value: object) -> tuple[ToolCall, ...]:
    """The calls of a message; a server that gives them no ids gets them back numbered."""
    parts = [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []
    calls = []
    for number, part in enumerate(parts):
        function = part.get("function")
        if isinstance(function, dict):
            given = function.get("arguments")
            arguments = given if isinstance(given, str) else "" if given is None else _json(given)
            name = string(function.get("name"))
            calls.append(
                ToolCall(id=string(part.get("id")) or f"call-{number}", name=name, arguments=arguments)
            )
    return tuple(calls)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _logprob(value: object) -> tuple[float | None, int]:
    """The sum of the tokens' log probabilities and their number, of a chat's `content` or of a plain text."""
    if not isinstance(value, dict):
        return None, 0
    content, plain = value.get("content"), value.get("token_logprobs")
    listed = (
        [t.get("logprob") for t in content if isinstance(t, dict)] if isinstance(content, list) else plain
    )
    numbers = [float(x) for x in listed if _is_number(x)] if isinstance(listed, list) else []
    return (math.fsum(numbers), len(numbers)) if numbers else (None, 0)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _generation(parsed: Json, headers: Mapping[str, str], text: str, thought: str, finish: str) -> Generation:
    usage = parsed.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    details = usage.get("completion_tokens_details")
    return Generation(
        text=text,
        reasoning=thought,
        finish_reason="length" if finish in LENGTH_SPELLINGS else finish,
        prompt_tokens=count(usage.get("prompt_tokens")),
        completion_tokens=count(usage.get("completion_tokens")),
        reasoning_tokens=count(details.get("reasoning_tokens")) if isinstance(details, dict) else None,
        request_id=request_id(headers) or string(parsed.get("id")),
        model=string(parsed.get("model")),
    )


def request_id(headers: Mapping[str, str]) -> str:
    """What to quote to the vendor's support."""
    names = ("x-request-id", "request-id", "apim-request-id", "x-dashscope-request-id", "x-generation-id")
    return next((headers[name] for name in names if headers.get(name)), "")


def _content(message: Json) -> tuple[str, str]:
    """Text and reasoning of a message."""
    content = message.get("content")
    thought = string(message.get("reasoning_content")) or string(message.get("reasoning"))
    if not isinstance(content, list):
        return string(content), thought
    texts, thoughts = [], [thought]
    for part in content:
        if isinstance(part, dict) and part.get("type") == "text":
            texts.append(string(part.get("text")))
        elif isinstance(part, dict):
            thoughts.append(_thinking(part.get("thinking")))
    return "".join(texts), "".join(thoughts)


def _thinking(value: object) -> str:
    if isinstance(value, list):  # Mistral: a list of text parts
        return "".join(string(part.get("text")) for part in value if isinstance(part, dict))
    return string(value)


def string(value: object) -> str:
    """The text, or nothing where it is none."""
    return value if isinstance(value, str) else ""


def count(value: object) -> int | None:
    """The number, or None where it is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
