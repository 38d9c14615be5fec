"""What well-known configurations of other harnesses set, since their result tables do not say it.

The rows are in harnesses.csv, each with the file it was read from. `find` takes a name or a part of one, such
as the version that OpenCompass prints beside a score (`393424`).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from math500.errors import UsageError

FIELDS = ("data", "shots", "prompt", "token limit", "decoding", "grader")


@dataclass(frozen=True)
class Harness:
    """One configuration of one harness."""

    name: str
    harness: str
    protocol: dict[str, str]
    note: str
    source: str
    reported: str
    """A score that is known to have been made with it, as `model=score`; empty where none is."""


@cache
def known() -> tuple[Harness, ...]:
    """Every configuration that is on record."""
    text = files("math500.gap").joinpath("harnesses.csv").read_text(encoding="utf-8")
    return tuple(
        Harness(
            name=row["name"],
            harness=row["harness"],
            protocol={field: row[field] for field in FIELDS if row[field]},
            note=row["note"],
            source=row["source"],
            reported=row["reported"],
        )
        for row in csv.DictReader(text.splitlines())
    )


def find(text: str) -> Harness:
    """The configuration of this name, or whose name holds this text.

    Raises:
        UsageError: none is known by it, or several are.
    """
    wanted = text.casefold().strip()
    exact = [h for h in known() if h.name.casefold() == wanted]
    found = exact or [h for h in known() if wanted and wanted in f"{h.harness} {h.name}".casefold()]
    if len(found) == 1:
        return found[0]
    names = ", ".join(h.name for h in found or known())
    what = "is not on record" if not found else "means several"
    raise UsageError(f"the configuration {text!r} {what}", f"Use one of: {names}.")


def behind(model: str, score: float) -> Harness | None:
    """The configuration that this very score of this model was reported with, where that is on record.

    Args:
        model: as typed.
        score: in percent.
    """
    wanted = _plain(model)
    for harness in known():
        name, _, value = harness.reported.partition("=")
        if value and float(value) == round(score, 2) and _plain(name) in wanted:
            return harness
    return None


def _plain(name: str) -> str:
    return "".join(c for c in name.casefold() if c.isalnum())
