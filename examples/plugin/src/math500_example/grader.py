"""A grader: the last whole number of a response is its answer."""

from __future__ import annotations

import re

from math500.grading.presets import Decision, Preset


def decide(response: str, answer: str) -> Decision:
    """Accept a response whose last whole number is the reference answer."""
    numbers = re.findall(r"-?\d+", response)
    if not numbers:
        return Decision(None, False, reason="no whole number in the response")
    return Decision(numbers[-1], numbers[-1] == answer.strip(), rule="last_integer", stage="text")


LAST_INTEGER = Preset("last-integer", "1", "math500-example", decide, "the last whole number")
