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
"""Characters of the last line that are looked at."""

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
    """The last formula and the last number of the last line: what a reader takes as the result."""
    end = len(text.rstrip())
    start = max(text.rfind("\n", 0, end) + 1, end - LAST_LINE)
    line = text[start:end]
    found = []
    for pattern in (_FORMULA, _NUMBER):
        matches = list(pattern.finditer(line))
        if matches:
            span = matches[-1].span(matches[-1].lastindex or 0)
            found.append(Given(line[slice(*span)].strip(), start + span[0], start + span[1], "end"))
    return found
