r"""Texts as the gate compares them.

cleaned    one spelling of what looks the same: case, Unicode forms, `\dfrac`, `\left`, `\,`, `$`
tokens     words, numbers, and every other sign by itself; spaces part them and are no tokens
squashed   letters, digits and operators only, with no space: what stays the same when a text is re-set
masked     with every number as `0`: what stays the same when only the numbers are changed
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_SPACING = re.compile(
    r"\\(?:left|right|big|displaystyle|textstyle|quad|qquad|limits)(?![a-z])|\\[!,;:> ]|\\[()\[\]]|[$~]"
)
_SPELLING = re.compile(r"\\[dtc](frac|binom)(?![a-z])")
_FONT = re.compile(r"\\(?:text(?:bf|it|rm|sf)?|math(?:rm|bf|it)|mbox|operatorname\*?)\s*\{")
_TOKEN = re.compile(r"[a-z]+|\d+|[^\s_]")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_LOOKS = re.compile(r"[^a-z0-9+\-*/=<>^()\[\]|%!.\u0080-\U0010ffff]+|\.(?!\d)")


def cleaned(text: str) -> str:
    """The text in one spelling; words and their order are kept."""
    text = text if text.isascii() else unicodedata.normalize("NFKC", text)
    text = text.lower()
    if "\\" in text or "$" in text or "~" in text:
        text = _FONT.sub("{", _SPELLING.sub(r"\\\1", _SPACING.sub(" ", text)))
    return text


def tokens(clean: str) -> list[str]:
    """The tokens of a cleaned text."""
    return _TOKEN.findall(clean)


def squashed(clean: str) -> str:
    """A cleaned text without anything that is only looks."""
    return _LOOKS.sub("", clean)


def masked(clean: str) -> str:
    """A cleaned or squashed text with every number as `0`."""
    return _NUMBER.sub("0", clean)


def without_numbers(found: Iterable[str]) -> list[str]:
    """Tokens with every number as `0`."""
    return ["0" if token.isdigit() else token for token in found]
