"""The one GET, against real servers on loopback; each fault is made on purpose."""

from __future__ import annotations

import asyncio
import base64
import socket
import socketserver
import ssl
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from math500.data import download
from math500.errors import DataNotFound

SECRET = "not-to-be-shown"
NOWHERE = "http://127.0.0.1:9"

Start = Callable[..., Any]


@contextmanager
def greeter(answer: Callable[[socket.socket], None], *, listens: bool = True) -> Iterator[str]:
    """A server that does as told with each connection, after the request's head unless `listens` is false."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            if listens:
                self.request.recv(65536)
            answer(self.request)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def says(text: bytes) -> Callable[[socket.socket], None]:
    return lambda connection: connection.sendall(text)


def resets(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


# -- redirects and credentials ---------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_within_the_server_keeps_the_token(start_hub: Start, status: int) -> None:
    server = start_hub()
    server.answers["/a"] = (status, {"Location": "b?signed=%2Fx%27"}, b"elsewhere")
    server.answers["/b?signed=%2Fx%27"] = (200, {}, b"rows")
    assert download.get(f"{server.url}/a", "hf_invented") == b"rows"
    assert [sent["authorization"] for _, sent in server.requests] == ["Bearer hf_invented"] * 2


def test_the_token_goes_to_no_other_port_and_comes_back_home(start_hub: Start) -> None:
    home, store = start_hub(), start_hub()
    home.answers["/a"] = (302, {"Location": f"{store.url}/b"}, b"")
    store.answers["/b"] = (302, {"Location": f"{home.url}/c"}, b"")
    home.answers["/c"] = (200, {}, b"rows")
    assert download.get(f"{home.url}/a", "hf_invented") == b"rows"
    assert "authorization" not in store.requests[0][1]
    assert all(sent["authorization"] == "Bearer hf_invented" for _, sent in home.requests)


def test_a_password_in_the_address_is_sent_home_only(start_hub: Start) -> None:
    home, store = start_hub(), start_hub()
    home.answers["/a"] = (302, {"Location": f"{store.url}/b"}, b"")
    store.answers["/b"] = (200, {}, b"rows")
    address = home.url.replace("//", "//me:p%40ss@") + "/a"
    assert download.get(address, "hf_invented") == b"rows"
    sent = home.requests[0][1]["authorization"].removeprefix("Basic ")
    assert base64.b64decode(sent) == b"me:p@ss"
    assert "authorization" not in store.requests[0][1]


def test_netrc_is_not_asked(start_hub: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine 127.0.0.1 login me password {SECRET}\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    server = start_hub()
    server.answers["/a"] = (200, {}, b"rows")
    assert download.get(f"{server.url}/a") == b"rows"
    assert "authorization" not in server.requests[0][1]


def test_a_redirect_loop_ends(start_hub: Start) -> None:
    server = start_hub()
    server.answers["/a"] = (302, {"Location": "/a"}, b"")
    with pytest.raises(DataNotFound, match="redirected more than 10 times"):
        download.get(f"{server.url}/a")
    assert len(server.requests) == 11


@pytest.mark.parametrize("target", ["file:///etc/hostname", "http://[", "http://127.0.0.1:x/"])
def test_a_redirect_to_no_web_address(start_hub: Start, target: str) -> None:
    server = start_hub()
    server.answers["/a"] = (302, {"Location": target}, b"")
    with pytest.raises(DataNotFound, match="the download failed"):
        download.get(f"{server.url}/a")


def test_a_redirect_to_nowhere_named_is_an_answer(start_hub: Start) -> None:
    server = start_hub()
    server.answers["/a"] = (302, {}, b"")
    with pytest.raises(DataNotFound, match="the hub answered 302 Found"):
        download.get(f"{server.url}/a")


# -- proxies ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize("scheme", ["http://", ""])
def test_a_proxy_is_used(start_hub: Start, monkeypatch: pytest.MonkeyPatch, name: str, scheme: str) -> None:
    proxy = start_hub()
    proxy.answers["http://hub.invalid/a"] = (200, {}, b"rows")
    monkeypatch.setenv(name, proxy.url.replace("http://", f"{scheme}me:{SECRET}@"))
    assert download.get("http://hub.invalid/a", "hf_invented") == b"rows"
    sent = proxy.requests[0][1]
    assert sent["authorization"] == "Bearer hf_invented"
    assert base64.b64decode(sent["proxy-authorization"].removeprefix("Basic ")) == f"me:{SECRET}".encode()


@pytest.mark.parametrize("exempt", ["127.0.0.1", "*", "elsewhere, 127.0.0.1", "127.0.0.1:{port}"])
def test_no_proxy_is_asked_at_each_hop(
    start_hub: Start, monkeypatch: pytest.MonkeyPatch, exempt: str
) -> None:
    server = start_hub()
    server.answers["/b"] = (200, {}, b"rows")
    proxy = start_hub()
    proxy.answers["http://hub.invalid/a"] = (302, {"Location": f"{server.url}/b"}, b"")
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    monkeypatch.setenv("NO_PROXY", exempt.format(port=server.url.rpartition(":")[2]))
    start = f"{server.url}/b" if exempt == "*" else "http://hub.invalid/a"
    assert download.get(start) == b"rows"
    assert len(proxy.requests) == (exempt != "*")
    assert len(server.requests) == 1


def test_a_socks_proxy_is_refused_and_not_passed_over(
    start_hub: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start_hub()
    server.answers["/a"] = (200, {}, b"rows")
    monkeypatch.setenv("ALL_PROXY", f"socks5://me:{SECRET}@127.0.0.1:9")
    with pytest.raises(DataNotFound, match="not socks5://") as caught:
        download.get(f"{server.url}/a")
    assert SECRET not in str(caught.value)
    assert server.requests == []


# -- no server -------------------------------------------------------------------------------


def test_a_closed_port() -> None:
    with pytest.raises(download.Unreachable, match="ClientConnectorError"):
        download.get(f"{NOWHERE}/a")


def test_a_name_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_arguments: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "invented")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(download.Unreachable, match="ClientConnectorDNSError"):
        download.get("http://hub.invalid/a")


def test_a_name_that_is_looked_up(start_hub: Start) -> None:
    server = start_hub()
    server.answers["/a"] = (200, {}, b"rows")
    assert download.get(f"{server.url.replace('127.0.0.1', 'localhost')}/a") == b"rows"


def test_a_handshake_that_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "CONNECT_SECONDS", 0.2)
    done = threading.Event()

    def hang(_connection: socket.socket) -> None:
        done.wait(30)

    with greeter(hang, listens=False) as place:
        with pytest.raises(download.Unreachable, match="ConnectionTimeoutError"):
            download.get(f"https://{place}/a")
        done.set()


def test_what_is_not_tls() -> None:
    with (
        greeter(says(b"nonsense")) as place,
        pytest.raises(download.Unreachable, match="ClientConnectorSSLError"),
    ):
        download.get(f"https://{place}/a")


def test_a_proxy_out_of_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", NOWHERE)
    with pytest.raises(download.Unreachable, match="ClientProxyConnectionError"):
        download.get("http://hub.invalid/a")


def test_a_proxy_that_refuses_a_tunnel(monkeypatch: pytest.MonkeyPatch) -> None:
    with greeter(says(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n")) as place:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{place}")
        with pytest.raises(download.Unreachable, match="ClientHttpProxyError"):
            download.get("https://hub.invalid/a")


def test_silence_in_the_middle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "SILENCE_SECONDS", 0.3)
    done = threading.Event()

    def stop_halfway(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf")
        done.wait(30)

    with greeter(stop_halfway) as place:
        with pytest.raises(download.Unreachable, match=r"no answer within 0.3 s|SocketTimeoutError"):
            download.get(f"http://{place}/a")
        done.set()


# -- no whole answer -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (says(b""), "ServerDisconnectedError"),
        (resets, r"ClientOSError|ClientConnectionResetError"),
        (says(b"nonsense\r\n\r\n"), "ClientResponseError"),
        (says(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf"), "ClientPayloadError"),
        (says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"), "ClientPayloadError"),
    ],
    ids=["nothing", "reset", "not-http", "cut-off", "cut-off-chunks"],
)
def test_an_answer_in_pieces(answer: Callable[[socket.socket], None], kind: str) -> None:
    with greeter(answer) as place, pytest.raises(DataNotFound, match=rf"the download failed \(({kind})\)"):
        download.get(f"http://{place}/a")


def test_an_endless_answer_is_cut(start_hub: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "MOST_BYTES", 1000)
    server = start_hub()
    server.answers["/a"] = (200, {}, b"x" * 1000)
    server.answers["/b"] = (200, {}, b"x" * 1001)
    assert len(download.get(f"{server.url}/a")) == 1000
    with pytest.raises(DataNotFound, match="did not end within 120 s or"):
        download.get(f"{server.url}/b")


def test_a_trickle_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "TOTAL_SECONDS", 0.4)
    gone = threading.Event()

    def trickle(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n")
        try:
            while not gone.wait(0.05):
                connection.sendall(b"x")
        except OSError:
            gone.set()

    with greeter(trickle) as place:
        with pytest.raises(DataNotFound, match="did not end within 0.4 s"):
            download.get(f"http://{place}/a")
        assert gone.wait(5), "the connection is closed, so nothing piles up"


def test_a_bug_is_not_called_a_network_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "_proxy", lambda _url: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        download.get(f"{NOWHERE}/a")


@pytest.mark.parametrize("variable", ["", "HTTP_PROXY"])
@pytest.mark.parametrize("place", ["127.0.0.1:9", "127.0.0.1:x", "[", "", "127.0.0.1:99999"])
def test_no_message_quotes_a_password(monkeypatch: pytest.MonkeyPatch, variable: str, place: str) -> None:
    address = f"http://me:{SECRET}@{place}"
    if variable:
        monkeypatch.setenv(variable, address)
        address = "http://hub.invalid"
    with pytest.raises((DataNotFound, download.Unreachable)) as caught:
        download.get(f"{address}/a")
    assert SECRET not in str(caught.value)


# -- the thread and its loop -----------------------------------------------------------------


async def _inside_a_loop(url: str) -> bytes:
    return download.get(url)


def test_the_caller_may_have_a_running_loop(start_hub: Start) -> None:
    server = start_hub()
    server.answers["/a"] = (200, {}, b"rows")
    assert asyncio.run(_inside_a_loop(f"{server.url}/a")) == b"rows"


HANGING_LOOKUP = """
import socket, time
socket.getaddrinfo = lambda *_arguments: time.sleep(60)
from math500.data import download
download.SILENCE_SECONDS = 0.2
try:
    download.get("http://hub.invalid/a")
except download.Unreachable as fault:
    print(fault)
"""


def test_a_lookup_that_hangs_holds_up_neither_the_caller_nor_the_end() -> None:
    started = time.monotonic()
    assert run(HANGING_LOOKUP) == "no answer within 0.2 s\n"
    assert time.monotonic() - started < 20


DOWNLOADS = """
import gc, sys
from math500.data import download
from math500.errors import DataNotFound
for url in sys.argv[1:]:
    try:
        print(download.get(url))
    except (DataNotFound, download.Unreachable) as fault:
        print(type(fault).__name__)
gc.collect()
"""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, str]:
    """A server's context for 127.0.0.1, and the file of the authority behind it."""
    folder = tmp_path_factory.mktemp("tls")
    key, public = str(folder / "key.pem"), str(folder / "public.pem")
    subprocess.run(
        f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout {key}"
        f" -out {public} -days 2 -subj /CN=test -addext subjectAltName=IP:127.0.0.1".split(),
        capture_output=True,
        check=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, key)
    return context, public


def test_nothing_is_left_open(
    start_hub: Start, certificate: tuple[ssl.SSLContext, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    context, authority = certificate
    monkeypatch.setenv("SSL_CERT_FILE", authority)
    plain, secure = start_hub(), start_hub(context)
    for server in (plain, secure):
        server.answers["/a"] = (200, {}, b"rows")
        server.answers["/error"] = (500, {}, b"x" * 100_000)
        server.answers["/cut"] = (200, {"Content-Length": "9", "Connection": "close"}, b"rows")
        server.answers["/away"] = (302, {"Location": f"{secure.url}/a"}, b"x" * 100_000)
        server.answers["/loop"] = (302, {"Location": "/loop"}, b"x" * 100_000)
    paths = ["/a", "/error", "/cut", "/away", "/loop"]
    said = run(DOWNLOADS, *(server.url + path for server in (plain, secure) for path in paths))
    each = ["b'rows'", "DataNotFound", "DataNotFound", "b'rows'", "DataNotFound"]
    assert said.splitlines() == each * 2


def run(code: str, *arguments: str) -> str:
    """What the code prints, in a process where a warning (an open connection, say) is a fault."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout
