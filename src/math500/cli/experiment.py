"""A study: a matrix of runs out of one file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from math500.cli.options import FILE, JSON, print_json, print_text, say

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.argument("file", type=FILE)
@click.option("--out", type=FILE, help="The study's folder.  [default: runs/NAME-OF-FILE]")
@click.option("--dry-run", is_flag=True, help="Show the cells and what they may take; ask nothing.")
@click.option("--max-tokens-total", type=click.IntRange(1), help="Tokens that all cells together may take.")
@click.option("--plot", type=FILE, help="Write score against cost to this file, .svg or .png.")
@click.option("--quiet", is_flag=True, help="No progress.")
@JSON
def experiment(
    file: Path,
    out: Path | None,
    dry_run: bool,
    max_tokens_total: int | None,
    plot: Path | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Carry out a study: a matrix of protocols in a TOML file, each cell an ordinary run.

    The same command goes on with a study that was stopped. The first cell is what the others are
    compared with.
    """
    from math500 import experiment as room
    from math500.display import experiment as show

    study = room.read(file, out)
    if dry_run:
        cells = room.plan(study, say)
        print_json(cells) if as_json else print_text(show.plan(cells))
        return
    rows = room.carry_out(study, most_tokens=max_tokens_total, say=say, quiet=quiet)
    print_json(rows) if as_json else print_text(show.outcome(rows))
    if plot is not None:
        from math500 import plots, tradeoffs

        plots.save(tradeoffs.plot(rows), plot)
        say(f"{plot} written")
