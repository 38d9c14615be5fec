"""The later stages of a comparison: trees first, and math-verify for what the parser does not know.

A candidate may have several readings (`1,234` as one number or as two); one of them has to be the reference.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from math500.grading import normalize, pool
from math500.grading.compare import Comparer
from math500.grading.conventions import Conventions
from math500.grading.equivalence import Comparison
from math500.grading.exact import Undefined
from math500.grading.parse import parse
from math500.grading.tokens import CONSTANTS, FUNCTIONS, RELATIONS
from math500.grading.tree import Based, Matrix, Node, NotRead, Relation, Sequence, Text, TooLarge

LONGEST_SYMBOLIC = 400
"""Characters beyond which the symbolic comparison is not asked."""


def compare(candidate: str, answer: str, timeout: float, conventions: Conventions) -> Comparison:
    """Compare by structure and value, and symbolically where that cannot tell; see `equivalence`."""
    try:
        reference = _reference(answer)
    except (NotRead, TooLarge) as error:
        return _symbolic(
            candidate, answer, timeout, f"the reference answer was not read: {error}", read=False
        )
    comparer = Comparer(conventions)
    outcomes = []
    for reading in _readings(candidate, reference, answer, conventions):
        if _alternatives(candidate, reading, reference):
            outcomes.append(Comparison(False, "structure", "alternatives where both values make one answer"))
            continue
        outcomes.append(_compared(reading, reference, comparer))
        if outcomes[-1].same:
            return outcomes[-1]
    unclear = next((outcome for outcome in outcomes if outcome.same is None), None)
    if unclear is None:
        return outcomes[0]
    if unclear.stage == "limit":
        return Comparison(None, "structure", unclear.reason)
    malformed = unclear.stage == "unread" and not _further(candidate)
    if malformed or isinstance(reference, (Based, Text)):
        return Comparison(False, "structure", f"not read: {unclear.reason}")
    return _symbolic(candidate, answer, timeout, unclear.reason, read=True)


@lru_cache(maxsize=2048)
def _reference(answer: str) -> Node:
    """The tree of a reference answer, kept, since each is compared with many candidates."""
    return parse(answer)


def _compared(reading: Node | Exception, reference: Node, comparer: Comparer) -> Comparison:
    """The comparison of one reading; `unread` marks what is no formula, `limit` what is too large."""
    if isinstance(reading, NotRead):
        return Comparison(None, "unread", str(reading))
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


_OR = re.compile(r"\bx?or\b|\\(?:lor|vee)(?![A-Za-z])|∨")


def _alternatives(candidate: str, reading: Node | Exception, reference: Node) -> bool:
    """Whether "or" joins what a point or an interval holds together: `1 or 2` for `(1, 2)`."""
    pair = reference.sides[-1] if isinstance(reference, Relation) else reference
    if not isinstance(pair, Sequence) or pair.brackets in {"", "{}"} or not _OR.search(candidate):
        return False
    listed = isinstance(reading, Sequence) and not reading.brackets
    return listed and not any(isinstance(item, (Sequence, Matrix)) for item in reading.items)  # type: ignore[union-attr]


_UNIT_LETTER = re.compile(r"(?<=[\d})])\s+(m|g|s|h|L|l)(\^\{?[23]\}?)?$")


_COMMA = re.compile(r"[-+]?\s*\d+,\d+")
_POINT = re.compile(r"[-+]?\s*\d*\.\d+")


def _with_point(candidate: str, answer: str, conventions: Conventions) -> str | None:
    """The candidate with the reference's decimal sign, where one has a comma and the other a point."""
    prepared = normalize.prepare(candidate)
    reference = normalize.prepare(answer)
    if not conventions.decimal_comma:
        return None
    if _COMMA.fullmatch(prepared) and _POINT.fullmatch(reference):
        return prepared.replace(",", ".")
    both = _POINT.fullmatch(prepared) and _COMMA.fullmatch(reference)
    return prepared.replace(".", ",") if both else None


def _readings(
    candidate: str, reference: Node, answer: str, conventions: Conventions
) -> Iterator[Node | Exception]:
    """The trees that the candidate may mean, or why it was not read."""
    try:
        yield parse(candidate)
    except (NotRead, TooLarge) as error:
        yield error
    if isinstance(reference, Sequence) and "," in candidate:
        yield from _read_again(candidate, thousands=False)
    if (pointed := _with_point(candidate, answer, conventions)) is not None:
        yield from _read_again(pointed, thousands=False)
    spelled = _UNIT_LETTER.sub(r" \\text{ \1}\2", normalize.prepare(candidate))
    if spelled != normalize.prepare(candidate):
        yield from _read_again(spelled)


def _read_again(candidate: str, *, thousands: bool = True) -> Iterator[Node]:
    try:
        yield parse(candidate, thousands=thousands)
    except (NotRead, TooLarge):
        return


_COMMAND = re.compile(r"\\([A-Za-z]+)")
_GRAMMAR = (
    frozenset({"frac", "sqrt", "binom", "text", "begin", "end", "cup", "infty", "pm", "mp", "cdot", "times"})
    | {"div", "ast", "degree", "circ", "langle", "rangle"}
    | FUNCTIONS
    | CONSTANTS
    | RELATIONS.keys()
)
"""Commands that `parse` knows: what holds no other and is not read was put together wrongly."""


def _further(candidate: str) -> bool:
    """Whether a candidate has something that the symbolic comparison knows and the grammar does not."""
    return not _GRAMMAR.issuperset(_COMMAND.findall(normalize.prepare(candidate)))


_MATHEMATICS = re.compile(r"\\[A-Za-z]|[\d^_=+*/]")
_PROSE = re.compile(r"(?:\b[A-Za-z]{3,}\b\W+){4}")
_WORDS = re.compile(r"(?<![\\A-Za-z{])[A-Za-z]{3,}(?![A-Za-z}])")
"""Words outside of commands and their arguments; a formula has at most one."""


def _symbolic(candidate: str, answer: str, timeout: float, unclear: str, *, read: bool) -> Comparison:
    """Ask math-verify about what was not understood here, unless the candidate is plainly no mathematics.

    `read` tells whether the reference was understood here: then a candidate that neither stage can read is no
    answer to it, and otherwise nothing can be told.
    """
    prepared = normalize.prepare(candidate)
    prose = _PROSE.search(prepared) or (read and len(_WORDS.findall(prepared)) > 1)
    if (
        not _MATHEMATICS.search(prepared)
        or prose
        or len(prepared) > LONGEST_SYMBOLIC
        or "\\boxed" in candidate
    ):
        return Comparison(False, "structure", f"the candidate is not an answer: {unclear}")
    try:
        reply = pool.ask(prepared, normalize.prepare(answer), timeout)
    except pool.Fault as fault:
        return Comparison(None, "symbolic", str(fault))
    if reply.get("unread") and read:
        return Comparison(False, "symbolic", f"the candidate was not read: {unclear}")
    return Comparison(reply["same"], "symbolic", reply["reason"])
