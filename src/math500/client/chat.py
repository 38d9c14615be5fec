"""Client: one generation per call, whatever the endpoint does meanwhile.

    generate ──> gate.slot ──> transport.post ──> wire.read ──> answers.find ──┐
        ↑                                                                      │
        └── wait, backoff, respell ── give_up: SampleFailed ── stop: ModelError ┘

All calls on one client share its gate, so one worker's bad news slows or stops all of them.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from math500.client import answers, waits, wire
from math500.client.answers import Action, Answer, Row
from math500.client.endpoint import Endpoint
from math500.client.gate import Gate
from math500.client.transport import Fault, HttpTransport, Transport
from math500.client.waits import Clock
from math500.errors import (
    KeyRejected,
    ModelError,
    ModelNotFound,
    SampleFailed,
)
from math500.records import Decoding, Generation, Message

PATIENCE = 600.0
HOPELESS = 5
"""Samples given up with none answered yet, after which the run stops."""


class Event(Struct, frozen=True):
    """Something that a person who waits may want to read."""

    kind: str
    """`retry`, `waiting`, `outage`, `recovered`, `respelled` or `stopped`."""
    what: str
    seconds: float = 0.0
    """How long the wait is."""


class Stats(Struct):
    """Counts since the client was made."""

    sent: int = 0
    """Requests."""
    succeeded: int = 0
    """Generations returned."""
    failed: int = 0
    """Samples given up."""
    in_flight: int = 0
    limit: int = 0
    """How many may be in flight now."""
    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(slots=True)
class _Ask:
    """One call of generate: what is asked, and how it went so far."""

    messages: Sequence[Message]
    decoding: Decoding
    seed: int | None
    stop: Sequence[str]
    sent: int = 0
    tries: Counter[str] = field(default_factory=Counter)


class Client:
    """Sends chats to one endpoint, many at once.

    Args:
        endpoint: where, and with which key.
        concurrency: requests in flight at most.
        transport: sends the requests; one over HTTP by default.
        on_event: told of waits, retries and stops.
        patience: seconds without any success after which the run stops.
        clock: the time; tests run it faster.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        concurrency: int = 16,
        transport: Transport | None = None,
        on_event: Callable[[Event], None] | None = None,
        patience: float = PATIENCE,
        clock: Clock | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.concurrency = concurrency
        self._transport = transport or HttpTransport(endpoint)
        self._tell = on_event or _nobody
        self._patience = patience
        self._gate = Gate(concurrency, clock or Clock())
        self._clock = self._gate.clock
        self._host = urlsplit(endpoint.base_url).hostname or ""
        self._limit_field = endpoint.limit_field
        self._answered = False
        self._stats = Stats()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._gate.close()
        await self._transport.close()

    @property
    def stats(self) -> Stats:
        """A copy of the counts."""
        return msgspec.structs.replace(
            self._stats, in_flight=self._gate.in_flight, limit=self._gate.concurrency.now
        )

    async def generate(
        self,
        messages: Sequence[Message],
        decoding: Decoding,
        *,
        seed: int | None = None,
        stop: Sequence[str] = (),
    ) -> Generation:
        """One completion of the model.

        Args:
            messages: the chat so far.
            decoding: settings; those that are None are not sent.
            seed: instead of the one in `decoding`.
            stop: strings at which the endpoint ends the generation.

        Raises:
            SampleFailed: this one is given up; the run goes on.
            ModelError: the run stops; later calls raise the same.
        """
        ask = _Ask(messages, decoding, seed, stop)
        while True:
            async with self._gate.slot(again=ask.sent > 0) as ticket:
                answer = await self._send(ask)
                row = answers.find(answer, self._host)
                self._gate.read(ticket, answer.headers)
                self._note(row, answer)
                if row.action is Action.ACCEPT and answer.generation is not None:
                    return self._accepted(answer.generation, ask)
                # While this place is held nobody else goes through, so a stop or a hold meets all of them.
                pause = self._pause(row, answer, ask)
            await self._clock.sleep(pause)

    async def _send(self, ask: _Ask) -> Answer:
        body = wire.request_body(
            self.endpoint.model,
            ask.messages,
            ask.decoding,
            seed=ask.seed,
            stop=ask.stop,
            limit_field=self._limit_field,
        )
        ask.sent += 1
        self._stats.sent += 1
        start = time.perf_counter()
        try:
            reply = await self._transport.post(self._url(), self._headers(), body)
        except Fault as fault:
            return Answer(fault.kind, self._clean(fault.what))
        self._answered = True
        answer = wire.read(reply.status, reply.headers, reply.body)
        seconds = time.perf_counter() - start
        generation = answer.generation and msgspec.structs.replace(answer.generation, seconds=seconds)
        return Answer(answer.what, self._clean(answer.said), answer.headers, generation)

    def _url(self) -> str:
        return f"{self.endpoint.base_url}/chat/completions"

    def _headers(self) -> Mapping[str, str]:
        headers = {"Content-Type": "application/json", "Accept": "application/json", **self.endpoint.headers}
        if self.endpoint.key is not None:
            headers["Authorization"] = f"Bearer {self.endpoint.key.reveal()}"
        return headers

    def _clean(self, said: str) -> str:
        """What an endpoint said, without the key that some of them repeat."""
        if self.endpoint.key is not None:
            said = said.replace(self.endpoint.key.reveal(), "***")
        return re.sub(r"\b(sk|pk|gsk|xai|hf|AIza)[-_A-Za-z0-9*]{8,}", r"\1-***", said)

    def _note(self, row: Row, answer: Answer) -> None:
        """Tell the gate what this answer says about the endpoint."""
        if row.action is Action.ACCEPT:
            if self._gate.outage:
                self._tell(Event("recovered", f"{self.endpoint.base_url} answers again"))
            self._gate.succeeded(_tokens(answer.generation))
        elif row.action in (Action.WAIT, Action.BACKOFF):
            (self._gate.failed if row.down else self._gate.troubled)()
        if row.action is Action.WAIT:
            self._gate.pushed_back()
        elif row.kind == "timeout":
            self._gate.timed_out()

    def _accepted(self, generation: Generation, ask: _Ask) -> Generation:
        self._stats.succeeded += 1
        self._stats.prompt_tokens += generation.prompt_tokens or 0
        self._stats.completion_tokens += generation.completion_tokens or 0
        return msgspec.structs.replace(generation, attempts=ask.sent)

    def _pause(self, row: Row, answer: Answer, ask: _Ask) -> float:
        """Seconds until the request comes back to the gate; raises where it does not."""
        ask.tries[row.kind] += 1
        failures = ask.tries[row.kind]
        if row.action is Action.RESPELL and failures == 1:
            return self._respell()
        if row.action is Action.STOP or self._in_vain(row):
            raise self._stop(row, answer)
        if row.action in (Action.GIVE_UP, Action.RESPELL) or 0 < row.tries <= failures:
            raise self._give_up(row, answer)
        return self._wait(row, answer, failures)

    def _in_vain(self, row: Row) -> bool:
        """Whether waiting has become pointless: nothing has worked for too long."""
        never = not self._answered and row.first_patience > 0
        return self._gate.failing_for > (row.first_patience if never else self._patience)

    def _respell(self) -> float:
        self._limit_field = "max_tokens" if self._limit_field != "max_tokens" else "max_completion_tokens"
        self._tell(Event("respelled", f"the token limit is sent as {self._limit_field}"))
        return 0.0

    def _wait(self, row: Row, answer: Answer, failures: int) -> float:
        """Hold everybody where the endpoint asks for it; otherwise this request alone."""
        asked = waits.announced(answer.headers, answer.said)
        seconds = waits.pause(failures) if asked is None else asked
        if seconds > self._patience:
            raise self._stop(row, answer, f", and asks to wait {seconds:.0f} s")
        together = row.action is Action.WAIT or asked is not None
        self._tell(Event("waiting" if together else "retry", answers.sentence(answer), seconds))
        if together:
            self._gate.hold(seconds)
        return 0.0 if together else seconds

    def _give_up(self, row: Row, answer: Answer) -> SampleFailed | ModelError:
        self._stats.failed += 1
        if self._stats.succeeded == 0 and self._stats.failed >= HOPELESS:
            return self._stop(row, answer, f", for each of the first {HOPELESS} requests")
        return SampleFailed(row.kind, answers.sentence(answer))

    def _stop(self, row: Row, answer: Answer, more: str = "") -> ModelError:
        """Close the gate, and make the error that says why."""
        what = f"{self.endpoint.base_url} (model {self.endpoint.model}) {answers.sentence(answer)}{more}"
        error = row.error(what, row.next_step or self._next_step(row))
        self._gate.stop(error)
        self._tell(Event("stopped", what))
        return error

    def _next_step(self, row: Row) -> str:
        if row.error is KeyRejected:
            return f"Check the key in {self.endpoint.key_name}."
        if row.error is ModelNotFound:
            return f"Check the model's name; {self.endpoint.base_url}/models lists what the endpoint has."
        return "Resume the run when it answers again; what is collected is kept."


def _nobody(_event: Event) -> None:
    """The listener where there is none."""


def _tokens(generation: Generation | None) -> int:
    if generation is None:
        return 0
    return (generation.prompt_tokens or 0) + (generation.completion_tokens or 0)
