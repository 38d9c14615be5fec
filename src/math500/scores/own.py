"""A new row in the user's own file, which every look-up reads beside what comes with math500."""

from __future__ import annotations

import json
from pathlib import Path

from math500.errors import RunError
from math500.records import PublishedScore
from math500.scores import registry


def add(row: PublishedScore) -> Path:
    """Append a row and return the file.

    Raises:
        DataUnreadable: the row is not what a row should be, or its score is impossible.
        RunError: the file cannot be written.
    """
    text = block(row)
    registry.read(text, "the new row")
    path = registry.own_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.read_text(encoding="utf-8") if path.is_file() else ""
        registry.read(before + text, str(path))
        path.write_text(before + text, encoding="utf-8")
    except OSError as e:
        raise RunError(
            f"{path} cannot be written ({e.strerror})", f"Name another file: {registry.OWN_VARIABLE}=FILE."
        ) from e
    return path


def block(row: PublishedScore) -> str:
    """The row as a block of its own, ready for published.toml."""
    stated = {key: getattr(row, key) for key in registry.SHARED if getattr(row, key)}
    lines = [f"{key} = {_quoted(value)}" for key, value in stated.items()]
    cells = ", ".join(_quoted(v) for v in (row.model, row.score, row.called))
    return "\n".join(["", "[[block]]", *lines, f"rows = [\n    [{cells}],\n]", ""])


def _quoted(text: str) -> str:
    """A TOML string; JSON's escapes are a part of TOML's, but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
