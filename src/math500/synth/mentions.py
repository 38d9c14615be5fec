"""Does a solution mention the hint that it was given?

A row has the plain problem, so a solution that speaks of "the given solution" speaks of something that is not
there. The patterns are in English and Chinese. A phrase that the problem itself uses is no mention: there is
mathematics about solutions of salt, and there are problems with a hint in them.
"""

from __future__ import annotations

import re

_KIND = r"(?:partial|incomplete|masked|sample|worked)"
_TEXT = rf"(?:{_KIND}\s+)?(?:solution|derivation|working|outline)"
_GIVEN = "given|provided|supplied|reference|masked|partial|original|incomplete|official|sample|model"
_PATTERNS = {
    "the given solution": rf"\b(?:the|this|your|our|that)\s+(?:{_GIVEN})\s+{_TEXT}\b",
    "the solution provided": (
        rf"\b{_TEXT}\s+(?:(?:that\s+)?(?:was|is|were|you|has been)\s+)?"
        r"(?:given|provided|supplied|shown|gave|masked)\b(?!\s+by\b)"
    ),
    "the partial solution above": rf"\b(?:the|this|your)\s+{_KIND}\s+(?:solution|derivation)\s+above\b",
    "the solution above": r"\b(?:the|this|your)\s+(?:solution|outline)\s+above\b(?!\s*[-$\\\d])",
    "in the outline": (
        r"\b(?:in|from|following|follow|per|according to|based "
        r"on|use|using|see|with|as)\s+(?:the|this|your)\s+"
        r"(?:above\s+)?(?:hint|reference|masked|partial)\b"
    ),
    "the outline": r"\b(?:the|this|your|that)\s+(?:\w+\s+)?outline\b",
    "the hint": r"\b(?:the|this|your|a)\s+hints?\b|\bhints?\s+(?:says?|tells?|gives?|suggests?|provided)\b",
    "masked": r"\bmask(?:ed|ing|s)\b|\bun-?mask(?:ed|ing)?\b|\bplaceholders?\b",
    "提示": r"提示(?:中|里|说|给出|指出|告诉)?|提纲|大纲|掩码|遮盖|遮住|占位符",
    "所给解答": r"(?:所给|给出|给定|提供|参考|上述|已有)的?(?:解答|解法|答案|思路|解题过程|推导)",
}
_READ = [re.compile(pattern, re.IGNORECASE) for pattern in _PATTERNS.values()]


def mentioned(text: str, problem: str) -> str:
    """The words with which a solution mentions a hint; empty for none.

    Args:
        text: the solution.
        problem: what it solves, as the row has it: without the hint.
    """
    asked = _plain(problem)
    for pattern in _READ:
        for match in pattern.finditer(text):
            if _plain(match.group()) not in asked:
                return match.group().strip()
    return ""


def _plain(text: str) -> str:
    return " ".join(text.lower().split())
