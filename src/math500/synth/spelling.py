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

_SPACING = re.compile(r"\\(?:left|right|big|displaystyle|textstyle|quad|qquad|limits)(?![a-z])|\\[!,;:> ]|~")
_FORMULA = re.compile(r"(?<!\\)\\[()\[\]]|\$\$?")
_SPELLING = re.compile(r"\\[dtc](frac|binom)(?![a-z])")
_FONT = re.compile(r"\\(?:text(?:bf|it|rm|sf)?|math(?:rm|bf|it)|mbox|operatorname\*?)\s*\{")
_TOKEN = re.compile(r"[a-z]+|\d+|[^\s_]")
_LOOKS = re.compile(r"[^a-z0-9+\-*/=<>^()\[\]|%!.\u0080-\U0010ffff]+|\.(?!\d)")


def cleaned(text: str) -> str:
    """The text in one spelling; words and their order are kept."""
    text = text if text.isascii() else unicodedata.normalize("NFKC", text)
    text = text.lower()
    if "\\" in text or "$" in text or "~" in text:
        text = _FORMULA.sub(" $ ", _SPACING.sub(" ", text))
        text = _FONT.sub("{", _SPELLING.sub(r"\\\1", text))
    return text


def tokens(clean: str) -> list[str]:
    """The tokens of a cleaned text."""
    return _TOKEN.findall(clean)


def squashed(clean: str) -> str:
    """A cleaned text without anything that is only looks."""
    return _LOOKS.sub("", clean)


def stands_in(text: str, wanted: str) -> bool:
    """Whether a squashed text holds another one, and not only the first digits of a number in it."""
    place = text.find(wanted) if wanted else -1
    while place >= 0:
        before, after = text[max(0, place - 1) : place], text[place + len(wanted) :][:1]
        if not _one_number(before, wanted[0]) and not _one_number(wanted[-1], after):
            return True
        place = text.find(wanted, place + 1)
    return False


def _one_number(left: str, right: str) -> bool:
    return left.isdigit() and right.isdigit()


def without_numbers(found: Iterable[str]) -> list[str]:
    """Tokens with every number as `0`."""
    return ["0" if token.isdigit() else token for token in found]
