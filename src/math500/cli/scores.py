"""Published scores: look up, look into a number, check claims, add a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from math500.cli.options import FILE, JSON, print_json, print_text, say
from math500.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


class Lookup(click.Group):
    """A group whose first word is a model's name unless it is a command."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command, or `show` with the name."""
        known = args and self.get_command(ctx, args[0]) is not None
        return super().resolve_command(ctx, args if known else ["show", *args])


@click.group(cls=Lookup, invoke_without_command=True, subcommand_metavar="[MODEL | COMMAND [ARGS]...]")
@JSON
@click.pass_context
def scores(context: click.Context, as_json: bool) -> None:
    """Show published scores: of all models, or of one by any of its names.

    `math500 scores qwen2.5-72b-instruct` shows one model's scores and the settings that differ.
    """
    if context.invoked_subcommand is not None:
        return
    from math500 import scores as room
    from math500.display import scores as show

    rows = room.rows()
    print_json(rows) if as_json else print_text(show.overview(rows))


@scores.command(hidden=True)
@click.argument("name", nargs=-1, required=True)
@JSON
def show(name: tuple[str, ...], as_json: bool) -> None:
    """Show one model's scores across reporters."""
    from math500 import scores as room
    from math500.display import scores as show

    typed = " ".join(name)
    found = room.find(typed)
    if found is None:
        near = ", ".join(room.near(typed, room.rows())[:3])
        raise UsageError(
            f"nothing is published of {typed!r} here",
            f"The nearest names are {near}." if near else "See all of them with: math500 scores",
        )
    print_json(found) if as_json else print_text(show.model(found))


@scores.command()
@click.argument("score")
@click.option("--n", type=click.IntRange(1), help="Problems that it is said to be of.")
@JSON
def what(score: str, n: int | None, as_json: bool) -> None:
    """Say what a score alone tells: possible on which set, and whose it is."""
    from math500 import scores as room
    from math500.display import scores as show

    found = room.what(_score(score), n)
    print_json(found) if as_json else print_text(show.forensics(found))


def _score(text: str) -> str:
    typed = text.strip().rstrip("%").strip()
    try:
        fine = 0 <= float(typed) <= 100
    except ValueError:
        fine = False
    if not fine:
        raise UsageError(f"{text!r} is no score", "Give it in percent as printed, such as 75.16.")
    return typed


@scores.command()
@click.argument("file", type=FILE)
@JSON
def check(file: Path, as_json: bool) -> None:
    """Check a table of claimed scores: a CSV file with the columns model and score."""
    from math500 import scores as room
    from math500.display import scores as show
    from math500.scores import claims

    found = [room.check(c["model"], c["score"], c["data"]) for c in claims.read(file)]
    print_json(found) if as_json else print_text(show.claims(found))


@scores.command()
@click.option("--model", required=True, help="The hub's id, or owner/api-name.")
@click.option("--score", required=True, help="In percent, as printed.")
@click.option("--source", required=True, help="The title of what it stands in.")
@click.option("--ref", required=True, help="Where that is to be found: arXiv number, address, file and line.")
@click.option("--reporter", required=True, help="vendor:WHO or third_party:WHO.")
@click.option("--data", type=click.Choice(["MATH-500", "MATH-5000"]), default="MATH-500", show_default=True)
@click.option("--called", help="What the source calls the model.  [default: its id]")
@click.option("--date", default="", help="Of the source, such as 2025-01-22.")
@click.option(
    "--confidence",
    type=click.Choice(["verified", "secondary", "memory"]),
    default="verified",
    show_default=True,
    help="Seen in the source, quoted by somebody, or remembered.",
)
@click.option("--metric", default="", help="Such as greedy, or `pass@1 avg of 16`.")
@click.option("--shots", default="")
@click.option("--cot", default="")
@click.option("--temperature", default="")
@click.option("--top-p", default="")
@click.option("--max-tokens", default="")
@click.option("--samples", default="")
@click.option("--prompt", default="")
@click.option("--grader", default="")
@JSON
def add(as_json: bool, called: str | None, score: str, **fields: Any) -> None:  # noqa: ANN401 - all are texts
    """Add a published score with its source to your own file, which every look-up reads."""
    from math500 import scores as room
    from math500.records import PublishedScore

    row = PublishedScore(called=called or fields["model"], score=_score(score), **fields)
    path = room.add(row)
    print_json(row) if as_json else print_text(f"{row.model} {row.score} added to {path}")
    say("To share it, put the block into src/math500/scores/published.toml and propose the change.")
