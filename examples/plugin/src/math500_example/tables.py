"""A data set: twelve lines of the multiplication tables, in a file beside this one."""

from __future__ import annotations

from pathlib import Path


def path() -> Path:
    """Where its rows are."""
    return Path(__file__).with_name("tables.jsonl")
