"""Time that runs fast, an endpoint at a server, and one question."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings

from math500.client import Client, Endpoint, Event
from math500.client.waits import Clock
from math500.records import Decoding, Message
from tests.faulty_server import FaultyServer

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
"""A busy machine is not a failed property."""

SPEED = 200.0
"""A Retry-After of one second takes 5 ms."""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def events() -> list[Event]:
    return []


@pytest.fixture
def client_of(events: list[Event]) -> Callable[..., Client]:
    """Makes a client for a server or an endpoint, on the fast clock, whose events are kept."""

    def make(place: FaultyServer | Endpoint, **options: Any) -> Client:
        endpoint = Endpoint(place.url, "asked-model") if isinstance(place, FaultyServer) else place
        options = {"clock": Clock(SPEED), "on_event": events.append, **options}
        return Client(endpoint, **options)

    return make


@pytest.fixture
def ask() -> Callable[..., Any]:
    """Asks a client about an invented problem."""

    async def send(client: Client, number: int = 7, **options: Any) -> Any:
        message = Message(role="user", content=f"Problem {number}: what is it?")
        return await client.generate([message], options.pop("decoding", Decoding()), **options)

    return send
