"""Pages: report, view."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from math500.cli.options import FILE, JSON, print_json, say

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from math500.report import Facts


@click.command()
@click.argument("runs", type=FILE, nargs=-1, required=True)
@click.option("--out", type=FILE, help="Where to write.  [default: report.html in the first run's folder]")
@click.option("--plots", type=FILE, metavar="FOLDER", help="Write the plots there too, as SVG and PNG.")
@click.option("--open", "opened", is_flag=True, help="Open the page in the browser.")
@JSON
def report(runs: tuple[Path, ...], out: Path | None, plots: Path | None, opened: bool, as_json: bool) -> None:
    """Write a run, or several, as one page that needs no network.

    The score and its protocol, where and why the model fails, and every response to look into. With
    several runs the others are compared with the first.
    """
    from math500 import report as room
    from math500.report import files, maths
    from math500.rundir import RunDir

    shown = [room.facts(RunDir.open(path)) for path in runs]
    target = out or shown[0].run.report
    files.write(target, room.page(shown, katex=maths.renderer(say)).encode())
    pictures = _plots(shown, plots) if plots is not None else []
    if as_json:
        print_json({"page": str(target), "bytes": target.stat().st_size, "plots": [str(p) for p in pictures]})
    else:
        for path in (target, *pictures):
            click.echo(path)
    if opened:
        click.launch(str(target))


def _plots(shown: Sequence[Facts], folder: Path) -> list[Path]:
    from math500.report import files

    written: list[Path] = []
    for i, of in enumerate(shown):
        written += files.plots(of, folder if len(shown) == 1 else folder / f"{i + 1}-{files.name(of)}")
    return written


@click.command()
@click.argument("runs", type=FILE, nargs=-1, required=True)
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Listen here.  [default: the first free one from 8500]"
)
@click.option("--open", "opened", is_flag=True, help="Open the page in the browser.")
@JSON
def view(runs: tuple[Path, ...], port: int | None, opened: bool, as_json: bool) -> None:
    """Serve the page of a run, or several, while it goes on; Ctrl-C ends it.

    The page follows the run. It can be reached from this machine only.
    """
    from math500.report import live, maths

    def ready(url: str) -> None:
        print_json({"url": url}) if as_json else click.echo(f"{url}  (Ctrl-C ends it)")
        if opened:
            click.launch(url)

    live.serve(runs, port=port, katex=maths.renderer(say), ready=ready)
