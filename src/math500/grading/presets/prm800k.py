r"""PRM800K's rule and the one of understand-r1-zero, which extends it; both run in the comparison process.

PRM800K: https://github.com/openai/prm800k/blob/main/prm800k/grading/grader.py#L237. The same text by MATH's
rule, or the same text after a normalisation of its own, or item by item a difference that sympy simplifies to
zero; fractions must be equal as written, and an integer is never compared with anything else.

understand-r1-zero: https://github.com/sail-sg/understand-r1-zero/blob/main/understand_r1_zero/math_grader.py
(`boxed_reward_fn` with `fast=False`). The same with a longer cleaning (`cleaned_r1`), and math-verify last.

Not as upstream: PRM800K is given answers, not responses, so the last box of the response is taken. Both hand
the difference to `sympy.parse_expr`, which executes it; here it is read (`reader`), and what that refuses is
`ungraded`. LaTeX is turned to text by pylatexenc as upstream does, whose version is not stated there. A
comparison over its time is `ungraded`; r1-zero gives math-verify 1 s and scores the rest as wrong.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import sympy
from math_verify import ExprExtractionConfig, LatexExtractionConfig, parse, verify
from pylatexenc.latex2text import LatexNodes2Text
from sympy.parsing.sympy_parser import implicit_multiplication_application, standard_transformations

from math500.grading.presets import boxes, hendrycks, mathqa, reader

Reply = dict[str, Any]

UNITS = (
    "degree cm centimeter meter mile second minute hour day week month year foot feet inch yard".split()  # noqa: SIM905
)
SIGNS = {"√": "sqrt", "π": "pi", "∞": "inf", "∪": "U", "·": "*", "×": "*"}
BRACKETS = "()[]"
LONG = 128
"""Characters from which on r1-zero looks whether an answer repeats itself."""


def decide(response: str, answer: str) -> Reply:
    """PRM800K's `grade_answer` on the last box."""
    found = boxes.last(response)
    if found is None:
        return {"same": False, "extracted": None, "reason": "the rule finds no answer in the response"}
    same = _same_text(found, answer) or same_parts(found, answer)
    return {"same": same, "extracted": found, "found": "last box"}


def decide_r1(response: str, answer: str) -> Reply:
    """understand-r1-zero's `boxed_reward_fn`."""
    found = boxes.last(response)
    if found is None:
        return {"same": False, "extracted": None, "reason": "the rule finds no answer in the response"}
    same = cleaned_r1(found) == cleaned_r1(answer) or same_parts(found, answer) or _math_verify(found, answer)
    return {"same": same, "extracted": found, "found": "last box"}


def _same_text(one: str, other: str) -> bool:
    return _mathd(one) == _mathd(other)


def _mathd(answer: str) -> str:
    r"""MATH's cleaning of the answer without an enclosing `\text{}`; as it is where that gives up."""
    text = _inside_text(answer.strip()).strip()
    try:
        return hendrycks.cleaned(text)
    except hendrycks.GiveUp:
        return answer.strip()


def cleaned_r1(answer: str) -> str:
    """MATH's cleaning with matrices of one kind and MathQA's units taken out."""
    text = _inside_text(answer.strip()).strip().replace("\n", "").replace("\\!", "").replace("\\\\", "\\")
    text = mathqa.without_units(mathqa.one_spelling(text))
    try:
        return hendrycks.cleaned(text)
    except hendrycks.GiveUp:
        return answer.strip()


def _inside_text(answer: str) -> str:
    found = re.search(r"^\\text\{(.+?)\}$", answer)
    return answer if found is None else found[1]


def same_parts(given: str, reference: str) -> bool:
    """The same after normalisation, or each part of the one against the same part of the other."""
    wanted, ours = normalized(reference), normalized(given)
    if wanted == ours:
        return True
    if not ours:
        return False
    left, right = _parts(wanted), _parts(ours)
    if len(left) > 1 and (wanted[0], wanted[-1]) != (ours[0], ours[-1]):
        return False
    return len(left) == len(right) and all(map(_same_part, left, right))


def _same_part(wanted: str, ours: str) -> bool:
    if _is_fraction(wanted) and _is_fraction(ours):
        return wanted == ours
    return _is_integer(wanted) == _is_integer(ours) and _no_difference(wanted, ours)


def normalized(answer: str) -> str:
    """PRM800K's own normalisation: no units, LaTeX as text, mixed numbers as sums, lower case."""
    text = _inside_text(answer).replace("\\%", "%").replace("\\$", "$").replace("$", "").replace("%", "")
    text = text.replace(" or ", " , ").replace(" and ", " , ")
    for word, power in (("million", "*10^6"), ("billion", "*10^9"), ("trillion", "*10^12")):
        text = text.replace(word, power)
    for unit in UNITS:
        text = re.sub(rf"{unit}(es)?(s)? *(\^[0-9]+)?", "", text)
    text = re.sub(r"\^ *\\circ", "", text)
    if text[:1] == "{" and text[-1:] == "}":
        text = text[1:-1]
    text = _as_integer(re.sub(r",\\! *", "", text))
    if "\\" in text:
        text = _as_text(text)
    text = re.sub(r"([0-9]) +([0-9])", r"\1+\2", re.sub("- *", "-", text))
    text = text.replace(" ", "").replace("{", "").replace("}", "").lower()
    return str(int(float(_joined(text).replace(",", "")))) if _is_integer(text) else text


def _as_text(latex: str) -> str:
    latex = latex.replace("\\tfrac", "\\frac").replace("\\dfrac", "\\frac").replace("\\frac", " \\frac")
    try:
        text = str(LatexNodes2Text().latex_to_text(latex))
    except Exception:  # upstream goes on with the LaTeX whatever pylatexenc raises
        return latex
    for sign, name in SIGNS.items():
        text = text.replace(sign, name)
    return text.strip()


def _as_integer(text: str) -> str:
    """The plain integer where the text is a number of that value."""
    try:
        value = float(text)
        return str(round(value)) if abs(value - round(value)) <= 1e-7 else text
    except (ValueError, OverflowError):
        return text


def _joined(text: str) -> str:
    """With the commas between thousands taken out."""
    while (joined := re.sub(r"(\d),(\d\d\d)($|\D)", r"\1\2\3", text)) != text:
        text = joined
    return text


def _is_integer(text: str) -> bool:
    try:
        value = float(_joined(text))
        return abs(value - round(value)) <= 1e-7
    except (ValueError, OverflowError):
        return False


def _is_fraction(text: str) -> bool:
    return re.search(r"^-?[0-9]+.?/0*[1-9][0-9]*.?$", text) is not None


def _parts(text: str) -> list[str]:
    """The items of a tuple or interval; anything else is one item."""
    text = _joined(text)
    bracketed = len(text) > 2 and text[0] in BRACKETS and text[-1] in BRACKETS
    if bracketed and not any(sign in text[1:-1] for sign in BRACKETS):
        return [item.strip() for item in text[1:-1].split(",")]
    return [text] if text else []


def _no_difference(wanted: str, ours: str) -> bool:
    """Sympy simplifies the difference to zero; texts with many letters or large powers are not tried."""
    text = f"({wanted})-({ours})"
    letters = {sign for sign in text.replace("sqrt", "").replace("frac", "") if sign.isalpha()}
    if len(letters) > 2 or re.search(r"\^[{(]|\^[0-9]+\^|\^[0-9][0-9]+", text):
        return False
    try:
        how = (*standard_transformations, implicit_multiplication_application)
        return bool(sympy.simplify(reader.read(text.replace("^", "**"), transformations=how)) == 0)
    except (MemoryError, RecursionError):
        raise
    except (
        Exception
    ):  # upstream calls every fault a difference; what was refused is seen in `reader.refusals`
        return False


def _math_verify(given: str, reference: str) -> bool:
    if any(len(text) > LONG and _repeats(text) for text in (given, reference)):
        return False
    wanted = (LatexExtractionConfig(boxed_match_priority=0), ExprExtractionConfig())
    # Upstream hands the mode over in a list, which math-verify takes for neither of its two modes.
    gold, found = (
        parse(
            text if "$" in text else f"${text}$",
            wanted,
            fallback_mode="no_fallback",
            extraction_mode=["first_match"],
            parsing_timeout=None,
        )
        for text in (reference, given)
    )
    return bool(verify(gold, found, timeout_seconds=None))


def _repeats(text: str) -> bool:
    """Neighbouring suffixes in sorted order have more than a fifth of all their characters in common."""
    suffixes = sorted(text[i:] for i in range(len(text)))
    common = sum(_common(one, other) for one, other in pairwise(suffixes))
    return common * 2 / (len(text) * (len(text) + 1)) > 0.2


def _common(one: str, other: str) -> int:
    """How many characters two texts begin with in common."""
    return next(
        (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
