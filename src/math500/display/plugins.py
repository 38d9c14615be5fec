"""What other packages bring, beside math500's own."""

from __future__ import annotations

from collections.abc import Sequence

from math500.display.tables import table
from math500.records import Plugin


def origin(plugin: Plugin) -> str:
    """Where it comes from."""
    return f"from {plugin.package} {plugin.version}"


def plugins(rows: Sequence[tuple[Plugin, str]]) -> str:
    """Each with its package, and what is wrong with it."""
    if not rows:
        return "No installed package brings anything to math500. How to write one: docs/plugins.md"
    head = ("kind", "name", "package", "where", "")
    lines = ((p.kind, p.name, f"{p.package} {p.version}", p.target, state) for p, state in rows)
    return table([head, *lines], head=True)
