"""The rows: what comes with math500, and the user's own file beside it.

published.toml holds blocks of rows that share a source and its settings; a row says model, score and the name
that the source uses. Every row has a source and a confidence, and a score that its problems can give. What a
source does not state is empty here, and `unknown` wherever it is shown.
"""

from __future__ import annotations

import functools
import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from math500.errors import DataUnreadable
from math500.records import PublishedScore

SIZES = {"MATH-500": 500, "MATH-5000": 5000}
"""Problems of each set that scores are published on."""
CONFIDENCE = ("verified", "secondary", "memory")
"""How a row may be known: seen in the source, quoted by somebody, remembered. More may be said behind it."""
SHARED = (
    *("source", "ref", "date", "reporter", "data", "metric", "shots", "cot", "temperature", "top_p"),
    *("max_tokens", "samples", "prompt", "grader", "confidence"),
)
"""What the rows of a block have in common."""
REQUIRED = ("source", "reporter", "data", "confidence")
OWN_VARIABLE = "MATH500_SCORES"
"""The environment variable with the path of the user's own file."""


def own_file() -> Path:
    """The user's own rows: MATH500_SCORES, or scores.toml in the configuration folder."""
    if named := os.environ.get(OWN_VARIABLE):
        return Path(named)
    base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "math500" / "scores.toml"


def rows() -> tuple[PublishedScore, ...]:
    """Every published score: those that come with math500, then the user's own.

    Raises:
        DataUnreadable: the user's file is not what it should be; the message names the block.
    """
    path = own_file()
    return (
        shipped() if not path.is_file() else (*shipped(), *read(path.read_text(encoding="utf-8"), str(path)))
    )


@functools.cache
def shipped() -> tuple[PublishedScore, ...]:
    """The rows that come with math500."""
    text = files("math500.scores").joinpath("published.toml").read_text(encoding="utf-8")
    return read(text, "published.toml")


def read(text: str, name: str) -> tuple[PublishedScore, ...]:
    """The rows of a registry file.

    Raises:
        DataUnreadable: it is no TOML, or a block or row is not what it should be.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as e:
        raise DataUnreadable(f"{name} is not TOML ({e})", "Mend the line that it names.") from e
    found: list[PublishedScore] = []
    for number, block in enumerate(content.get("block", ()), 1):
        found += _block(block, f"{name}, block {number}")
    return tuple(found)


def _block(block: Mapping[str, Any], where: str) -> Iterator[PublishedScore]:
    if faults := list(_faults(block)):
        raise DataUnreadable(f"{where}: {'; '.join(faults)}", "See the head of published.toml for the form.")
    shared = {key: block.get(key, "") for key in SHARED}
    for model, score, called in block["rows"]:
        row = PublishedScore(model=model, called=called, score=score, **shared)
        if fault := impossible(row):
            raise DataUnreadable(f"{where}, {model}: {fault}", "Check the number in its source.")
        yield row


def _faults(block: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the form of a block."""
    from_memory = str(block.get("confidence", "")).startswith("memory")
    required = REQUIRED if from_memory else (*REQUIRED, "ref")
    if missing := [key for key in required if not block.get(key)]:
        yield f"it has no {' and no '.join(missing)}"
    if strange := sorted(set(block) - {*SHARED, "rows"}):
        yield f"it has {', '.join(strange)}, which is no field"
    texts = {key: value for key, value in block.items() if key != "rows"}
    if wrong := [key for key, value in texts.items() if not isinstance(value, str)]:
        yield f"{', '.join(wrong)} is not in quotation marks"
    if block.get("data") not in SIZES:
        yield f"its data is none of {', '.join(SIZES)}"
    if str(block.get("confidence", "")).split(" ")[0].rstrip(";") not in CONFIDENCE:
        yield f"its confidence begins with none of {', '.join(CONFIDENCE)}"
    yield from _bad_rows(block.get("rows"))


def _bad_rows(listed: object) -> Iterator[str]:
    if not isinstance(listed, list) or not listed:
        yield "it has no rows"
        return
    for row in listed:
        if not (isinstance(row, list) and len(row) == 3 and all(isinstance(v, str) and v for v in row)):
            yield f"the row {row!r} is not [model, score, name], each in quotation marks"
        elif not is_score(row[1]):
            yield f"{row[1]!r} is no score from 0 to 100"


def is_score(text: str) -> bool:
    """Whether a text is a number from 0 to 100."""
    try:
        return 0 <= float(text) <= 100
    except ValueError:
        return False


def averaged(row: PublishedScore) -> bool:
    """Whether the score can be a mean of several samples a problem: stated, or not stated to be one alone."""
    return row.samples != "1" and not row.metric.startswith("greedy")


def impossible(row: PublishedScore) -> str:
    """Why this score cannot be what it is said to be; empty when it can."""
    from math500.scores.forensics import decimals, right_of  # noqa: PLC0415 - they read this module's sizes

    size = SIZES[row.data]
    if averaged(row) or right_of(float(row.score), decimals(row.score), size) is not None:
        return ""
    return f"no number of {size:,} right answers is {row.score} %"


def with_data(found: Iterable[PublishedScore], data: str | None) -> list[PublishedScore]:
    """Those on one set; all when None."""
    return [row for row in found if data is None or row.data == data]
