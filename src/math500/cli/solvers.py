"""Solvers: what there is, and what they brought and cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from math500.cli.lookup import tell
from math500.cli.options import FILE, JSON, print_json, print_text, say

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.argument("folders", nargs=-1, type=FILE, metavar="[RUN]...")
@click.option("--plot", type=FILE, help="Write score against cost to this file, .svg or .png.")
@JSON
def solvers(folders: tuple[Path, ...], plot: Path | None, as_json: bool) -> None:
    """Show the solvers; or of runs over the same problems, what each brought and cost.

    The first run is what the others are compared with.
    """
    from math500 import solve
    from math500.display import solvers as show

    if not folders:
        print_json(solve.describe()) if as_json else print_text(show.solvers(solve.describe()))
        tell("solvers", solve.describe())
        return
    from math500 import plots, tradeoffs
    from math500.rundir import RunDir

    rows = tradeoffs.tradeoffs([RunDir.open(folder) for folder in folders])
    print_json(rows) if as_json else print_text(show.tradeoffs(rows))
    if plot is not None:
        plots.save(tradeoffs.plot(rows), plot)
        say(f"{plot} written")
