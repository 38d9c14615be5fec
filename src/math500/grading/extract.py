r"""Which answer did the response give?

A response goes through an ordered list of named rules; the first rule that finds something wins and its name
is recorded. Text inside a thinking block is blanked out first, in place, so that offsets still point into the
response. A thinking block that never ends means that no answer was given.

Within one rule the last match wins. A response that was cut off (`truncated=True`) only counts what was
finished before the cut.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Extraction:
    """The answer found in a response.

    Attributes:
        answer: the answer as written, or None when there is none.
        rule: the name of the rule that found it, or the reason why there is none.
        start: offset in the response of the answer's first character.
        end: offset behind its last character.
    """

    answer: str | None
    rule: str
    start: int = 0
    end: int = 0


def extract(response: str, *, strict: bool = False, truncated: bool = False) -> Extraction:
    r"""The answer that a response gives.

    Args:
        response: the model's text.
        strict: accept a `\boxed` answer only.
        truncated: the response ended at the token limit.
    """
    matches = list(re.finditer(r"\\boxed\s*\{([^{}]*)\}", response))
    if not matches:
        return Extraction(None, "none")
    last = matches[-1]
    return Extraction(last.group(1), "boxed", last.start(1), last.end(1))
