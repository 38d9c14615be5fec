"""The one place that knows the terminal: how wide it is, whether it shows colour, what is safe to print.

Text is fitted only where someone looks at it: to the terminal's width, or to COLUMNS when that is set. What
is piped into a file or another program keeps its long lines and has no colour. Colour is off as well when
NO_COLOR is set (https://no-color.org) or TERM is `dumb`.

What a model, an endpoint or a file wrote may hold control characters that move the cursor, change the title
or turn the reading direction. `safe` makes them visible; `table` and `fitted` apply it to everything.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import unicodedata
from collections.abc import Iterator
from typing import Literal, Self

Style = Literal["heading", "good", "bad", "unsure", "muted"]

_CODES: dict[Style, str] = {"heading": "1", "good": "32", "bad": "31", "unsure": "33", "muted": "2"}
_ESCAPE = re.compile(r"\x1b\[[0-9]*m")
_UNSAFE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
_OWN = re.compile(r"\x1b\[(?:0|1|2|31|32|33)m")
_BREAKS = "/_-,;:|=+&?"
NARROWEST = 20
"""Columns below which nothing is fitted: such a terminal wraps by itself."""


class Styled(str):
    """Text with a style, which `table` applies once the text has its place."""

    __slots__ = ("style",)
    style: Style

    def __new__(cls, text: str, style: Style) -> Self:
        """The text; its style is an attribute, so that its length and width are those of the text."""
        made = super().__new__(cls, text)
        made.style = style
        return made


def columns() -> int | None:
    """The width that text has to fit into, or None when it is piped and COLUMNS is not set."""
    if not (os.environ.get("COLUMNS", "").isdigit() or sys.stdout.isatty()):
        return None
    found = shutil.get_terminal_size().columns
    return found if found >= NARROWEST else None


def coloured() -> bool:
    """Whether standard output shows colour and the user wants it."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def paint(text: str, style: Style) -> str:
    """The text in a style, where colour is shown; the text itself elsewhere."""
    return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if text.strip() and coloured() else text


def safe(text: str) -> str:
    r"""The text with control characters written out, such as `\x1b`; tabs and line ends stay."""
    return _UNSAFE.sub(lambda found: repr(found.group())[1:-1], text) if _UNSAFE.search(text) else text


def width(text: str) -> int:
    """Columns that a text takes: two for Chinese characters, none for accents that join and for colour."""
    if text.isascii() and "\x1b" not in text:
        return len(text)
    return sum(_width(character) for character in _ESCAPE.sub("", text))


def _width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def wrapped(text: str, limit: int) -> list[str]:
    """The text in lines of at most `limit` columns, parted at spaces, and inside a word that is longer."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        lines.extend(_wrapped(paragraph, max(limit, 2)))
    return lines


def _wrapped(paragraph: str, limit: int) -> Iterator[str]:
    line = ""
    for word in paragraph.split(" "):
        longer = f"{line} {word}" if line else word
        if width(longer) <= limit:
            line = longer
            continue
        if line:
            yield line
        *full, line = _pieces(word, limit)
        yield from full
    yield line


def _pieces(word: str, limit: int) -> Iterator[str]:
    """A word in pieces that fit, parted behind punctuation where there is some in the second half."""
    while width(word) > limit:
        end, taken = 0, 0
        while end < len(word) and taken + _width(word[end]) <= limit:
            taken += _width(word[end])
            end += 1
        better = max(word.rfind(mark, end // 2, end) for mark in _BREAKS) + 1
        end = better or max(end, 1)
        yield word[:end]
        word = word[end:]
    yield word


def fitted(text: str) -> str:
    """A whole text made safe and fitted to the terminal, line by line.

    A line that names a command stays whole: the terminal wraps it, and it is copied as one line.
    """
    limit = columns()
    lines = [_keep_own_colour(line) for line in text.split("\n")]
    if limit is None:
        return "\n".join(lines)
    return "\n".join(part for line in lines for part in _fit(line, limit))


def _keep_own_colour(line: str) -> str:
    if "\x1b" not in line:
        return safe(line)
    parts = _OWN.split(line)
    codes = [*_OWN.findall(line), ""]
    return "".join(safe(part) + code for part, code in zip(parts, codes, strict=True))


def _fit(line: str, limit: int) -> list[str]:
    if width(line) <= limit or "math500 " in line:
        return [line]
    indent = line[: len(line) - len(line.lstrip(" "))][: limit // 3]
    return [indent + part for part in wrapped(line.lstrip(" "), limit - len(indent))]
