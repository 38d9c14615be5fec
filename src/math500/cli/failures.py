"""Failures: the samples that are not correct, sorted by why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from math500.cli.options import FILE, JSON, print_json, print_text, say
from math500.errors import UsageError
from math500.plural import counted

if TYPE_CHECKING:
    from pathlib import Path

    from math500.failures.choose import Choice
    from math500.records import Reason
    from math500.rundir import RunDir

LISTED = 20
"""Samples listed when failures are chosen, or two runs compared, and --list is not given."""


@click.command()
@click.argument("run", type=FILE)
@click.option(
    "--against", type=FILE, metavar="EARLIER", help="An earlier run: what is fixed and what is new since."
)
@click.option("--reason", "reasons", multiple=True, help="Only this one, such as loop or near_miss/sign.")
@click.option("--subject", "subjects", multiple=True, help="Only this subject; may be repeated.")
@click.option("--level", "levels", type=int, multiple=True, help="Only this level; may be repeated.")
@click.option(
    "--list",
    "most",
    type=click.IntRange(0),
    metavar="N",
    help=f"List N samples with what shows their reason.  [default: {LISTED} of chosen ones, else 0]",
)
@click.option(
    "--export",
    "archive",
    type=FILE,
    metavar="ZIP",
    help="Write them as JSONL, CSV and Markdown, with the page.",
)
@click.option("--grader", help="Whose grades, such as `math500/1`.  [default: the current grader's]")
@JSON
def errors(
    run: Path,
    against: Path | None,
    reasons: tuple[str, ...],
    subjects: tuple[str, ...],
    levels: tuple[int, ...],
    most: int | None,
    archive: Path | None,
    grader: str | None,
    as_json: bool,
) -> None:
    """Show why samples of a run are not correct, each with one reason and what shows it.

    No model is asked. What each reason means is in docs/failures.md.
    """
    from math500 import failures
    from math500.failures.choose import choice
    from math500.rundir import RunDir

    opened = RunDir.open(run)
    name = failures.grader_of(opened, grader)
    chosen = choice(opened, reasons, subjects, levels)
    if against is not None:
        if archive is not None:
            raise UsageError(
                "--export writes one run's failures, and --against compares two", "Leave out one."
            )
        _compare(RunDir.open(against), opened, grader, chosen, LISTED if most is None else most, as_json)
        return
    every = _explain(opened, name)
    listed = chosen.of(every, opened.problems())
    tally = failures.tally(opened, every, grader=name, within=chosen.has)
    if archive is not None:
        from math500 import report
        from math500.failures import export
        from math500.report import maths

        page = report.page([report.facts(opened)], katex=maths.renderer(say))
        export.write(opened, listed, tally, archive, chosen=str(chosen), more={"report.html": page.encode()})
        say(f"{counted(len(listed), 'failure')} written to {archive}")
    if as_json:
        print_json({"tally": tally, "reasons": listed, "archive": str(archive) if archive else None})
        return
    if most is None:
        most = 0 if chosen.everything else LISTED
    from math500 import display

    print_text(display.failures(tally, str(run), failures.MEANING))
    if most:
        print_text("\n" + display.reasons(listed, most, several=opened.manifest.samples > 1))
    elif tally.counts:
        print_text(
            f"\nNext: read them: `math500 errors {run} --list {LISTED}`, or all: `math500 report {run}`"
        )


def _explain(run: RunDir, grader: str) -> tuple[Reason, ...]:
    from math500 import failures

    return failures.explain(run, grader=grader, others=failures.other_graders(run, grader))


def _compare(
    before: RunDir, after: RunDir, grader: str | None, chosen: Choice, most: int, as_json: bool
) -> None:
    from math500 import display, failures

    both = [_explain(each, failures.grader_of(each, grader)) for each in (before, after)]
    found = chosen.of_changes(failures.changes(before, after, *both), after.problems())
    if as_json:
        print_json(found)
        return
    names = (str(before.path), str(after.path))
    print_text(display.changes(found, most, names=names, several=before.manifest.samples > 1))
