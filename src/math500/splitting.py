r"""A solution as its steps, letter for letter: put together they are the solution again.

    marked      "Step 1: ...", "1. ...", "第1步 ...": its own steps, where there are two at least
    paragraphs  parted by empty lines, where there are two at least
    lines       otherwise; a text of one line is split into sentences

A formula, a block of code and a drawing are never split. A part that only leads to the next one ("We have:",
a heading, a closing bracket) goes with its neighbour, so that every step says something. The line breaks
behind a step belong to it.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

MARK = re.compile(
    r"^[ \t]*(?:#{1,6}[ \t]*)?(?:\*\*)?[ \t]*"
    r"(?:step[ \t]*\d+\b|第[ \t]*(?:\d+|[一二三四五六七八九十]+)[ \t]*步"
    r"|步骤[ \t]*(?:\d+|[一二三四五六七八九十]+)|\d{1,2}[.)、](?=[ \t*]))"
    r"[ \t]*(?:[:：.、)\-–][ \t]*)?(?:\*\*)?[ \t]*(?:[:：][ \t]*)?",
    re.IGNORECASE | re.MULTILINE,
)
FORMULA = (
    r"\$\$.*?\$\$|\$(?:\\.|[^$\\])+?\$|\\\(.*?\\\)|\\\[.*?\\\]"
    r"|\\begin\{(?P<name>\w+\*?)\}.*?\\end\{(?P=name)\}"
)
FENCED = r"```.*?(?:```|\Z)"
SENTENCE = re.compile(r"(?<=[.!?])(?<!\b[A-Z]\.)(?<!\be\.g\.)(?<!\bi\.e\.)\s+(?=[A-Z$\\])|(?<=[。！？])\s*")
LEAD_IN = re.compile(
    r"[:：]\s*\Z"
    r"|^(?:sure|certainly|of course|okay|let(?:'s| us)|we (?:can|will|need to)|to (?:solve|find)\b)"
    r"[^$\\\d=]*\Z",
    re.IGNORECASE,
)
_WHOLE = re.compile(
    rf"{FENCED}|\[asy\].*?(?:\[/asy\]|\Z)|{FORMULA}",
    re.DOTALL,
)
"""What is never split, also where its end is missing."""
_PARAGRAPHS = re.compile(r"[ \t]*\n[ \t]*(?:\n[ \t]*)+")
_LINES = re.compile(r"[ \t]*\n\s*")
_SAYS = re.compile(r"\w")


def split(text: str) -> tuple[str, ...]:
    """The steps of a solution, with nothing lost: `"".join(split(text)) == text`.

    Args:
        text: the whole response; an empty one has no steps.
    """
    if not text:
        return ()
    spans = [match.span() for match in _WHOLE.finditer(text)]
    marks = [m.start() for m in MARK.finditer(text) if not _inside(m.start(), spans)]
    if len(marks) >= 2:
        return _joined(_cut(text, marks))
    for pattern in (_PARAGRAPHS, _LINES, SENTENCE):
        ends = [m.end() for m in pattern.finditer(text) if not _inside(m.start(), spans)]
        parts = _joined(_cut(text, ends))
        if len(parts) >= 2:
            return parts
    return (text,)


def _inside(place: int, spans: Sequence[tuple[int, int]]) -> bool:
    return any(start < place < end for start, end in spans)


def _cut(text: str, places: Sequence[int]) -> list[str]:
    """The text in parts that begin at these places."""
    bounds = [0, *(place for place in dict.fromkeys(places) if 0 < place < len(text)), len(text)]
    return [text[start:end] for start, end in itertools.pairwise(bounds)]


def _joined(parts: Sequence[str]) -> tuple[str, ...]:
    """The parts, those that say nothing by themselves put to a neighbour."""
    found: list[str] = []
    waiting = ""
    for part in parts:
        part = waiting + part  # noqa: PLW2901
        waiting = ""
        if LEAD_IN.search(part.strip()):
            waiting = part
        elif not _SAYS.search(part) and found:
            found[-1] += part
        elif not _SAYS.search(part):
            waiting = part
        else:
            found.append(part)
    if waiting and found and not _SAYS.search(waiting):
        found[-1] += waiting
    elif waiting:
        found.append(waiting)
    return tuple(found)
