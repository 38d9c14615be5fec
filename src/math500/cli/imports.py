"""Other harnesses' logs into run folders."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from math500.cli.options import FILE, JSON, print_json, print_text

if TYPE_CHECKING:
    from pathlib import Path


@click.command(name="import")
@click.argument("logs", type=FILE, nargs=-1, required=True, metavar="LOG...")
@click.option(
    "--format",
    "log_format",
    default="auto",
    show_default=True,
    help="Whose log it is: lm-eval, inspect, lighteval, evalscope, opencompass or jsonl.",
)
@click.option(
    "--data",
    "data_set",
    default="auto",
    show_default=True,
    help="Take the problems of this set or file only; `auto` looks them up in MATH-500 and keeps others as "
    "logged; `none` looks nothing up.",
)
@click.option("--model", help="The model's name, in place of the log's.")
@click.option("--out", type=FILE, help="The run folder.  [default: runs/TIME-MODEL-HARNESS]")
@JSON
def import_log(
    logs: tuple[Path, ...],
    log_format: str,
    data_set: str,
    model: str | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Make a run folder out of another harness' log, and grade it.

    LOG is a file or a folder of lm-eval, Inspect, lighteval, evalscope or OpenCompass, or JSONL with a
    problem, a response and an answer on each line. What the log does not say stays unknown.
    """
    from math500 import display, evaluate, imports
    from math500.rundir import RunDir

    folder, summary = imports.into_folder(
        logs, log_format=log_format, data_set=data_set, model=model, out=out, command=tuple(sys.argv[1:])
    )
    run = RunDir.open(folder)
    theirs = (
        [evaluate.summarize(run, name) for name in run.manifest.origin.graders] if run.manifest.origin else []
    )
    if as_json:
        print_json({"folder": str(folder), "origin": run.manifest.origin, "summaries": [summary, *theirs]})
        return
    print_text(display.summary(run.manifest, summary, folder))
    print_text("\n" + display.verdicts([summary, *theirs]))
    print_text(f"\nIn {folder}: {display.FOLDER_HOLDS}")
    print_text(f"Next: math500 show {folder}")
