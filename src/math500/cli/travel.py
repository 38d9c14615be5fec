"""A run folder on its way to others: verify."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from math500.cli.options import FILE, JSON, print_json, print_text, say

if TYPE_CHECKING:
    from pathlib import Path


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
@click.argument("folder", type=FILE)
@click.option("--seal", default="", metavar="HEX", help="The fingerprint that the run's seal must have.")
@JSON
def verify(folder: Path, seal: str, as_json: bool) -> None:
    """Derive every figure of a run folder again from its samples, and say what differs.

    Nothing is fetched and no model is asked. Ends with 0 where nothing differs, else with 8.
    """
    from math500 import grading
    from math500 import verify as room
    from math500.display.verify import verified

    try:
        result = room.verify(folder, seal=seal, on_grade=_Progress())
    finally:
        grading.shutdown()
    print_json(result) if as_json else print_text(verified(result))
    room.require_same(result)
