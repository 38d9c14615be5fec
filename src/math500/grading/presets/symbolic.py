r"""The rules that need math-verify or sympy; this module is loaded in the comparison process only.

Each takes a response and a reference answer and returns the reply of that process: whether they are the same,
what was extracted, and how. The libraries' own time limits are switched off (they use the alarm, which here
is the net below the parent's kill): a comparison over time is ended by the parent and is `ungraded`, where
upstream scores it as wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import math_verify.parser
from math_verify import ExprExtractionConfig, LatexExtractionConfig, parse, verify

from math500.grading.presets import reader

Reply = dict[str, Any]

math_verify.parser.parse_expr = reader.read


def decide(rule: str, response: str, answer: str) -> Reply:
    """The decision of the rule of this name; what only executing the text could decide is `same: None`."""
    reader.refusals.clear()
    reply = RULES[rule](response, answer)
    if reply["same"] is not True and reader.refusals:
        reply = {**reply, "same": None, "reason": f"not evaluated as Python: {reader.refusals[0]}"[:200]}
    return reply


def _reply(parsed: list[Any], same: bool, found: str) -> Reply:
    """A reply out of what math-verify's `parse` returned: the value, then the text that it was read from."""
    if not parsed:
        return {"same": False, "extracted": None, "reason": "the rule finds no answer in the response"}
    texts = [item for item in parsed if isinstance(item, str)]
    return {"same": bool(same), "extracted": texts[0] if texts else str(parsed[0]), "found": found}


def math_verify_defaults(response: str, answer: str) -> Reply:
    """Math-verify with its own defaults, the reference in dollars."""
    gold = parse(f"${answer}$", parsing_timeout=None)
    found = parse(response, parsing_timeout=None)
    return _reply(found, verify(gold, found, timeout_seconds=None), "math-verify")


def lighteval(response: str, answer: str) -> Reply:
    """Lighteval's `latex_gold_metric`: a box first, then other forms; decimals to the fifth."""
    gold = parse(f"$\\boxed{{{answer}}}$", [LatexExtractionConfig()], parsing_timeout=None)
    wanted = [ExprExtractionConfig(), LatexExtractionConfig(boxed_match_priority=0)]
    found = parse(response, wanted, parsing_timeout=None)
    return _reply(found, verify(gold, found, 5, timeout_seconds=None), "a box first")


RULES: dict[str, Callable[[str, str], Reply]] = {
    "math-verify": math_verify_defaults,
    "lighteval": lighteval,
}
