"""Does a solution mention the hint that it was given?

A row has the plain problem, so a solution that speaks of "the given solution" speaks of something that is not
there. The patterns are in English and Chinese. A phrase that the problem itself uses is no mention: there is
mathematics about solutions of salt, and there are problems with a hint in them.
"""

from __future__ import annotations

import re

_SOLUTION = r"(?:partial(?:ly masked)?|incomplete|masked|sample|worked|step-by-step)?\s*(?:solution|derivation|working)"
_PATTERNS = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\b(?:the|this|your|our|that)\s+(?:given|provided|supplied|reference|masked|partial|original|incomplete"
        rf"|official|sample|model)\s+{_SOLUTION}\b",
        rf"\b{_SOLUTION}\s+(?:(?:that\s+)?(?:was|is|were|you|has been)\s+)?"
        r"(?:given|provided|supplied|shown|above|gave|masked)\b(?!\s+by\b)",
        rf"\b(?:in|from|following|follow|per|according to|based on|use|using|see|with)\s+(?:the|this|your)\s+"
        rf"(?:above\s+)?(?:hint|reference|masked|partial|reference {_SOLUTION})\b",
        r"\b(?:the|this|your|a) hints?\b|\bhints?\s+(?:says?|tells?|gives?|suggests?|states?|provided|given)\b",
        r"\bmask(?:ed|ing|s)\b|\bun-?mask(?:ed|ing)?\b|\bplaceholders?\b|\bsymbols?\s+(?:stands?|hides?|replaces?)\b",
        r"提示(?:中|里|说|给出|指出|告诉)?|(?:所给|给出|给定|提供|参考|上述|已有)的?(?:解答|解法|答案|解题过程|推导)|掩码|遮盖|遮住|占位符",
    )
]


def mentioned(text: str, problem: str) -> str:
    """The words with which a solution mentions a hint; empty for none.

    Args:
        text: the solution.
        problem: what it solves, as the row has it: without the hint.
    """
    asked = " ".join(problem.lower().split())
    for pattern in _PATTERNS:
        for match in pattern.finditer(text):
            if " ".join(match.group().lower().split()) not in asked:
                return match.group()
    return ""
