"""A slip planted in a right solution, so that it is known where its first wrong step is.

    13+12=25          13+12=25
    5*3=15      ->    5*3=18      planted: the first wrong step
    25+15=40          25+15=40

One number of one step becomes another one: what stands behind the step's last `=`, since that is what the
step claims; where there is none any number. The steps behind it stay as they are, and are labelled wrong: no
right answer follows from them. A planted slip is a test for a process reward model, and no training row: it
shows slips of calculation alone, and models err in more ways than that.
"""

from __future__ import annotations

import random
import re

import msgspec

from math500.records import StepRow

METHOD = "plant"

_NUMBER = re.compile(r"(?<![\w.\\])\d+(?:\.\d+)?(?![\w]|\.\d)")
_MARK = re.compile(
    r"\s*(?:#+\s*)?(?:\*\*)?\s*(?:step\s*\d+|第\s*\d+\s*步|\d{1,2}[.)、](?=\s))", re.IGNORECASE
)
"""A step's own number, which is no claim."""


def plant(row: StepRow, rng: random.Random) -> StepRow | None:
    """The row with one number changed in one of its steps; which one, chance decides.

    Args:
        row: a solution all of whose steps are right.
        rng: decides the step, the number and what it becomes.

    Returns:
        the row, with labels that are False from the changed step on; None where a step is wrong already, or
        none has a number.
    """
    places = {n: spots for n, step in enumerate(row.completions) if (spots := numbers(step))}
    if not all(row.labels) or not places:
        return None
    first = rng.choice(sorted(places))
    start, end = rng.choice(places[first])
    step = row.completions[first]
    changed = step[:start] + another(step[start:end], rng) + step[end:]
    return msgspec.structs.replace(
        row,
        completions=(*row.completions[:first], changed, *row.completions[first + 1 :]),
        labels=tuple(n < first for n in range(len(row.completions))),
        soft=(),
        rollouts=(),
        key="",
        method=METHOD,
    )


def numbers(step: str) -> list[tuple[int, int]]:
    """Where the numbers are that can be changed: the one that the step comes to, else all of them."""
    mark = _MARK.match(step)
    found = [match.span() for match in _NUMBER.finditer(step, mark.end() if mark else 0)]
    claimed = [span for span in found if span[0] > step.rfind("=") >= 0]
    return claimed[:1] or found


def another(number: str, rng: random.Random) -> str:
    """Another number that looks like this one: as many decimals, not far off, not below zero."""
    whole, dot, decimals = number.partition(".")
    value = int(whole + decimals)
    near = max(3, value // 4)
    lowest = max(0, value - near)
    changed = rng.randrange(lowest, value + near)
    changed += changed >= value
    if not dot:
        return str(changed)
    digits = str(changed).zfill(len(decimals) + 1)
    return f"{digits[: -len(decimals)]}.{digits[-len(decimals) :]}"
