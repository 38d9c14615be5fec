"""A run folder on its way to others: verify."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from math500.cli.options import FILE, JSON, print_json, print_text

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.argument("folder", type=FILE)
@click.option("--seal", default="", metavar="HEX", help="The fingerprint that the run's seal must have.")
@JSON
def verify(folder: Path, seal: str, as_json: bool) -> None:
    """Derive every figure of a run folder again from its samples, and say what differs.

    Nothing is fetched and no model is asked. Ends with 0 where nothing differs, else with 8.
    """
    from math500 import verify as room
    from math500.display.verify import verified

    result = room.verify(folder, seal=seal)
    print_json(result) if as_json else print_text(verified(result))
    room.require_same(result)
