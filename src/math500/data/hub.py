"""One file from the Hugging Face hub, with a plain GET.

The hub is a convenience here: another source exists, so a machine without it must not wait. No
first byte within a few seconds, name lookup included, counts as no hub, and a hub that could not
be reached is not tried again in the same process.

Honoured as the hub's own library does: HF_ENDPOINT, HF_TOKEN, HF_HUB_OFFLINE, and the usual
HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY. The token is sent to the endpoint only, and is not
sent on when the endpoint redirects to another host.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from math500 import archives
from math500.data.known import HubFile
from math500.errors import DataNotFound

if TYPE_CHECKING:
    import httpx2

DEFAULT_ENDPOINT = "https://huggingface.co"
CONNECT_SECONDS = 3.0
SILENCE_SECONDS = 6.0
"""The longest wait for the first byte, and then between two."""
TOTAL_SECONDS = 120.0
MOST_BYTES = 64 * 2**20
_MAX_REDIRECTS = 10

_dead: dict[str, str] = {}
"""Endpoints that could not be reached in this process, each with the reason."""


def endpoint() -> str:
    """The hub's address, without a trailing slash."""
    return os.environ.get("HF_ENDPOINT", "").strip().rstrip("/") or DEFAULT_ENDPOINT


def location(file: HubFile) -> str:
    """The file as shown to the user and kept in records; an unusual endpoint is named, its password not."""
    if endpoint() == DEFAULT_ENDPOINT:
        return str(file)
    try:
        host = urlsplit(endpoint()).netloc.rpartition("@")[2]
    except ValueError:
        host = ""
    return f"{file} at {host or 'an unreadable HF_ENDPOINT'}"


def forbidden() -> str:
    """Why the hub may not be asked; "" when it may."""
    if archives.offline():
        return "MATH500_OFFLINE is set"
    if os.environ.get("HF_HUB_OFFLINE", "").strip().upper() in ("1", "ON", "YES", "TRUE"):
        return "HF_HUB_OFFLINE is set"
    return ""


def get(file: HubFile, *, transport: httpx2.BaseTransport | None = None) -> bytes:
    """The file's bytes.

    Raises:
        DataNotFound: the hub may not be asked, cannot be reached, or answered with an error.
    """
    base = endpoint()
    if reason := forbidden() or _dead.get(base, ""):
        raise DataNotFound(reason)
    answer: queue.SimpleQueue[bytes | Exception] = queue.SimpleQueue()
    # A thread, because no timeout of the HTTP library covers a name lookup that hangs.
    threading.Thread(target=_download, args=(base, file, transport, answer), daemon=True).start()
    return _collect(base, answer)


def _collect(base: str, answer: queue.SimpleQueue[bytes | Exception]) -> bytes:
    """Join what the download thread hands over; an empty piece is its end."""
    pieces: list[bytes] = []
    started = time.monotonic()
    while True:
        try:
            piece = answer.get(timeout=SILENCE_SECONDS)
        except queue.Empty:
            piece = _Unreachable(f"no answer within {SILENCE_SECONDS:.0f} s")
        if isinstance(piece, _Unreachable):
            _dead[base] = f"{piece} earlier in this process"
            raise DataNotFound(str(piece))
        if isinstance(piece, Exception):
            raise piece
        if not piece:
            return b"".join(pieces)
        pieces.append(piece)
        if time.monotonic() - started > TOTAL_SECONDS or sum(map(len, pieces)) > MOST_BYTES:
            raise DataNotFound(f"the answer did not end within {TOTAL_SECONDS:.0f} s or 64 MB")


class _Unreachable(Exception):
    """There is no hub to talk to from here."""


def _download(
    base: str,
    file: HubFile,
    transport: httpx2.BaseTransport | None,
    answer: queue.SimpleQueue[bytes | Exception],
) -> None:
    """Hand over the file piece by piece and then an empty piece, or the reason why not."""
    import httpx2  # noqa: PLC0415 - a set in the cache loads without it

    url = f"{base}/datasets/{file.repo}/resolve/{file.revision}/{file.path}"
    try:
        with (
            httpx2.Client(
                headers=_headers(),
                timeout=httpx2.Timeout(SILENCE_SECONDS, connect=CONNECT_SECONDS),
                follow_redirects=True,
                max_redirects=_MAX_REDIRECTS,
                transport=transport,
            ) as client,
            client.stream("GET", url) as response,
        ):
            if response.status_code != httpx2.codes.OK:
                said = f"{response.status_code} {response.reason_phrase}".rstrip()
                raise DataNotFound(f"the hub answered {said}")
            for piece in response.iter_bytes():
                if piece:
                    answer.put(piece)
        answer.put(b"")
    except (httpx2.ConnectError, httpx2.TimeoutException, httpx2.ProxyError) as fault:
        answer.put(_Unreachable(f"the hub cannot be reached ({_words(fault)})"))
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, ImportError, OSError) as fault:
        answer.put(DataNotFound(f"the download failed ({_words(fault)})"))
    except Exception as fault:  # the caller's thread raises it
        answer.put(fault)


def _headers() -> dict[str, str]:
    headers = {"user-agent": "math500"}
    if token := os.environ.get("HF_TOKEN", "").strip():
        headers["authorization"] = f"Bearer {token}"
    return headers


def _words(fault: Exception) -> str:
    """The kind of fault, never its text: that may quote an address with a password in it."""
    return type(fault).__name__
