"""Where a model is, and the key that opens it.

A key comes from the environment only. It is held as a Secret, which no repr, message or record shows,
and it is sent only to the host it belongs to: the vendor's variable goes to the vendor's own host, and
to any other host goes MATH500_API_KEY or nothing.
"""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit, urlunsplit

from math500.client.vendors import BY_PREFIX, LimitField, Vendor, by_host
from math500.errors import KeyRejected, UsageError
from math500.records import ModelInfo, Timeouts

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
class Endpoint:
    """A model at an OpenAI-compatible endpoint."""

    base_url: str
    """Up to and without `/chat/completions`. A user and password in it become a header, and go from here."""
    model: str
    """The model's name as the endpoint knows it."""
    name: str = ""
    """The model's name as typed; `model` when empty."""
    key: Secret | None = None
    key_name: str = OVERRIDE
    """The environment variable to name when the key is missing or refused."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Sent with every request; may hold credentials, so they are not shown."""
    timeouts: Timeouts = field(default_factory=Timeouts)
    proxy: str | None = field(default=None, repr=False)
    """`http://`, `https://` or `socks5://` URL (the latter needs the extra `socks`)."""
    ca_file: str | None = None
    """PEM file with the certificates to trust instead of the system's."""
    limit_field: LimitField = "max_tokens"
    key_header: str = "Authorization"
    """The header that carries the key."""

    def __repr__(self) -> str:
        return f"Endpoint({self.base_url!r}, {self.model!r})"

    def __post_init__(self) -> None:
        """Take user and password out of the URL, so that it can be shown and written."""
        parts = urlsplit(self.base_url)
        if parts.username is not None:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
            basic = "Basic " + base64.b64encode(pair).decode()
            object.__setattr__(self, "headers", {"Authorization": basic, **self.headers})
            object.__setattr__(self, "base_url", without_credentials(self.base_url))

    @property
    def about_key(self) -> str:
        """What to do where the endpoint refuses the key, or asks for one."""
        if self.key is not None or self.key_header in self.headers:
            return f"Check the key in {self.key_name}."
        return f"No key was sent: set {self.key_name}. A vendor's own variable goes to its own host only."

    def info(self) -> ModelInfo:
        """What a manifest says of this endpoint."""
        return ModelInfo(name=self.name or self.model, served_name=self.model, base_url=self.base_url)


def resolve(
    name: str,
    base_url: str | None,
    environ: Mapping[str, str],
    *,
    proxy: str | None = None,
    ca_file: str | None = None,
    headers: Mapping[str, str] | None = None,
    timeouts: Timeouts | None = None,
    key_variable: str | None = None,
) -> Endpoint:
    """Find the endpoint for a model's name as typed.

    Args:
        name: `VENDOR/MODEL`, or any name together with `base_url`.
        base_url: the endpoint; the whole of `name` is then the name sent to it.
        environ: where keys and proxies are looked up.
        proxy: instead of the environment's; empty for none at all.
        ca_file: see Endpoint.
        headers: see Endpoint.
        timeouts: see Endpoint.
        key_variable: the environment variable that holds the key, whatever the endpoint's host.

    Raises:
        UsageError: the name has no known vendor and there is no base URL, the URL is not one, or
            `key_variable` is no variable's name.
        KeyRejected: the vendor needs a key and no variable holds one.
    """
    vendor, model, url = _place(name, base_url, environ)
    key, key_name = _key(vendor, environ) if key_variable is None else _named_key(key_variable, environ)
    if vendor is not None and key is None and not is_local(url):
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
        headers=headers or {},
        timeouts=timeouts or Timeouts(),
        proxy=(proxy or None) if proxy is not None else proxy_for(url, environ),
        ca_file=ca_file,
        limit_field=vendor.limit_field if vendor is not None else "max_tokens",
        key_header=vendor.key_header if vendor is not None else "Authorization",
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
    found = {name: environ.get(f"{name}_proxy") or environ.get(f"{name}_proxy".upper()) for name in _PROXIES}
    if _is_loopback(parts.hostname or "") or _exempt(parts.hostname or "", found["no"] or ""):
        return None
    return found[parts.scheme] or found["all"]


_PROXIES = ("http", "https", "all", "no")


def _is_loopback(host: str) -> bool:
    return host in ("localhost", "::1") or host.endswith(".localhost") or host.startswith("127.")


def _exempt(host: str, no_proxy: str) -> bool:
    """Whether NO_PROXY names a host: `*`, a name with all below it, an address, or a network."""
    rules = {rule.strip().lstrip(".") for rule in no_proxy.lower().split(",") if rule.strip()}
    return bool(rules & {"*", host}) or any(
        host.endswith(f".{rule}") or _inside(host, rule) for rule in rules
    )


def _inside(host: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def _place(name: str, base_url: str | None, environ: Mapping[str, str]) -> tuple[Vendor | None, str, str]:
    """The vendor, the model's name as sent, and the base URL."""
    if base_url is not None and not name.strip():
        raise UsageError("the model's name is empty", "Say which one: --model NAME.")
    if base_url is not None:
        url = _checked(base_url)
        return by_host(url), name, url
    vendor, model = _split(name)
    return vendor, model, _checked(environ.get(vendor.base_url_name) or vendor.base_url)


def _split(name: str) -> tuple[Vendor, str]:
    prefix, slash, model = name.partition("/")
    if not slash or not model or prefix not in BY_PREFIX:
        raise UsageError(
            f"{name!r} does not say where the model is",
            f"Add --base-url URL, or write VENDOR/MODEL with one of: {', '.join(BY_PREFIX)}.",
        )
    return BY_PREFIX[prefix], model


def _checked(url: str) -> str:
    url = url.strip().rstrip("/")
    for tail in ("/chat/completions", "/completions", "/responses"):
        url = url.removesuffix(tail)
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


def _key(vendor: Vendor | None, environ: Mapping[str, str]) -> tuple[Secret | None, str]:
    """The key and the variable it is from; without a key, the variable to name in errors."""
    names = (OVERRIDE, *(vendor.key_names if vendor is not None else ()))
    for name in names:
        value = _value(name, environ)
        if value:
            return Secret(value), name
    return None, names[min(1, len(names) - 1)]


def _named_key(name: str, environ: Mapping[str, str]) -> tuple[Secret, str]:
    """The key in the variable that the user names."""
    if re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII) is None:
        # It may be the key itself, which is not said again.
        raise UsageError(
            "--api-key-env holds no name of a variable",
            "Put the key into one, and give its name: export MY_KEY=..., then --api-key-env MY_KEY.",
        )
    value = _value(name, environ)
    if not value:
        raise KeyRejected(f"{name} is not set, and --api-key-env names it", f"Set it: export {name}=...")
    return Secret(value), name


def _value(name: str, environ: Mapping[str, str]) -> str:
    value = environ.get(name, "").strip()
    if value and not (value.isascii() and value.isprintable()):
        raise KeyRejected(f"{name} holds characters that no key has", "Copy the key again.")
    return value
