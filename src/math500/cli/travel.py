"""A run folder on its way to others: verify, pack, unpack, export."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

import click

from math500.cli.options import FILE, JSON, print_json, print_text, say
from math500.plural import counted

if TYPE_CHECKING:
    from pathlib import Path

    from math500.rundir import RunDir


EVERY = 3.0
"""Seconds between two lines of progress."""


class _Progress:
    """Says every few seconds how far a grader is."""

    def __init__(self) -> None:
        self.said = time.monotonic()

    def __call__(self, grader: str, done: int, of: int) -> None:
        if time.monotonic() > self.said + EVERY:
            self.said = time.monotonic()
            say(f"{grader}: {done:,} of {of:,} given again")


@click.command()
@click.argument("run", type=FILE)
@click.option("--seal", default="", metavar="HEX", help="The fingerprint that the run's seal must have.")
@JSON
def verify(run: Path, seal: str, as_json: bool) -> None:
    """Derive every figure of a run folder, or of its archive, again from its samples, and say what differs.

    Nothing is fetched and no model is asked. Ends with 0 where nothing differs, else with 8.
    """
    from math500 import grading
    from math500 import pack as archives
    from math500 import verify as room
    from math500.display.verify import verified

    with archives.opened(run) if run.is_file() else contextlib.nullcontext(run) as folder:
        try:
            result = room.verify(folder, seal=seal, on_grade=_Progress())
        finally:
            grading.shutdown()
        if run.is_file():
            result = room.elsewhere(result, str(folder), folder.name)
    print_json(result) if as_json else print_text(verified(result))
    room.require_same(result)


@click.command()
@click.argument("run", type=FILE)
@click.option("--out", type=FILE, help="Where to write.  [default: RUN.tar.gz]")
@click.option(
    "--without-texts", is_flag=True, help="Leave out the problems' texts, which are not yours to publish."
)
@click.option(
    "--without-responses",
    is_flag=True,
    help="Leave out the model's words for good; lengths and hashes stay, and the score can be derived again.",
)
@JSON
def pack(run: Path, out: Path | None, without_texts: bool, without_responses: bool, as_json: bool) -> None:
    """Write a run folder as one archive, with its checksum in a file beside it.

    The same folder gives the same bytes. `math500 verify` reads the archive as it reads the folder.
    """
    from math500 import pack as room
    from math500.rundir import RunDir

    opened = RunDir.open(run)
    path = out or run.resolve().with_name(f"{run.resolve().name}{room.ENDING}")
    packed = room.pack(opened, path, texts=not without_texts, responses=not without_responses)
    parts = {"the problems' texts": packed.texts_left_out, "the responses": packed.responses_left_out}
    left = " and ".join(name for name, out in parts.items() if out)
    print_json(packed) if as_json else click.echo(path)
    say(
        f"{counted(len(packed.files), 'file')}{left and f' without {left}'}; its checksum is in {path}.sha256"
    )


@click.command()
@click.argument("archive", type=FILE)
@click.option("--out", type=FILE, help="The run folder.  [default: the archive's name, here]")
@click.option("--without-texts", is_flag=True, help="Do not put back texts that were left out.")
@JSON
def unpack(archive: Path, out: Path | None, without_texts: bool, as_json: bool) -> None:
    """Take a run folder out of its archive; what is no run folder is refused.

    Texts that were left out are put back out of the data set, which is fetched where it is not in the cache.
    """
    from math500 import pack as room

    folder = room.folder_of(archive) if out is None else out
    packed = room.unpack(archive, folder, None if without_texts else room.from_sets)
    print_json(packed) if as_json else click.echo(folder)


@click.command()
@click.argument("folder", type=FILE)
@click.option(
    "--to",
    type=click.Choice(["lm-eval", "card", "hub", "mlflow", "wandb"]),
    default="lm-eval",
    show_default=True,
    help="lm-eval's logs, a table for a model card, the hub's evaluation results, or a tracker.",
)
@click.option("--out", type=FILE, help="The folder to write to.  [default: FOLDER/lm-eval, /card, /hub]")
@click.option("--task-id", default="default", show_default=True, help="For the hub: of the set's eval.yaml.")
@click.option("--source", default="", metavar="URL", help="For the hub: where the run can be seen.")
@JSON
def export(folder: Path, to: str, out: Path | None, task_id: str, source: str, as_json: bool) -> None:
    """Write a run's score in another place's form; nothing is uploaded but by a tracker's own library."""
    from math500.rundir import RunDir

    run = RunDir.open(folder)
    if to == "lm-eval":
        from math500.lmeval import logs

        written = [str(path) for path in logs.write(run, out or folder / "lm-eval")]
    else:
        written = _exported(run, to, out or folder / to, task_id, source)
    print_json(written) if as_json else click.echo("\n".join(written))


def _exported(run: RunDir, to: str, folder: Path, task_id: str, source: str) -> list[str]:
    """Where it went."""
    from math500 import exports
    from math500.rundir import store

    known = exports.facts(run)
    if to == "hub":
        return [str(path) for path in exports.hub.write(known, folder, task=task_id, source=source)]
    if to == "card":
        store(folder / "card.md", exports.card(known).encode())
        return [str(folder / "card.md")]
    return [exports.loggers.mlflow(known) if to == "mlflow" else exports.loggers.wandb(known)]
