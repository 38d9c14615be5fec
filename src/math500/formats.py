"""Formats: what a folder is and which version its files have, looked at before anything else is read.

    RUN/manifest.json   run        SET/manifest.json        training set
    RUN/gap.json        gap        TRAINING/training.json   training
    RUN/judges/*.json   judge      pack.json                archive of a run

A format rises when an older math500 would misread what a newer one writes. New fields with a default do not
raise it. So a newer format may hold what the older record cannot even be decoded from: the number is read on
its own first, and what is newer is told in one line, not as damage. Older formats are read for good, and what
is appended to a folder is in its own. A file without a number has format 1.

    run 2   a sample's `response` is left out where it is the text of its last completion (rundir.py)

docs/formats.md lists every file and the promise; tests/formats holds folders of every format.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from math500.errors import Math500Error

RUN = 2
GAP = 1
JUDGE = 1
TRAINING_SET = 1
TRAINING = 1
ARCHIVE = 1


A_RUN = "a run's folder"
KINDS = {
    "problems.jsonl": A_RUN,
    "rows.jsonl": "a training set",
    "draft.json": "a training set that is not finished",
    "training.json": "a training's folder",
    "experiment.json": "a study's folder; each cell in it is a run folder",
}
"""What a folder is that holds this file: a run and a training set both have a manifest.json."""


class _Head(msgspec.Struct):
    """What every file that has a format says, in all of them."""

    format: int = 1
    math500_version: str = ""


def kind(folder: Path) -> str:
    """What math500 has made of a folder, in words; empty where it has not made it."""
    return next((words for name, words in KINDS.items() if (folder / name).is_file()), "")


def require(content: bytes, newest: int, path: Path, error: type[Math500Error]) -> None:
    """Do nothing if this math500 reads the format of a file; a file that is damaged is its reader's matter.

    Args:
        content: the file's, as JSON.
        newest: the newest format of its kind that is read here.
        path: what to name in the error.
        error: the class to raise.

    Raises:
        Math500Error: it was written in a newer format.
    """
    try:
        head = msgspec.json.decode(content, type=_Head)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return
    if head.format > newest:
        raise error(
            f"{path} was written by a newer math500 ({head.math500_version or 'unknown'}), in format "
            f"{head.format}; this one reads up to format {newest}",
            "Upgrade math500: pip install --upgrade math500.",
        )
