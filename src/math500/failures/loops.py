"""Does a text repeat itself until its end?

The last `PROBE` characters are looked for further up; the distance is a candidate period, and how far back
the text agrees with itself moved by that period is measured by comparing slices. Both run at the speed of C
and over the last `WINDOW` characters only, so that a megabyte of anything takes milliseconds.

A text that counts on while it repeats ("Step 7: ...", "Step 8: ...") is found the same way after every run of
digits is written as one `0`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

WINDOW = 100_000
"""Characters at the end of the text that are looked at."""
PROBE = 24
CANDIDATES = 24
"""How many earlier places of the probe are tried as periods."""
SHORTEST = 80
"""Characters that the repetition has to fill."""
REPEATS = 3.0
"""How often the period has to fit into it."""

_DIGITS = re.compile(r"\d+(?:[.,]\d+)*")


@dataclass(frozen=True, slots=True)
class Loop:
    """A repetition that reaches the text's end.

    Attributes:
        start: offset of its first character.
        period: characters from one turn to the next; for `counting`, of the last turn.
        repeats: turns, the unfinished one included as a fraction.
        counting: the turns are the same but for their numbers.
    """

    start: int
    period: int
    repeats: float
    counting: bool = False


def find(text: str) -> Loop | None:
    """The loop that a text ends in, or None."""
    end = len(text.rstrip())
    base = max(0, end - WINDOW)
    tail = text[base:end]
    exact = _periodic(tail)
    if exact is not None:
        period, length = exact
        return Loop(end - length, period, length / period)
    plain = _DIGITS.sub("0", tail)
    counting = _periodic(plain)
    if counting is None:
        return None
    period, length = counting
    start = base + _offset(tail, len(plain) - length)
    return Loop(start, end - base - _offset(tail, len(plain) - period), length / period, counting=True)


def _periodic(text: str) -> tuple[int, int] | None:
    """The period of the text's end and the length of the periodic part."""
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
