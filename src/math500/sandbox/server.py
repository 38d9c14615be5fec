"""The warm process: it loads the libraries once, closes the walls, and forks a session when one is needed.

    standard input   messages `run` (session, code, seconds, output) and `close` (session)
    standard output  `hello`, then one message for each `run`

It is single-threaded: one selector over its own input and all sessions. It alone decides how a block ended,
by its own clock and by what the kernel says about the session's process; a session's own word is only text.
When its input ends it ends, and every session with it.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import importlib
import json
import os
import selectors
import signal
import sys
import time
from dataclasses import dataclass, field
from typing import Any

from math500.sandbox import frames, kernel, seccomp, session

NAMESPACES, LANDLOCK, NONE = "namespaces", "landlock", "none"
FOLDER = "/session"
"""The session's own folder. It lies below nothing else that has to be seen."""
FLOOD = 32
"""A session that prints this many times what is kept of its output is ended."""
FIRST_FREE = 64
"""File descriptors from here on are used while a session's are put into place."""


@dataclass(frozen=True)
class Config:
    """What the pool wants; comes as JSON on the command line."""

    walls: str
    readable: list[str]
    libraries: list[str]
    path: list[str]
    memory: int
    files_size: int
    files: int
    cpu_seconds: int
    base: int = 0
    """Bytes of address space that the loaded libraries take."""


@dataclass
class _Session:
    """One forked process as the server sees it."""

    pid: int
    code: int
    reply: int
    output: int
    frames: frames.Frames = field(default_factory=frames.Frames)
    running: bool = False
    started: float = 0.0
    deadline: float = 0.0
    pending: bytes = b""
    kept: bytearray = field(default_factory=bytearray)
    most: int = 0
    seen: int = 0


def main() -> None:
    """Load, close the walls, serve."""
    config = Config(**json.loads(sys.argv[1]))
    loaded = _load(config.libraries, config.path)
    base = _address_space()
    try:
        if config.walls == NAMESPACES:
            kernel.unshare()
            kernel.enclose(config.readable, FOLDER)
            _become_first()
        elif config.walls == LANDLOCK:
            kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
    except OSError as e:
        _say({"failed": f"{config.walls}: {e.strerror}"})
        return
    # What is loaded is shared with every session; a collection there would copy it page by page.
    gc.freeze()
    _say({"hello": config.walls, "libraries": loaded})
    _Server(Config(**{**vars(config), "base": base})).serve()


def probe() -> None:
    """Say what this machine offers, by trying it: one JSON object."""
    found: dict[str, Any] = {"seccomp": seccomp.available(), "landlock": kernel.landlock_version()}
    try:
        kernel.unshare()
        kernel.enclose(["/usr"], FOLDER)
        found["namespaces"] = ""
    except (OSError, KeyError) as e:
        found["namespaces"] = getattr(e, "strerror", None) or repr(e)
    print(json.dumps(found))  # noqa: T201


def _load(libraries: list[str], path: list[str]) -> dict[str, str]:
    """Import the libraries; their versions by name."""
    sys.path[:] = [p for p in sys.path if p not in path] + path
    versions = {}
    for name in libraries:
        module = importlib.import_module(name)
        if "." not in name:
            versions[name] = str(getattr(module, "__version__", ""))
    return versions


def _address_space() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123
        return int(file.read().split()[0]) * os.sysconf("SC_PAGESIZE")


def _become_first() -> None:
    """Go on as process 1 of the new process namespace; the process outside only waits for it."""
    pid = os.fork()
    if pid:
        for fd in (0, 1):
            os.close(fd)
        _, status = os.waitpid(pid, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
    kernel.die_with_parent()


def _say(message: dict[str, Any]) -> None:
    data = frames.packed(message)
    while data:
        data = data[os.write(1, data) :]


class _Server:
    """The loop over the pool's messages and all sessions."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._sessions: dict[int, _Session] = {}
        self._selector = selectors.DefaultSelector()
        self._incoming = frames.Frames()

    def serve(self) -> None:
        """Serve until standard input ends."""
        os.set_blocking(0, False)
        self._selector.register(0, selectors.EVENT_READ, (self._listen, 0))
        while True:
            for key, _ in self._selector.select(self._patience()):
                handler, number = key.data
                handler(number)
            self._end_late_ones()

    def _patience(self) -> float | None:
        """Seconds until the next deadline."""
        deadlines = [s.deadline for s in self._sessions.values() if s.running]
        return max(0.0, min(deadlines) - time.monotonic()) if deadlines else None

    def _end_late_ones(self) -> None:
        now = time.monotonic()
        for number in [n for n, s in self._sessions.items() if s.running and now >= s.deadline]:
            self._end(number, "time")

    def _listen(self, _: int) -> None:
        """Read what the pool wants."""
        data = os.read(0, 1 << 20)
        if not data:
            for number in list(self._sessions):
                self._remove(number)
            os._exit(0)
        for message in self._incoming.feed(data):
            if message["op"] == "run":
                self._run(message)
            else:
                self._remove(message["session"])

    def _run(self, message: dict[str, Any]) -> None:
        number = message["session"]
        if number not in self._sessions:
            self._open(number)
        one = self._sessions[number]
        one.running, one.seen, one.most = True, 0, message["output"]
        one.kept.clear()
        one.started = time.monotonic()
        one.deadline = one.started + message["seconds"]
        one.pending = frames.packed({"code": message["code"]})
        self._selector.register(one.code, selectors.EVENT_WRITE, (self._write, number))

    # -- a session's pipes ---------------------------------------------------------------------

    def _write(self, number: int) -> None:
        """Hand over more of the code."""
        one = self._sessions.get(number)
        if one is None:
            return
        try:
            one.pending = one.pending[os.write(one.code, one.pending) :]
        except BrokenPipeError:
            self._crashed(number)
            return
        if not one.pending:
            self._selector.unregister(one.code)

    def _read_output(self, number: int) -> None:
        """Take what was printed; more than is kept is counted and thrown away."""
        one = self._sessions.get(number)
        if one is None:
            return
        while data := _available(one.output):
            one.seen += len(data)
            one.kept += data[: max(0, one.most - len(one.kept))]
            if one.running and one.seen > FLOOD * one.most:
                self._end(number, "output")
                return

    def _read_reply(self, number: int) -> None:
        """A block has ended, or the session has."""
        one = self._sessions.get(number)
        if one is None:
            return
        data = _available(one.reply)
        if data is None:
            return
        try:
            messages = one.frames.feed(data)
        except frames.BadFrame:
            self._end(number, "crash", "the session sent no message")
            return
        if not data:
            self._crashed(number)
        elif messages and not one.running:
            self._remove(number)
        elif messages:
            self._read_output(number)
            if number in self._sessions:
                self._finish(number, error=str(messages[0].get("error", "")))

    # -- how a block ends ----------------------------------------------------------------------

    def _finish(self, number: int, *, ended: str = "", error: str = "") -> None:
        one = self._sessions[number]
        one.running = False
        _say(
            {
                "session": number,
                "output": one.kept.decode("utf-8", "replace"),
                "cut": one.seen > len(one.kept),
                "error": error[-session.LONGEST_ERROR :],
                "ended": ended,
                "seconds": time.monotonic() - one.started,
            }
        )

    def _end(self, number: int, why: str, detail: str = "") -> None:
        """Kill a session and say why."""
        if self._sessions[number].running:
            self._finish(number, ended=why, error=detail)
        self._remove(number)

    def _crashed(self, number: int) -> None:
        """The session's process is gone: say how."""
        one = self._sessions[number]
        self._read_output(number)
        if number not in self._sessions:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(one.pid, signal.SIGKILL)
        _, status = os.waitpid(one.pid, 0)
        one.pid = 0
        code = os.waitstatus_to_exitcode(status)
        self._end(number, "crash", f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit {code}")

    def _remove(self, number: int) -> None:
        """End a session for good."""
        one = self._sessions.pop(number, None)
        if one is None:
            return
        for fd in (one.code, one.reply, one.output):
            with contextlib.suppress(KeyError):
                self._selector.unregister(fd)
            os.close(fd)
        if one.pid:
            os.kill(one.pid, signal.SIGKILL)
            os.waitpid(one.pid, 0)

    # -- a new session -------------------------------------------------------------------------

    def _open(self, number: int) -> None:
        code_read, code_write = os.pipe()
        reply_read, reply_write = os.pipe()
        output_read, output_write = os.pipe()
        pid = os.fork()
        if pid == 0:
            _become_session(self._config, code_read, reply_write, output_write)
        for fd in (code_read, reply_write, output_write):
            os.close(fd)
        for fd in (code_write, reply_read, output_read):
            os.set_blocking(fd, False)
        self._sessions[number] = _Session(pid, code_write, reply_read, output_read)
        self._selector.register(reply_read, selectors.EVENT_READ, (self._read_reply, number))
        self._selector.register(output_read, selectors.EVENT_READ, (self._read_output, number))


def _available(fd: int) -> bytes | None:
    """What can be read now; None when nothing can, empty at the end."""
    try:
        return os.read(fd, 1 << 16)
    except BlockingIOError:
        return None


def _become_session(config: Config, code: int, reply: int, output: int) -> None:
    """In the forked child: put the pipes into place, close the last walls, run blocks. Never returns."""
    status = 1
    try:
        _place(code, reply, output)
        _close_walls(config)
        session.serve(3, 4)
        status = 0
    except BaseException as e:
        with contextlib.suppress(BaseException):
            os.write(2, f"{type(e).__name__}: {e}\n".encode())
    finally:
        os._exit(status)


def _place(code: int, reply: int, output: int) -> None:
    """0 is at its end, 1 and 2 are the output, 3 brings code, 4 takes replies; all others are closed."""
    nothing, write = os.pipe()
    os.close(write)
    wanted = (nothing, output, output, code, reply)
    high = [fcntl.fcntl(fd, fcntl.F_DUPFD, FIRST_FREE) for fd in wanted]
    for place, fd in enumerate(high):
        os.dup2(fd, place)
    os.closerange(len(wanted), os.sysconf("SC_OPEN_MAX"))


def _close_walls(config: Config) -> None:
    kernel.die_with_parent()
    writable = []
    if config.walls == NAMESPACES:
        kernel.private_folder(FOLDER, size=config.files_size, files=config.files)
        writable = [FOLDER]
    os.chdir(FOLDER if writable else "/")
    os.umask(0o077)
    kernel.limit(
        memory=config.base + config.memory,
        file_size=config.files_size,
        open_files=FIRST_FREE,
        cpu_seconds=config.cpu_seconds,
    )
    if config.walls == NONE:
        return
    kernel.drop_capabilities()
    if kernel.landlock_version():
        kernel.landlock([p for p in config.readable if os.path.exists(p)], writable)  # noqa: PTH110
    kernel.refuse_calls()
