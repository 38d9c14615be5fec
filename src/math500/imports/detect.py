"""Which harness wrote a log, told from what is in it and not from its name.

A folder is searched for the files that each harness writes. What could be two things, or nothing, is refused
with what was looked for; `--format` decides then.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from math500 import formats
from math500.errors import DataNotFound, DataUnreadable, UsageError
from math500.imports import evalscope, inspect_ai, lighteval, lmeval, opencompass, simple
from math500.imports.log import Log
from math500.imports.rows import Row, content, json_lines, json_of, mapping


def _never(_: object) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Format:
    """A harness' log format.

    Attributes:
        name: as `--format` takes it.
        files: which names in a folder are such files.
        read: the files into a log.
        magic: what the file's bytes begin with; "" for text.
        row: whether the first row of JSON lines is one of this format's.
        whole: whether a file that is one JSON value is of this format.
    """

    name: str
    files: str
    read: Callable[[Sequence[Path]], Log]
    magic: bytes = b""
    row: Callable[[dict[str, object]], bool] = _never
    whole: Callable[[object], bool] = _never


FORMATS: tuple[Format, ...] = (
    Format("lm-eval", "samples_*.jsonl", lmeval.read, row=lmeval.matches),
    Format("inspect", "*.eval", inspect_ai.read, magic=b"PK\x03\x04", whole=inspect_ai.matches),
    Format("lighteval", "details_*.parquet", lighteval.read, magic=b"PAR1"),
    Format("evalscope", "reviews/*/*.jsonl", evalscope.read, row=evalscope.matches),
    Format("opencompass", "predictions/*/*.json", opencompass.read, whole=opencompass.matches),
    Format("jsonl", "*.jsonl", simple.read, row=simple.matches),
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
    data = content(path)
    if not data.strip():
        raise DataUnreadable(f"{path} is empty", "Give a log with at least one response.")
    for each in FORMATS:
        if each.magic and data.startswith(each.magic):
            return each
    value: object = None
    if _is_one_value(data):
        value = json_of(data, str(path))
        found = [
            each for each in FORMATS if each.whole(value) or (isinstance(value, dict) and each.row(value))
        ]
        what = f"it holds one JSON value with the fields {', '.join(list(mapping(value))[:8]) or 'of a list'}"
    else:
        _, row = next(json_lines(path))
        found = [each for each in FORMATS if each.row(dict(row))]
        what = f"its first row has the fields {', '.join(list(row)[:8])}"
    if not found:
        _explain_near_misses(path, mapping(value))
        raise DataUnreadable(
            f"{path} is no log that is known: {what}",
            f"Say what it is with --format, one of {', '.join(names())}.",
        )
    return found[0]


def _explain_near_misses(path: Path, value: Row) -> None:
    """Files that lie beside a log and are easily taken for it.

    Raises:
        DataUnreadable: it is one of them.
    """
    if {"results", "versions", "config"} <= value.keys():
        raise DataUnreadable(
            f"{path} holds lm-eval's totals and no responses",
            "Give the samples_*.jsonl beside it; lm-eval writes it with --log_samples.",
        )
    if {"results", "config_general"} <= value.keys():
        raise DataUnreadable(
            f"{path} holds lighteval's totals and no responses",
            "Give the details_*.parquet; lighteval writes it with --save-details.",
        )
    if "accuracy" in value:
        raise DataUnreadable(
            f"{path} holds totals and no responses", "Give OpenCompass' predictions/MODEL/SET.json."
        )


def _is_one_value(data: bytes) -> bool:
    """Whether the file is one JSON value and not a row on each line."""
    first, _, rest = data.strip().partition(b"\n")
    try:
        value = json.loads(first)
    except ValueError:
        return first.strip() in (b"{", b"[")
    return not rest.strip() and isinstance(value, dict)


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
    if (folder / "manifest.json").is_file():
        kind = formats.kind(folder)
        if kind and kind != formats.A_RUN:
            raise UsageError(f"{folder} is {kind}", "Give the log of another harness.")
        raise UsageError(f"{folder} is a run folder already", f"See it with: math500 show {folder}")
    for each in FORMATS if wanted == "auto" else (get(wanted),):
        inside = sorted(folder.rglob(each.files))
        if len(inside) == 1 or (inside and len({_evaluation(path) for path in inside}) == 1):
            return inside
        if inside:
            listed = ", ".join(str(path.relative_to(folder)) for path in inside[:6])
            raise UsageError(
                f"{folder} holds {len(inside)} {each.name} logs ({listed})",
                "Name the one to import, or several that belong to one evaluation.",
            )
    looked = "; ".join(f"{each.files} ({each.name})" for each in FORMATS)
    raise DataNotFound(f"{folder} holds no log", f"Looked for: {looked}.")


def _evaluation(path: Path) -> tuple[Path, str]:
    """What the parts of one evaluation share: evalscope's levels, OpenCompass' numbered parts."""
    return path.parent, re.sub(r"_(?:Level )?\d+$", "", path.stem)
