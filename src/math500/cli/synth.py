"""Training rows: out of graded runs; and the gate by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from math500.cli import synth_asking, synth_rewards
from math500.cli.options import FILE, JSON, print_json, print_text

if TYPE_CHECKING:
    from pathlib import Path

AGAINST = click.option(
    "--against",
    multiple=True,
    metavar="NAME|FILE",
    help="A further set whose problems must not be in a row; may be repeated. MATH-500 always is one. With "
    "`exact:` before it only the problems themselves are looked for, and none that is like them.",
)


@click.group()
def synth() -> None:
    """Make training rows, with no problem of MATH-500 in them.

    `math500 synth rft RUN --out SET` keeps the correct samples of a run, such as one made by
    `math500 run --data math-train --samples 8 --temperature 0.7`.
    """


@synth.command()
@click.argument("runs", nargs=-1, required=True, type=FILE, metavar="RUN...")
@click.option("--out", type=FILE, required=True, help="The training set's folder; it must not be there yet.")
@click.option(
    "--kind",
    type=click.Choice(["prompt-completion", "preference"]),
    default="prompt-completion",
    show_default=True,
    help="A right solution a row, or a right one beside a wrong one.",
)
@click.option(
    "--per-problem",
    type=click.IntRange(0),
    default=4,
    show_default=True,
    help="Rows of a problem; 0 for all.",
)
@click.option(
    "--rows", type=click.IntRange(1), help="Rows at most, in turns of the problems.  [default: all]"
)
@click.option(
    "--balance",
    type=click.Choice(["level", "rate", "none"]),
    default="level",
    show_default=True,
    help="With --rows, what the turns go round: levels, or how often a problem is solved.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Which solutions come first.")
@click.option("--prompt", help="Ask in the rows by this prompt.  [default: as the run asked]")
@click.option("--grader", help="Whose grades decide.  [default: the current grader]")
@AGAINST
@JSON
def rft(runs: tuple[Path, ...], out: Path, per_problem: int, as_json: bool, **options: Any) -> None:  # noqa: ANN401
    """Keep the correct samples of graded runs, one a calculation (rejection sampling).

    Samples that are right by luck, as far as that can be told, are left out and listed with their reason.
    Several runs pool.
    """
    from math500.display import synth as show
    from math500.rundir import RunDir
    from math500.synth import rft as room

    settings = room.Settings(per_problem=per_problem or None, **options)
    made = room.make([RunDir.open(run) for run in runs], out, settings)
    print_json(made.manifest) if as_json else print_text(show.training_set(made.manifest, made.path))


@synth.command()
@click.argument("path", type=FILE, metavar="FILE|FOLDER")
@AGAINST
@click.option("--list", "most", type=click.IntRange(0), default=20, show_default=True, help="Rows to show.")
@JSON
def check(path: Path, against: tuple[str, ...], most: int, as_json: bool) -> None:
    """Say which rows of a JSONL or Parquet file, or of a training set, hold test problems.

    The same gate that every row of `math500 synth` passes; the file is not changed.
    """
    from math500.display import synth as show
    from math500.synth import decontaminate

    found = decontaminate.check(path, against)
    print_json(found) if as_json else print_text(show.decontamination(found, most))


for command in (
    synth_asking.masked,
    synth_asking.cot,
    synth_asking.evolve,
    synth_rewards.steps,
    synth_rewards.prm800k,
    synth_rewards.ranks,
):
    synth.add_command(command)
