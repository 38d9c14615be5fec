"""Plugins: what other packages bring."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from math500.cli.options import JSON, print_json, print_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from math500.records import Plugin


@click.command()
@JSON
def plugins(as_json: bool) -> None:
    """Show what other packages bring to math500, and try each of them."""
    from math500 import plugins as room
    from math500.display import plugins as show

    rows = [(plugin, _state(plugin)) for kind in room.KINDS for plugin in room.found(kind)]
    machines = {"plugins": [{"plugin": plugin, "state": state} for plugin, state in rows]}
    print_json(machines) if as_json else print_text(show.plugins(rows))


def _state(plugin: Plugin) -> str:
    """Whether it can be used by its name."""
    from math500 import data, prompts, solve
    from math500.errors import Math500Error
    from math500.grading import presets
    from math500.records import Decoding, SolverInfo

    own = {
        "prompts": prompts.names(),
        "solvers": tuple(solve.describe()),
        "graders": presets.names(),
        "data": tuple(one.name for one in data.known_sets()),
    }
    if plugin.name in own[plugin.kind]:
        return "never used: math500 itself has this name"
    try:
        if plugin.kind == "solvers":
            solve.make(SolverInfo(name=plugin.name), prompts.BARE, Decoding())
        else:
            use: dict[str, Callable[[str], object]] = {
                "prompts": prompts.get,
                "graders": presets.get,
                "data": data.load,
            }
            use[plugin.kind](plugin.name)
    except Math500Error as e:
        return str(e)
    return "ready"
