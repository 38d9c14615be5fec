"""Client: one generation per call, whatever the endpoint does meanwhile.

    generate ──> gate.slot ──> lane.send ──> wire ──> answers.find ──┐
        ↑                                                            │
        └── wait, backoff, respell ── give_up: SampleFailed ── stop: ModelError

All calls on one client share its gate, so one worker's bad news slows or stops all of them. With several
endpoints each has its own gate, and a request goes where it is likely to be answered first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

import msgspec
from msgspec import Struct

from math500.client import answers, forms, waits, wire
from math500.client.answers import Action, Answer, Row
from math500.client.budget import Purse, Spent
from math500.client.endpoint import Endpoint, is_local
from math500.client.forms import Form
from math500.client.gate import Gate, Ticket
from math500.client.hedge import Hedge, first_of
from math500.client.lane import Ask, Lane
from math500.client.limits import RAMP_FAR, RAMP_NEAR
from math500.client.transport import HttpTransport, Transport
from math500.client.waits import Clock
from math500.errors import (
    EndpointUnreachable,
    KeyRejected,
    ModelError,
    ModelNotFound,
    QuotaExhausted,
    SampleFailed,
)
from math500.records import Api, Budget, Decoding, Extras, Generation, Message, Price

PATIENCE = 600.0
HOPELESS = 5
"""Questions given up with none answered yet, after which the run stops."""
MAY_BE_BILLED = frozenset({"first_byte", "stalled", "too_slow", "truncated", "reset", "oversized"})
"""Ways in which a request ends without an answer after the endpoint had it."""


class Event(Struct, frozen=True):
    """Something that a person who waits may want to read."""

    kind: str
    """`retry`, `waiting`, `recovered`, `respelled`, `hedged`, `lost` (an endpoint of several), `stopped`."""
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


class Client:
    """Sends chats to an endpoint, many at once.

    Args:
        endpoint: where, and with which key; several for one model that is served at several addresses.
        concurrency: requests in flight at most, at each endpoint.
        transport: sends the requests; one over HTTP by default.
        on_event: told of waits, retries and stops.
        patience: seconds without any success after which the run stops.
        stream: ask for answers piece by piece, which tells the time to the first token.
        hedge: ask again when an answer is unusually late, and take the first; costs tokens.
        api: the form in which it is asked; see forms.py.
        form: one beside those, in which `post` asks; see pooling.py.
        budget: the user's own limits.
        price: what tokens cost; a limit on money needs it.
        spent: what the run has used up before.
        beside: another client of the same run, whose limits it shares; `budget` is then that one's.
        purse: keeps the limits in place of `budget`, `price` and `spent`.
        given_up: questions that were given up before; that they are again says nothing about the endpoint.
        clock: the time; tests run it faster.
    """

    def __init__(
        self,
        endpoint: Endpoint | Sequence[Endpoint],
        *,
        concurrency: int = 16,
        transport: Transport | None = None,
        on_event: Callable[[Event], None] | None = None,
        patience: float = PATIENCE,
        stream: bool = False,
        hedge: bool = False,
        api: Api = "chat",
        form: Form | None = None,
        budget: Budget | None = None,
        price: Price | None = None,
        spent: Spent | None = None,
        beside: Client | None = None,
        purse: Purse | None = None,
        given_up: int = 0,
        clock: Clock | None = None,
    ) -> None:
        self._clock = clock or Clock()
        endpoints = [endpoint] if isinstance(endpoint, Endpoint) else list(endpoint)
        form = form or forms.FORMS[api]
        self._lanes = [
            Lane(each, transport or HttpTransport(each), _gate(each, concurrency, self._clock), stream, form)
            for each in endpoints
        ]
        self.endpoint = endpoints[0]
        self.concurrency = concurrency
        self._tell = on_event or _nobody
        self._patience = patience
        self._hedge = Hedge() if hedge else None
        self._api = api
        self._purse = purse or Purse(budget or Budget(), price, spent or Spent())
        if beside is not None:
            self._purse.join(beside._purse)  # noqa: SLF001 - one of its own kind
        self._stats = Stats()
        self._hopeless = HOPELESS + given_up
        self._in_vain_for: set[int] = set()
        """Hashes of the questions that were given up, as long as none is answered."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for lane in self._lanes:
            lane.gate.close()
            await lane.transport.close()

    @property
    def spent(self) -> Spent:
        """What the run has used up, answers that were not accepted included."""
        return self._purse.spent

    @property
    def stats(self) -> Stats:
        """A copy of the counts."""
        return msgspec.structs.replace(
            self._stats,
            in_flight=sum(lane.gate.in_flight for lane in self._lanes),
            limit=sum(lane.gate.concurrency.now for lane in self._lanes),
        )

    async def generate(
        self,
        messages: Sequence[Message],
        decoding: Decoding,
        *,
        seed: int | None = None,
        stop: Sequence[str] = (),
        extras: Extras | None = None,
    ) -> Generation:
        """One completion of the model.

        Args:
            messages: the chat so far.
            decoding: settings; those that are None are not sent.
            seed: instead of the one in `decoding`.
            stop: strings at which the endpoint ends the generation.
            extras: what is asked for beside a text.

        Raises:
            SampleFailed: this one is given up; the run goes on.
            ModelError: the run stops; later calls raise the same.
            UsageError: the form cannot carry a setting.
        """
        extras = extras or wire.NO_EXTRAS
        forms.require(self._api, decoding, seed, stop, extras)
        return await self._asked(Ask(messages, decoding, seed, stop, extras))

    async def post(self, body: bytes) -> Generation:
        """What the endpoint answers to a request that is ready made, as one text; see pooling.py.

        Args:
            body: JSON.

        Raises:
            SampleFailed: this one is given up.
            ModelError: no more is asked.
        """
        return await self._asked(Ask((), Decoding(), body=body))

    async def _asked(self, ask: Ask) -> Generation:
        while True:
            lane = self._pick()
            try:
                outcome = await self._attempt(lane, ask)
            except EndpointUnreachable:
                if all(each.gate.stopped for each in self._lanes):
                    raise
                continue
            if isinstance(outcome, Generation):
                return outcome
            await self._clock.sleep(outcome)

    def _pick(self) -> Lane:
        """Where one more request is likely to be answered first."""
        if len(self._lanes) == 1:
            return self._lanes[0]
        return min(
            self._lanes,
            key=lambda lane: (lane.gate.stopped, lane.gate.outage, lane.gate.held_for > 0, lane.load),
        )

    async def _attempt(self, lane: Lane, ask: Ask) -> Generation | float:
        """One request: its generation, or the seconds until it comes back to the gate."""
        async with lane.gate.slot(again=ask.sent > 0) as ticket:
            answer = await self._answer(lane, ask)
            row = answers.find(answer, lane.host)
            lane.gate.read(ticket, answer.headers)
            self._note(lane, row, answer, ticket)
            if row.action is Action.ACCEPT and answer.generation is not None:
                return self._accepted(answer.generation, ask)
            # While this place is held nobody else goes through, so a stop or a hold meets all of them.
            return self._pause(lane, row, answer, ask)

    async def _answer(self, lane: Lane, ask: Ask) -> Answer:
        late = self._hedge.late if self._hedge is not None else None
        if late is None:
            return await self._send(lane, ask)
        return await first_of(lambda: self._send(lane, ask), lambda: self._send_again(lane, ask), late)

    async def _send(self, lane: Lane, ask: Ask) -> Answer:
        """Send once, within the user's own limits."""
        try:
            most = await self._purse.take(ask.messages, ask.decoding, ask.extras)
        except QuotaExhausted as limit:
            raise self._close(limit) from None
        ask.sent += 1
        self._stats.sent += 1
        generation, billed = None, True
        try:
            answer = await lane.send(ask)
            generation, billed = answer.generation, answer.what in MAY_BE_BILLED
            return answer
        finally:
            self._purse.settle(most, generation, billed=billed)

    async def _send_again(self, lane: Lane, ask: Ask) -> Answer | None:
        """The hedge's second request, in a place of its own."""
        try:
            async with lane.gate.slot():
                self._tell(Event("hedged", f"{lane.endpoint.base_url} is late with an answer"))
                return await self._send(lane, ask)
        except ModelError:
            return None

    def _note(self, lane: Lane, row: Row, answer: Answer, ticket: Ticket) -> None:
        """Tell the gate what this answer says about the endpoint."""
        gate = lane.gate
        if row.action is Action.ACCEPT:
            if gate.outage:
                self._tell(Event("recovered", f"{lane.endpoint.base_url} answers again"))
            gate.succeeded(ticket, _tokens(answer.generation))
        elif row.action in (Action.WAIT, Action.BACKOFF):
            (gate.failed if row.down else gate.troubled)()
        if row.action is Action.WAIT:
            gate.pushed_back(ticket)
        elif row.kind == "timeout":
            gate.timed_out()

    def _accepted(self, generation: Generation, ask: Ask) -> Generation:
        self._stats.succeeded += 1
        self._stats.prompt_tokens += generation.prompt_tokens or 0
        self._stats.completion_tokens += generation.completion_tokens or 0
        if self._hedge is not None:
            self._hedge.learn(generation.seconds)
        return msgspec.structs.replace(generation, attempts=ask.sent)

    def _pause(self, lane: Lane, row: Row, answer: Answer, ask: Ask) -> float:
        """Seconds until the request comes back to the gate; raises where it does not."""
        ask.tries[row.kind] += 1
        failures = ask.tries[row.kind]
        if row.action is Action.RESPELL and failures == 1:
            return self._respell(lane, ask)
        if row.action is Action.STOP or self._in_vain(lane, row):
            raise self._stop(lane, row, answer, ask)
        if row.action in (Action.GIVE_UP, Action.RESPELL) or 0 < row.tries <= failures:
            raise self._give_up(lane, row, answer, ask)
        return self._wait(lane, row, answer, ask, failures)

    def _in_vain(self, lane: Lane, row: Row) -> bool:
        """Whether waiting has become pointless: nothing has worked for too long, and nothing may yet."""
        if lane.gate.in_flight > 1:
            return False
        never = not lane.answered and row.first_patience > 0
        return lane.gate.failing_for > (row.first_patience if never else self._patience)

    def _respell(self, lane: Lane, ask: Ask) -> float:
        """Use the limit's other name, unless another request has brought that about meanwhile."""
        if ask.limit_field == lane.limit_field:
            lane.respell()
            self._tell(Event("respelled", f"the token limit is sent as {lane.limit_field}"))
        return 0.0

    def _wait(self, lane: Lane, row: Row, answer: Answer, ask: Ask, failures: int) -> float:
        """Hold everybody where the endpoint asks for it; otherwise this request alone."""
        asked = waits.announced(answer.headers, answer.said)
        if asked is None and row.down and lane.gate.outage:
            return self._told("waiting", lane, answer, lane.gate.held_for, 0.0)
        seconds = waits.pause(failures) if asked is None else asked
        if asked is not None and asked > self._patience:
            raise self._stop(lane, row, answer, ask, f", and asks to wait {asked:.0f} s")
        kind = "waiting" if row.action is Action.WAIT else "retry"
        if asked is None or row.alone:
            return self._told(kind, lane, answer, seconds, seconds)
        lane.gate.hold(seconds)
        return self._told(kind, lane, answer, seconds, 0.0)

    def _told(self, kind: str, lane: Lane, answer: Answer, seconds: float, pause: float) -> float:
        self._tell(Event(kind, f"{lane.endpoint.base_url} {answers.sentence(answer)}", seconds))
        return pause

    def _give_up(self, lane: Lane, row: Row, answer: Answer, ask: Ask) -> SampleFailed | ModelError:
        self._stats.failed += 1
        if self._stats.succeeded == 0:
            # A vote asks the same again and again: that is one question.
            self._in_vain_for.add(hash(tuple(ask.messages)))
            if len(self._in_vain_for) >= self._hopeless:
                return self._stop(
                    lane, row, answer, ask, f", for each of the first {self._hopeless} questions"
                )
        return SampleFailed(row.kind, answers.sentence(answer), ask.sent)

    def _stop(self, lane: Lane, row: Row, answer: Answer, ask: Ask, more: str = "") -> ModelError:
        """Make the error that says why; an endpoint that is gone leaves the work to the others."""
        endpoint = lane.endpoint
        what = f"{endpoint.base_url} (model {endpoint.model}) {answers.sentence(answer)}{more}"
        absent = lane.form.absent if row.kind == "address" else ""
        next_step = absent or row.next_step or _next_step(row, endpoint)
        error = row.error(what, _suspected(row, ask.extras) + next_step)
        others = [each for each in self._lanes if each is not lane and not each.gate.stopped]
        if others and isinstance(error, EndpointUnreachable):
            lane.gate.stop(error)
            self._tell(Event("lost", what))
            return error
        return self._close(error)

    def _close(self, error: ModelError) -> ModelError:
        """Let nobody through any more; several workers may come to the same end, which is told once."""
        if not all(lane.gate.stopped for lane in self._lanes):
            self._tell(Event("stopped", error.what))
        for lane in self._lanes:
            lane.gate.stop(error)
        self._purse.stop(error)
        return error


def _gate(endpoint: Endpoint, concurrency: int, clock: Clock) -> Gate:
    return Gate(concurrency, clock, RAMP_NEAR if is_local(endpoint.base_url) else RAMP_FAR)


def _next_step(row: Row, endpoint: Endpoint) -> str:
    if row.error is KeyRejected:
        return endpoint.about_key
    if row.error is ModelNotFound:
        return f"Check the model's name; {endpoint.base_url}/models lists what the endpoint has."
    return "Resume the run when it answers again; what is collected is kept."


def _suspected(row: Row, extras: Extras) -> str:
    """What else may be the reason of a refusal that gives none that is known."""
    if row.kind not in ("rejected", "parameter"):
        return ""
    tools = "If it takes no tools, use --tool-calls prompt. " if extras.tools else ""
    logprobs = "If it gives no log probabilities, use another --weigh. " if extras.logprobs else ""
    return tools + logprobs


def _tokens(generation: Generation | None) -> int:
    if generation is None:
        return 0
    return (generation.prompt_tokens or 0) + (generation.completion_tokens or 0)


def _nobody(_event: Event) -> None:
    """The listener where there is none."""
