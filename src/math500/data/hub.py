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
from urllib.parse import urlsplit

from math500 import archives
from math500.data.known import HubFile
from math500.errors import DataNotFound

DEFAULT_ENDPOINT = "https://huggingface.co"

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


def get(file: HubFile) -> bytes:
    """The file's bytes.

    Raises:
        DataNotFound: the hub may not be asked, cannot be reached, or answered with an error.
    """
    base = endpoint()
    if reason := forbidden() or _dead.get(base, ""):
        raise DataNotFound(reason)
    from math500.data import download  # noqa: PLC0415 - aiohttp: a set in the cache loads without it

    url = f"{base}/datasets/{file.repo}/resolve/{file.revision}/{file.path}"
    try:
        return download.get(url, os.environ.get("HF_TOKEN", "").strip())
    except download.Unreachable as fault:
        _dead[base] = f"{fault} earlier in this process"
        raise DataNotFound(str(fault)) from None
