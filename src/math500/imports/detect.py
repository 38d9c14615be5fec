"""Which harness wrote a log, told from what is in it and not from its name.

A folder is searched for the files that its harness writes. What could be two things, or nothing, is refused
with what was looked for; `--format` decides then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from math500.errors import DataNotFound, DataUnreadable, UsageError
from math500.imports import lmeval, simple
from math500.imports.log import Log
from math500.imports.rows import Row, content, json_lines


@dataclass(frozen=True, slots=True)
class Format:
    """A harness' log format.

    Attributes:
        name: as `--format` takes it.
        what: the files, for help and messages.
        read: the files into a log.
        files: which names in a folder are such files.
        row: whether a JSONL file's first row is one of this format's; None for formats of other files.
    """

    name: str
    what: str
    read: Callable[[Sequence[Path]], Log]
    files: tuple[str, ...]
    row: Callable[[Row], bool] | None = None


FORMATS: tuple[Format, ...] = (
    Format("lm-eval", "samples_*.jsonl", lmeval.read, ("samples_*.jsonl",), lmeval.matches),
    Format("jsonl", "rows with problem, response and answer", simple.read, ("*.jsonl",), simple.matches),
)
"""In the order of detection: a row that two of them could read is the first one's."""


def names() -> tuple[str, ...]:
    """The formats' names."""
    return tuple(each.name for each in FORMATS)


def get(name: str) -> Format:
    """The format of this name.

    Raises:
        UsageError: there is none.
    """
    for each in FORMATS:
        if each.name == name:
            return each
    raise UsageError(f"there is no log format {name!r}", f"Use one of: auto, {', '.join(names())}.")


def of(path: Path) -> Format:
    """The format of a file.

    Raises:
        DataNotFound: there is no such file.
        DataUnreadable: it is no log that is known.
    """
    start = content(path)[:4]
    first = next(iter(json_lines(path)), None)
    if first is None:
        raise DataUnreadable(f"{path} is empty", "Give a log with at least one response.")
    for each in FORMATS:
        if each.row is not None and each.row(first[1]):
            return each
    fields = ", ".join(list(first[1])[:8])
    raise _unsure(path, f"its first row has the fields {fields}") if start else _unsure(path, "it is empty")


def files(paths: Sequence[Path], wanted: str) -> list[Path]:
    """The files to read: as given, or the log files of a folder.

    Raises:
        UsageError: a folder holds several evaluations.
        DataNotFound: a folder holds no log.
    """
    found: list[Path] = []
    for path in paths:
        found.extend(_inside(path, wanted) if path.is_dir() else [path])
    return found


def _inside(folder: Path, wanted: str) -> list[Path]:
    for each in FORMATS if wanted == "auto" else (get(wanted),):
        inside = sorted({path for pattern in each.files for path in folder.rglob(pattern)})
        if len(inside) == 1:
            return inside
        if inside:
            names_ = ", ".join(str(path.relative_to(folder)) for path in inside[:6])
            raise UsageError(
                f"{folder} holds {len(inside)} {each.name} logs ({names_})",
                "Name the one to import, or several that belong to one evaluation.",
            )
    raise DataNotFound(
        f"{folder} holds no log", "Looked for: " + "; ".join(f"{f.what} ({f.name})" for f in FORMATS) + "."
    )


def _unsure(path: Path, why: str) -> DataUnreadable:
    known = ", ".join(names())
    return DataUnreadable(
        f"{path} is no log that is known: {why}", f"Say what it is with --format, one of {known}."
    )
