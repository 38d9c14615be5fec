"""Does a text repeat itself until its end?

The last `PROBE` characters are looked for further up; the distance is a candidate period, and how far back
the text agrees with itself moved by that period is measured by comparing slices. Both run at the speed of C
and over the last `WINDOW` characters only, so that a megabyte of anything takes milliseconds.

A text that counts on while it repeats ("Step 7: ...", "Step 8: ...") is found the same way after every run of
digits is written as one `0`. A text that takes turns among the same few lines in no fixed order is found by
counting: every line of its end stands there three times on average.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Literal

Kind = Literal["exact", "counting", "varied"]

WINDOW = 100_000
"""Characters at the end of the text that are looked at."""
PROBE = 24
CANDIDATES = 24
"""How many earlier places of the probe are tried as periods."""
SHORTEST = 80
"""Characters that the repetition has to fill."""
REPEATS = 3.0
"""How often the period has to fit into it; for lines in no fixed order, how often each stands there."""
LINES = 9
"""Lines that lines in no fixed order have to fill."""

_LINE = re.compile(r"[^\n]*\S[^\n]*")
_DIGITS = re.compile(r"\d+(?:[.,]\d+)*")


@dataclass(frozen=True, slots=True)
class Loop:
    """A repetition that reaches the text's end.

    Attributes:
        start: offset of its first character.
        period: characters from one turn to the next; of the last turn for `counting`, of one turn of the
            different lines for `varied`.
        repeats: turns, the unfinished one included as a fraction.
        kind: `exact`; `counting`, the same but for the numbers; `varied`, the same lines in no fixed order.
    """

    start: int
    period: int
    repeats: float
    kind: Kind = "exact"


def find(text: str) -> Loop | None:
    """The loop that a text ends in, or None."""
    end = len(text.rstrip())
    base = max(0, end - WINDOW)
    tail = text[base:end]
    found = _exact(tail) or _counting(tail) or _varied(tail)
    return Loop(base + found.start, found.period, found.repeats, found.kind) if found else None


def _exact(tail: str) -> Loop | None:
    found = _periodic(tail)
    if found is None:
        return None
    period, length = found
    return Loop(len(tail) - length, period, length / period)


def _counting(tail: str) -> Loop | None:
    plain = _DIGITS.sub("0", tail)
    found = _periodic(plain)
    if found is None:
        return None
    period, length = found
    start, last = (_offset(tail, len(plain) - back) for back in (length, period))
    return Loop(start, len(tail) - last, length / period, "counting")


def _varied(tail: str) -> Loop | None:
    """The longest end in which every line, numbers aside, stands `REPEATS` times on average.

    The last line is often unfinished: it is left out. The one before it has to be a repeated one itself.
    """
    seen: Counter[str] = Counter()
    best: tuple[int, int] | None = None
    lines = [(m.start(), _DIGITS.sub("0", m.group()).strip()) for m in _LINE.finditer(tail)][:-1]
    for start, line in reversed(lines):
        seen[line] += 1
        if seen.total() >= LINES and seen.total() >= REPEATS * len(seen):
            best = start, len(seen)
    if best is None or seen[lines[-1][1]] < REPEATS:
        return None
    length = len(tail) - best[0]
    turns = sum(start >= best[0] for start, _ in lines) / best[1]
    return Loop(best[0], round(length / turns), turns, "varied") if length >= SHORTEST else None


def _periodic(text: str) -> tuple[int, int] | None:
    """The period of the text's end and the length of the periodic part."""
    if len(text) < SHORTEST:
        return None
    probe, at = text[-PROBE:], len(text) - PROBE
    for _ in range(CANDIDATES):
        # A period longer than a third of the text cannot repeat often enough.
        at = text.rfind(probe, max(0, len(text) - PROBE - len(text) // 3), at + PROBE - 1)
        if at < 0:
            return None
        period = len(text) - PROBE - at
        length = period + _agreement(text, period)
        if length >= max(SHORTEST, REPEATS * period):
            return period, length
    return None


def _agreement(text: str, period: int) -> int:
    """How many characters at the end agree with those one period earlier, by halving."""
    low, high = 0, len(text) - period
    while low < high:
        middle = (low + high + 1) // 2
        end = len(text)
        # Only the part that is not known to agree is compared, so the whole takes linear time.
        if text[end - middle : end - low] == text[end - middle - period : end - low - period]:
            low = middle
        else:
            high = middle - 1
    return low


def _offset(text: str, plain: int) -> int:
    """The offset in the text of an offset in its form with numbers written as `0`."""
    shift = 0
    for match in _DIGITS.finditer(text):
        if match.start() - shift >= plain:
            break
        shift += len(match.group()) - 1
    return plain + shift
