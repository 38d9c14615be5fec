"""Training rows that a model has to write: masked, cot, evolve; subcommands of `math500 synth`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from math500.cli import endpoint
from math500.cli.options import (
    ENGINE,
    FILE,
    JSON,
    Grouped,
    Number,
    Temperature,
    engine_of,
    ids_of,
    print_json,
    print_text,
    say,
)

if TYPE_CHECKING:
    from math500.records import TrainingSet
    from math500.synth import rft
    from math500.synth.stage import Stages

GROUPS = {
    "Model": ("model", "temperature", "top_p", "max_tokens", "samples", "solver", "prompt", "concurrency"),
    **endpoint.GROUPS,
    "Problems": ("data", "data_path", "limit", "shuffle_seed", "subjects", "levels", "ids"),
    "What is kept": ("per_problem", "rows", "balance", "seed", "against"),
    "Set": ("out", "runs", "engine", "workers", "ray_address", "as_json", "quiet", "help"),
}
"""Options by group, for the help text."""
KEEPING = ("per_problem", "rows", "balance", "seed", "against")

ASKING = (
    click.option("--model", help="Whom to ask, as for `run`.  [default: embedded]"),
    *endpoint.REACHING,
    *endpoint.LIMITING,
    click.option("--temperature", type=Temperature(), default="0.7", show_default=True),
    click.option("--top-p", type=Number(0, 1)),
    click.option("--max-tokens", type=click.IntRange(1), help="Limit on generated tokens."),
    click.option(
        "--samples", type=click.IntRange(1), default=4, show_default=True, help="Solutions of a problem."
    ),
    click.option(
        "--solver",
        type=click.Choice(["cot", "tools"]),
        default="cot",
        show_default=True,
        help="Solutions in words, or with Python in the loop.",
    ),
    click.option("--concurrency", type=click.IntRange(1), help="Requests in flight."),
)
PROBLEMS = (
    click.option(
        "--prompt", default="boxed", show_default=True, help="How problems are asked; see `prompts`."
    ),
    click.option("--data", default="math-train", show_default=True, help="A problem set's name, or a file."),
    click.option("--data-path", type=FILE, help="A file that holds the set named by --data."),
    click.option("--limit", type=click.IntRange(1), help="Take this many problems."),
    click.option(
        "--shuffle", "shuffle_seed", type=int, metavar="SEED", help="A seeded sample, not the first rows."
    ),
    click.option("--subject", "subjects", multiple=True, help="Only this subject; may be repeated."),
    click.option("--level", "levels", type=int, multiple=True, help="Only this level; may be repeated."),
    click.option("--ids", help="Only these problems: unique_ids separated by commas, or @FILE."),
)
SET = (
    click.option(
        "--per-problem",
        type=click.IntRange(0),
        default=4,
        show_default=True,
        help="Rows of a problem; 0 for all.",
    ),
    click.option(
        "--rows", type=click.IntRange(1), help="Rows at most, in turns of the problems.  [default: all]"
    ),
    click.option(
        "--balance",
        type=click.Choice(["level", "rate", "none"]),
        default="level",
        show_default=True,
        help="With --rows, what the turns go round.",
    ),
    click.option("--seed", type=int, help="Of every choice [default: 0]; where given, of the samples too."),
    click.option(
        "--against", multiple=True, metavar="NAME|FILE", help="A further held-out set, as for `rft`."
    ),
    click.option(
        "--out", type=FILE, required=True, help="The training set's folder; it must not be there yet."
    ),
    click.option(
        "--runs", type=FILE, default="runs", show_default=True, help="Where the runs are kept, as OUT-..."
    ),
    click.option("--quiet", is_flag=True, help="No progress."),
    *ENGINE,
    JSON,
)


@click.command(cls=Grouped, groups={"Hints": ("run", "mask"), **GROUPS})
@click.option(
    "--from", "run", type=FILE, metavar="RUN", help="Take the problems that this run never got right."
)
@click.option(
    "--mask",
    type=click.Choice(["rule", "model"]),
    default="rule",
    show_default=True,
    help="Who masks the reference solutions.",
)
@endpoint.options(*ASKING, *PROBLEMS, *SET)
def masked(**options: Any) -> None:  # noqa: ANN401
    """Solve hard problems with a masked reference solution as a hint.

    The rows ask the plain problem. A mask that shows the answer is not used, a solution that mentions the
    hint is not kept. Type the same command again to go on after a stop.
    """
    from math500.rundir import RunDir
    from math500.synth import masked as room

    as_json, run = options.pop("as_json"), options.pop("run")
    stages = stages_of(options)
    settings = room.Settings(mask=options["mask"], keep=_keep(options))
    show(
        room.make(stages, settings, run=None if run is None else RunDir.open(run)).manifest,
        stages,
        as_json=as_json,
    )


@click.command(cls=Grouped, groups={"Rows": ("kind", "language", "numbers"), **GROUPS})
@click.argument("from_runs", nargs=-1, required=True, type=FILE, metavar="RUN...")
@click.option(
    "--kind",
    type=click.Choice(["steps", "check", "backward"]),
    default="steps",
    show_default=True,
    help="Numbered steps; a mistake found and repaired; a number asked for, the answer given.",
)
@click.option(
    "--language", type=click.Choice(["en", "zh"]), default="en", show_default=True, help="Of the rows."
)
@click.option(
    "--numbers", type=click.IntRange(1), default=1, show_default=True, help="Backward: numbers of a problem."
)
@click.option("--model", help="Whom to ask, as for `run`.  [default: nobody; the rows are made by rule]")
@endpoint.options(*ASKING[1:], *SET)
def cot(**options: Any) -> None:  # noqa: ANN401
    """Make rows that show how to think, out of graded runs.

    Without --model by rule: steps out of the samples' own parts, checks out of the turns of runs with
    --solver review or selfcheck. With --model it writes the steps, the check, or solves the backward problem.
    """
    from math500.rundir import RunDir
    from math500.synth import cot as room

    as_json, from_runs = options.pop("as_json"), options.pop("from_runs")
    stages = stages_of(options)
    chosen = {name: options[name] for name in ("kind", "language", "numbers")}
    settings = room.Settings(**chosen, keep=_keep(options))
    asked = stages if options["model"] is not None else None
    runs = [RunDir.open(run) for run in from_runs]
    show(room.make(runs, stages.out, settings, stages=asked).manifest, stages, as_json=as_json)


@click.command(
    cls=Grouped, groups={"Evolution": ("direction", "rounds", "width", "agree", "wording"), **GROUPS}
)
@click.option(
    "--direction",
    type=click.Choice(["up", "down", "both"]),
    default="both",
    show_default=True,
    help="To harder problems, to easier ones, or both.",
)
@click.option(
    "--rounds", type=click.IntRange(1), default=1, show_default=True, help="Changes one after the other."
)
@click.option(
    "--width",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="New problems out of one in a round.",
)
@click.option(
    "--agree",
    type=Number(0, 1, min_open=True),
    default=0.75,
    show_default=True,
    help="The share of --samples that must agree.",
)
@click.option("--wording", type=FILE, help="Your own requests: a TOML file with [up] and [down].")
@endpoint.options(*ASKING, *PROBLEMS, *SET)
def evolve(**options: Any) -> None:  # noqa: ANN401
    """Make new problems out of known ones, and keep those on whose answer several solutions agree.

    The agreed answers were checked by nobody; levels are estimates. Type the same command again to go on
    after a stop.
    """
    from math500.synth import evolve as room
    from math500.synth import evolving

    as_json, wording = options.pop("as_json"), options.pop("wording")
    stages = stages_of(options)
    chosen = {name: options[name] for name in ("direction", "rounds", "width", "agree")}
    ways = evolving.WAYS if wording is None else evolving.wording(wording)
    settings = room.Settings(**chosen, ways=ways, keep=_keep(options))
    show(room.make(stages, settings).manifest, stages, as_json=as_json)


def stages_of(options: dict[str, Any]) -> Stages:
    """How the model is asked; takes what belongs to it out of the options, but for the model's name."""
    from math500 import asking, models
    from math500.records import Asking, Decoding, SolverInfo
    from math500.running import Request
    from math500.synth.stage import Stages

    asked = endpoint.pop(options)
    engine = engine_of(*(options.pop(name) for name in ("engine", "workers", "ray_address")))
    named = ("data", "data_path", "limit", "shuffle_seed", "subjects", "levels", "samples", "concurrency")
    request = Request(
        model=options["model"] or models.EMBEDDED,
        base_url=asked["base_url"],
        asking=asking.asking(asked, Asking()),
        private=asking.private(asked),
        price=asking.price(asked),
        ids=ids_of(options.pop("ids", None)),
        prompt=options.pop("prompt", "boxed"),
        decoding=Decoding(
            seed=options["seed"],
            **{name: options.pop(name) for name in ("temperature", "top_p", "max_tokens")},
        ),
        solver=SolverInfo(name=options.pop("solver")),
        command=endpoint.without_secrets(sys.argv[1:]),
        **{name: options.pop(name) for name in named if name in options},
    )
    return Stages(request, options.pop("out"), options.pop("runs"), say, options.pop("quiet"), engine)


def _keep(options: dict[str, Any]) -> rft.Settings:
    from math500.synth import rft

    kept = {name: options[name] for name in KEEPING}
    return rft.Settings(**kept | {"per_problem": kept["per_problem"] or None, "seed": kept["seed"] or 0})


def show(made: TrainingSet, stages: Stages, *, as_json: bool) -> None:
    """Print what was made."""
    from math500.display import synth as display

    print_json(made) if as_json else print_text(display.training_set(made, stages.out))
