"""Foreign files into plain values, with one clear line for whatever is wrong with them.

JSON is read by the standard library, since harnesses written in Python log `NaN`. Every message
names the file and, where there is one, the line.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from math500.errors import DataNotFound, DataUnreadable, DependencyMissing

Row = Mapping[str, Any]
GZIP = b"\x1f\x8b"
"""How a file begins that gzip wrote."""


def content(path: Path) -> bytes:
    """A file's bytes.

    Raises:
        DataNotFound: there is no such file.
        DataUnreadable: it cannot be read.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError as e:
        raise DataNotFound(f"there is no file {path}", "Check the path.") from e
    except OSError as e:
        kind = "is a folder" if path.is_dir() else f"cannot be read ({e.strerror})"
        raise DataUnreadable(f"{path} {kind}", "Give a log file.") from e
    if data.startswith(GZIP):
        raise DataUnreadable(f"{path} is compressed", "Unpack it first; a run's own archive: math500 unpack.")
    return data


def json_lines(path: Path) -> Iterator[tuple[str, Row]]:
    """Each row of a JSONL file with its place.

    Raises:
        DataUnreadable: a line is not a JSON object; a last line without its end was cut off.
    """
    data = content(path)
    lines = data.split(b"\n")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        cut = number == len(lines)
        value = _decoded(line, f"{path}, line {number}", cut=cut)
        if not isinstance(value, dict):
            raise DataUnreadable(
                f"{path}, line {number} is a JSON {type(value).__name__}, not an object", "Check the file."
            )
        yield f"{path}, line {number}", value


def json_value(path: Path) -> Any:  # noqa: ANN401 - any JSON
    """What a JSON file holds."""
    return json_of(content(path), str(path))


def json_of(data: bytes, place: str) -> Any:  # noqa: ANN401 - any JSON
    """What JSON bytes hold; `place` is for the messages."""
    return _decoded(data, place, cut=True)


def _decoded(data: bytes, place: str, *, cut: bool) -> Any:  # noqa: ANN401 - any JSON
    try:
        return json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as e:
        raise DataUnreadable(f"{place} is not UTF-8", "Convert the file to UTF-8.") from e
    except RecursionError as e:
        raise DataUnreadable(f"{place} is nested too deep to be read", "Check the file.") from e
    except ValueError as e:
        hint = "The file may have been cut off: copy it again, or delete its last line." if cut else ""
        raise DataUnreadable(
            f"{place} is not readable as JSON ({e})", hint or "Mend or delete that line."
        ) from e


def parquet(path: Path) -> list[Row]:
    """The rows of a Parquet file.

    Raises:
        DependencyMissing: pyarrow is not installed.
        DataUnreadable: the file is damaged.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415 - optional, and slow to import
        import pyarrow.parquet as pq  # noqa: PLC0415
    except ImportError as e:
        raise DependencyMissing(
            f"{path} is a Parquet file, and pyarrow is not installed", "Run `pip install 'math500[parquet]'`."
        ) from e
    try:
        found: list[Row] = pq.read_table(pa.BufferReader(content(path))).to_pylist()
    except (pa.ArrowException, OSError) as e:
        reason = str(e).split("\n", maxsplit=1)[0]
        raise DataUnreadable(
            f"{path} is a damaged Parquet file ({reason})", "The file may have been cut off: copy it again."
        ) from e
    return found


# -- fields ----------------------------------------------------------------------------------


def text(value: object) -> str:
    """A value as text that can be written as UTF-8; None is ""."""
    if value is None:
        return ""
    return str(value).encode("utf-8", "replace").decode("utf-8")


def need(row: Row, name: str, place: str, harness: str) -> Any:  # noqa: ANN401 - any JSON
    """A field that every row of this format has.

    Raises:
        DataUnreadable: the row lacks it.
    """
    if name not in row:
        fields = ", ".join(row) or "none"
        raise DataUnreadable(
            f"{place}: no `{name}` (its fields: {fields})",
            f"This is not a whole {harness} log; check the file, or give --format.",
        )
    return row[name]


def whole(value: object) -> int | None:
    """A count, or None for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def number(value: object) -> float | None:
    """A number, or None for anything else."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def decided(value: object) -> bool | None:
    """A metric's value for one response as right or wrong; None when it is neither 0 nor 1."""
    if isinstance(value, bool):
        return value
    return bool(value) if isinstance(value, int | float) and value in (0, 1) else None


def mapping(value: object) -> Row:
    """The value when it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def level(value: object) -> int | None:
    """A level as a number: 3, "3" or "Level 3"."""
    digits = "".join(c for c in str(value) if c.isdigit())
    return int(digits) if digits and len(digits) < 3 else None
