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
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from math500.grading import labels, normalize, pool
from math500.grading.compare import Comparer
from math500.grading.conventions import DEFAULT, Conventions
from math500.grading.exact import Undefined
from math500.grading.parse import parse
from math500.grading.tree import Based, Node, NotRead, Sequence, Text, TooLarge

LONGEST = 5_000
"""Characters beyond which a candidate is no answer; the longest of MATH-500's own has 64."""

LONGEST_SYMBOLIC = 400
"""Characters beyond which the symbolic comparison is not asked."""


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
    if len(candidate) > LONGEST:
        return Comparison(False, "text", f"longer than {LONGEST} characters")
    if _same_text(candidate, answer):
        return Comparison(True, "text", "the same text after normalisation")
    return (
        _integers(candidate, answer)
        or _label(candidate, answer, conventions)
        or _structure(candidate, answer, timeout, conventions)
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
    if letter and conventions.choice_with_text:
        return Comparison(labels.chosen(candidate) == letter, "label", f"the reference is choice {letter}")
    time = labels.time_of_day(answer)
    if time and time[2]:
        return Comparison(labels.same_time(candidate, time), "label", "the reference is a time of day")
    return None


def _structure(candidate: str, answer: str, timeout: float, conventions: Conventions) -> Comparison:
    try:
        reference = _reference(answer)
    except (NotRead, TooLarge) as error:
        return _symbolic(
            candidate, answer, timeout, f"the reference answer was not read: {error}", read=False
        )
    comparer = Comparer(conventions)
    outcomes = []
    for reading in _readings(candidate, reference):
        outcomes.append(_compared(reading, reference, comparer))
        if outcomes[-1].same:
            return outcomes[-1]
    unclear = next((outcome for outcome in outcomes if outcome.same is None), None)
    if unclear is None:
        return outcomes[0]
    if unclear.stage == "limit":
        return Comparison(None, "structure", unclear.reason)
    if isinstance(reference, (Based, Text)):
        return Comparison(False, "structure", f"not read: {unclear.reason}")
    return _symbolic(candidate, answer, timeout, unclear.reason, read=True)


@lru_cache(maxsize=2048)
def _reference(answer: str) -> Node:
    """The tree of a reference answer, kept, since each is compared with many candidates."""
    return parse(answer)


def _compared(reading: Node | Exception, reference: Node, comparer: Comparer) -> Comparison:
    """The comparison of one reading; the stage `limit` marks what is too large for any stage."""
    try:
        if isinstance(reading, Exception):
            raise reading
        same = comparer.same(reading, reference)
    except TooLarge as error:
        return Comparison(None, "limit", str(error))
    except RecursionError:
        return Comparison(None, "limit", "nested too deep to be compared")
    except (NotRead, Undefined, ZeroDivisionError) as error:
        return Comparison(None, "structure", str(error))
    return Comparison(same, "structure", "the same value" if same else "another value")


_UNIT_LETTER = re.compile(r"(?<=[\d})])\s+(m|g|s|h|L|l)(\^\{?[23]\}?)?$")


def _readings(candidate: str, reference: Node) -> Iterator[Node | Exception]:
    """The trees that the candidate may mean, or why it was not read."""
    try:
        yield parse(candidate)
    except (NotRead, TooLarge) as error:
        yield error
    if isinstance(reference, Sequence) and "," in candidate:
        yield from _read_again(candidate, thousands=False)
    spelled = _UNIT_LETTER.sub(r" \\text{ \1}\2", normalize.prepare(candidate))
    if spelled != normalize.prepare(candidate):
        yield from _read_again(spelled)


def _read_again(candidate: str, *, thousands: bool = True) -> Iterator[Node]:
    try:
        yield parse(candidate, thousands=thousands)
    except (NotRead, TooLarge):
        return


_MATHEMATICS = re.compile(r"\\[A-Za-z]|[\d^_=+*/]")
_PROSE = re.compile(r"(?:\b[A-Za-z]{3,}\b\W+){4}")


def _symbolic(candidate: str, answer: str, timeout: float, unclear: str, *, read: bool) -> Comparison:
    """Ask math-verify about what was not understood here, unless the candidate is plainly no mathematics.

    `read` tells whether the reference was understood here: then a candidate that neither stage can read is no
    answer to it, and otherwise nothing can be told.
    """
    prepared = normalize.prepare(candidate)
    if not _MATHEMATICS.search(prepared) or _PROSE.search(prepared) or len(prepared) > LONGEST_SYMBOLIC:
        return Comparison(False, "structure", f"the candidate is not an answer: {unclear}")
    try:
        reply = pool.ask(prepared, normalize.prepare(answer), timeout)
    except pool.Fault as fault:
        return Comparison(None, "symbolic", str(fault))
    if reply.get("unread") and read:
        return Comparison(False, "symbolic", f"the candidate was not read: {unclear}")
    return Comparison(reply["same"], "symbolic", reply["reason"])
