"""What other packages bring: prompts, solvers, graders and data sets, by entry points.

    math500.prompts   a `records.Prompt`
    math500.solvers   a function: prompt and decoding to a `solve.Solver`
    math500.graders   a `grading.presets.Preset`
    math500.data      a function without arguments to the path of a file of problems

The names of what is installed are read from the packages' metadata. A plugin itself is imported when it is
asked for by its name, or listed, and never by another command. One that cannot be used is an error that names
it and its package. math500's own names always mean its own; of two packages with one name neither is taken.

An engine needs no plugin: whatever speaks the OpenAI-compatible protocol is reached by --base-url.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import sys
from collections.abc import Iterator
from typing import Any, Literal

from math500.errors import PluginBroken, UsageError
from math500.records import Plugin

Kind = Literal["prompts", "solvers", "graders", "data"]
KINDS: tuple[Kind, ...] = ("prompts", "solvers", "graders", "data")


def found(kind: Kind) -> Iterator[Plugin]:
    """What is installed of a kind, by name; nothing is imported."""
    for entry in sorted(_entries(kind), key=lambda e: (e.name, e.value)):
        yield _plugin(kind, entry)


def names(kind: Kind) -> tuple[str, ...]:
    """The names of a kind, each once."""
    return tuple(dict.fromkeys(plugin.name for plugin in found(kind)))


def known(kind: Kind, name: str) -> Plugin | None:
    """The plugin of this name, or None where no package brings one.

    Raises:
        UsageError: two packages bring one.
    """
    there = [plugin for plugin in found(kind) if plugin.name == name]
    if len({plugin.package for plugin in there}) > 1:
        both = " and ".join(f"{plugin.package} {plugin.version}" for plugin in there)
        raise UsageError(f"{both} both bring {name!r} ({kind})", "Uninstall one of them.")
    return there[0] if there else None


def load(plugin: Plugin) -> Any:  # noqa: ANN401 - each kind is another thing; its room checks it
    """The thing itself.

    Raises:
        PluginBroken: it cannot be imported.
    """
    (entry, *_) = (e for e in _entries(plugin.kind) if e.name == plugin.name and e.value == plugin.target)
    try:
        # What it prints is for a person to read, and no part of what a command puts out.
        with contextlib.redirect_stdout(sys.stderr):
            return entry.load()
    except (Exception, SystemExit) as e:  # its import can raise anything
        raise broken(plugin, f"{type(e).__name__}: {e}") from e


def broken(plugin: Plugin, why: str) -> PluginBroken:
    """The error that says that a plugin cannot be used."""
    what = (
        f"{plugin.name!r} of the package {plugin.package} {plugin.version} ({plugin.target}) cannot be used"
    )
    return PluginBroken(f"{what}: {' '.join(why.split())}", f"Upgrade or uninstall {plugin.package}.")


def _entries(kind: Kind) -> importlib.metadata.EntryPoints:
    return importlib.metadata.entry_points(group=f"math500.{kind}")


def _plugin(kind: Kind, entry: importlib.metadata.EntryPoint) -> Plugin:
    made = entry.dist
    return Plugin(
        kind=kind,
        name=entry.name,
        package="" if made is None else made.name,
        version="" if made is None else made.version,
        target=entry.value,
    )
