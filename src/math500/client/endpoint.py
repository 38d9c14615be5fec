"""Where a model is, and the key that opens it.

A key comes from the environment only. It is held as a Secret, which no repr, message or record shows,
and it is sent only to the host it belongs to: the vendor's variable goes to the vendor's own host, and
to any other host goes MATH500_API_KEY or nothing.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit, urlunsplit
from urllib.request import proxy_bypass_environment

from math500.client.vendors import BY_PREFIX, LimitField, Vendor, by_host
from math500.errors import KeyRejected, UsageError
from math500.records import ModelInfo

OVERRIDE = "MATH500_API_KEY"
"""The variable whose key is used for whatever endpoint was chosen."""


class Secret:
    """A string that does not show itself; `reveal` is called where the request's header is made."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> tuple[type[Secret], tuple[str]]:
        raise TypeError("a key is not written to disk or sent to another process")


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. The defaults leave room for models that think for minutes before their first byte."""

    connect: float = 10.0
    first_byte: float = 900.0
    """From the request's last byte to the answer's first; all of the thinking when not streaming."""
    between_bytes: float = 300.0
    total: float = 3600.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A model at an OpenAI-compatible endpoint."""

    base_url: str
    """Up to and without `/chat/completions`; may carry a user and password, which are never shown."""
    model: str
    """The model's name as the endpoint knows it."""
    name: str = ""
    """The model's name as typed; `model` when empty."""
    key: Secret | None = None
    key_name: str = OVERRIDE
    """The environment variable to name when the key is missing or refused."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Sent with every request; may hold credentials, so they are not shown."""
    timeouts: Timeouts = Timeouts()
    proxy: str | None = field(default=None, repr=False)
    """`http://`, `https://` or `socks5://` URL (the latter needs the extra `socks`)."""
    ca_file: str | None = None
    """PEM file with the certificates to trust instead of the system's."""
    limit_field: LimitField = "max_tokens"

    def __repr__(self) -> str:
        return f"Endpoint({self.shown_url!r}, {self.model!r})"

    @property
    def shown_url(self) -> str:
        """The base URL without user and password: for messages and records."""
        return without_credentials(self.base_url)

    def info(self) -> ModelInfo:
        """What a manifest says of this endpoint."""
        return ModelInfo(name=self.name or self.model, served_name=self.model, base_url=self.shown_url)


def resolve(name: str, base_url: str | None, environ: Mapping[str, str]) -> Endpoint:
    """Find the endpoint for a model's name as typed.

    Args:
        name: `VENDOR/MODEL`, or any name together with `base_url`.
        base_url: the endpoint; the whole of `name` is then the name sent to it.
        environ: where keys and proxies are looked up.

    Raises:
        UsageError: the name has no known vendor and there is no base URL, or the URL is not one.
        KeyRejected: the vendor needs a key and no variable holds one.
    """
    if base_url is None:
        vendor, model = _split(name)
        url = environ.get(vendor.base_url_name) or vendor.base_url
    else:
        vendor, model, url = by_host(base_url), name, base_url
    url = _checked(url)
    key, key_name = _key(vendor, url, environ)
    if vendor and key is None and not is_local(url):
        raise KeyRejected(
            f"{vendor.prefix} needs a key and {' or '.join(vendor.key_names)} is not set",
            f"Set it: export {vendor.key_names[0]}=... (or {OVERRIDE}).",
        )
    return Endpoint(
        url,
        model,
        name=name,
        key=key,
        key_name=key_name,
        proxy=proxy_for(url, environ),
        limit_field=vendor.limit_field if vendor else "max_tokens",
    )


def without_credentials(url: str) -> str:
    """A URL without user, password and query, fit to be shown."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def is_local(url: str) -> bool:
    """Whether a URL's host is this machine or on a private network."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith((".localhost", ".local")):
        return True
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return False


def proxy_for(url: str, environ: Mapping[str, str]) -> str | None:
    """The proxy that the environment names for a URL; none for this machine.

    Reads HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY in either case, the lower one first.
    """
    parts = urlsplit(url)
    if _is_loopback(parts):
        return None
    found = {name: environ.get(f"{name}_proxy") or environ.get(f"{name}_proxy".upper()) for name in _PROXIES}
    if proxy_bypass_environment(parts.netloc.rpartition("@")[2], {"no": found["no"] or ""}):
        return None
    return found.get(parts.scheme) or found["all"]


_PROXIES = ("http", "https", "all", "no")


def _is_loopback(parts: SplitResult) -> bool:
    host = parts.hostname or ""
    return host in ("localhost", "::1") or host.endswith(".localhost") or host.startswith("127.")


def _split(name: str) -> tuple[Vendor, str]:
    prefix, slash, model = name.partition("/")
    if not slash or not model or prefix not in BY_PREFIX:
        raise UsageError(
            f"{name!r} does not say where the model is",
            f"Add --base-url URL, or write VENDOR/MODEL with one of: {', '.join(BY_PREFIX)}.",
        )
    return BY_PREFIX[prefix], model


def _checked(url: str) -> str:
    url = url.strip().rstrip("/").removesuffix("/chat/completions").removesuffix("/completions")
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise UsageError(
            "The base URL is not an http:// or https:// address", "Write it as http://HOST:PORT/v1."
        )
    return url


def _key(vendor: Vendor | None, url: str, environ: Mapping[str, str]) -> tuple[Secret | None, str]:
    for name in (OVERRIDE, *(vendor.key_names if vendor else ())):
        value = environ.get(name, "").strip()
        if value:
            return Secret(value), name
    return None, vendor.key_names[0] if vendor and not is_local(url) else OVERRIDE
