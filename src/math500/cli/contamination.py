"""Signs that a model has seen the problems."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from math500.cli.options import FILE, JSON, print_json, print_text, say
from math500.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.argument("run", type=FILE, required=False)
@click.option("--control", type=FILE, help="A probe of problems that the model cannot know.")
@click.option("--perturbed", type=FILE, help="RUN is an ordinary run; this one is over changed problems.")
@click.option("--links", type=FILE, help="With --perturbed: its problem set, with ids of the originals.")
@click.option("--link-field", default="original_id", show_default=True, help="Where --links has them.")
@click.option("--model", help="Without RUN: whom to ask for completions.")
@click.option("--base-url", help="Its endpoint.")
@click.option("--data", default="math500", show_default=True, help="A known set or a file.")
@click.option("--limit", type=click.IntRange(1), help="Problems.  [default: all]")
@click.option(
    "--shuffle",
    "--shuffle-seed",
    "shuffle_seed",
    type=int,
    metavar="SEED",
    help="With --limit: a seeded sample.",
)
@click.option("--max-tokens", type=click.IntRange(1), default=128, show_default=True)
@click.option("--concurrency", type=click.IntRange(1), help="Requests in flight.")
@click.option("--out", type=FILE, help="The probe's run folder.")
@click.option("--quiet", is_flag=True, help="No progress.")
@JSON
def contamination(
    run: Path | None,
    control: Path | None,
    perturbed: Path | None,
    links: Path | None,
    link_field: str,
    model: str | None,
    base_url: str | None,
    data: str,
    limit: int | None,
    shuffle_seed: int | None,
    max_tokens: int,
    concurrency: int | None,
    out: Path | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Show signs that a model has seen a problem set; none of them is a proof.

    With --model it is asked, greedily, for the rest of each problem from its first 60 %; RUN is such a probe
    again. With --perturbed the scores of two ordinary runs are compared in pairs.
    """
    from math500 import contamination as room
    from math500.display import contamination as show
    from math500.records import Decoding
    from math500.rundir import RunDir
    from math500.running import Request

    if (run is None) == (model is None):
        raise UsageError("a run folder or --model is needed, and not both", "Give one of the two.")
    if (perturbed is None) != (links is None):
        raise UsageError("--perturbed and --links need each other", "Give both.")
    if perturbed is not None and links is not None:
        if run is None or control is not None:
            raise UsageError("--perturbed needs a RUN, and no --control", "Give the run of the originals.")
        found = room.beside(RunDir.open(run), RunDir.open(perturbed), room.links(links, link_field))
    else:
        if model is not None:
            request = Request(
                model=model,
                base_url=base_url,
                data=data,
                limit=limit,
                shuffle_seed=shuffle_seed,
                decoding=Decoding(max_tokens=max_tokens),
                concurrency=concurrency,
                out=out,
                command=tuple(sys.argv[1:]),
            )
            run = room.ask(request, say=say, quiet=quiet)
        assert run is not None  # noqa: S101 - one of the two was given
        beside = None if control is None else room.read(RunDir.open(control))
        if control is not None:
            room.require_control(RunDir.open(run), RunDir.open(control))
        found = room.against(room.read(RunDir.open(run)), beside)
    print_json(found) if as_json else print_text(show.contamination(found))
