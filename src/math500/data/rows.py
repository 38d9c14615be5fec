r"""Files into problems, and problems into their canonical bytes.

A file is JSONL, a JSON list of objects, or Parquet; which one is told from its first bytes. A row
becomes a `Problem` by these rules, the same for the known sets and a user's own:

    problem      `problem`, else `question`
    answer       `answer`, else `ground_truth`, else the last `\boxed{}` of the solution.
                 GSM8K's form, a worked solution that ends in `#### 1,234`, is taken apart: the
                 answer is `1234` and the whole text is the solution.
    solution     `solution`
    subject      `subject`, else `type`
    level        `level`: 3, "3" or "Level 3"; "Level ?", null and no level are None
    unique_id    `unique_id`, else `id`, else NAME/ROW with the row counted from 0

The canonical bytes are one JSON object a line in MATH-500's own field order, spacing and escapes.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from math500.errors import DataNotFound, DataUnreadable, DependencyMissing
from math500.plural import counted
from math500.records import Problem

Row = dict[str, Any]
T = TypeVar("T")

FIELDS = ("problem", "solution", "answer", "subject", "level", "unique_id")
_GSM8K_ANSWER = re.compile(r"(?:^|\n)####[ \t]*(\S[^\n]*?)\s*\Z")
_LEVEL = re.compile(r"(?:level\s*)?(\d+|\?)", re.IGNORECASE)
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)  # an escaped brace is a character, not a group
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")


# -- canonical form --------------------------------------------------------------------------


def canonical(problems: Iterable[Problem]) -> bytes:
    """The problems as JSONL in the form that MATH-500's authors publish."""
    lines = (json.dumps({name: getattr(row, name) for name in FIELDS}) + "\n" for row in problems)
    return "".join(lines).encode("ascii")


def digest(problems: Iterable[Problem]) -> str:
    """The sha256 of the canonical form."""
    return hashlib.sha256(canonical(problems)).hexdigest()


def decode_canonical(data: bytes) -> tuple[Problem, ...]:
    """Problems out of bytes that `canonical` wrote."""
    return tuple(msgspec.json.Decoder(Problem).decode_lines(data))


# -- reading ---------------------------------------------------------------------------------


def read_file(path: Path) -> list[Row]:
    """The rows of a file.

    Raises:
        DataNotFound: there is no such file.
        DataUnreadable: it is a folder, or cannot be read as rows.
        DependencyMissing: it is Parquet and pyarrow is not installed.
    """
    try:
        return parse(path.read_bytes(), str(path))
    except FileNotFoundError as fault:
        raise DataNotFound(f"There is no file {path}", "Check the path.") from fault
    except OSError as fault:
        kind = "is a folder" if path.is_dir() else f"cannot be read ({fault.strerror})"
        raise DataUnreadable(f"{path} {kind}", "Give a .jsonl, .json or .parquet file.") from fault


def parse(data: bytes, name: str) -> list[Row]:
    """The rows in a file's bytes; `name` is for the messages."""
    parquet = data[:4] == b"PAR1"
    rows = _parse_parquet(data, name) if parquet else _parse_text(_text(data, name), name)
    if not rows:
        raise DataUnreadable(f"{name} holds no rows", "Give a file with at least one problem.")
    return rows


def _text(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = data[: fault.start].count(b"\n") + 1
        raise DataUnreadable(f"{name}, line {line}, is not UTF-8", "Convert the file to UTF-8.") from fault


def _parse_text(text: str, name: str) -> list[Row]:
    start = text.lstrip()[:1]
    if start == "<":
        raise DataUnreadable(f"{name} is a web page, not problem rows", "Check where it came from.")
    if start == "[":
        return _decode(text, list[Row], name)
    lines = text.split("\n")  # not splitlines(): a row may hold U+2028
    return [
        _decode(line, Row, f"{name}, line {number}") for number, line in enumerate(lines, 1) if line.strip()
    ]


def _decode(text: str, kind: type[T], name: str) -> T:
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as fault:
        raise DataUnreadable(
            f"{name} is not readable as JSON ({fault})",
            "Give JSON lines, a JSON list or Parquet, and check whether the file was cut off.",
        ) from fault


def _parse_parquet(data: bytes, name: str) -> list[Row]:
    try:
        import pyarrow as pa  # noqa: PLC0415 - optional, and slow to import
        import pyarrow.parquet as pq  # noqa: PLC0415
    except ImportError as fault:
        raise DependencyMissing(
            f"{name} is a Parquet file, and pyarrow is not installed", "Run `pip install 'math500[parquet]'`."
        ) from fault
    try:
        rows: list[Row] = pq.read_table(pa.BufferReader(data)).to_pylist()
    except (pa.ArrowException, OSError) as fault:
        reason = str(fault).split("\n", maxsplit=1)[0]
        raise DataUnreadable(
            f"{name} is a damaged Parquet file ({reason})", "Check whether the file was cut off."
        ) from fault
    return rows


# -- rows into problems ----------------------------------------------------------------------


def to_problems(rows: Sequence[Row], name: str, id_prefix: str) -> tuple[Problem, ...]:
    """The rows as problems.

    Args:
        rows: what `parse` returned.
        name: the file, for the messages.
        id_prefix: for rows without an id, which become `id_prefix/0`, `id_prefix/1`, ...

    Raises:
        DataUnreadable: a row lacks a problem or an answer, or a field has an unusable value.
    """
    return tuple(_to_problem(row, f"{name}, row {at}", f"{id_prefix}/{at}") for at, row in enumerate(rows))


def refuse_unusable(problems: Sequence[Problem], name: str) -> None:
    """The demands on a user's own set that a known set's hash makes needless.

    Raises:
        DataUnreadable: two rows share an id, or a reference answer is empty.
    """
    times = Counter(problem.unique_id for problem in problems)
    if twice := [unique_id for unique_id, count in times.items() if count > 1]:
        raise DataUnreadable(
            f"{name} has {counted(len(twice), 'id')} on more than one row ({', '.join(twice[:3])})",
            "Make every unique_id unique, or leave the field out.",
        )
    if empty := [problem.unique_id for problem in problems if not problem.answer.strip()]:
        raise DataUnreadable(
            f"{name} has {counted(len(empty), 'row')} with an empty answer ({', '.join(empty[:3])})",
            "Give each of them an answer, or take them out.",
        )


def _to_problem(row: Row, place: str, made_id: str) -> Problem:
    solution = _string(row, ("solution",), place)
    answer = _string(row, ("answer", "ground_truth"), place)
    if match := _GSM8K_ANSWER.search(answer):
        solution, answer = solution or answer, _THOUSANDS.sub("", match[1])
    problem = _string(row, ("problem", "question"), place)
    _need(bool(problem.strip()), "problem", row, place)
    _need(bool(answer) or "\\boxed" in solution, "answer", row, place)
    return Problem(
        problem=problem,
        answer=answer or last_boxed(solution),
        unique_id=_string(row, ("unique_id", "id"), place) or made_id,
        solution=solution,
        subject=_string(row, ("subject", "type"), place),
        level=_level(row.get("level"), place),
    )


def _string(row: Row, names: tuple[str, ...], place: str) -> str:
    """The first of these fields that has a value; numbers as they are written."""
    for name in names:
        value = row.get(name)
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            return str(value)
        if value is not None:
            raise DataUnreadable(
                f"{place}: `{name}` is a {type(value).__name__}", "Make it a string or a number."
            )
    return ""


def _need(there: bool, name: str, row: Row, place: str) -> None:
    if not there:
        fields = ", ".join(row) or "none"
        raise DataUnreadable(
            f"{place}: no `{name}` (its fields: {fields})", "Each row needs a `problem` and an `answer`."
        )


def _level(value: object, place: str) -> int | None:
    if value is None or value == "":
        return None
    match = _LEVEL.fullmatch(str(value).strip())
    if not match:
        raise DataUnreadable(f"{place}: `level` is {value!r}", "Write it as 3 or `Level 3`, or leave it out.")
    return None if match[1] == "?" else int(match[1])


def last_boxed(text: str) -> str:
    r"""What the last `\boxed{...}` holds, or the single character after `\boxed`; "" for none."""
    at = text.rfind("\\boxed")
    if at < 0:
        return ""
    rest = text[at + len("\\boxed") :].lstrip()
    if not rest.startswith("{"):
        return rest[:1]
    depth = 0
    for brace in _BRACE.finditer(rest):
        depth += {"{": 1, "}": -1}.get(brace[0], 0)
        if depth == 0:
            return rest[1 : brace.start()]
    return ""
