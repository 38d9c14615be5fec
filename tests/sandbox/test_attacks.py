"""Hostile code against both kinds of walls."""

from __future__ import annotations

import functools
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from math500.records import Execution, Walls
from math500.sandbox import Limits, Sandbox
from tests.sandbox.attacks import ATTACKS, SECRET, Attack
from tests.sandbox.conftest import Run

SHORT = 0.6
"""Seconds for a block that has to be ended by its time, or may be."""
LONG = 30.0


@pytest.fixture(scope="module", params=["namespaces", "landlock"])
def sandbox(request: pytest.FixtureRequest, run: Run) -> Iterator[Sandbox]:
    walls: Walls = request.param
    made = Sandbox(asked=walls)
    run(made.__aenter__())
    yield made
    run(made.__aexit__())


@pytest.fixture(scope="module")
def listener() -> Iterator[socket.socket]:
    """Somebody on this machine who would answer."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


@pytest.fixture
def secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    file = tmp_path / "canary"
    file.write_text(SECRET)
    return file


def descendants(pid: int) -> list[int]:
    """All processes below one, by the kernel's own list; one that ends meanwhile has none."""
    found = []
    try:
        for task in Path(f"/proc/{pid}/task").glob("*/children"):
            for child in task.read_text().split():
                found += [int(child), *descendants(int(child))]
    except (FileNotFoundError, ProcessLookupError):
        return found
    return found


async def attack(sandbox: Sandbox, code: str, seconds: float) -> tuple[Execution, Execution]:
    """The attack, and what the next session's block gives."""
    sandbox.limits = Limits(seconds=seconds, memory=1 << 29)
    async with sandbox.session() as session:
        done = await session.run(code)
    sandbox.limits = Limits(seconds=LONG)
    async with sandbox.session() as session:
        after = await session.run("import os\nprint(6 * 7, os.listdir('.') if os.getcwd() != '/' else [])")
    return done, after


@pytest.mark.parametrize("one", ATTACKS, ids=lambda a: a.name)
def test_it_is_contained(
    one: Attack, sandbox: Sandbox, secret: Path, listener: socket.socket, run: Run
) -> None:
    before = set(secret.parent.iterdir())
    places = {
        "SECRET_FILE": repr(str(secret)),
        "LISTENER_PORT": str(listener.getsockname()[1]),
        "PARENT_PID": str(os.getpid()),
    }
    code = functools.reduce(lambda text, item: text.replace(*item), places.items(), one.code)
    done, after = run(
        attack(sandbox, code, LONG if one.how in ("error", "output", "crash", "quiet") else SHORT)
    )
    ended = {"error": "", "quiet": "", "time": "time", "output": "output", "crash": "crash"}
    if one.how in ended:
        assert done.ended == ended[one.how], done
    if one.how == "error":
        assert done.error
        assert one.allowed in done.error
    assert SECRET not in done.output + done.error
    assert "forged" not in done.output
    assert len(done.output) <= Limits().output
    assert set(secret.parent.iterdir()) == before
    assert secret.read_text() == SECRET
    with pytest.raises(BlockingIOError):
        listener.accept()
    assert (after.output, after.error, after.ended) == ("42 []\n", "", "")
    assert sandbox._server is not None
    # The last session may still be ending; with namespaces the server is a child itself.
    left = descendants(sandbox._server._process.pid)
    assert len(left) <= (sandbox.protection.walls == "namespaces") + 1


def test_nothing_is_left_behind(run: Run) -> None:
    async def one() -> list[int]:
        async with Sandbox() as sandbox, sandbox.session() as session:
            await session.run("x = 1")
            assert sandbox._server is not None
            pid = sandbox._server._process.pid
            assert descendants(pid)
            return [pid, *descendants(pid)]

    deadline = time.monotonic() + LONG
    for pid in run(one()):
        # The kernel ends them a moment after the process that they hang on.
        while is_alive(pid):
            assert time.monotonic() < deadline
            time.sleep(0.01)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
