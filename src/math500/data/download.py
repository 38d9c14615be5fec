"""One GET over aiohttp, as a plain function that may be called anywhere.

It runs in a daemon thread with an event loop of its own: the caller may have a loop running, and a
name lookup that hangs, which no timeout of an HTTP library covers, must hold up neither the caller
nor the end of the program.

Redirects and proxies are decided here, hop by hop, and not by aiohttp. Its `trust_env` ignores
ALL_PROXY, passes over an https:// proxy with a log line, and fails when netrc knows a host that a
token is sent to.
"""

from __future__ import annotations

import asyncio
import base64
import queue
import socket
import threading
import urllib.request
from collections.abc import Callable

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.connector import Connection
from aiohttp.tracing import Trace
from yarl import URL

from math500.errors import DataNotFound

CONNECT_SECONDS = 3.0
SILENCE_SECONDS = 6.0
"""The longest wait for the first byte, and then between two."""
TOTAL_SECONDS = 120.0
MOST_BYTES = 64 * 2**20
MOST_REDIRECTS = 10

_REDIRECTS = (301, 302, 303, 307, 308)
_UNREACHABLE = (aiohttp.ClientConnectorError, aiohttp.ServerTimeoutError, aiohttp.ClientHttpProxyError)
_FAILED = (aiohttp.ClientError, ValueError, OSError)

_Answer = queue.SimpleQueue[bytes | Exception]


class Unreachable(Exception):
    """There is no server to talk to from here."""


def get(url: str, token: str = "") -> bytes:
    """The body of the answer to one GET.

    Args:
        url: where it is; a user and password in it are sent as basic authorization, before a token.
        token: sent to the URL's own scheme, host and port only, also when it redirects elsewhere.

    Raises:
        Unreachable: no connection, or silence.
        DataNotFound: the server answered with anything but the whole file.
    """
    answer: _Answer = queue.SimpleQueue()
    threading.Thread(target=_run, args=(url, token, answer), daemon=True).start()
    pieces: list[bytes] = []
    while piece := _next(answer):
        pieces.append(piece)
    return b"".join(pieces)


def _next(answer: _Answer) -> bytes:
    """What the thread hands over next; an empty piece is the end."""
    try:
        piece = answer.get(timeout=SILENCE_SECONDS)
    except queue.Empty:
        raise Unreachable(f"no answer within {SILENCE_SECONDS:g} s") from None
    if isinstance(piece, Exception):
        raise piece
    return piece


# -- in the thread ---------------------------------------------------------------------------


def _run(url: str, token: str, answer: _Answer) -> None:
    """Hand over the file piece by piece and then an empty piece, or the reason why not.

    A fault is named by its kind and never by its text, which may quote an address with a password.
    """
    try:
        asyncio.run(_download(url, token, answer.put))
        answer.put(b"")
    except _UNREACHABLE as fault:
        answer.put(Unreachable(f"the hub cannot be reached ({type(fault).__name__})"))
    except TimeoutError:
        answer.put(_too_much())
    except _FAILED as fault:
        answer.put(DataNotFound(f"the download failed ({type(fault).__name__})"))
    except Exception as fault:  # a bug: the caller's thread raises it
        answer.put(fault)


async def _download(url: str, token: str, hand_over: Callable[[bytes], None]) -> None:
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=SILENCE_SECONDS)
    connector = _Connector()
    try:
        async with (
            asyncio.timeout(TOTAL_SECONDS),
            aiohttp.ClientSession(connector=connector, timeout=timeout) as session,
            await _follow(session, URL(url), token) as response,
        ):
            await _read(response, hand_over)
    finally:
        connector.abort()
        await asyncio.sleep(0)


async def _read(response: aiohttp.ClientResponse, hand_over: Callable[[bytes], None]) -> None:
    if response.status != 200:
        raise DataNotFound(f"the hub answered {response.status} {response.reason or ''}".rstrip())
    size = 0
    async for piece in response.content.iter_any():
        size += len(piece)
        if size > MOST_BYTES:
            raise _too_much()
        hand_over(piece)


async def _follow(session: aiohttp.ClientSession, url: URL, token: str) -> aiohttp.ClientResponse:
    """The first answer that is no redirect."""
    home, credentials = url.origin(), _credentials(url, token)
    for _ in range(MOST_REDIRECTS + 1):
        headers = {"User-Agent": "math500"} | (credentials if url.origin() == home else {})
        address = url.with_user(None)
        response = await session.get(address, headers=headers, proxy=_proxy(url), allow_redirects=False)
        target = response.headers.get("Location")
        if response.status not in _REDIRECTS or not target:
            return response
        response.release()
        # As written: putting a signed address into normal form may break its signature.
        url = address.join(URL(target, encoded=True))
    raise DataNotFound(f"the hub redirected more than {MOST_REDIRECTS} times")


def _credentials(url: URL, token: str) -> dict[str, str]:
    if url.user is not None:
        pair = f"{url.user}:{url.password or ''}".encode()
        return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
    return {"Authorization": f"Bearer {token}"} if token else {}


def _proxy(url: URL) -> URL | None:
    """The proxy for an address, out of the environment (or macOS's settings) as urllib reads them."""
    named = urllib.request.getproxies()
    proxy = named.get(url.scheme) or named.get("all")
    if not proxy or urllib.request.proxy_bypass(f"{url.host}:{url.port}"):
        return None
    address = URL(proxy if "://" in proxy else f"http://{proxy}")
    if address.scheme not in ("http", "https"):
        raise DataNotFound(f"the hub is asked through an http:// or https:// proxy, not {address.scheme}://")
    return address


class _Connector(aiohttp.TCPConnector):
    """Can end each of its connections at once.

    Closed by aiohttp, a TLS connection says farewell first, and would do so beyond the loop's end.
    """

    def __init__(self) -> None:
        super().__init__(resolver=_Resolver())
        self._opened: list[asyncio.Transport] = []

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's signature
    ) -> Connection:
        """Remember each connection, used before or new."""
        connection = await super().connect(req, traces, timeout)
        if connection.transport:
            self._opened.append(connection.transport)
        return connection

    def abort(self) -> None:
        """End them all, without a farewell."""
        for transport in self._opened:
            transport.abort()


class _Resolver(AbstractResolver):
    """Looks names up in the loop's own thread, where nothing else waits.

    aiohttp and asyncio use worker threads, and the interpreter does not end before those do.
    """

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
        numeric = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
        return [
            ResolveResult(
                hostname=host, host=str(address[0]), port=port, family=kind, proto=protocol, flags=numeric
            )
            for kind, _, protocol, _, address in found
        ]

    async def close(self) -> None:
        """Nothing is held open."""


def _too_much() -> DataNotFound:
    return DataNotFound(f"the answer did not end within {TOTAL_SECONDS:g} s or {MOST_BYTES / 2**20:g} MiB")
