"""A model's name to something that can be asked: an endpoint, or the embedded model.

embedded               the small model that comes with math500[local]
embedded:FILE.gguf     a model file of your own, run by the same engine
openai/gpt-4o-mini     a vendor known by its prefix (see client)
anything --base-url    any OpenAI-compatible server
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from math500.errors import RunMismatch, UsageError
from math500.records import Asking, Message, ModelInfo, Price

if TYPE_CHECKING:
    from math500.client import Client, Endpoint, Event, Spent
    from math500.client.budget import Purse

EMBEDDED = "embedded"
EMBEDDED_MAX_TOKENS = 512
"""The embedded model's token limit unless told otherwise: it repeats itself rather than stop."""
EMBEDDED_CONCURRENCY = 16
ENDPOINT_CONCURRENCY = 32
CHARACTERS_PER_TOKEN = 1.5
"""At least: a drawing's code has 1.7; Chinese can have less, which the exact count then finds."""
LONGEST = 5
"""Prompts whose tokens are counted exactly: those with the most characters."""


@dataclass(frozen=True)
class Opened:
    """A model ready to be asked."""

    endpoint: Endpoint
    info: ModelInfo
    others: tuple[Endpoint, ...] = ()
    """Further addresses of the same model."""
    asking: Asking = field(default_factory=Asking)
    """How it is asked, with everything that the user left open filled in."""
    price: Price | None = None

    def client(
        self,
        *,
        concurrency: int,
        on_event: Callable[[Event], None] | None = None,
        spent: Spent | None = None,
        beside: Client | None = None,
        purse: Purse | None = None,
        given_up: int = 0,
    ) -> Client:
        """A client that asks as `asking` says.

        Args:
            concurrency: requests in flight at most, at each address.
            on_event: told of waits, retries and stops.
            spent: what the run has used up before.
            beside: another client of the run, whose limits it shares.
            purse: keeps the limits, where others ask too.
            given_up: questions that the run gave up before.
        """
        from math500.client import Client  # noqa: PLC0415 - the HTTP library is not needed for --help

        return Client(
            (self.endpoint, *self.others),
            concurrency=concurrency,
            on_event=on_event,
            stream=self.asking.stream,
            hedge=self.asking.hedge,
            api=self.asking.api,
            budget=self.asking.budget,
            price=self.price,
            spent=spent,
            beside=beside,
            purse=purse,
            given_up=given_up,
        )


@dataclass(frozen=True)
class Private:
    """What is sent or used, and never written."""

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The values of `Asking.headers`."""
    proxy: str | None = field(default=None, repr=False)
    """With its password; empty for no proxy at all, None for `Asking.proxy`."""


def is_embedded(name: str) -> bool:
    """Whether the name means a model run in this process."""
    return name == EMBEDDED or name.startswith(f"{EMBEDDED}:")


def default_max_tokens(name: str) -> int | None:
    """The token limit when the user gives none; None leaves it to the endpoint.

    No number is right for every endpoint: a small one cuts reasoning off unseen, a large one is
    refused by models with a smaller context. The summary says how many responses were cut off.
    """
    return EMBEDDED_MAX_TOKENS if is_embedded(name) else None


def default_concurrency(name: str) -> int:
    """Requests in flight when the user does not say."""
    return EMBEDDED_CONCURRENCY if is_embedded(name) else ENDPOINT_CONCURRENCY


@contextlib.contextmanager
def open_model(
    name: str,
    *,
    base_url: str | Sequence[str] | None,
    concurrency: int,
    max_tokens: int | None,
    environ: Mapping[str, str],
    asked: Sequence[Sequence[Message]] = (),
    asking: Asking | None = None,
    private: Private | None = None,
    price: Price | None = None,
    threads: int | None = None,
    announce: Callable[[str], None] = lambda _: None,
) -> Iterator[Opened]:
    """Make the model ready; the embedded one runs until the block ends.

    Args:
        name: as in the module's first lines.
        base_url: the server's address, for a model that is not embedded and not a known vendor's; several
            where it is served at several.
        concurrency: requests that will be in flight.
        max_tokens: the token limit they will have; the embedded model's context is made to fit it.
        asked: the messages that will be sent, so that the embedded model's context has room for them.
        environ: where the key is looked up.
        asking: how it is asked.
        private: secrets that go with it.
        price: the user's own, in place of the list's.
        threads: computing threads of the embedded model; the cores of this machine when None.
        announce: gets a sentence before each longer wait.

    Raises:
        UsageError: a limit on money and no price that is known.
        UsageError: the name and the address do not go together, or name no model.
        KeyRejected: the vendor needs a key that the environment does not hold.
        UsageError: a prompt and `max_tokens` do not fit the embedded model's context.
        DependencyMissing: the embedded model's engine is not installed.
    """
    from math500 import client  # noqa: PLC0415 - the HTTP library is not needed for --help

    asking = asking or Asking()
    if not is_embedded(name):
        yield _at_endpoints(name, _listed(base_url), asking, private or Private(), price, environ)
        return
    if asking.batch:
        raise UsageError("the embedded model has no batch queue", "Leave --batch out.")
    if base_url:
        raise UsageError(
            f"the model {name!r} runs in this process and has no --base-url",
            "Name the model that is served there: --model NAME; or leave --base-url out.",
        )
    if asking.budget.cost is not None and price is None:
        raise UsageError("the embedded model costs nothing", "Leave --max-cost out.")
    from math500 import embedded  # noqa: PLC0415 - needs the extra `local`

    file = Path(name.removeprefix(f"{EMBEDDED}:")) if ":" in name else None
    longest = sorted(asked, key=_characters)[-LONGEST:]
    room = max([embedded.PROMPT_ROOM, *(int(_characters(m) / CHARACTERS_PER_TOKEN) for m in longest)])
    with embedded.serve(
        slots=concurrency,
        max_tokens=max_tokens,
        prompt_room=room,
        threads=threads,
        gguf=file,
        announce=announce,
    ) as served:
        served.require_room(longest, max_tokens or 0)
        endpoint = client.resolve(served.info.served_name, served.base_url, {})
        yield Opened(endpoint, served.info, asking=asking, price=price)


def require_same(was: ModelInfo, now: ModelInfo) -> None:
    """Do nothing if an embedded model is the one that it was.

    Raises:
        RunMismatch: its file or its engine is another one.
    """
    differing = [key for key in ("sha256", "engine") if was.detail.get(key) != now.detail.get(key)]
    if differing:
        raise RunMismatch(
            f"the embedded model's {' and '.join(differing)} changed since the run was started",
            "Start a new run, or go back to the versions in its manifest.json.",
        )


def _at_endpoints(
    name: str,
    urls: tuple[str, ...],
    asking: Asking,
    private: Private,
    price: Price | None,
    environ: Mapping[str, str],
) -> Opened:
    """A model at one address or several."""
    from math500 import client  # noqa: PLC0415
    from math500.client import prices  # noqa: PLC0415

    endpoints = tuple(
        client.resolve(
            name,
            url,
            environ,
            proxy=asking.proxy if private.proxy is None else private.proxy,
            ca_file=asking.ca_file,
            headers=private.headers,
            timeouts=asking.timeouts,
            key_variable=asking.key_variable,
        )
        for url in urls or (None,)
    )
    first = endpoints[0]
    if asking.batch:
        _require_batchable(asking, endpoints)
    price = price or prices.find(first, batch=asking.batch)
    if asking.budget.cost is not None and price is None:
        raise UsageError(
            f"--max-cost needs the price of {first.model}, which is not known",
            "Give it in US dollars per million tokens: --price PROMPT,COMPLETION.",
        )
    asked = msgspec.structs.replace(
        asking,
        base_urls=tuple(endpoint.base_url for endpoint in endpoints),
        headers=tuple(private.headers),
        proxy=asking.proxy if not private.proxy else client.without_credentials(private.proxy),
    )
    info = ModelInfo(name=name, served_name=first.model, base_url=first.base_url)
    return Opened(first, info, endpoints[1:], asked, price)


def _require_batchable(asking: Asking, endpoints: Sequence[Endpoint]) -> None:
    for set_, option in ((asking.stream, "--stream"), (asking.hedge, "--hedge")):
        if set_:
            raise UsageError(f"--batch and {option} exclude each other", "Leave out one of the two.")
    if len(endpoints) > 1:
        raise UsageError("--batch takes one --base-url", "Leave out the others.")


def _listed(base_url: str | Sequence[str] | None) -> tuple[str, ...]:
    return (base_url,) if isinstance(base_url, str) else tuple(base_url or ())


def _characters(messages: Sequence[Message]) -> int:
    return sum(len(message.content) for message in messages)
