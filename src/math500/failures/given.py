"""The values that a response gives: in boxes, announced in words, or standing at its end.

All of them, not only the one that the grader took: a right value elsewhere is what tells "not where it was
asked for" and "changed its mind" from "wrong".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from math500.grading import statements
from math500.grading.boxes import find_boxes

MOST = 12
"""Values looked at per response and way of giving, the last ones."""
LONGEST = 200
"""Characters of a value; longer text is no value."""
LAST_LINE = 600
"""Characters of a line that are looked at, its last ones."""
CHATTER = 2
"""Lines without a value that may follow the one that holds the result."""

_LINE = re.compile(r"[^\n]*\S[^\n]*")
_FORMULA = re.compile(
    r"(?<!\\)\$\$?((?:\\.|[^$\\]){1,200})(?<!\\)\$\$?|\\\(([^\n]{1,200}?)\\\)|\\\[([^\n]{1,200}?)\\\]"
)
_NUMBER = re.compile(r"(?<![\w.,])-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:/\d+)?(?![\w^]|\.\d)")
_ANNOUNCED = (statements.FINAL, statements.ANSWER, statements.CHINESE, statements.HASHES)


@dataclass(frozen=True, slots=True)
class Given:
    """A value with its offsets and how it was given: `box`, `announced` or `end`."""

    value: str
    start: int
    end: int
    how: str


def answers(text: str) -> list[Given]:
    """What the text presents as an answer, in boxes and in words, in order."""
    boxes = [box for box in find_boxes(text) if box.closed][-MOST:]
    found = [Given(text[b.start : b.end].strip(), b.start, b.end, "box") for b in boxes]
    for pattern in _ANNOUNCED:
        spans = (span for span in _first(statements.announced(pattern, text)) if span.finished)
        found += [Given(text[s.start : s.end].strip(), s.start, s.end, "announced") for s in spans]
    return sorted((g for g in found if 0 < len(g.value) <= LONGEST), key=lambda g: (g.start, g.end))


def _first(spans: Iterator[statements.Span]) -> Iterator[statements.Span]:
    """The first `MOST` of an iterator."""
    for _, span in zip(range(MOST), spans, strict=False):
        yield span


def ending(text: str) -> list[Given]:
    """The last formula and the last number of the last line that holds one, as a reader takes the result.

    Lines behind it that hold neither are chatter; at most `CHATTER` of them are passed over.
    """
    lines = list(_LINE.finditer(text, max(0, len(text) - LAST_LINE * (CHATTER + 1))))
    for line in reversed(lines[-CHATTER - 1 :]):
        start = max(line.start(), line.end() - LAST_LINE)
        found = [
            given for pattern in (_FORMULA, _NUMBER) if (given := _last(pattern, text, start, line.end()))
        ]
        if found:
            return found
    return []


def _last(pattern: re.Pattern[str], text: str, start: int, end: int) -> Given | None:
    matches = list(pattern.finditer(text, start, end))
    if not matches:
        return None
    first, last = matches[-1].span(matches[-1].lastindex or 0)
    return Given(text[first:last].strip(), first, last, "end")
