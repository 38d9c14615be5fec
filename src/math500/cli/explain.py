"""Explaining a score: against another run, and against a published number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from math500.cli.options import FILE, JSON, print_json
from math500.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.argument("runs", type=FILE, nargs=-1, required=True)
@click.option("--grader", help="Whose grades, such as `math500/1`.  [default: the current grader's]")
@JSON
def compare(runs: tuple[Path, ...], grader: str | None, as_json: bool) -> None:
    """Compare runs over the same problems with the first of them.

    What differs in how they were made comes first, then the paired difference with its interval, the exact
    test, and the problems that flipped.
    """
    from math500 import compare as room
    from math500 import display
    from math500.rundir import RunDir

    if len(runs) < 2:
        raise UsageError("there is one run, and a comparison needs two", "Give another run folder.")
    first, *rest = (RunDir.open(path) for path in runs)
    found = [room.compare(first, other, grader) for other in rest]
    if as_json:
        print_json(found)
        return
    click.echo("\n\n\n".join(display.comparison(each) for each in found))
    if spread := display.spread(found):
        click.echo(f"\n{spread}")
