"""An event stream, put together while it comes: pieces of server-sent events -> one whole answer.

Only what an answer needs is kept, so a stream of a hundred thousand small events costs no more memory
than its text.

    Stream           chat completions, and plain ones
    ResponseStream   the Responses form
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from typing import Any

import msgspec

from math500.client import wire

Json = dict[str, Any]


class Events(ABC):
    """Takes the pieces of one reply and hands on its events."""

    def __init__(self) -> None:
        self.begun = False
        self.whole = False
        """The end was seen: `[DONE]`, a finish reason, or an error."""
        self.damaged = False
        """An event could not be read, so that a piece of the text is missing."""
        self.first_at: float | None = None
        """When the first token came, on `time.perf_counter`."""
        self._rest = b""

    def feed(self, piece: bytes) -> None:
        """Take the next bytes; they may end anywhere."""
        self.begun = True
        *lines, self._rest = (self._rest + piece).split(b"\n")
        for line in lines:
            if line.startswith(b"data:"):
                self._event(line.removeprefix(b"data:").strip())

    @abstractmethod
    def whole_answer(self) -> Json:
        """The same JSON that the endpoint would have sent in one piece."""

    def _event(self, data: bytes) -> None:
        if data == b"[DONE]":
            self.whole = True
            return
        event = wire.decoded(data)
        if isinstance(event, dict):
            self._take(event)
        elif event is None and data.startswith(b"{"):
            self.damaged = True

    @abstractmethod
    def _take(self, event: Json) -> None: ...

    def _keep(self, kept: list[str], piece: object) -> None:
        if isinstance(piece, list):  # Mistral: parts
            piece = "".join(str(part.get("text", "")) for part in piece if isinstance(part, dict))
        if isinstance(piece, str) and piece:
            self.first_at = self.first_at or time.perf_counter()
            kept.append(piece)


class Stream(Events):
    """A chat completion, or a plain one, whose text comes without a message around it."""

    def __init__(self) -> None:
        super().__init__()
        self._texts: list[str] = []
        self._thoughts: list[str] = []
        self._calls: list[Json] = []
        self._logprobs: list[Any] = []
        self._fields: Json = {}
        self._finish: str | None = None
        self._refusal: str | None = None
        self._error: object = None

    def whole_answer(self) -> Json:
        """The same JSON that the endpoint would have sent in one piece."""
        if self._error is not None:
            return {"error": self._error}
        message: Json = {"content": "".join(self._texts), "reasoning_content": "".join(self._thoughts)}
        if self._refusal:
            message["refusal"] = self._refusal
        if self._calls:
            message["tool_calls"] = [_joined(call) for call in self._calls]
        choice = {"finish_reason": self._finish, "message": message}
        if self._logprobs:
            choice["logprobs"] = {"content": self._logprobs}
        return {**self._fields, "choices": [choice]}

    def _take(self, event: Json) -> None:
        if event.get("error"):
            self._error = event["error"]
            self.whole = True
        self._fields.update({name: event[name] for name in ("id", "model", "usage") if event.get(name)})
        choices = event.get("choices")
        if isinstance(choices, list) and choices and isinstance(choices[0], dict):
            self._choice(choices[0])

    def _choice(self, choice: Json) -> None:
        delta = choice.get("delta")
        if isinstance(delta, dict):
            self._keep(self._texts, delta.get("content"))
            self._keep(self._thoughts, delta.get("reasoning_content") or delta.get("reasoning"))
            if isinstance(delta.get("refusal"), str):
                self._refusal = (self._refusal or "") + delta["refusal"]
            for part in delta.get("tool_calls") or ():
                if isinstance(part, dict):
                    self._call(part)
        self._keep(self._texts, choice.get("text"))
        self._probabilities(choice.get("logprobs"))
        if isinstance(choice.get("finish_reason"), str):
            self._finish = choice["finish_reason"]
            self.whole = True

    def _call(self, part: Json) -> None:
        """A piece of a tool call: its first one has the name, later ones go on with the arguments."""
        function = part.get("function")
        function = function if isinstance(function, dict) else {}
        call = self._call_of(part)
        call["id"] = call["id"] or part.get("id")
        if [function.get("name")] != call["name"]:  # some servers repeat it with every piece
            self._keep(call["name"], function.get("name"))
        arguments = function.get("arguments")
        whole = arguments if isinstance(arguments, str | None) else msgspec.json.encode(arguments).decode()
        self._keep(call["arguments"], whole)

    def _call_of(self, part: Json) -> Json:
        """The call that a piece belongs to, by its index; where a server gives none, the last one.

        Whatever the index, another id is another call: some servers number all calls of a reply 0.
        """
        index, name = part.get("index"), part.get("id")
        known = self._calls if index is not None else self._calls[-1:]
        for call in reversed(known):
            if call["index"] == index and (not name or not call["id"] or name == call["id"]):
                return call
        self._calls.append({"index": index, "id": name, "name": [], "arguments": []})
        return self._calls[-1]

    def _probabilities(self, value: object) -> None:
        """The log probabilities of a piece's tokens, nothing else of them."""
        if not isinstance(value, dict):
            return
        content, plain = value.get("content"), value.get("token_logprobs")
        if isinstance(content, list):
            self._logprobs += [{"logprob": t.get("logprob")} for t in content if isinstance(t, dict)]
        elif isinstance(plain, list):
            self._logprobs += [{"logprob": number} for number in plain]


def _joined(call: Json) -> Json:
    return {
        "id": call["id"],
        "function": {"name": "".join(call["name"]), "arguments": "".join(call["arguments"])},
    }


class ResponseStream(Events):
    """A response, whose last event holds all of it; some servers leave the text out there."""

    ENDS = ("response.completed", "response.incomplete", "response.failed")
    TEXT = ("response.output_text.delta",)
    THOUGHT = ("response.reasoning_text.delta", "response.reasoning_summary_text.delta")

    def __init__(self) -> None:
        super().__init__()
        self._texts: list[str] = []
        self._thoughts: list[str] = []
        self._answer: Json = {}

    def whole_answer(self) -> Json:
        """See Events."""
        if self._answer.get("output") or "error" in self._answer:
            return self._answer
        said = {"type": "output_text", "text": "".join(self._texts)}
        thought = {"type": "reasoning_text", "text": "".join(self._thoughts)}
        output = [{"type": "reasoning", "content": [thought]}, {"type": "message", "content": [said]}]
        return {**self._answer, "output": output}

    def _take(self, event: Json) -> None:
        kind = event.get("type")
        if kind in self.ENDS and isinstance(event.get("response"), dict):
            self._answer = {name: value for name, value in event["response"].items() if value is not None}
            self.whole = True
        elif kind == "error" or event.get("error"):
            self._answer = {"error": event.get("error") or event}
            self.whole = True
        elif kind in self.TEXT:
            self._keep(self._texts, event.get("delta"))
        elif kind in self.THOUGHT:
            self._keep(self._thoughts, event.get("delta"))
