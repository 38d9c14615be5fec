"""An endpoint that answers differently when it is asked differently, and the command beside it."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from math500 import cli
from math500.records import Problem
from tests.faulty_server import Act, FaultyServer, Request, chat

QUESTION = re.compile(r"What is \$(\d+) \+ \d+\$")


class Outcome(msgspec.Struct):
    """What a command left behind."""

    code: int
    out: str
    err: str


def asked_differently(request: Request) -> Act:
    """Adds; but in a box for even numbers only, unless asked for an answer line."""
    body = json.loads(request.raw.decode().split("\r\n\r\n", 1)[-1])
    question = body["messages"][-1]["content"]
    first = int(QUESTION.findall(question)[-1])
    if "Answer: $ANSWER" in question:
        return Act(body=chat(f"I add.\n\nAnswer: {2 * first}"))
    return Act(body=chat(f"$\\boxed{{{2 * first}}}$" if first % 2 == 0 else "I add and add and add."))


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    """The endpoint, on a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    endpoint = FaultyServer(asked_differently)
    asyncio.run_coroutine_threadsafe(endpoint.start(), loop).result(10)
    yield endpoint
    asyncio.run_coroutine_threadsafe(endpoint.stop(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


@pytest.fixture
def command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., Outcome]:
    """`math500` as a person types it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MATH500_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("MATH500_OFFLINE", "1")

    def run(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["math500", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = capsys.readouterr()
        code = ended.value.code
        return Outcome(code if isinstance(code, int) else 0, printed.out, printed.err)

    return run


@pytest.fixture
def twelve(
    command: Callable[..., Outcome],
    server: FaultyServer,
    problems: tuple[Problem, ...],
    tmp_path: Path,
    folder: Path,
) -> Path:
    """A finished run over the twelve problems."""
    rows = tmp_path / "twelve.jsonl"
    rows.write_bytes(b"".join(msgspec.json.encode(p) + b"\n" for p in problems))
    asked = ("--model", "stub", "--base-url", server.url, "--data", rows, "--out", folder)
    assert command("run", *asked, "--max-tokens", 64, "--quiet").code == 0
    return folder
