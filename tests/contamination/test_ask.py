"""A probe through the client: an ordinary run, which nothing is asked twice in."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from math500 import contamination, running
from math500.records import Problem
from math500.rundir import RunDir
from tests.faulty_server import Act, FaultyServer, Request, chat


def quiet(_text: str) -> None:
    pass


def completes_half(request: Request) -> Act:
    return Act(body=chat("+ 6$?" if 'What is $6"' in request.raw.decode() else "I will not."))


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    endpoint = FaultyServer(completes_half)
    asyncio.run_coroutine_threadsafe(endpoint.start(), loop).result(10)
    yield endpoint
    asyncio.run_coroutine_threadsafe(endpoint.stop(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


def test_a_probe_is_asked_once_and_shows_the_problem_that_is_known(
    tmp_path: Path, folder: Path, problems: tuple[Problem, ...], server: FaultyServer
) -> None:
    own = tmp_path / "own.jsonl"
    own.write_bytes(b"".join(msgspec.json.encode(p) + b"\n" for p in problems))
    request = running.Request(model="m", base_url=server.url, data=str(own), out=folder)
    contamination.ask(request, say=quiet, quiet=True)
    assert len(server.requests) == 12
    running.resume(folder, concurrency=None, say=quiet, quiet=True)
    assert len(server.requests) == 12
    found = contamination.read(RunDir.open(folder))
    assert [p.unique_id for p in found.problems if p.exact] == ["test/6"]
    assert not any("+ 6$?" in sent.raw.decode() for sent in server.requests)
