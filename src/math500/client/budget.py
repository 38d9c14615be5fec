"""The user's own limits, kept while many requests are in flight.

A request sets aside the most that it can cost before it is sent, and gives back what it did not use. So a
limit on tokens or money is not passed, however many are in flight: a request that does not fit waits until
those in flight have come back cheaper, and when none is in flight and it still does not fit, the run stops.
What is in flight is paid for, and so is never given up for a limit.

The most that a request can cost is its prompt (a token for two bytes) and its token limit. Where no limit is
sent there is no such number: the longest answer so far, but at least OPEN_ENDED tokens, stands in for it.

Where the endpoint does not count the tokens of an answer, its text stands in, a token for two bytes, and
so does its prompt: a limit holds there too.

A request that was sent and never answered (a timeout, a lost connection, the loser of a hedge) may have been
billed all the same: what it set aside counts as spent, for the limits only.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec

from math500.client.prices import cost
from math500.errors import ModelError, QuotaExhausted
from math500.plural import counted
from math500.records import Budget, Decoding, Extras, Generation, Message, Price, ToolCall

BYTES_PER_TOKEN = 2
"""Of a prompt, at least, in every tokenizer of today; English and LaTeX come to three or four."""
PER_PROMPT = 64
"""Tokens for a chat template around it."""
OPEN_ENDED = 4096


@dataclass(slots=True)
class Spent:
    """What a run has used up; also what one request may use at most."""

    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    @property
    def tokens(self) -> int:
        """Of both kinds."""
        return self.prompt_tokens + self.completion_tokens

    def add(self, other: Spent, sign: int = 1) -> None:
        """Add the tokens of another, or take them away."""
        self.prompt_tokens += sign * other.prompt_tokens
        self.completion_tokens += sign * other.completion_tokens


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit that one more request would pass."""

    what: str
    next_step: str


@dataclass(slots=True)
class Purse:
    """What was spent, what requests in flight have set aside, and whether one more fits."""

    budget: Budget
    price: Price | None = None
    spent: Spent = field(default_factory=Spent)
    aside: Spent = field(default_factory=Spent)
    in_flight: int = 0
    longest: int = OPEN_ENDED
    """Tokens of the longest answer so far, for requests without a limit of their own."""
    family: list[Purse] = field(default_factory=list)
    """The purses that share this one's limits, itself among them, each with a price of its own."""
    _waiting: list[asyncio.Future[None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Be a family of one."""
        self.family.append(self)

    def join(self, other: Purse) -> None:
        """Share the other's limits: what either spends counts for both."""
        self.budget, self.family = other.budget, other.family
        self.family.append(self)

    async def take(
        self, messages: Sequence[Message], decoding: Decoding, extras: Extras | None = None
    ) -> Spent:
        """Set aside what a request may cost; waits until it fits.

        Raises:
            QuotaExhausted: it does not fit, and nothing in flight could change that.
        """
        limit = await self.wait_for(lambda: self.most(messages, decoding, extras))
        if limit is not None:
            raise QuotaExhausted(limit.what, limit.next_step)
        return self.most(messages, decoding, extras)

    async def wait_for(self, most: Callable[[], Spent]) -> Limit | None:
        """Set aside what a request may cost when it fits; the limit it would pass where it never will."""
        while (limit := self._set_aside(most())) is not None:
            if not any(purse.in_flight for purse in self.family):
                return limit
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            await turn
        return None

    def take_now(
        self, messages: Sequence[Message], decoding: Decoding, extras: Extras | None = None
    ) -> Limit | None:
        """Set aside what a request may cost, or say which limit it would pass."""
        return self._set_aside(self.most(messages, decoding, extras))

    def _set_aside(self, most: Spent) -> Limit | None:
        limit = self._passed_by(most)
        if limit is None:
            self.in_flight += 1
            self.spent.requests += 1
            self.aside.add(most)
        return limit

    def settle(self, most: Spent, generation: Generation | None, *, billed: bool) -> None:
        """A request has ended.

        Args:
            most: what it set aside.
            generation: what came of it, with its tokens.
            billed: without a generation: whether it may have been billed.
        """
        self.count(most, used_by(generation, most) if generation is not None else most if billed else Spent())

    def count(self, most: Spent, used: Spent) -> None:
        """A request that set aside so much has used so much."""
        self.in_flight -= 1
        self.aside.add(most, -1)
        self.longest = max(self.longest, used.completion_tokens)
        self.spent.add(used)
        for purse in self.family:
            purse._wake()  # noqa: SLF001 - one of its own kind

    def stop(self, error: ModelError) -> None:
        """The run stops: who waits gets the error."""
        waiting, self._waiting = self._waiting, []
        for turn in waiting:
            if not turn.done():
                turn.set_exception(type(error)(error.what, error.next_step))

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for turn in waiting:
            if not turn.done():
                turn.set_result(None)

    def most(self, messages: Sequence[Message], decoding: Decoding, extras: Extras | None = None) -> Spent:
        """What a request may cost at most; nothing where no limit is on tokens or money."""
        if self.budget.tokens is None and self.budget.cost is None:
            return Spent()
        return Spent(0, prompt_tokens(messages, extras), decoding.max_tokens or self.longest)

    def _passed_by(self, most: Spent) -> Limit | None:
        """The limit that one more request would pass."""
        budget = self.budget
        if budget.requests is not None and sum(p.spent.requests for p in self.family) >= budget.requests:
            what = f"The run's own limit of {counted(budget.requests, 'request')} is reached"
            return Limit(what, "Raise --max-requests and resume the run.")
        used = sum(p.spent.tokens for p in self.family)
        aside = sum(p.aside.tokens for p in self.family)
        if budget.tokens is not None and used + aside + most.tokens > budget.tokens:
            room, more = f"{budget.tokens:,} tokens", f"{most.tokens:,}: {used:,} are spent"
            return _no_room(room, more, "--max-tokens-total")
        if budget.cost is None or self.price is None:
            return None
        one, so_far = self._dollars(most), sum(p._dollars(p.spent) for p in self.family)  # noqa: SLF001
        if so_far + sum(p._dollars(p.aside) for p in self.family) + one <= budget.cost:  # noqa: SLF001
            return None
        room, more = _money(budget.cost), f"{_money(one)}: {_money(so_far)} are spent"
        return _no_room(room, more, "--max-cost")

    def _dollars(self, used: Spent) -> float:
        return 0.0 if self.price is None else cost(self.price, used.prompt_tokens, used.completion_tokens)


def prompt_tokens(messages: Sequence[Message], extras: Extras | None = None) -> int:
    """The most tokens that a prompt can have."""
    tools = 0 if extras is None else sum(len(msgspec.json.encode(tool)) for tool in extras.tools)
    sent = sum(_bytes(m.content, m.reasoning, m.tool_calls) for m in messages)
    return (sent + tools) // BYTES_PER_TOKEN + PER_PROMPT


def used_by(generation: Generation, most: Spent) -> Spent:
    """The tokens of a generation; what the endpoint did not count is reckoned.

    Args:
        generation: what came.
        most: what was set aside for it, whose prompt stands in for one that was not counted.
    """
    prompt, completion = generation.prompt_tokens, generation.completion_tokens
    written = _bytes(generation.text, generation.reasoning, generation.tool_calls) // BYTES_PER_TOKEN
    return Spent(
        0, most.prompt_tokens if prompt is None else prompt, written if completion is None else completion
    )


def _bytes(text: str, reasoning: str, calls: Sequence[ToolCall]) -> int:
    """Of what a message holds as text."""
    return sum(len(part.encode()) for part in (text, reasoning, *(c.name + c.arguments for c in calls)))


def _money(amount: float) -> str:
    """US dollars; below a cent as many digits as the amount has."""
    return f"${amount:,.2f}" if amount >= 0.01 or not amount else f"${amount:.2g}"


def _no_room(limit: str, most: str, option: str) -> Limit:
    what = f"The run's own limit of {limit} leaves no room for one more request of up to {most}"
    return Limit(what, f"Raise {option} (or lower --max-tokens) and resume the run.")
