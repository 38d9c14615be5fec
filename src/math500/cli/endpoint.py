"""How an endpoint is asked: options shared by run, judge and doctor.

No secret is kept: the key comes from the environment, a header's value stays out of the run folder, and
`--header 'NAME: $VARIABLE'` keeps it out of the list of processes too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import click

from math500.cli.options import Number
from math500.errors import UsageError

if TYPE_CHECKING:
    from math500.rewards import Service

HEADER = re.compile(r"\s*([^\s:]+)\s*:\s*(.*?)\s*")
TIMEOUTS = ("connect", "first-byte", "between-bytes", "total")
LIMITS = ("max_requests", "max_tokens_total", "max_cost")

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
        type=Number(0, min_open=True),
        metavar="USD",
        help="Stop before the run costs more.",
    ),
    click.option("--max-tokens-total", type=click.IntRange(1), help="Stop before the run takes more tokens."),
    click.option("--max-requests", type=click.IntRange(1), help="Stop after so many requests."),
    click.option(
        "--price", metavar="PROMPT,COMPLETION", help="US dollars per million tokens, where the list has none."
    ),
)
LIMITING = SPENDING[2:]
"""The user's own limits and price: all about money but another way to ask."""
REWARD_AT = (
    click.option(
        "--reward-base-url",
        metavar="URL",
        help="The vLLM or SGLang that computes the reward model's values.  [default: this process]",
    ),
    click.option("--reward-model", metavar="NAME", help="Its name there.  [default: the only one there]"),
    click.option(
        "--reward-api-key-env", "reward_key_variable", metavar="NAME", help="The variable with its key."
    ),
    click.option(
        "--reward-form",
        type=click.Choice(["outcome", "qwen-prm"]),
        help="How a served model of others reads a solution: whole, or in steps as Qwen2.5-Math-PRM.",
    ),
)
"""Where a reward model is served."""
GROUPS = {
    "Endpoint": ("base_url", "key_variable", "api", "stream", "headers", "proxy", "ca_file", "timeouts"),
    "Money": ("hedge", "batch", *LIMITS, "price"),
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


def reward_at(given: dict[str, Any]) -> Service | None:
    """Take where a reward model is served out of a command's parameters.

    Raises:
        UsageError: it is said how it is asked, and not where.
    """
    where = {name: given.pop(f"reward_{name}") for name in ("base_url", "model", "key_variable", "form")}
    if where["base_url"] is not None:
        from math500.rewards import Service

        return Service(**where)
    if any(value is not None for value in where.values()):
        raise UsageError(
            "--reward-model, --reward-api-key-env and --reward-form are for a reward model that is served",
            "Add --reward-base-url URL, or leave them out.",
        )
    return None


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
