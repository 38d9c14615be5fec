"""One endpoint as a client uses it: its gate, its connection, its spelling of the token limit.

A client has one lane, or several when one model is served at several addresses.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import msgspec

from math500.client import wire
from math500.client.answers import Answer
from math500.client.endpoint import Endpoint
from math500.client.forms import FORMS, Form
from math500.client.gate import Gate
from math500.client.stream import Events
from math500.client.transport import Fault, Reply, Transport
from math500.client.vendors import LimitField
from math500.records import Decoding, Extras, Message

KEY_LIKE = re.compile(r"\b(sk|pk|gsk|xai|hf|AIza)[-_A-Za-z0-9*]{8,}")
"""What looks like a key, or like a vendor's masked copy of one."""
SHORTEST_SECRET = 6
"""Characters of a header's value that is blacked out where it is repeated."""


@dataclass(slots=True)
class Ask:
    """One call of generate: what is asked, and how it went so far."""

    messages: Sequence[Message]
    decoding: Decoding
    seed: int | None = None
    stop: Sequence[str] = ()
    extras: Extras = wire.NO_EXTRAS
    body: bytes | None = None
    """What is sent as it is, in place of all this: to a server of values (pooling.py)."""
    sent: int = 0
    limit_field: LimitField = "max_tokens"
    """How the token limit was spelled when it was sent last."""
    tries: Counter[str] = field(default_factory=Counter)


class Lane:
    """Sends to one endpoint.

    Args:
        endpoint: where, and with which key.
        transport: sends the requests.
        gate: who may send.
        stream: ask for the answer piece by piece.
        form: in which form.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        transport: Transport,
        gate: Gate,
        stream: bool = False,
        form: Form = FORMS["chat"],
    ) -> None:
        self.endpoint = endpoint
        self.transport = transport
        self.gate = gate
        self.host = urlsplit(endpoint.base_url).hostname or ""
        self.limit_field = endpoint.limit_field
        self.stream = stream
        self.form = form
        self.answered = False
        """Whether a reply ever came, of whatever kind."""
        self.seconds = 0.0
        """What an answer takes, as a moving mean."""

    @property
    def load(self) -> float:
        """How long one more request would take, compared with other lanes."""
        return (self.gate.in_flight + 1) * (self.seconds or 1e-6)

    def respell(self) -> None:
        """Send the token limit under its other name from now on."""
        self.limit_field = "max_tokens" if self.limit_field != "max_tokens" else "max_completion_tokens"

    async def send(self, ask: Ask) -> Answer:
        """Send a request, and read what it comes to."""
        ask.limit_field = self.limit_field
        stream = self.form.stream() if self.stream else None
        sink = None if stream is None else stream.feed
        start = time.perf_counter()
        try:
            reply = await self.transport.post(self._url, self._headers(), self._body(ask), sink)
        except Fault as fault:
            return Answer(fault.kind, self._clean(fault.what))
        self.answered = True
        answer = wire.beside(_read(reply, stream, self.form), ask.extras)
        generation = answer.generation
        if generation is not None:
            seconds = time.perf_counter() - start
            first = stream.first_at - start if stream is not None and stream.first_at is not None else None
            generation = msgspec.structs.replace(generation, seconds=seconds, first_token_seconds=first)
            self.seconds = seconds if self.seconds == 0 else 0.9 * self.seconds + 0.1 * seconds
        return Answer(answer.what, self._clean(answer.said), answer.headers, generation)

    @property
    def _url(self) -> str:
        return f"{self.endpoint.base_url}{self.form.path}"

    def _body(self, ask: Ask) -> bytes:
        if ask.body is not None:
            return ask.body
        return self.form.body(
            self.endpoint.model,
            ask.messages,
            ask.decoding,
            seed=ask.seed,
            stop=ask.stop,
            limit_field=self.limit_field,
            stream=self.stream,
            extras=ask.extras,
        )

    def _headers(self) -> Mapping[str, str]:
        headers = headers_for(self.endpoint)
        if self.stream:
            headers["Accept"] = "text/event-stream"
        return headers

    def _clean(self, said: str) -> str:
        return clean(said, self.endpoint)


def headers_for(endpoint: Endpoint) -> dict[str, str]:
    """What is sent with every request: the user's own headers and the key."""
    headers = {"Content-Type": "application/json", "Accept": "application/json", **endpoint.headers}
    if endpoint.key is not None:
        scheme = "Bearer " if endpoint.key_header == "Authorization" else ""
        headers[endpoint.key_header] = scheme + endpoint.key.reveal()
    return headers


def clean(said: str, endpoint: Endpoint) -> str:
    """What an endpoint said, without the key and the headers that some of them repeat."""
    secrets = [value for value in endpoint.headers.values() if len(value) >= SHORTEST_SECRET]
    if endpoint.key is not None:
        secrets.append(endpoint.key.reveal())
    for secret in secrets:
        said = said.replace(secret, "***")
    return KEY_LIKE.sub(r"\1-***", said)


def _read(reply: Reply, stream: Events | None, form: Form) -> Answer:
    if stream is None and reply.status == 200 and "event-stream" in reply.headers.get("content-type", ""):
        stream = form.stream()  # nobody asked for one, and it is an answer all the same
        stream.feed(reply.body + b"\n")
    if stream is None or not stream.begun:
        return wire.read(reply.status, reply.headers, reply.body, form.reader)
    if not stream.whole:
        return Answer("truncated", "the stream ended before its end", reply.headers)
    if stream.damaged:
        return Answer("malformed", "an event of the stream cannot be read", reply.headers)
    return wire.judge(stream.whole_answer(), reply.headers, form.reader)
