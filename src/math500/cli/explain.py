"""Explaining a score: against another run, and against a published number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from math500.cli.options import FILE, JSON, print_json, print_text, say
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
    first, *rest = (RunDir.open(path, whole=False) for path in runs)
    found = [room.compare(first, other, grader) for other in rest]
    if as_json:
        print_json(found)
        return
    named = zip(found, runs[1:], strict=True)
    print_text("\n\n\n".join(display.comparison(each, str(runs[0]), str(other)) for each, other in named))
    if spread := display.spread(found):
        print_text(f"\n{spread}")
    print_text(f"\nNext: what was fixed and what is new: math500 errors {runs[-1]} --against {runs[0]}")


@click.command()
@click.argument("run", type=FILE, required=False)
@click.option(
    "--against", help="What to compare with: a model's name, a score such as 90.6, or a run folder."
)
@click.option("--measured", metavar="SCORE", help="Without a run: the measured score in percent, as printed.")
@click.option("--n", type=click.IntRange(1), help="With --measured: problems behind it.")
@click.option("--model", help="With --measured: whose score it is. With a run: its name in the registry.")
@click.option("--config", help="With --measured: the harness configuration, such as 393424.")
@click.option("--ablate", help="Ask again with one setting changed: prompt,limit,... or all.")
@click.option(
    "--to",
    "others",
    multiple=True,
    metavar="FACTOR=VALUE",
    help="Another setting than the default one, such as limit=1024; may be repeated.",
)
@click.option("--problems", type=click.IntRange(1), help="Problems of each ablation.  [default: 100]")
@click.option("--budget", type=click.IntRange(1), help="Tokens that all ablations may take.")
@click.option("--crossed", is_flag=True, help="Ask every combination of the factors, not each alone.")
@click.option("--plan", "plan_only", is_flag=True, help="Show what the ablations would cost, and stop.")
@click.option("--plot", type=FILE, help="Write the waterfall to this file, .svg or .png.")
@click.option(
    "--header",
    "headers",
    multiple=True,
    metavar="'NAME: VALUE'",
    help="As for `run`; no run keeps its value.",
)
@click.option("--quiet", is_flag=True, help="No progress.")
@JSON
def gap(
    run: Path | None,
    against: str | None,
    measured: str | None,
    n: int | None,
    model: str | None,
    config: str | None,
    ablate: str | None,
    others: tuple[str, ...],
    problems: int | None,
    budget: int | None,
    crossed: bool,
    plan_only: bool,
    plot: Path | None,
    headers: tuple[str, ...],
    quiet: bool,
    as_json: bool,
) -> None:
    """Take the difference between a measured and a published score apart.

    With a RUN its own responses say what the grader, the extraction, the token limit and the mix of problems
    are worth; --ablate asks the model for the rest. With --measured a bare number is looked into.
    """
    from math500 import asking, display
    from math500 import gap as room

    if plan_only and (ablate is None or as_json):
        raise UsageError(
            "--plan says in words what --ablate would cost", "Give --ablate, and leave --json out."
        )
    if measured is not None:
        _refuse_beside_a_number(run, ablate)
        if model is None:
            raise UsageError("--measured needs --model", "Say whose score it is.")
        found = room.of_number(measured, n=n, model=model, compared_with=against, config=config)
    else:
        if run is None:
            raise UsageError(
                "there is neither a run nor a number", "Give a run folder, or --measured and --model."
            )
        to = room.other_settings(others)
        if ablate and not room.ask_again(
            run,
            ablate,
            to=to,
            model=model,
            toward=against,
            problems=problems,
            budget=budget,
            plan_only=plan_only,
            crossed=crossed,
            private=asking.private({"headers": headers}),
            say=print_text if plan_only else say,
            quiet=quiet,
        ):
            return
        found = room.of_run(run, model=model, compared_with=against)
    if plot is not None:
        room.draw(found, plot)
    print_json(found) if as_json else print_text(display.gap(found))


def _refuse_beside_a_number(run: Path | None, ablate: str | None) -> None:
    if run is not None or ablate:
        beside = "a run folder" if run is not None else "--ablate"
        raise UsageError(f"--measured stands for a run, and {beside} was given too", "Leave one of them out.")
