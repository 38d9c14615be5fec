"""A plot as a file, SVG or PNG by the file's name."""

from __future__ import annotations

from pathlib import Path

from math500.errors import RunError, StorageFull, UsageError, disk_is_full
from math500.plots.png import png


def save(svg: str, path: Path) -> None:
    """Write a plot; as PNG where the name ends in `.png`, as SVG where it ends in `.svg`.

    Raises:
        UsageError: it ends otherwise.
        DependencyMissing: PNG needs the extra `plots`.
        RunError: the file cannot be written.
        StorageFull: no space is left.
    """
    if path.suffix.lower() not in (".svg", ".png"):
        raise UsageError(f"{path} is no name of a plot", "Give one that ends in .svg or .png.")
    content = png(svg) if path.suffix.lower() == ".png" else svg.encode()
    try:
        path.write_bytes(content)
    except OSError as e:
        if disk_is_full(e):
            raise StorageFull(f"the disk is full, writing {path}", "Free some space, then try again.") from e
        raise RunError(f"{path} cannot be written ({e.strerror})", "Check the path.") from e
