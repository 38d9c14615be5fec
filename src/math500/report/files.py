"""The page and the plots as files."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

from math500 import plots as drawing
from math500.errors import StorageFull, UsageError, disk_is_full
from math500.report.charts import charts
from math500.report.facts import Facts


def write(path: Path, content: bytes) -> None:
    """Write a file in one step: a reader sees the old one or the new one.

    Raises:
        UsageError: the path cannot be written.
        StorageFull: no space left; an old file is intact.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(content)
        temporary.replace(path)
    except OSError as e:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        if disk_is_full(e):
            raise StorageFull(f"the disk is full, writing {path}", "Free some space, then try again.") from e
        raise UsageError(f"{path} cannot be written ({e.strerror})", "Give another path.") from e


def plots(of: Facts, folder: Path) -> list[Path]:
    """Write a run's plots as SVG and PNG; what has nothing to show is left out.

    Raises:
        DependencyMissing: the `plots` extra, which makes the PNG files, is not installed.
    """
    pictures = charts(of)
    pairs = [(name, svg.encode(), drawing.png(svg)) for name, svg in pictures.items()]
    written = []
    for name, svg, png in pairs:
        for path, content in ((folder / f"{name}.svg", svg), (folder / f"{name}.png", png)):
            write(path, content)
            written.append(path)
    return written


def name(of: Facts) -> str:
    """A run's id as a folder's name."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", of.manifest.run_id).strip(".-")[:80] or "run"
