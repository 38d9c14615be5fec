"""Looking things up: problem sets and prompts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from math500.cli.options import FILE, JSON, print_json, print_text, say

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from math500.plugins import Kind
    from math500.records import Prompt


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
        tell("data", [known.name for known in room.known_sets()])
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
        print_json(room.get(name) if name else [room.get(n) for n in room.names()] + _brought())
    elif name:
        click.echo(display.prompt(room.get(name)))
    else:
        rows = [(n, room.get(n).description) for n in room.names()]
        print_text(display.table(rows + [(p.name, p.description) for p in _brought()]))


def _brought() -> list[Prompt]:
    """The prompts of other packages, each saying whose it is; one that cannot be used is told."""
    import msgspec

    from math500 import plugins
    from math500 import prompts as room
    from math500.display.plugins import origin
    from math500.errors import Math500Error

    found = []
    for plugin in plugins.found("prompts"):
        if plugin.name in room.names():
            say(f"{plugin.name!r} {origin(plugin)} is never used: math500 itself has this name")
            continue
        try:
            prompt = room.get(plugin.name)
        except Math500Error as e:
            say(str(e))
            continue
        words = f"{prompt.description} ({origin(plugin)})".strip()
        found.append(msgspec.structs.replace(prompt, description=words))
    return found


def tell(kind: Kind, own: Collection[str]) -> None:
    """Say what other packages bring of a kind; nothing of theirs is imported."""
    from math500 import plugins
    from math500.display.plugins import origin

    for plugin in plugins.found(kind):
        taken = " is never used: math500 itself has this name" if plugin.name in own else ""
        say(f"{plugin.name} {origin(plugin)}{taken}")
