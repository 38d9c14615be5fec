"""The command line as text: each command with what it takes, and what its help says.

Made of the commands themselves and not of the page that click lays out, so that neither click's wording nor
the terminal's width nor the language of the machine changes a letter. That every page fits a terminal is the
matter of tests/test_every_command.py.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import click

from math500 import cli


def text_of(name: str) -> str:
    """One command and all below it."""
    return "".join(f"{line.rstrip()}\n" for line in _one(cli.commands()[name], f"math500 {name}"))


def _one(command: click.Command, path: str) -> Iterator[str]:
    yield path
    yield from (f"    {line}" for line in inspect.cleandoc(command.help or "").splitlines())
    for parameter in command.params:
        yield f"  {_written(parameter)}"
        if said := getattr(parameter, "help", None):
            yield f"      {said}"
    if isinstance(command, click.Group):
        for name, below in sorted(command.commands.items()):
            yield ""
            yield from _one(below, f"{path} {name}")


def _written(parameter: click.Parameter) -> str:
    """Its names and what it takes: `--limit, -n INTEGER`, `RUNS... (required)`."""
    names = [*parameter.opts, *parameter.secondary_opts]
    words = [", ".join(names) if isinstance(parameter, click.Option) else str(parameter.name).upper()]
    words += [] if getattr(parameter, "is_flag", False) else [_kind(parameter.type)]
    words += ["..."] if parameter.nargs == -1 or parameter.multiple else []
    words += [f"x{parameter.nargs}"] if parameter.nargs > 1 else []
    words += ["(required)"] if parameter.required else []
    words += ["(hidden)"] if getattr(parameter, "hidden", False) else []
    return " ".join([*words, *_default(parameter)])


def _kind(kind: click.ParamType[Any]) -> str:
    if isinstance(kind, click.Choice):
        return f"[{'|'.join(str(one) for one in kind.choices)}]"
    if isinstance(kind, click.IntRange | click.FloatRange):
        return f"{kind.name} from {kind.min} to {kind.max}"
    return kind.name


def _default(parameter: click.Parameter) -> list[str]:
    """Its default where it is a plain value; click's own sign for none is no value."""
    given = parameter.default
    plain = isinstance(given, str | int | float | tuple) and given is not False and given != ()
    return [f"= {given}"] if plain else []
