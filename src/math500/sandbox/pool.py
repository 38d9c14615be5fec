r"""Sandbox and Session: model-written Python from the rest of math500's point of view.

    async with Sandbox() as sandbox:
        async with sandbox.session() as session:
            done = await session.run("x = 2**10")
            done = await session.run("print(x)")  # Execution(output="1024\n", ...)

One server process holds all sessions of a Sandbox; a session costs one fork of it. Blocks run at the same
time as long as there are cores. When a block has to be ended, its session's variables are lost and the next
block starts a fresh one; when the server itself fails, the sample fails and is owed again: our fault is never
the model's wrong answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Self

from math500.errors import SampleFailed, SandboxUnavailable
from math500.records import Execution, Protection, Walls
from math500.sandbox import frames, walls

START_SECONDS = 60.0
GRACE_SECONDS = 10.0
"""How long the server may be late before it is taken for stuck."""


@dataclass(frozen=True)
class Limits:
    """What one block of code may use."""

    seconds: float = 10.0
    """Wall-clock time of one block."""
    memory: int = 1 << 30
    """Bytes of address space of one session, beyond what the loaded libraries take."""
    output: int = 20_000
    """Bytes of output that are kept of one block; 32 times as many end the session."""
    folder: int = 16 << 20
    """Bytes that a session can write to its folder."""
    files: int = 256
    """Files and folders that a session can make."""
    cpu_seconds: int = 600
    """Processor time of a whole session."""


class Sandbox:
    """Where model-written code runs; an asynchronous context manager.

    Args:
        limits: of each block and session.
        asked: walls by name; None takes the best that the machine offers.
        at_once: blocks that run at the same time; the number of cores by default.

    Raises:
        SandboxUnavailable: the machine does not offer the walls.
    """

    def __init__(
        self, limits: Limits | None = None, *, asked: Walls | None = None, at_once: int | None = None
    ) -> None:
        self.limits = limits or Limits()
        self.protection: Protection = walls.require(asked)
        self.libraries: dict[str, str] = {}
        self._at_once = asyncio.Semaphore(at_once or os.cpu_count() or 1)
        self._numbers = itertools.count(1)
        self._starting = asyncio.Lock()
        self._server: _Server | None = None

    @contextlib.asynccontextmanager
    async def session(self) -> AsyncIterator[Session]:
        """A session of one's own: variables are kept between its blocks and gone afterwards."""
        session = Session(self, next(self._numbers))
        try:
            yield session
        finally:
            if self._server is not None:
                self._server.close_session(session.number)

    async def run(self, number: int, code: str) -> Execution:
        """Run one block in a session; see `Session.run`."""
        async with self._at_once:
            server = await self._started()
            try:
                answer = await server.ask(number, code, self.limits)
            except (ServerLost, TimeoutError) as e:
                await self._stop()
                raise SampleFailed("sandbox", f"the sandbox's server was lost ({_words(e)})") from e
        return Execution(
            code=code,
            output=str(answer["output"]),
            error=str(answer["error"]),
            ended=answer["ended"],
            cut=bool(answer["cut"]),
            seconds=float(answer["seconds"]),
        )

    async def _started(self) -> _Server:
        async with self._starting:
            if self._server is None or self._server.lost:
                self._server = await _Server.start(self.protection.walls, self.limits)
                self.libraries = self._server.libraries
            return self._server

    async def _stop(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            await server.stop()

    async def __aenter__(self) -> Self:
        await self._started()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stop()


@dataclass(frozen=True)
class Session:
    """One problem's Python; made by `Sandbox.session`."""

    sandbox: Sandbox
    number: int

    async def run(self, code: str) -> Execution:
        """Run one block of code after the ones before it.

        The value of a last line that is an expression is printed, as in a notebook.

        Raises:
            SampleFailed: the sandbox itself failed; never because of what the code does.
        """
        return await self.sandbox.run(self.number, code)


class ServerLost(Exception):
    """The server's process is gone."""


def _words(error: ServerLost | TimeoutError) -> str:
    return str(error) if isinstance(error, ServerLost) else "it gives no sign of life"


class _Server:
    """The server's process and who waits for it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._incoming = frames.Frames()
        self._reader: asyncio.Task[None] | None = None
        self.libraries: dict[str, str] = {}
        self.lost = False

    @classmethod
    async def start(cls, kind: Walls, limits: Limits) -> _Server:
        """Start it and wait until its walls are closed.

        Raises:
            SandboxUnavailable: it did not come up.
        """
        config = {
            "walls": kind,
            "readable": walls.readable(),
            "libraries": [name for name in walls.PRELOADED if name in walls.libraries()],
            "path": walls.search_path(),
            "memory": limits.memory,
            "files_size": limits.folder,
            "files": limits.files,
            "cpu_seconds": limits.cpu_seconds,
        }
        process = await asyncio.create_subprocess_exec(
            *walls.command("main", json.dumps(config)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=walls.ENVIRONMENT,
            cwd="/",
            start_new_session=True,
        )
        server = cls(process)
        try:
            hello = await asyncio.wait_for(server._next(), START_SECONDS)
        except (TimeoutError, ServerLost) as e:
            await server.stop()
            raise SandboxUnavailable(
                f"the sandbox did not start ({_words(e)})", "Try: math500 doctor."
            ) from e
        if "failed" in hello:
            await server.stop()
            raise SandboxUnavailable(f"the sandbox's walls failed: {hello['failed']}", "Try: math500 doctor.")
        server.libraries = hello["libraries"]
        server._reader = asyncio.create_task(server._read())
        return server

    async def ask(self, number: int, code: str, limits: Limits) -> dict[str, Any]:
        """Have one block run.

        Raises:
            ServerLost: the server is gone.
            TimeoutError: it does not answer.
        """
        answer = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            self._say(
                {
                    "op": "run",
                    "session": number,
                    "code": code,
                    "seconds": limits.seconds,
                    "output": limits.output,
                }
            )
            return await asyncio.wait_for(answer, limits.seconds + GRACE_SECONDS)
        finally:
            self._waiting.pop(number, None)

    def close_session(self, number: int) -> None:
        """End a session; nothing happens when it is not there."""
        if not self.lost:
            with contextlib.suppress(ServerLost):
                self._say({"op": "close", "session": number})

    async def stop(self) -> None:
        """End the process and all that it started."""
        self.lost = True
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.wait([self._reader])
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        if self._process.stdin is not None:
            self._process.stdin.close()
        await self._process.wait()
        # Python 3.13 and later do not wait for the pipes: one that is read to its end is closed.
        if self._process.stdout is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._process.stdout.read(), GRACE_SECONDS)
            await asyncio.sleep(0)

    def _say(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None  # noqa: S101 - for the type checker
        if self.lost:
            raise ServerLost("it is gone")
        self._process.stdin.write(frames.packed(message))

    async def _read(self) -> None:
        """Hand each answer to whoever waits for it."""
        try:
            while True:
                message = await self._next()
                waiting = self._waiting.get(message["session"])
                if waiting is not None and not waiting.done():
                    waiting.set_result(message)
        except ServerLost as e:
            self.lost = True
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(e)

    async def _next(self) -> dict[str, Any]:
        assert self._process.stdout is not None  # noqa: S101 - for the type checker
        try:
            head = await self._process.stdout.readexactly(frames.HEAD.size)
            (size,) = frames.HEAD.unpack(head)
            if size > frames.LARGEST:
                raise ServerLost("it sent nonsense")
            (message,) = frames.Frames().feed(head + await self._process.stdout.readexactly(size))
        except (asyncio.IncompleteReadError, frames.BadFrame, ValueError) as e:
            raise ServerLost("its process ended, or sent nonsense") from e
        return message
