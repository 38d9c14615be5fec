r"""Answers that are labels: choices such as `\text{(C)}` and times of day such as `4:30 p.m.`."""

from __future__ import annotations

import re

from math500.grading.normalize import key

_CHOICE = re.compile(r"\(([A-J])\)")
_WRAPPED_CHOICE = re.compile(r"\\(?:text|textbf|mathrm|mathbf|mbox|textrm)\s*\{\s*\(?([A-J])\)?\s*\}")
_CHOSEN = re.compile(
    r"(?:the)?(?:option|choice|answer|graph|figure|letter)?:?\(?([A-J])(?:[).:].*|$)",
    re.DOTALL | re.IGNORECASE,
)
_TWO_CHOICES = re.compile(r"(?:and|or|,|/|&)\(?[A-J]\)?[.:]?$", re.IGNORECASE)
_WITH_TEXT = re.compile(r"\(?[A-J][.):].")
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?:([ap])\.?m\.?)?", re.IGNORECASE)


def choice(answer: str) -> str | None:
    r"""The letter of a reference such as `\text{(C)}` or `(C)`; None for anything else."""
    match = _CHOICE.fullmatch(_bare(answer)) or _WRAPPED_CHOICE.fullmatch(answer.strip())
    return match.group(1) if match else None


def begins_with_choice(candidate: str) -> bool:
    """Whether a candidate is a choice with its text, such as `C. 12` and `(C) 12`, and no single letter."""
    return _WITH_TEXT.match(_bare(candidate)) is not None


def chosen(candidate: str) -> str | None:
    """The letter that a candidate begins with, as in `C`, `(C)`, `(C) 12`, `C. 12`."""
    bare = _bare(candidate)
    match = None if _TWO_CHOICES.search(bare, 1) else _CHOSEN.fullmatch(bare)
    return match.group(1).upper() if match else None


def _bare(text: str) -> str:
    return key(text).replace("{", "").replace("}", "")


def time_of_day(answer: str) -> tuple[int, int, str] | None:
    """Hour, minute and `a`, `p` or nothing, of an answer such as `4:30 p.m.`; None for anything else."""
    match = _TIME.fullmatch(key(answer))
    return (int(match.group(1)), int(match.group(2)), (match.group(3) or "").lower()) if match else None


def same_time(candidate: str, reference: tuple[int, int, str]) -> bool:
    """Whether a candidate is the same time; morning or afternoon may be left away."""
    time = time_of_day(candidate)
    return time is not None and time[:2] == reference[:2] and time[2] in {"", reference[2]}
