"""Training rows for reward models: labelled steps, ranked problems; subcommands of `math500 synth`."""

from __future__ import annotations

from typing import Any

import click

from math500.cli import endpoint
from math500.cli.options import FILE, Grouped
from math500.cli.synth_asking import ASKING, GROUPS, SET, show, stages_of

MODEL = {
    "Model": ("model", "temperature", "top_p", "max_tokens", "samples", "concurrency"),
    **endpoint.GROUPS,
}
ROLLOUTS = click.option(
    "--rollouts",
    "samples",
    type=click.IntRange(1),
    default=8,
    show_default=True,
    help="Completions from behind a step.",
)
GRADER = click.option(
    "--grader", help="Whose grades say which solutions are right.  [default: the current grader]"
)
SPLIT_SET = tuple(option for option in SET if option is not SET[2])
"""All about the set but what the turns go round: here it is right and wrong solutions."""


@click.command(
    cls=Grouped,
    groups={
        "Labels": ("labels", "samples", "search", "own", "grader"),
        **MODEL,
        "What is kept": ("per_problem", "rows", "seed", "against"),
        "Set": GROUPS["Set"],
    },
)
@click.argument("from_runs", nargs=-1, required=True, type=FILE, metavar="RUN...")
@click.option(
    "--labels",
    type=click.Choice(["rollouts", "judge"]),
    default="rollouts",
    show_default=True,
    help="By completions from behind each step, or by a judge who is shown the reference.",
)
@ROLLOUTS
@click.option(
    "--search",
    type=click.Choice(["all", "first", "binary"]),
    default="all",
    show_default=True,
    help="Rollouts from behind every step, up to the first one without hope, or by halving.",
)
@click.option(
    "--own/--no-own",
    default=True,
    show_default=True,
    help="A right solution is a right completion of its own steps.",
)
@GRADER
@endpoint.options(*ASKING[:-3], ASKING[-1], *SPLIT_SET)
def steps(**options: Any) -> None:  # noqa: ANN401
    """Label the steps of graded solutions, for a process reward model.

    A step is right if the model reaches the right answer from behind it. Half of a problem's solutions are
    right ones. Type the same command again to go on after a stop.
    """
    from math500.rundir import RunDir
    from math500.synth import stepwise as room

    as_json, from_runs = options.pop("as_json"), options.pop("from_runs")
    options["solver"] = "cot"
    stages = stages_of(options)
    named = ("labels", "search", "own", "grader", "rows", "against")
    settings = room.Settings(
        **{name: options[name] for name in named},
        per_problem=options["per_problem"] or None,
        seed=options["seed"] or 0,
    )
    show(
        room.make([RunDir.open(run) for run in from_runs], stages, settings).manifest, stages, as_json=as_json
    )
