"""What can happen to a connection, over real sockets."""

from __future__ import annotations

import asyncio
import importlib.util
import socket
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from math500.client import Endpoint, Fault, Timeouts, transport
from math500.client.transport import HttpTransport
from math500.errors import DependencyMissing, UsageError
from tests.faulty_server import FAULTS, Act, FaultyServer, always, chat

pytestmark = pytest.mark.anyio
QUICK = Timeouts(connect=0.3, first_byte=0.1, between_bytes=0.1, total=5.0)


@asynccontextmanager
async def opened(url: str, **options: Any) -> AsyncIterator[HttpTransport]:
    http = HttpTransport(Endpoint(url, "m", **{"timeouts": QUICK, **options}))
    try:
        yield http
    finally:
        await http.close()


async def fault_of(url: str, **options: Any) -> Fault:
    async with opened(url, **options) as http:
        with pytest.raises(Fault) as met:
            await http.post(f"{url}/chat/completions", {}, b"{}")
    return met.value


async def test_a_reply_is_whole() -> None:
    act = Act(status=418, body=b"tea", headers={"X-Pot": "Short"})
    async with FaultyServer(always(act)) as server, opened(server.url) as http:
        reply = await http.post(server.url, {"A": "b"}, b'{"c": 1}')
    assert (reply.status, reply.body, reply.headers["x-pot"]) == (418, b"tea", "Short")
    (request,) = server.requests
    assert request.headers["a"] == "b"
    assert request.body == {"c": 1}


async def test_connections_are_used_again() -> None:
    async with FaultyServer() as server, opened(server.url) as http:
        for _ in range(5):
            await http.post(server.url, {}, b"{}")
    assert server.connections == 1


@pytest.mark.parametrize(
    ("act", "kind"),
    [
        (FAULTS["hang"], "first_byte"),
        (FAULTS["stall"], "stalled"),
        (FAULTS["cut"], "truncated"),
        (FAULTS["reset"], "reset"),
        (FAULTS["reset_mid"], "truncated"),
        (Act(pieces=[b"x"] * 4, end="stall"), "stalled"),
        (Act(pieces=[b"x"] * 4, end="reset_mid"), "truncated"),
    ],
)
async def test_a_reply_that_breaks_off(act: Act, kind: str) -> None:
    async with FaultyServer(always(act)) as server:
        fault = await fault_of(server.url)
    assert fault.kind == kind


async def test_a_reply_that_drips_ends_after_all() -> None:
    drip = Act(pieces=[b"x"] * 100, between=0.02)
    async with FaultyServer(always(drip)) as server:
        fault = await fault_of(server.url, timeouts=Timeouts(total=0.2))
    assert fault.kind == "too_slow"


async def test_a_slow_reply_that_keeps_coming_is_waited_for() -> None:
    drip = Act(pieces=[b"x"] * 10, between=0.03)
    async with FaultyServer(always(drip)) as server, opened(server.url) as http:
        reply = await http.post(server.url, {}, b"{}")
    assert reply.body == b"x" * 10


async def test_a_reply_without_end_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "LARGEST_BODY", 1000)
    async with FaultyServer(always(Act(body=chat("x" * 2000)))) as server:
        fault = await fault_of(server.url)
    assert fault.kind == "oversized"


async def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        fault = await fault_of(f"http://127.0.0.1:{free.getsockname()[1]}/v1")
    assert fault.kind == "refused"


async def test_nobody_takes_the_connection() -> None:
    """A full backlog: the kernel drops what comes, as a firewall does."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        first = [socket.create_connection(("127.0.0.1", port)) for _ in range(1)]
        try:
            fault = await fault_of(f"http://127.0.0.1:{port}/v1")
        finally:
            for each in first:
                each.close()
    assert fault.kind in ("unconnected", "first_byte")


async def test_a_host_that_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    async def unknown(*_: object, **__: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", unknown)
    fault = await fault_of("http://nobody.invalid/v1")
    assert fault.kind == "unresolved"


@asynccontextmanager
async def greeter() -> AsyncIterator[int]:
    """The port of a server that speaks first, and not HTTP."""

    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.9\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()


async def test_what_is_not_http() -> None:
    async with greeter() as port:
        fault = await fault_of(f"http://127.0.0.1:{port}/v1")
    assert fault.kind == "garbled"


async def test_what_is_not_tls() -> None:
    async with greeter() as port:
        fault = await fault_of(f"https://127.0.0.1:{port}/v1")
    assert fault.kind == "tls"


async def test_a_handshake_that_never_ends() -> None:
    async with FaultyServer() as server:
        fault = await fault_of(server.url.replace("http:", "https:"))
    assert fault.kind == "unconnected"


Certificates = tuple[ssl.SSLContext, str]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """A server's context with a certificate for 127.0.0.1, and the file of the authority behind it."""
    folder = tmp_path_factory.mktemp("tls")
    key, certificate = str(folder / "key.pem"), str(folder / "certificate.pem")
    made = subprocess.run(
        f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout {key}"
        f" -out {certificate} -days 2 -subj /CN=test -addext subjectAltName=IP:127.0.0.1".split(),
        capture_output=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context, certificate


async def test_a_certificate_that_nobody_signed(certificates: Certificates) -> None:
    async with FaultyServer(tls=certificates[0]) as server:
        fault = await fault_of(server.url)
    assert fault.kind == "tls"


async def test_a_certificate_of_ones_own_authority(certificates: Certificates) -> None:
    async with (
        FaultyServer(tls=certificates[0]) as server,
        opened(server.url, ca_file=certificates[1]) as http,
    ):
        reply = await http.post(server.url, {}, b"{}")
    assert reply.status == 200


def test_a_certificate_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="missing.pem"):
        HttpTransport(Endpoint("https://h/v1", "m", ca_file=str(tmp_path / "missing.pem")))


async def test_a_request_goes_through_the_proxy() -> None:
    async with FaultyServer() as proxy:
        url = f"http://user:word@127.0.0.1:{proxy.port}"
        async with opened("http://far.invalid/v1", proxy=url) as http:
            reply = await http.post("http://far.invalid/v1/chat/completions", {}, b"{}")
    assert reply.status == 200
    (request,) = proxy.requests
    assert request.path == "http://far.invalid/v1/chat/completions"
    assert request.headers["proxy-authorization"].startswith("basic ")


async def test_a_proxy_that_is_not_there_is_told_without_its_password() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        proxy = f"http://user:word@127.0.0.1:{free.getsockname()[1]}"
        fault = await fault_of("http://far.invalid/v1", proxy=proxy)
    assert fault.kind == "proxy"
    assert "word" not in f"{fault} {fault!r}"


async def socks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    """A SOCKS5 proxy that leads everywhere to one port of this machine."""
    await reader.readexactly((await reader.readexactly(2))[1])
    writer.write(b"\x05\x00")
    _, _, _, kind = await reader.readexactly(4)
    assert kind == 3, "the name is resolved by the proxy"
    await reader.readexactly((await reader.readexactly(1))[0] + 2)
    writer.write(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00")
    far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)

    async def pass_on(one: asyncio.StreamReader, other: asyncio.StreamWriter) -> None:
        while data := await one.read(65536):
            other.write(data)
        other.close()

    await asyncio.gather(pass_on(reader, far_writer), pass_on(far_reader, writer))


async def test_a_request_goes_through_a_socks_proxy() -> None:
    pytest.importorskip("aiohttp_socks")
    async with FaultyServer() as server:
        proxy = await asyncio.start_server(lambda r, w: socks(r, w, server.port), "127.0.0.1", 0)
        url = f"socks5h://127.0.0.1:{proxy.sockets[0].getsockname()[1]}"
        async with opened("http://far.invalid/v1", proxy=url) as http:
            reply = await http.post("http://far.invalid/v1/chat/completions", {}, b"{}")
        proxy.close()
        await proxy.wait_closed()
    assert reply.status == 200
    assert server.requests[0].headers["host"] == "far.invalid"


async def test_a_socks_proxy_that_is_not_there() -> None:
    pytest.importorskip("aiohttp_socks")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        proxy = f"socks5://user:word@127.0.0.1:{free.getsockname()[1]}"
        fault = await fault_of("http://far.invalid/v1", proxy=proxy)
    assert fault.kind == "proxy"
    assert "word" not in f"{fault} {fault!r}"


def test_a_socks_proxy_without_its_package_tells_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(DependencyMissing, match=r"math500\[socks\]"):
        HttpTransport(Endpoint("http://h/v1", "m", proxy="socks5://h:1"))


def test_a_proxy_of_another_kind_is_refused_without_its_password() -> None:
    with pytest.raises(UsageError, match="scheme is ftp") as refused:
        HttpTransport(Endpoint("http://h/v1", "m", proxy="ftp://user:word@h:1"))
    assert "word" not in str(refused.value)


async def test_a_redirect_is_not_followed() -> None:
    moved = Act(status=307, headers={"Location": "http://elsewhere.invalid/"})
    async with FaultyServer(always(moved)) as server, opened(server.url) as http:
        reply = await http.post(server.url, {}, b"{}")
    assert reply.status == 307


def test_the_http_library_is_not_imported_with_the_client() -> None:
    code = "import sys, math500.client; sys.exit('aiohttp' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
