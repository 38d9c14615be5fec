r"""The comparison process: symbolic equality by math-verify, where it can be killed.

    python -P -m math500.grading.worker

It reads one JSON request a line on standard input and writes one JSON reply a line on what was standard
output:

    {"candidate": "\\frac12", "answer": "0.5", "timeout": 5.0}  ->  {"same": true, "reason": "..."}

A request with a `rule` is a whole response, decided by another project's rule (`presets.symbolic`).

The parent (`pool`) kills a worker that is late. Three nets are below that, for the case that the parent is
gone: the end of standard input, a change of the parent's id, and an alarm whose default action ends the
process even while a long multiplication holds the interpreter. Memory is limited by the kernel. Text is
never evaluated as Python: sympy's evaluator is replaced by a reader of plain numbers, and only the LaTeX
grammar is used.
"""

from __future__ import annotations

import json
import os
import re
import resource
import select
import signal
import sys
from typing import Any, BinaryIO

MEMORY = 2 << 30
"""Bytes of address space that a worker may have, libraries included."""

GRACE = 2.0
"""Seconds behind the parent's own limit at which the worker ends by itself."""

IDLE_CHECK = 5.0
"""Seconds between two looks at whether the parent is still there."""

Reply = dict[str, Any]


def main() -> None:
    """Answer requests until standard input ends or the parent is gone."""
    parent = os.getppid()
    requests, replies = _take_channels()
    limit_memory(MEMORY)
    refuse_evaluation()
    _write(replies, {"ready": True})
    while (line := _next_line(requests, parent)) is not None:
        request = json.loads(line)
        signal.setitimer(signal.ITIMER_REAL, request["timeout"] + GRACE)
        reply = answer_request(request)
        signal.setitimer(signal.ITIMER_REAL, 0)
        _write(replies, reply)


def _take_channels() -> tuple[BinaryIO, BinaryIO]:
    """Standard input, and a private copy of standard output that no library can write into."""
    replies = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    return sys.stdin.buffer, replies


def limit_memory(size: int) -> None:
    """Limit the address space, as far as the system does that.

    macOS ignores the limit or, on some versions, refuses it, since a process begins with more than this; the
    limit on time holds there all the same.
    """
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    size = size if hard == resource.RLIM_INFINITY else min(size, hard)
    try:
        resource.setrlimit(resource.RLIMIT_AS, (size, hard))
    except (ValueError, OSError):
        if sys.platform.startswith("linux"):
            raise


def refuse_evaluation() -> None:
    """Close the one door through which sympy executes text; plain number literals pass, as numbers.

    Sympy's units read their own names through it when they are first imported, which `simplify` does: they
    come first, or every `simplify` would fail, and math-verify takes a failure for a difference.
    """
    import sympy  # noqa: PLC0415 - sympy lives in this process only
    import sympy.physics.units  # noqa: PLC0415
    from sympy.parsing import sympy_parser  # noqa: PLC0415

    def only_numbers(text: str, *_args: object, **_kwargs: object) -> object:
        if re.fullmatch(r"-?\d{1,4000}", text):
            return sympy.Integer(int(text))
        if re.fullmatch(r"-?\d{0,400}\.\d{0,400}", text):
            return sympy.Float(text)
        raise ValueError("text is never evaluated as Python")

    sympy_parser.parse_expr = only_numbers


def _next_line(requests: BinaryIO, parent: int) -> bytes | None:
    """The next request, or None when there will be none."""
    while not select.select([requests], [], [], IDLE_CHECK)[0]:
        if os.getppid() != parent:
            return None
    return requests.readline() or None


def _write(replies: BinaryIO, reply: Reply) -> None:
    replies.write(json.dumps(reply).encode() + b"\n")


def answer_request(request: Reply) -> Reply:
    """The reply to one request; whatever goes wrong in the libraries becomes `same: None` with its name."""
    try:
        if rule := request.get("rule"):
            from math500.grading.presets import symbolic  # noqa: PLC0415 - only presets need it

            return symbolic.decide(rule, request["candidate"], request["answer"])
        return compare(request["candidate"], request["answer"])
    except MemoryError:
        return {"same": None, "reason": "out of memory", "replace": True}
    except RecursionError:
        return {"same": None, "reason": "nested too deep"}
    except Exception as error:
        return {"same": None, "reason": f"the symbolic comparison failed: {type(error).__name__}"}


def compare(candidate: str, answer: str) -> Reply:
    """Compare two LaTeX expressions by math-verify's rules, decimals to the twelfth."""
    from math_verify.grader import sympy_expr_eq  # noqa: PLC0415 - this process only

    reference = parse(answer)
    if reference is None:
        return {"same": None, "reason": "the reference answer could not be parsed", "unread": True}
    value = parse(candidate)
    if value is None:
        return {"same": False, "reason": "the candidate could not be parsed as mathematics"}
    same = sympy_expr_eq(reference, value, float_rounding=12, numeric_precision=15, strict=True)
    return {"same": bool(same), "reason": "symbolic comparison by math-verify"}


def parse(latex: str) -> object | None:
    """The expression that the LaTeX grammar reads in the text, or None."""
    from latex2sympy2_extended.latex2sympy2 import (  # noqa: PLC0415 - this process only
        NormalizationConfig,
        normalize_latex,
    )
    from math_verify.parser import parse_latex_cached  # noqa: PLC0415

    config = NormalizationConfig(
        basic_latex=True, units=True, malformed_operators=True, nits=True, boxed="none", equations=False
    )
    try:
        expression: object = parse_latex_cached(normalize_latex(latex, config=config))
    except (MemoryError, RecursionError):
        raise
    except Exception:
        return None
    return expression


if __name__ == "__main__":
    main()
