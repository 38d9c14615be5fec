"""How to ask, out of what was typed: the same words on the command line and in lm-eval's `--model_args`.

    options      base_url, key_variable, api, stream, hedge, batch, ca_file, proxy, headers, timeouts
    limits       max_requests, max_tokens_total, max_cost; price

What is left out keeps its value. Secrets go into `Private`, which is never written.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from math500.errors import UsageError
from math500.models import Private
from math500.records import Asking, Price

HEADER = re.compile(r"\s*([\w!#$%&'*+.^`|~-]+)\s*:\s*(.*?)\s*")
TIMEOUTS = ("connect", "first-byte", "between-bytes", "total")
ASKING = ("api", "stream", "hedge", "batch", "key_variable", "ca_file")
BUDGET = {"max_requests": "requests", "max_tokens_total": "tokens", "max_cost": "cost"}


def asking(given: Mapping[str, Any], before: Asking) -> Asking:
    """How to ask: as before, with what was typed in its place.

    Raises:
        UsageError: a value is none of those that an option takes.
    """
    changed: dict[str, Any] = {name: given[name] for name in ASKING if given.get(name) is not None}
    if given.get("base_url"):
        changed["base_urls"] = tuple(given["base_url"])
    spend = {field: given[name] for name, field in BUDGET.items() if given.get(name) is not None}
    result = msgspec.structs.replace(
        before,
        **changed,
        budget=msgspec.structs.replace(before.budget, **spend),
        timeouts=msgspec.structs.replace(before.timeouts, **_timeouts(given.get("timeouts", ()))),
    )
    try:
        return msgspec.convert(msgspec.to_builtins(result), Asking)
    except msgspec.ValidationError as e:
        raise UsageError(f"an option of the endpoint has a wrong value ({e})", "Correct it.") from None


def private(given: Mapping[str, Any]) -> Private:
    """The secrets among the options."""
    headers = dict(_header(text, os.environ) for text in given.get("headers", ()))
    return Private(headers=headers, proxy=given.get("proxy"))


def price(given: Mapping[str, Any]) -> Price | None:
    """The user's own price."""
    from math500.client import prices  # noqa: PLC0415 - most runs give no price

    return None if given.get("price") is None else prices.given(given["price"])


def _header(text: str, environ: Mapping[str, str]) -> tuple[str, str]:
    found = HEADER.fullmatch(text)
    if found is None:
        name = text.partition(":")[0].strip()[:40]
        raise UsageError(f"the header {name!r} is not one", "Write it as --header 'NAME: VALUE'.")
    name, value = found[1], found[2]
    if value.startswith("$"):
        variable = value[1:].strip("{}")
        if variable not in environ:
            raise UsageError(
                f"the header {name} needs {variable}, which is not set", f"Set it: export {variable}=..."
            )
        value = environ[variable].strip()
    if not (value.isascii() and value.isprintable()):
        raise UsageError(
            f"the value of the header {name} holds characters that no header can carry", "Check it."
        )
    return name, value


def _timeouts(texts: Iterable[str]) -> dict[str, float]:
    found = {}
    for text in texts:
        what, _, seconds = text.partition("=")
        try:
            number = float(seconds)
        except ValueError:
            number = 0.0
        if what not in TIMEOUTS or not 0 < number < 1e9:
            raise UsageError(
                f"--timeout {text} is not a timeout",
                f"Write WHAT=SECONDS with one of {', '.join(TIMEOUTS)}, such as first-byte=60.",
            )
        found[what.replace("-", "_")] = number
    return found
