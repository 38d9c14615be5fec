"""Grading: one response, a run by other graders, the graders side by side."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from math500.cli import endpoint
from math500.cli.options import ENGINE, FILE, JSON, engine_of, print_json, print_text, say, text_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from math500.cluster import Ray
    from math500.records import GraderTable

LISTED = 10
"""Samples that `graders` lists without --list."""
EVERY = 3.0
"""Seconds between two lines of progress."""


@click.command()
@click.option("--response", required=True, help="The model's text, @FILE, or - for standard input.")
@click.option("--answer", required=True, help="The reference answer in LaTeX.")
@click.option("--truncated", is_flag=True, help="The response ended at the token limit.")
@click.option("--strict", is_flag=True, help="Take an answer in \\boxed{} only.")
@click.option("--question", help="The problem's text, @FILE: its own expression is no answer to it.")
@click.option("--id", "unique_id", help="The problem's unique_id, for what MATH-500's own problem asks for.")
@JSON
def grade(
    response: str,
    answer: str,
    truncated: bool,
    strict: bool,
    question: str | None,
    unique_id: str | None,
    as_json: bool,
) -> None:
    """Grade one response and say why, step by step."""
    from math500 import display
    from math500.grading.explain import explain

    result, steps = explain(
        text_of(response),
        answer,
        truncated=truncated,
        strict=strict,
        question=None if question is None else text_of(question),
        unique_id=unique_id,
    )
    if as_json:
        import msgspec

        print_json(msgspec.to_builtins(result) | {"steps": steps})
    else:
        print_text(display.grade(result, answer, steps))


@click.command()
@click.argument("run", type=FILE)
@click.option(
    "--grader",
    "graders",
    multiple=True,
    required=True,
    metavar="NAME",
    help="A preset such as minerva, or `all`; may be repeated.",
)
@endpoint.options(*ENGINE)
@click.option("--quiet", is_flag=True, help="No progress.")
@JSON
def regrade(
    run: Path,
    graders: tuple[str, ...],
    engine: str,
    workers: int | None,
    ray_address: str | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Grade a run's responses by other graders; the model is not asked.

    Their grades are kept in the run's folder beside its own, whose score stays what it is. Which graders
    there are, and where each is written down, is in docs/graders.md.
    """
    from math500 import display

    spread = engine_of(engine, workers, ray_address)
    found = _regraded(run, _chosen(graders), quiet=quiet, engine=spread)
    if as_json:
        print_json(found.scores)
        return
    print_text(display.grader_scores(found))
    print_text(f"\nNext: where they differ: math500 graders {run}")


@click.command()
@click.argument("run", type=FILE)
@click.option(
    "--grader",
    "graders",
    multiple=True,
    metavar="NAME",
    help="Only this preset; may be repeated.  [default: all]",
)
@click.option("--kept", is_flag=True, help="Only the grades that are in the folder; nothing is graded.")
@click.option(
    "--list",
    "most",
    type=click.IntRange(0),
    default=LISTED,
    show_default=True,
    metavar="N",
    help="List N samples that the graders do not agree on.",
)
@click.option("--quiet", is_flag=True, help="No progress.")
@JSON
def graders(run: Path, graders: tuple[str, ...], kept: bool, most: int, quiet: bool, as_json: bool) -> None:
    """Show a run's score under every grader, how they agree, and where they do not.

    What is not graded yet is graded first, without asking the model.
    """
    from math500 import display
    from math500 import regrade as room
    from math500.rundir import RunDir

    if kept:
        names = [room.kept_as(name) for name in _chosen(graders)] if graders else None
        found = room.table(RunDir.open(run), names)
    else:
        found = _regraded(run, _chosen(graders or ("all",)), quiet=quiet)
    print_json(found) if as_json else print_text(display.graders(found, most))


def _chosen(graders: Sequence[str]) -> tuple[str, ...]:
    """The presets' names, each once and known; `all` stands for all of them."""
    from math500.grading import presets

    if "all" in graders:
        every = [presets.get(name) for name in presets.names()]
        for missing in (preset for preset in every if not preset.installed):
            say(f"{missing.name} is left out: it needs pip install '{missing.needs}'")
        return tuple(preset.name for preset in every if preset.installed)
    return tuple(dict.fromkeys(presets.get(name).name for name in graders))


def _regraded(run: Path, graders: Sequence[str], *, quiet: bool, engine: Ray | None = None) -> GraderTable:
    """Grade what these have not graded yet, and lay them beside each other; a full folder is only read."""
    from math500 import grading
    from math500 import regrade as room
    from math500.cluster import grade as spread
    from math500.rundir import RunDir, RunWriter

    names = [room.kept_as(name) for name in graders]
    there = RunDir.open(run)
    if room.graded_by(there, graders):
        return room.table(there, names)
    with RunWriter(run) as writer:
        try:
            for name in graders:
                progress = _Progress(name, quiet)
                if engine is None:
                    room.regrade(writer, name, progress)
                else:
                    spread.regrade(writer, name, engine, progress)
        finally:
            grading.shutdown()
        return room.table(writer, names)


class _Progress:
    """Says every few seconds how far a grader is; one that is done sooner is not worth a line."""

    def __init__(self, name: str, quiet: bool) -> None:
        self.name = name
        self.quiet = quiet
        self.said = time.monotonic()

    def __call__(self, done: int, of: int) -> None:
        """Say it when it is time to."""
        if not self.quiet and time.monotonic() > self.said + EVERY:
            self.said = time.monotonic()
            say(f"{self.name}: {done:,} of {of:,}")
