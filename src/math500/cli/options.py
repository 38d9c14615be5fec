"""What the commands share: option types, reading text, saying and printing."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from math500.errors import UsageError, why

if TYPE_CHECKING:
    from pathlib import Path

    from math500.cluster import Ray

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


class Number(click.FloatRange):
    """A number within a range, never `nan` or `inf`: these pass every bound, and JSON has none."""

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's signature
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> float:
        """The number."""
        found: float = super().convert(value, param, ctx)
        return found if math.isfinite(found) else self.fail(f"{value!r} is not a number", param, ctx)


class Temperature(click.ParamType[float | None]):
    """A number from 0 on, or `none`."""

    name = "number|none"

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's signature
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> float | None:
        """The number, or None."""
        if value == "none":
            return None
        return Number(0).convert(value, param, ctx)


class File(click.ParamType["Path"]):
    """A path. It is `click.Path` without the import of pathlib, a tenth of the time of `--help`."""

    name = "path"

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's signature
        param: click.Parameter | None,  # noqa: ARG002
        ctx: click.Context | None,  # noqa: ARG002
    ) -> Path:
        """The path as typed."""
        from pathlib import Path

        return Path(value)


FILE = File()


class Grouped(click.Command):
    """A command with many options, shown in groups.

    Args:
        groups: a group's title to the names of its parameters; what is in none comes last.
    """

    def __init__(self, *args: Any, groups: Mapping[str, Sequence[str]], **attributes: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **attributes)
        self.groups = groups

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, group by group."""
        title_of = {name: title for title, names in self.groups.items() for name in names}
        shown: dict[str, list[tuple[str, str]]] = {title: [] for title in [*self.groups, "Other options"]}
        for parameter in self.get_params(ctx):
            if isinstance(parameter, click.Argument):
                continue
            record = parameter.get_help_record(ctx)
            if record is not None:
                shown[title_of.get(parameter.name or "", "Other options")].append(record)
        for title, records in shown.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


ENGINE = (
    click.option(
        "--engine",
        type=click.Choice(["plain", "ray"]),
        default="plain",
        show_default=True,
        help="`ray` spreads the work over processes, or the machines of a cluster.",
    ),
    click.option(
        "--workers",
        type=click.IntRange(1),
        metavar="N",
        help="Of --engine ray.  [default: this machine's cores]",
    ),
    click.option(
        "--ray-address",
        metavar="ADDRESS",
        help="A Ray cluster that runs, such as `auto`.  [default: start Ray here]",
    ),
)
"""Where the work is done."""


def engine_of(engine: str, workers: int | None, address: str | None) -> Ray | None:
    """Ray as it was asked for; None for this process alone.

    Raises:
        UsageError: Ray's options are given without it.
    """
    if engine == "plain":
        if workers is not None or address is not None:
            raise UsageError("--workers and --ray-address are Ray's", "Add --engine ray, or leave them out.")
        return None
    import os

    from math500.cluster import Ray

    return Ray(workers=workers or os.cpu_count() or 1, address=address)


def text_of(value: str) -> str:
    """The text itself, of `@FILE`, or of `-`, standard input."""
    if value == "-":
        return sys.stdin.read()
    if not value.startswith("@"):
        return value
    from pathlib import Path

    try:
        return Path(value[1:]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as e:
        raise UsageError(f"{value[1:]} cannot be read ({why(e)})", "Check the path after the @.") from e


def ids_of(text: str | None) -> tuple[str, ...]:
    """`a,b` or `@FILE` with one id a line.

    Raises:
        UsageError: there is none in it, which must not become all problems.
    """
    if text is None:
        return ()
    parts = text_of(text).splitlines() if text.startswith("@") else text.split(",")
    ids = tuple(part.strip() for part in parts if part.strip())
    if not ids:
        raise UsageError(f"--ids {text or repr(text)} holds no id", "Give at least one, or leave --ids out.")
    return ids


def say(text: str) -> None:
    """Tell the user something that is not the command's result."""
    if not text.replace("\n", "").isprintable():
        from math500.display.terminal import safe  # an endpoint's words may hold control characters

        text = safe(text)
    click.echo(text, err=True)


def print_text(text: str) -> None:
    """Print a result for people: safe to show, and fitted to the terminal where there is one."""
    from math500 import display

    click.echo(display.fitted(text))


def print_json(value: object) -> None:
    """Print a record, or a list of them, for machines."""
    import msgspec

    click.echo(msgspec.json.encode(value, enc_hook=_path))


def _path(value: object) -> str:
    """A path as its text. msgspec knows all else that is printed; the error is its way to say no."""
    from pathlib import Path

    if isinstance(value, Path):
        return str(value)
    raise NotImplementedError
