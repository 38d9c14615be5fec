"""Is a candidate the same value as the reference answer: yes, no, or could not tell.

The stages, cheapest first; the first one that can tell decides:

    text        both spell the same after normalisation
    integer     both are plain integers
    symbolic    math-verify in a process that can be killed (`pool`)

"Could not tell" (`same` is None) is kept for what is not the candidate's fault: a comparison out of time or
memory, a process that died, a reference answer that cannot be read. A candidate that is not mathematics at
all is a wrong answer, and so is one longer than `LONGEST` characters.
"""

from __future__ import annotations

from dataclasses import dataclass

from math500.grading import normalize, pool

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


def equivalent(candidate: str, answer: str, *, timeout: float = 5.0) -> Comparison:
    """Compare a candidate with a reference answer, both in LaTeX.

    Args:
        candidate: the answer to judge.
        answer: the reference answer.
        timeout: seconds that a symbolic comparison may take.
    """
    if len(candidate) > LONGEST:
        return Comparison(False, "text", f"longer than {LONGEST} characters")
    if normalize.key(candidate) == normalize.key(answer):
        return Comparison(True, "text", "the same text after normalisation")
    left, right = normalize.integer(candidate), normalize.integer(answer)
    if left is not None and right is not None:
        return Comparison(
            left == right, "integer", f"{left} and {right}" if left != right else "the same integer"
        )
    return _symbolic(normalize.prepare(candidate), normalize.prepare(answer), timeout)


def _symbolic(candidate: str, answer: str, timeout: float) -> Comparison:
    try:
        reply = pool.ask(candidate, answer, timeout)
    except pool.Fault as fault:
        return Comparison(None, "symbolic", str(fault))
    return Comparison(reply["same"], "symbolic", reply["reason"])
