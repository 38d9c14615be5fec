"""Solvers: what there is, what they brought and cost, and what more samples would bring."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from math500.cli import endpoint
from math500.cli.lookup import tell
from math500.cli.options import FILE, JSON, Number, print_json, print_text, say

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


@click.command()
@click.argument("folder", type=FILE, metavar="RUN")
@click.option("--votes", type=click.IntRange(2), help="A vote's samples at most.  [default: all there are]")
@click.option(
    "--confidence",
    "confidences",
    type=Number(0.5, 1, max_open=True),
    multiple=True,
    help="Of a vote that stops early; may be repeated.  [default: 0.9, 0.95, 0.99]",
)
@click.option(
    "--seed", type=int, default=0, show_default=True, help="Of the orders that votes are played in."
)
@click.option("--plot", type=FILE, help="Write the curves to this file, .svg or .png.")
@JSON
def curves(
    folder: Path,
    votes: int | None,
    confidences: tuple[float, ...],
    seed: int,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Show pass@k and maj@k of a run with several samples, and what a vote that stops early would save.

    Nothing is asked again: the votes that are there are played in many orders.
    """
    from math500 import curves, plots
    from math500.display import solvers as show
    from math500.rundir import RunDir

    found = curves.study(
        RunDir.open(folder), votes=votes, confidences=confidences or curves.CONFIDENCES, seed=seed
    )
    print_json(found) if as_json else print_text(show.curves(found))
    if plot is not None:
        plots.save(curves.plot(found), plot)
        say(f"{plot} written")


@click.command()
@click.argument("folder", type=FILE, metavar="RUN")
@click.option(
    "--reward",
    type=FILE,
    required=True,
    metavar="FOLDER",
    help="A training of `train reward` or `train prm`.",
)
@endpoint.options(*endpoint.REWARD_AT)
@click.option(
    "--aggregate",
    "aggregates",
    type=click.Choice(["min", "product", "last", "mean"]),
    multiple=True,
    help="How the steps' values become one; may be repeated.  [default: min]",
)
@click.option("--grader", help="Whose grades, such as `math500/1`.  [default: the current grader's]")
@JSON
def rerank(
    folder: Path,
    reward: Path,
    aggregates: tuple[Any, ...],
    grader: str | None,
    as_json: bool,
    **options: Any,  # noqa: ANN401 - each option has its own type
) -> None:
    """Choose among a run's samples by a reward model, and compare with a vote over the same samples.

    Nothing is asked again. The values are kept in RUN/rewards; what was stopped is gone on with.
    """
    from math500 import rerank as room
    from math500.display import solvers as show

    found = room.rerank(
        folder,
        reward,
        aggregates=aggregates or ("min",),
        grader=grader,
        service=endpoint.reward_at(options),
        say=say,
    )
    print_json(found) if as_json else print_text(show.reranked(found))
