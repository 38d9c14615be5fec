"""The command line: parse, call, print; nothing else.

    options.py   what the commands share
    endpoint.py  how an endpoint is asked: options of run and doctor
    run.py       run, show, export
    imports.py   import
    lookup.py    data, prompts
    grading.py   grade
    judge.py     judge
    grading.py   grade, regrade, graders
    explain.py   compare, gap
    failures.py  errors
    report.py    report, view
    checks.py    selftest
    doctor.py    doctor
    scores.py    scores
    solvers.py   solvers
    lmeval.py    lm-eval

Every room is imported by the command that needs it, so that `math500 --help` stays fast.
Exit codes are those of `errors.py`.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from math500 import __version__
from math500.cli import (
    checks,
    doctor,
    explain,
    failures,
    grading,
    imports,
    judge,
    lmeval,
    lookup,
    report,
    run,
    scores,
    solvers,
)
from math500.cli.options import say
from math500.errors import Math500Error

CONTEXT: dict[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(context_settings=CONTEXT)
@click.version_option(__version__, prog_name="math500", message="%(prog)s %(version)s")
def cli() -> None:
    """Reproduce, explain and improve a language model's MATH-500 score.

    Start with `math500 run --limit 20`: a small model that comes with math500 answers 20 problems.
    """


COMMANDS: tuple[click.Command, ...] = (
    run.run,
    run.show,
    run.export,
    imports.import_log,
    grading.grade,
    judge.judge,
    grading.regrade,
    grading.graders,
    explain.compare,
    explain.gap,
    scores.scores,
    solvers.solvers,
    failures.errors,
    report.report,
    report.view,
    checks.selftest,
    doctor.doctor,
    lookup.data,
    lookup.prompts,
    lmeval.lm_eval,
)

for command in COMMANDS:
    cli.add_command(command)


def main() -> None:
    """Run the command line; a user's mistake ends in one line and its exit code."""
    try:
        code = cli(standalone_mode=False)
    except click.ClickException as e:
        e.show()
        code = 2
    except Math500Error as e:
        say(f"math500: {e}")
        code = e.exit_code
    except (KeyboardInterrupt, click.Abort):
        say("math500: stopped by Ctrl-C")
        code = 130
    except BrokenPipeError:
        # The reader (head, less) went away: nothing more can be said to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 141
    sys.exit(code)
