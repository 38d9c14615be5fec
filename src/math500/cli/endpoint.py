"""How an endpoint is asked: options shared by run and doctor.

No secret is kept: the key comes from the environment, a header's value stays out of the run folder, and
`--header 'NAME: $VARIABLE'` keeps it out of the list of processes too.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import click

from math500.errors import UsageError

if TYPE_CHECKING:
    from math500.models import Private
    from math500.records import Asking, Price

HEADER = re.compile(r"\s*([\w!#$%&'*+.^`|~-]+)\s*:\s*(.*?)\s*")
TIMEOUTS = ("connect", "first-byte", "between-bytes", "total")
ASKING = ("api", "stream", "hedge", "batch", "key_variable", "ca_file")
BUDGET = {"max_requests": "requests", "max_tokens_total": "tokens", "max_cost": "cost"}

REACHING = (
    click.option(
        "--base-url",
        multiple=True,
        help="An OpenAI-compatible server, such as http://localhost:8000/v1; may be repeated where one model "
        "is served at several addresses.",
    ),
    click.option("--api-key-env", "key_variable", metavar="NAME", help="The variable that holds the key."),
    click.option(
        "--api",
        type=click.Choice(["chat", "completions", "responses"]),
        help="The form of asking; completions for base models.  [default: chat]",
    ),
    click.option(
        "--stream/--no-stream", default=None, help="Have answers come piece by piece.  [default: no]"
    ),
    click.option(
        "--header",
        "headers",
        multiple=True,
        metavar="'NAME: VALUE'",
        help="Sent with every request; $VAR is read.",
    ),
    click.option(
        "--proxy", metavar="URL", help="http:// or socks5://; empty for none.  [default: the environment's]"
    ),
    click.option("--ca-file", metavar="FILE", help="PEM file of the certificate authorities to trust."),
    click.option(
        "--timeout",
        "timeouts",
        multiple=True,
        metavar="WHAT=SECONDS",
        help=f"WHAT is one of {', '.join(TIMEOUTS)}.  [default: 10, 900, 300, 3600]",
    ),
)
SPENDING = (
    click.option(
        "--hedge/--no-hedge",
        default=None,
        help="Ask again when an answer is late; costs tokens.  [default: no]",
    ),
    click.option(
        "--batch/--no-batch",
        default=None,
        help="Through the vendor's batch queue: half the price, up to a day.  [default: no]",
    ),
    click.option(
        "--max-cost",
        type=click.FloatRange(0, min_open=True),
        metavar="USD",
        help="Stop before the run costs more.",
    ),
    click.option("--max-tokens-total", type=click.IntRange(1), help="Stop before the run takes more tokens."),
    click.option("--max-requests", type=click.IntRange(1), help="Stop after so many requests."),
    click.option(
        "--price", metavar="PROMPT,COMPLETION", help="US dollars per million tokens, where the list has none."
    ),
)
GROUPS = {
    "Endpoint": ("base_url", "key_variable", "api", "stream", "headers", "proxy", "ca_file", "timeouts"),
    "Money": ("hedge", "batch", *BUDGET, "price"),
}
"""For the help text: parameters by group."""


def options(*which: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Add several options to a command, in this order."""

    def add(command: Any) -> Any:  # noqa: ANN401 - a function or a click.Command
        for option in reversed(which):
            command = option(command)
        return command

    return add


def pop(given: dict[str, Any]) -> dict[str, Any]:
    """Take what belongs here out of a command's parameters."""
    return {name: given.pop(name) for name in sum(GROUPS.values(), ()) if name in given}


def asking_of(given: Mapping[str, Any], before: Asking) -> Asking:
    """How to ask: as before, with what was typed in its place."""
    import msgspec

    changed: dict[str, Any] = {name: given[name] for name in ASKING if given.get(name) is not None}
    if given.get("base_url"):
        changed["base_urls"] = tuple(given["base_url"])
    spend = {field: given[name] for name, field in BUDGET.items() if given.get(name) is not None}
    return msgspec.structs.replace(
        before,
        **changed,
        budget=msgspec.structs.replace(before.budget, **spend),
        timeouts=msgspec.structs.replace(before.timeouts, **_timeouts(given.get("timeouts", ()))),
    )


def private_of(given: Mapping[str, Any]) -> Private:
    """The secrets among the options."""
    from math500.models import Private

    headers = dict(_header(text, os.environ) for text in given.get("headers", ()))
    return Private(headers=headers, proxy=given.get("proxy"))


def price_of(given: Mapping[str, Any]) -> Price | None:
    """The user's own price."""
    from math500.client import prices

    return None if given.get("price") is None else prices.given(given["price"])


def without_secrets(arguments: Iterable[str]) -> tuple[str, ...]:
    """A command line as it may be kept: no header's value, no password in an address."""
    kept: list[str] = []
    for argument in arguments:
        if kept and kept[-1] == "--header":
            kept.append(_hidden(argument))
        elif argument.startswith("--header="):
            kept.append("--header=" + _hidden(argument.removeprefix("--header=")))
        else:
            kept.append(re.sub(r"(://)[^/@\s]*@", r"\1***@", argument))
    return tuple(kept)


def _hidden(header: str) -> str:
    found = HEADER.fullmatch(header)
    if found is None:
        return "***"
    return header if found[2].startswith("$") else f"{found[1]}: ***"


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
