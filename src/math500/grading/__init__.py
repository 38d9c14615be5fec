r"""The one way to grade: a response and a reference answer give a grade.

    response --extract--> answer --equivalent--> same value?  --> records.Grade

`grade` is what the runner, the lm-eval tasks, the self-test and the rewards call. It never raises for
anything that a model can write, never hangs, and may be called from any thread or process. A comparison that
could not be made ends as `ungraded` with its reason, never as `wrong`.

    >>> from math500 import grading
    >>> grading.grade(r"So the answer is $\boxed{\frac12}$.", "0.5").verdict
    'correct'
"""

from __future__ import annotations

import functools
import time

from math500.grading.asked import unasked_percentage
from math500.grading.conventions import DEFAULT, Conventions
from math500.grading.copying import copied
from math500.grading.equivalence import Comparison, equivalent
from math500.grading.extract import Extraction, extract
from math500.records import Grade

__all__ = ["GRADER", "Comparison", "Conventions", "Extraction", "equivalent", "extract", "grade", "shutdown"]

GRADER = "math500/4"
"""Name and version of the grader; the version rises when a grade can change."""

TIMEOUT = 5.0
"""Seconds that one symbolic comparison may take."""


def grade(
    response: str,
    answer: str,
    *,
    truncated: bool = False,
    strict: bool = False,
    timeout: float = TIMEOUT,
    question: str | None = None,
    unique_id: str | None = None,
    conventions: Conventions = DEFAULT,
) -> Grade:
    r"""Grade a response against a reference answer.

    Args:
        response: the model's text.
        answer: the reference answer in LaTeX, without its box.
        truncated: the response ended at the token limit; what was not finished does not count.
        strict: accept a `\boxed` answer only.
        timeout: seconds that a symbolic comparison may take.
        question: the problem; with it, a formula copied from the problem is no answer to it.
        unique_id: the problem's id; for MATH-500's own, the form that the problem asks for counts (`key`).
        conventions: what counts as the same by agreement.
    """
    started = time.perf_counter()
    found = extract(response, strict=strict, truncated=truncated)
    if found.answer is None:
        return Grade(verdict="no_answer", rule=found.rule, seconds=time.perf_counter() - started)
    compared = equivalent(found.answer, answer, timeout=timeout, conventions=conventions)
    if unique_id is not None:
        from math500.grading import key  # noqa: PLC0415 - only a problem with an id needs it

        if entry := key.known(unique_id, question):
            again = functools.partial(equivalent, timeout=timeout, conventions=conventions)
            compared = key.mended(entry, found.answer, answer, compared, again)
    if compared.same and compared.stage != "text" and question and copied(found.answer, answer, question):
        compared = Comparison(False, "copied", "the question's own expression, not worked out")
    elif compared.same and question and unasked_percentage(found.answer, answer, question, conventions):
        compared = Comparison(False, "percent", "a percentage, and the question asks for none")
    return Grade(
        verdict="ungraded" if compared.same is None else "correct" if compared.same else "wrong",
        extracted=found.answer,
        rule=found.rule,
        stage=compared.stage,
        reason=compared.reason,
        seconds=time.perf_counter() - started,
    )


def shutdown() -> None:
    """End the comparison processes; the next comparison that needs one starts it again."""
    from math500.grading import pool  # noqa: PLC0415 - the pool loads with the first comparison

    pool.shutdown()
