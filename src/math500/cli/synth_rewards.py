"""Training rows for reward models: labelled steps, ranked problems; subcommands of `math500 synth`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from math500.cli import endpoint
from math500.cli.options import FILE, JSON, Grouped, print_json, print_text
from math500.cli.synth_asking import ASKING, GROUPS, SET, show, stages_of

if TYPE_CHECKING:
    from pathlib import Path

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
JUDGING = (
    click.option("--max-tokens", type=click.IntRange(1), help="Limit on generated tokens."),
    click.option("--concurrency", type=click.IntRange(1), help="Requests in flight."),
)
SPLIT_SET = tuple(option for option in SET if option is not SET[2])
"""All about the set but what the turns go round: here it is right and wrong solutions."""


@click.command(
    cls=Grouped,
    groups={
        "Labels": ("labels", "samples", "search", "carry", "grader"),
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
    "--carry/--no-carry",
    default=True,
    show_default=True,
    help="What is reached from behind a step is reached from behind those before it too.",
)
@GRADER
@endpoint.options(*ASKING[:-3], ASKING[-1], *SPLIT_SET)
def steps(**options: Any) -> None:  # noqa: ANN401
    """Label the steps of graded solutions, for a process reward model.

    A step is right if the model reaches the right answer from behind it. Half of a problem's solutions are
    right ones. Type the same command again to go on after a stop.
    """
    from math500.rundir import RunDir
    from math500.synth import steps as room

    as_json, from_runs = options.pop("as_json"), options.pop("from_runs")
    options["solver"] = "cot"
    stages = stages_of(options)
    named = ("labels", "search", "carry", "grader", "rows", "against")
    settings = room.Settings(
        **{name: options[name] for name in named},
        per_problem=options["per_problem"] or None,
        seed=options["seed"] or 0,
    )
    show(
        room.make([RunDir.open(run) for run in from_runs], stages, settings).manifest, stages, as_json=as_json
    )


@click.command()
@click.argument("files", nargs=-1, required=True, type=FILE, metavar="FILE...")
@click.option("--out", type=FILE, required=True, help="The training set's folder; it must not be there yet.")
@click.option(
    "--neutral",
    type=click.Choice(["right", "wrong", "leave-out"]),
    default="right",
    show_default=True,
    help="What a step rated 0 counts as; leave-out: its solution is no row.",
)
@click.option("--alternatives", is_flag=True, help="Make rows of the candidates that were not chosen too.")
@click.option("--prompt", default="bare", show_default=True, help="How the rows ask; see `prompts`.")
@click.option("--against", multiple=True, metavar="NAME|FILE", help="A further held-out set, as for `rft`.")
@JSON
def prm800k(files: tuple[Path, ...], out: Path, as_json: bool, **options: Any) -> None:  # noqa: ANN401
    """Make labelled steps of PRM800K's files, which you have: phase1_train.jsonl, phase2_train.jsonl.

    Whatever is of MATH-500 is dropped; that is all of its test files.
    """
    from math500.display import synth as display
    from math500.synth import prm800k as room

    made = room.make(files, out, room.Settings(**options))
    print_json(made.manifest) if as_json else print_text(display.training_set(made.manifest, made.path))


@click.command(
    cls=Grouped,
    groups={
        "Judge": ("model", "max_tokens", "concurrency"),
        **endpoint.GROUPS,
        "Set": ("seed", "against", *GROUPS["Set"]),
    },
)
@click.argument("from_runs", nargs=-1, required=True, type=FILE, metavar="RUN...")
@endpoint.options(ASKING[0], *endpoint.REACHING, *endpoint.LIMITING, *JUDGING, *SET[3:])
def ranks(**options: Any) -> None:  # noqa: ANN401
    """Have a judge rank new problems, for an instruction reward model.

    RUN is one in which `synth evolve` had problems written: NAME-evolve-1. Each group is ranked twice, in
    both orders; pairs on which the rankings differ, and ties, are left out.
    """
    from math500.rundir import RunDir
    from math500.synth import ranks as room

    as_json, from_runs = options.pop("as_json"), options.pop("from_runs")
    options |= {"solver": "cot", "samples": 1, "temperature": 0.0, "top_p": None}
    stages = stages_of(options)
    settings = room.Settings(seed=options["seed"] or 0, against=options["against"])
    show(
        room.make([RunDir.open(run) for run in from_runs], stages, settings).manifest, stages, as_json=as_json
    )
