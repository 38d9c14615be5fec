"""A model's name to something that can be asked: an endpoint, or the embedded model.

embedded               the small model that comes with math500[local]
embedded:FILE.gguf     a model file of your own, run by the same engine
openai/gpt-4o-mini     a vendor known by its prefix (see client)
anything --base-url    any OpenAI-compatible server
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from math500.errors import UsageError
from math500.records import Message, ModelInfo

if TYPE_CHECKING:
    from math500.client import Endpoint

EMBEDDED = "embedded"
EMBEDDED_MAX_TOKENS = 512
"""The embedded model's token limit unless told otherwise: it repeats itself rather than stop."""
EMBEDDED_CONCURRENCY = 16
ENDPOINT_CONCURRENCY = 32
CHARACTERS_PER_TOKEN = 2
"""At least, for LaTeX and English; Chinese can be less, which the exact count then finds."""
LONGEST = 5
"""Prompts whose tokens are counted exactly: those with the most characters."""


@dataclass(frozen=True)
class Opened:
    """A model ready to be asked."""

    endpoint: Endpoint
    info: ModelInfo


def is_embedded(name: str) -> bool:
    """Whether the name means a model run in this process."""
    return name == EMBEDDED or name.startswith(f"{EMBEDDED}:")


def is_plain(info: ModelInfo) -> bool:
    """Whether the model was asked without its chat template."""
    return str(info.detail.get("chat_template", "")).startswith("none")


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
    base_url: str | None,
    concurrency: int,
    max_tokens: int | None,
    environ: Mapping[str, str],
    asked: Sequence[Sequence[Message]] = (),
    plain: bool = False,
    announce: Callable[[str], None] = lambda _: None,
) -> Iterator[Opened]:
    """Make the model ready; the embedded one runs until the block ends.

    Args:
        name: as in the module's first lines.
        base_url: the server's address, for a model that is not embedded and not a known vendor's.
        concurrency: requests that will be in flight.
        max_tokens: the token limit they will have; the embedded model's context is made to fit it.
        asked: the messages that will be sent, so that the embedded model's context has room for them.
        plain: ask the embedded model without its chat template; an endpoint decides for itself.
        environ: where the key is looked up.
        announce: gets a sentence before each longer wait.

    Raises:
        UsageError: the name and the address do not go together, or name no model.
        KeyRejected: the vendor needs a key that the environment does not hold.
        UsageError: a prompt and `max_tokens` do not fit the embedded model's context.
        DependencyMissing: the embedded model's engine is not installed.
    """
    from math500 import client  # noqa: PLC0415 - the HTTP library is not needed for --help

    if not is_embedded(name):
        if plain:
            raise UsageError(
                f"the chat template of {name!r} is applied by its server, which takes no other",
                "Leave out `template`, or start the server with another template and compare two runs.",
            )
        endpoint = client.resolve(name, base_url, environ)
        yield Opened(endpoint, ModelInfo(name=name, served_name=endpoint.model, base_url=endpoint.base_url))
        return
    if base_url is not None:
        raise UsageError(
            f"the model {name!r} runs in this process and has no --base-url", "Leave out one of the two."
        )
    from math500 import embedded  # noqa: PLC0415 - needs the extra `local`

    file = Path(name.removeprefix(f"{EMBEDDED}:")) if ":" in name else None
    longest = sorted(asked, key=_characters)[-LONGEST:]
    room = max([embedded.PROMPT_ROOM, *(_characters(m) // CHARACTERS_PER_TOKEN for m in longest)])
    with embedded.serve(
        slots=concurrency,
        max_tokens=max_tokens,
        prompt_room=room,
        gguf=file,
        plain=plain,
        announce=announce,
    ) as served:
        served.require_room(longest, max_tokens or 0)
        endpoint = client.resolve(served.info.served_name, served.base_url, {})
        yield Opened(endpoint, served.info)


def _characters(messages: Sequence[Message]) -> int:
    return sum(len(message.content) for message in messages)
