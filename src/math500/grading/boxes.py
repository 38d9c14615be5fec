r"""The boxes of a response: `\boxed{...}` and `\fbox{...}` with balanced braces, found in one linear pass."""

from __future__ import annotations

import re
from dataclasses import dataclass

_COMMAND = re.compile(r"\\(?:boxed|fbox|framebox)(?![A-Za-z])\s*")
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_TOKEN = re.compile(r"-?[0-9][0-9.,]*|[A-Za-z](?![A-Za-z])|\\[A-Za-z]+")
_PLACEHOLDER = re.compile(
    r"(?:[.\s?_]|\\(?:[lc]?dots|text|,|;| )|\{|\}|\b(?:your|final|answer|here|the)\b)*", re.IGNORECASE
)
_CLOSING_MATH = re.compile(r"\$|\\\)|\\\]")


@dataclass(frozen=True, slots=True)
class Box:
    """A box: the offsets of its command and of its content; `closed` is False when its brace never closes."""

    command: int
    start: int
    end: int
    closed: bool = True


def find_boxes(text: str) -> list[Box]:
    """The outermost boxes of the text in order, without empty and placeholder ones."""
    commands = list(_COMMAND.finditer(text))
    if not commands:
        return []
    closing = _closing_braces(text, commands[0].start())
    boxes: list[Box] = []
    for command in commands:
        box = _box(text, command, closing)
        inside = boxes and box is not None and boxes[-1].closed and box.command < boxes[-1].end
        if box is not None and not inside:
            boxes.append(box)
    return [box for box in boxes if not (box.closed and is_placeholder(text[box.start : box.end]))]


def is_placeholder(content: str) -> bool:
    """Whether a box holds nothing but dots or words such as "your answer"."""
    return len(content) < 60 and _PLACEHOLDER.fullmatch(content) is not None


def _closing_braces(text: str, start: int) -> dict[int, int]:
    """For each opening brace from `start` on that is closed: the offset of its closing brace."""
    closing: dict[int, int] = {}
    opened: list[int] = []
    for brace in _BRACE.finditer(text, start):
        if brace.group() == "{":
            opened.append(brace.start())
        elif brace.group() == "}" and opened:
            closing[opened.pop()] = brace.start()
    return closing


def _box(text: str, command: re.Match[str], closing: dict[int, int]) -> Box | None:
    start = command.end()
    if text[start : start + 1] == "{":
        if start in closing:
            return Box(command.start(), start + 1, closing[start])
        return Box(command.start(), start + 1, len(text), closed=False)
    token = _TOKEN.match(text, start)
    return Box(command.start(), start, token.end()) if token else None


def mend(text: str, box: Box) -> Box | None:
    """An unclosed box whose formula was closed on the same line: a lost brace, not a lost answer."""
    line = text.find("\n", box.start)
    formula = _CLOSING_MATH.search(text, box.start, len(text) if line < 0 else line)
    if formula is None or not text[box.start : formula.start()].strip():
        return None
    return Box(box.command, box.start, formula.start())
