"""Looking things up: problem sets and prompts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from math500.cli.options import FILE, JSON, print_json, print_text, say

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.argument("name", required=False)
@click.option("--path", type=FILE, help="Verify this file as the set of that name.")
@JSON
def data(name: str | None, path: Path | None, as_json: bool) -> None:
    """Show the problem sets, or find, verify and count one of them (a name or a file)."""
    from math500 import data as room
    from math500 import display

    if name is None and path is None:
        states = [room.where(known.name) for known in room.known_sets()]
        print_json(states) if as_json else print_text(display.problem_sets())
        return
    found = room.load(name or "math500", path=path, announce=say)
    print_json(found.source) if as_json else print_text(display.problem_set(found))


@click.command()
@click.argument("name", required=False)
@JSON
def prompts(name: str | None, as_json: bool) -> None:
    """Show the prompts, or one of them with its exact text and source."""
    from math500 import display
    from math500 import prompts as room

    if as_json:
        chosen = room.get(name) if name else [room.get(n) for n in room.names()]
        print_json(chosen)
    elif name:
        click.echo(display.prompt(room.get(name)))
    else:
        print_text(display.table([(n, room.get(n).description) for n in room.names()]))
