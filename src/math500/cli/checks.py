"""Checks before money is spent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from math500.cli.options import FILE, JSON, print_json, print_text, say

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.option(
    "--data", "data_name", default="math500", show_default=True, help="A problem set's name, or a file."
)
@click.option("--prompt-file", type=FILE, help="Your own prompt, checked beside the others.")
@JSON
def selftest(data_name: str, prompt_file: Path | None, as_json: bool) -> None:
    """Put an always-right and an always-wrong model through every prompt, the grader and lm-eval.

    All of the right answers must be accepted and none of the wrong ones, before any money is spent.
    """
    from math500 import display
    from math500 import selftest as room

    report = room.run(data_name, prompt_file=prompt_file, say=say)
    print_json(report) if as_json else print_text(display.selftest(report))
    room.require_passed(report)
