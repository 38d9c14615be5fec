r"""A percentage where none is asked for.

`50\%` and `50` are one answer to "what percent of ...?" and two answers to "how many ...?". Without the
question the agreement `percent_optional` takes them for one; with it the question decides. `50\%` for `0.5`
is the same value and stays right either way; `100\%` for `1` is right where a share or a chance is asked for.
"""

from __future__ import annotations

import re

from math500.grading.conventions import Conventions
from math500.grading.equivalence import equivalent
from math500.grading.normalize import integer

_SIGN = re.compile(r"\\?%|％|\s*\bper\s?cent\b")
_SHARE = re.compile(
    r"\b(?:probab|chance|likel|odds\b|ratios?\b|proportions?\b"
    r"|(?:what|which) (?:fraction|portion|part|factor)\b)",
    re.IGNORECASE,
)
_ASKED = re.compile(r"%|％|per\s?cent|百分", re.IGNORECASE)


def unasked_percentage(candidate: str, answer: str, question: str, conventions: Conventions) -> bool:
    """Whether a candidate of the reference's value or number has a percent sign that nobody asked for."""
    bare, signs = _SIGN.subn("", candidate)
    if not signs or _SIGN.search(answer):
        return False
    if equivalent(bare, answer, conventions=conventions).same:
        return not _ASKED.search(question)
    count = integer(answer)
    return count is not None and (abs(count) > 1 or not _SHARE.search(question))
