"""Is a candidate the same value as the reference answer: yes, no, or could not tell."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Comparison:
    """The outcome of comparing a candidate with a reference answer.

    Attributes:
        same: True, False, or None when it could not be told.
        stage: the name of the stage that decided.
        reason: why, in words; always set when `same` is None.
    """

    same: bool | None
    stage: str
    reason: str = ""


def equivalent(candidate: str, answer: str, *, timeout: float = 5.0) -> Comparison:
    """Compare a candidate with a reference answer, both in LaTeX.

    Args:
        candidate: the answer to judge.
        answer: the reference answer.
        timeout: seconds that a symbolic comparison may take.
    """
    return Comparison(candidate.strip() == answer.strip(), "text")
