r"""Is a candidate the same answer as the reference: yes, no, or could not tell.

The stages, cheapest first; the first one that can tell decides:

    text        both spell the same after normalisation (`normalize`)
    integer     both are plain integers
    label       the reference is a choice such as `\text{(C)}` or a time such as `4:30 p.m.`
    structure   both are read as trees and compared by structure and value (`parse`, `compare`)
    symbolic    math-verify in a process that can be killed (`pool`), for what the grammar does not know
    fault       a defect of this grader: could not tell, with the error's name

"Could not tell" (`same` is None) is kept for what is not the candidate's fault: a comparison out of time or
memory, a number too large to be evaluated, a reference answer that cannot be read. A candidate that is not
mathematics at all is a wrong answer, and so is one longer than `LONGEST` characters.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from math500.grading import labels, normalize
from math500.grading.conventions import DEFAULT, Conventions

LONGEST = 5_000
"""Characters beyond which a candidate is no answer; the longest of MATH-500's own has 64."""


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


def equivalent(
    candidate: str, answer: str, *, timeout: float = 5.0, conventions: Conventions = DEFAULT
) -> Comparison:
    """Compare a candidate with a reference answer, both in LaTeX or plain text.

    Args:
        candidate: the answer to judge.
        answer: the reference answer.
        timeout: seconds that a symbolic comparison may take.
        conventions: what counts as the same by agreement.
    """
    try:
        return _equivalent(candidate, answer, timeout, conventions)
    except Exception as error:  # a defect here must not end a run, and must not count against the model
        return Comparison(None, "fault", f"the grader failed: {type(error).__name__}: {error}")


def _equivalent(candidate: str, answer: str, timeout: float, conventions: Conventions) -> Comparison:
    from math500.grading import structure  # noqa: PLC0415 - parser and comparer load with the first comparison

    if len(candidate) > LONGEST:
        return Comparison(False, "text", f"longer than {LONGEST} characters")
    if _same_text(candidate, answer):
        return Comparison(True, "text", "the same text after normalisation")
    return (
        _integers(candidate, answer)
        or _label(candidate, answer, conventions)
        or structure.compare(candidate, answer, timeout, conventions)
    )


def _integers(candidate: str, answer: str) -> Comparison | None:
    """The comparison of two plain integers; None for anything else."""
    left, right = normalize.integer(candidate), normalize.integer(answer)
    if left is None or right is None:
        return None
    return Comparison(left == right, "integer", "the same integer" if left == right else "another integer")


def _same_text(candidate: str, answer: str) -> bool:
    return candidate == answer or (normalize.key(candidate) == normalize.key(answer) != "")


def _label(candidate: str, answer: str, conventions: Conventions) -> Comparison | None:
    """The comparison of a reference that is a choice or a time of day; None for any other."""
    letter = labels.choice(answer)
    if letter is None and re.fullmatch("[A-J]", answer.strip()) and labels.begins_with_choice(candidate):
        letter = answer.strip()
    if letter and conventions.choice_with_text:
        return Comparison(labels.chosen(candidate) == letter, "label", f"the reference is choice {letter}")
    time = labels.time_of_day(answer)
    if time and time[2]:
        return Comparison(labels.same_time(candidate, time), "label", "the reference is a time of day")
    return None
