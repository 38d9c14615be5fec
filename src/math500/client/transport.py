"""The only file that opens a connection.

A Transport sends one request and returns the whole reply, or raises Fault with a word out of the table
in answers.py. Tests, the self-check's stub models and the benchmarks put their own in its place.

HttpTransport is the real one, over aiohttp (why: docs/decisions/http-library.md), which is imported with the
first request and so kept out of `math500 --help`.
"""

from __future__ import annotations

import asyncio
import errno
import importlib.util
import ssl
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING, Protocol

from math500.client.endpoint import Endpoint
from math500.errors import DependencyMissing, UsageError

if TYPE_CHECKING:
    from aiohttp import BaseConnector, ClientResponse, ClientSession

Sink = Callable[[bytes], None]

LARGEST_BODY = 64 * 2**20
"""Bytes; a longer reply is not an answer to a mathematics problem."""
KEEP_ALIVE = 4.0
"""Seconds that an idle connection is kept: below the 5 s after which uvicorn, Node and others close it."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back for one request."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""
    body: bytes = b""


class Fault(Exception):
    """No whole reply came back.

    Args:
        kind: one word out of the table in answers.py.
        what: what happened, in a few words.
    """

    def __init__(self, kind: str, what: str) -> None:
        super().__init__(kind, what)
        self.kind = kind
        self.what = what


class Transport(Protocol):
    """Sends requests. One is shared by all workers of a client."""

    async def post(
        self, url: str, headers: Mapping[str, str], body: bytes, sink: Sink | None = None
    ) -> Reply:
        """Send one request and read its reply.

        Args:
            url: the full address.
            headers: names and values.
            body: JSON.
            sink: takes the pieces of an event stream as they come; the reply's body is then empty.

        Raises:
            Fault: no whole reply came back.
        """
        ...

    async def close(self) -> None:
        """Close all connections."""
        ...


class HttpTransport:
    """Sends requests over HTTP/1.1, keeping connections open between them.

    Args:
        endpoint: its timeouts, proxy and certificates are used.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._timeouts = endpoint.timeouts
        self._proxy = _checked_proxy(endpoint.proxy)
        self._http_proxy = None if _is_socks(self._proxy) else self._proxy
        self._tls = _tls(endpoint.ca_file)
        self._session: ClientSession | None = None

    async def post(
        self, url: str, headers: Mapping[str, str], body: bytes, sink: Sink | None = None
    ) -> Reply:
        """See Transport."""
        return await self._ask("POST", url, headers, body, sink)

    async def get(self, url: str, headers: Mapping[str, str], largest: int = LARGEST_BODY) -> Reply:
        """Fetch an address that needs no body: a list of models, the state of a batch, a file.

        Args:
            url: the full address.
            headers: names and values.
            largest: bytes that are read at most.

        Raises:
            Fault: no whole reply came back.
        """
        return await self._ask("GET", url, headers, None, None, largest)

    async def _ask(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        sink: Sink | None,
        largest: int | None = None,
    ) -> Reply:
        import aiohttp  # noqa: PLC0415 - 0.3 s that `math500 --help` does not pay

        session = self._session = self._session or self._open(aiohttp)
        limit = self._timeouts.total
        try:
            sent = self._headers(session, method, url, headers, body)
            async with asyncio.timeout(limit), await sent as response:
                return await self._reply(response, sink, largest or LARGEST_BODY)
        except TimeoutError:
            raise Fault("too_slow", f"the answer took more than {limit:g} s") from None
        except Fault:
            raise
        except Exception as error:
            fault = _fault(aiohttp, error)
            if fault is None:
                raise
            raise fault from None

    async def close(self) -> None:
        """See Transport."""
        if self._session is not None:
            await self._session.close()
            await asyncio.sleep(0)

    def _open(self, aiohttp: ModuleType) -> ClientSession:
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=self._timeouts.connect)
        session: ClientSession = aiohttp.ClientSession(
            connector=self._connector(aiohttp), timeout=timeout, trust_env=False
        )
        return session

    def _connector(self, aiohttp: ModuleType) -> BaseConnector:
        options = {"limit": 0, "ssl": self._tls or True, "keepalive_timeout": KEEP_ALIVE}
        connector: BaseConnector
        if self._proxy is not None and _is_socks(self._proxy):
            import aiohttp_socks  # noqa: PLC0415 - the extra `socks`

            connector = aiohttp_socks.ProxyConnector.from_url(self._proxy, rdns=True, **options)
        else:
            connector = aiohttp.TCPConnector(ttl_dns_cache=300, **options)
        return connector

    async def _headers(
        self, session: ClientSession, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> ClientResponse:
        limit = self._timeouts.first_byte
        try:
            async with asyncio.timeout(self._timeouts.connect + limit):
                return await session.request(
                    method, url, data=body, headers=headers, proxy=self._http_proxy, allow_redirects=False
                )
        except TimeoutError as error:
            if type(error) is not TimeoutError:
                raise _fault_of_connect(error) from None
            raise Fault("first_byte", f"no answer within {limit:g} s") from None

    async def _reply(self, response: ClientResponse, sink: Sink | None, largest: int) -> Reply:
        headers = {name.lower(): value for name, value in response.headers.items()}
        streamed = sink is not None and response.status == 200 and "event-stream" in response.content_type
        pieces: list[bytes] = []
        size = 0
        while piece := await self._piece(response):
            size += len(piece)
            if size > largest:
                raise Fault("oversized", f"the answer is longer than {largest >> 20} MiB")
            if streamed and sink is not None:
                sink(piece)
            else:
                pieces.append(piece)
        return Reply(response.status, headers, b"".join(pieces))

    async def _piece(self, response: ClientResponse) -> bytes:
        limit = self._timeouts.between_bytes
        try:
            async with asyncio.timeout(limit):
                return await response.content.readany()
        except TimeoutError:
            raise Fault("stalled", f"the answer stopped for more than {limit:g} s") from None


def _is_socks(proxy: str | None) -> bool:
    return proxy is not None and proxy.startswith(("socks4://", "socks5://", "socks5h://"))


def _checked_proxy(proxy: str | None) -> str | None:
    """A proxy's URL that can be used, in the library's spelling."""
    if proxy is None:
        return None
    if _is_socks(proxy):
        if importlib.util.find_spec("aiohttp_socks") is None:
            raise DependencyMissing(
                "A SOCKS proxy needs the package aiohttp-socks", "Install it: pip install 'math500[socks]'."
            )
        return proxy.replace("socks5h://", "socks5://")
    if not proxy.startswith(("http://", "https://")):
        scheme = proxy.partition("://")[0] if "://" in proxy else "missing"
        raise UsageError(
            f"In the proxy (--proxy, HTTPS_PROXY, HTTP_PROXY or ALL_PROXY) the scheme is {scheme}",
            "Write it as http://HOST:PORT or socks5://HOST:PORT.",
        )
    return proxy


def _tls(ca_file: str | None) -> ssl.SSLContext | None:
    if ca_file is None:
        return None
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(
            f"The certificate file {ca_file} cannot be used: {error}", "Name a PEM file that exists."
        ) from None


def _fault_of_connect(error: BaseException) -> Fault:
    return Fault("unconnected", f"no connection in time ({_short(error)})")


def _fault(aiohttp: ModuleType, error: Exception) -> Fault | None:
    """The table's word for an exception of the HTTP library; the first class that fits."""
    kinds: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
        (_socks_errors(), "proxy"),
        ((aiohttp.ClientConnectorDNSError,), "unresolved"),
        ((aiohttp.ClientConnectorCertificateError, aiohttp.ClientSSLError, ssl.SSLError), "tls"),
        ((aiohttp.ClientProxyConnectionError, aiohttp.ClientHttpProxyError), "proxy"),
        ((aiohttp.ClientConnectorError,), "unconnected"),
        ((aiohttp.ClientPayloadError,), "truncated"),
        ((aiohttp.ClientResponseError, ValueError), "garbled"),
        ((aiohttp.ClientError, OSError), "reset"),
    )
    kind = next((kind for classes, kind in kinds if isinstance(error, classes)), None)
    if kind == "unconnected" and getattr(error, "errno", None) == errno.ECONNREFUSED:
        kind = "refused"
    return None if kind is None else Fault(kind, _short(error))


def _socks_errors() -> tuple[type[Exception], ...]:
    """What the SOCKS package raises, where it is in use."""
    socks = sys.modules.get("aiohttp_socks")
    if socks is None:
        return ()
    return (socks.ProxyError, socks.ProxyConnectionError, socks.ProxyTimeoutError)


def _short(error: BaseException) -> str:
    """The innermost reason, without URLs: they may hold a proxy's password."""
    inner = getattr(error, "os_error", None) or getattr(error, "certificate_error", None) or error
    text = getattr(inner, "strerror", None) or str(inner) or type(inner).__name__
    return " ".join(word for word in text.split() if "://" not in word)[:200]
