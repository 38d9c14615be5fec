"""Is the answer the question's own expression, copied and boxed without being worked out?

Such an answer has the right value and answers nothing. It can only be told when the question is known.
"""

from __future__ import annotations

import re

from math500.grading.normalize import key

_FORMULA = re.compile(
    r"(?<!\\)\$\$?(.+?)(?<!\\)\$|\\\[(.+?)\\\]|\\\((.+?)\\\)|\\begin\{align\*?\}(.+?)\\end", re.DOTALL
)
_FRACTION = re.compile(r"-?\\frac\{?-?\d+\}?\{?\d+\}?|-?\d+/\d+")
_DECIMAL = re.compile(r"-?[\d.,]+")


def copied(candidate: str, answer: str, question: str) -> bool:
    """Whether a candidate that has the right value is a formula of the question, or a side of one.

    A plain number counts only when the question asked for its other form: a fraction for a decimal, or a
    decimal for a fraction.
    """
    text, wanted = key(candidate), key(answer)
    if len(text) < 3 or not _asks_for_another_form(text, wanted):
        return False
    formulas = (next(filter(None, groups), "") for groups in _FORMULA.findall(question))
    theirs = set().union(*(_sides(formula) for formula in formulas))
    # "A = A", with the question's A on both sides, says no more than A does.
    return text in theirs or ("=" in text and theirs.issuperset(text.split("=")))


def _asks_for_another_form(text: str, wanted: str) -> bool:
    if _FRACTION.fullmatch(text):
        return _DECIMAL.fullmatch(wanted) is not None
    return not _DECIMAL.fullmatch(text) or _FRACTION.fullmatch(wanted) is not None


def _sides(formula: str) -> set[str]:
    """The formula, and its sides when it is an equation, as they would be written alone."""
    whole = key(formula)
    return {whole, *(side.rstrip("?.,") for side in whole.split("=")), whole.rstrip("?.,")}
