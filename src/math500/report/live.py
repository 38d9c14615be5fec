"""The same page on loopback while a run goes on.

    /            the page, without samples
    /version     changes when a file of a run changed
    /summary     the summaries as HTML
    /index       the list of samples, deflated JSON
    /block-N     the bodies of some of them

The page asks for `/version` every two seconds. A run is read again when it is asked for and its files have
changed, at most once in `REST` seconds, whoever asks.

Only this machine is listened to. A web page elsewhere could have its name resolve to 127.0.0.1 and then
read what is served here (DNS rebinding), so a request whose Host is not this server's own loopback address
is refused.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from math500.errors import Math500Error, UsageError
from math500.report.facts import Facts, facts
from math500.report.packed import Packed, pack
from math500.report.page import page, summary
from math500.rundir import RunDir

REST = 1.0
"""Seconds between two readings of the runs."""
PORT = 8500
HTML = "text/html; charset=utf-8"
BINARY = "application/octet-stream"


@dataclass(frozen=True)
class Snapshot:
    """The runs as they were read last."""

    version: str
    page: str
    summary: str
    packed: Packed

    def answer(self, path: str) -> tuple[str, bytes] | None:
        """The content type and content of a path; None for a path that is not there."""
        if path == "/":
            return HTML, self.page.encode()
        if path == "/summary":
            return HTML, self.summary.encode()
        if path == "/index":
            return BINARY, self.packed.index
        number = path.removeprefix("/block-")
        if number.isascii() and number.isdigit() and number != path and int(number) < len(self.packed.blocks):
            return BINARY, self.packed.blocks[int(number)]
        return None


class Watch:
    """Run folders, read again when their files change."""

    def __init__(self, folders: Sequence[Path], katex: str) -> None:
        self._runs = [RunDir.open(folder) for folder in folders]
        self._katex = katex
        self._lock = threading.Lock()
        self._read_at = 0.0
        self._snapshot = self._read(self._state())

    def now(self) -> Snapshot:
        """The runs as they are, or as they were up to `REST` seconds ago."""
        with self._lock:
            state = self._state()
            if state != self._snapshot.version and time.monotonic() - self._read_at > REST:
                # A line that is being written, or a disk that is full for a moment: the last state stays.
                with suppress(Math500Error):
                    self._snapshot = self._read(state)
            return self._snapshot

    def _read(self, state: str) -> Snapshot:
        read: list[Facts] = [facts(run) for run in self._runs]
        self._read_at = time.monotonic()
        return Snapshot(state, page(read, katex=self._katex, live=True), summary(read), pack(read, level=1))

    def _state(self) -> str:
        """What changes when a file of the runs does: sizes and times."""
        parts = []
        for run in self._runs:
            for path in sorted([*run.path.glob("*.json*"), *run.path.glob("grades/*.jsonl")]):
                with suppress(OSError):
                    stat = path.stat()
                    parts.append(f"{path.name}:{stat.st_size}:{stat.st_mtime_ns}")
        return " ".join(parts)


class Server(ThreadingHTTPServer):
    """Serves a watch on the loopback address."""

    daemon_threads = True
    # On Linux this means that a port in TIME_WAIT can be had again, not that two servers share one.
    allow_reuse_address = True

    def __init__(self, watch: Watch, port: int) -> None:
        self.watch = watch
        super().__init__(("127.0.0.1", port), _Handler)

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self.server_port}/"

    def allowed_hosts(self) -> tuple[str, ...]:
        """The values of Host that a browser on this machine sends when it means this server."""
        return f"127.0.0.1:{self.server_port}", f"localhost:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Server
    server_version = "math500"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer one request."""
        if self.headers.get_all("Host", []) not in [[host] for host in self.server.allowed_hosts()]:
            self._send(
                HTTPStatus.MISDIRECTED_REQUEST, "text/plain", b"This server answers to 127.0.0.1 only.\n"
            )
            return
        snapshot = self.server.watch.now()
        if self.path == "/version":
            self._send(HTTPStatus.OK, "text/plain", snapshot.version.encode())
            return
        found = snapshot.answer(self.path)
        if found is None:
            self._send(HTTPStatus.NOT_FOUND, "text/plain", b"Nothing here.\n")
            return
        self._send(HTTPStatus.OK, *found)

    do_HEAD = do_GET  # noqa: N815 - as above

    def _send(self, status: HTTPStatus, kind: str, content: bytes) -> None:
        self.send_response(status)
        headers = {
            "Content-Type": kind,
            "Content-Length": str(len(content)),
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Referrer-Policy": "no-referrer",
        }
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            with suppress(ConnectionError):
                self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in http.server
        """The terminal stays quiet."""


def serve(folders: Sequence[Path], *, port: int | None, katex: str, ready: Callable[[str], None]) -> None:
    """Serve the page until Ctrl-C, which ends it without an error.

    Args:
        folders: run folders; they may still be growing.
        port: listen here; when None, the first free port from `PORT` on.
        katex: the renderer of formulas, or empty.
        ready: is told the page's address.

    Raises:
        RunNotFound: there is no run in a folder.
        UsageError: the port is taken.
    """
    with _listening(Watch(folders, katex), port) as server, suppress(KeyboardInterrupt):
        ready(server.url)
        server.serve_forever(poll_interval=0.2)


def _listening(watch: Watch, port: int | None) -> Server:
    reason = ""
    for candidate in range(PORT, PORT + 50) if port is None else (port,):
        try:
            return Server(watch, candidate)
        except OSError as e:
            reason = e.strerror or str(e)
    wanted = f"port {port}" if port is not None else f"every port from {PORT} to {PORT + 49}"
    raise UsageError(
        f"{wanted} cannot be listened on ({reason})", "Give another one with --port; 0 takes any free one."
    )
