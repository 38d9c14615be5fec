r"""The rules that need math-verify or sympy; this module is loaded in the comparison process only.

Each takes a response and a reference answer and returns the reply of that process: whether they are the same,
what was extracted, and how. The libraries' own time limits are switched off (they use the alarm, which here
is the net below the parent's kill): a comparison over time is ended by the parent and is `ungraded`, where
upstream scores it as wrong.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from typing import Any

import math_verify.parser
from latex2sympy2_extended import NormalizationConfig, normalize_latex
from math_verify import ExprExtractionConfig, LatexExtractionConfig, StringExtractionConfig, parse, verify
from sympy.parsing import sympy_parser

from math500.grading.presets import boxes, reader

Reply = dict[str, Any]

math_verify.parser.parse_expr = reader.read


@contextlib.contextmanager
def _reading() -> Iterator[None]:
    """Sympy reads text by `reader` meanwhile; our own last stage goes on without."""
    before = sympy_parser.parse_expr
    sympy_parser.parse_expr = reader.read
    try:
        yield
    finally:
        sympy_parser.parse_expr = before


def decide(rule: str, response: str, answer: str) -> Reply:
    """The decision of the rule of this name; what only executing the text could decide is `same: None`."""
    with _reading():
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


def opencompass(response: str, answer: str) -> Reply:
    """OpenCompass' `MATHVerifyEvaluator`: LaTeX alone, a box first, no malformed operators."""
    config = LatexExtractionConfig(
        normalization_config=NormalizationConfig(
            nits=False, malformed_operators=False, basic_latex=True, equations=True, boxed="all", units=True
        ),
        boxed_match_priority=0,
        try_extract_without_anchor=False,
    )
    gold = parse(f"${answer}$", extraction_mode="first_match", parsing_timeout=None)
    found = parse(response, [config], extraction_mode="first_match", parsing_timeout=None)
    # Upstream hands them over in this order: the response as the gold answer.
    return _reply(found, bool(gold) and verify(found, gold, timeout_seconds=None), "a box first")


CHOICES = tuple("ABCDEFGHIJ")


def nemo_skills(response: str, answer: str) -> Reply:
    """NeMo-Skills' `extract_answer` and `math_equal`: the last box; a choice, a literal, then math-verify."""
    found = boxes.last(response)
    if found is None:
        return {"same": False, "extracted": None, "reason": "the rule finds no answer in the response"}
    return {"same": _nemo_equal(found, answer), "extracted": found, "found": "last box"}


def _nemo_equal(found: str, answer: str) -> bool:
    choices = [StringExtractionConfig(strings=CHOICES)]
    if answer.strip() in CHOICES and verify(
        parse(answer, choices, parsing_timeout=None),
        parse(found, choices, parsing_timeout=None),
        timeout_seconds=None,
    ):
        return True
    texts = [_without_percent(text) for text in (answer, found)]
    literals = [normalize_latex(text, NormalizationConfig) for text in texts]
    same = literals[0].replace(" ", "") == literals[1].replace(" ", "")
    if same or all(re.fullmatch(r"[a-zA-Z ,]+|[0-9 ]+", literal) for literal in literals):
        return bool(same)
    marked = re.compile(r"\$.*\$|\\\(.*\\\)|\\\[.*\\\]|\\boxed\{", re.DOTALL)
    gold, ours = (
        parse(text if marked.search(text) else f"${text}$", [LatexExtractionConfig()], parsing_timeout=None)
        for text in texts
    )
    return bool(verify(gold, ours, timeout_seconds=None))


def _without_percent(text: str) -> str:
    percentage = re.fullmatch(r"(\d+\.?\d*)(?:\\%|%)", text)
    return (percentage[1] if percentage else text).rstrip(".\\")


def sympy_latex(candidate: str, reference: str) -> Reply:
    """lm-eval's `is_equiv` of minerva_math, on normalised answers: sympy simplifies the difference to 0."""
    from sympy import simplify  # noqa: PLC0415 - sympy's LaTeX grammar loads with the rule that needs it
    from sympy.parsing.latex import parse_latex  # noqa: PLC0415

    try:
        return {"same": bool(simplify(parse_latex(candidate) - parse_latex(reference)) == 0)}
    except (MemoryError, RecursionError):
        raise
    except Exception as error:  # upstream scores whatever cannot be read, subtracted or simplified as wrong
        return {"same": False, "reason": f"upstream gives up: {type(error).__name__}"}


def _prm800k(response: str, answer: str) -> Reply:
    from math500.grading.presets import prm800k  # noqa: PLC0415 - it needs pylatexenc

    return prm800k.decide(response, answer)


def _r1_zero(response: str, answer: str) -> Reply:
    from math500.grading.presets import prm800k  # noqa: PLC0415 - it needs pylatexenc

    return prm800k.decide_r1(response, answer)


def _qwen(response: str, answer: str) -> Reply:
    from math500.grading.presets import qwen  # noqa: PLC0415 - sympy's LaTeX grammar loads with it

    return qwen.decide(response, answer)


RULES: dict[str, Callable[[str, str], Reply]] = {
    "math-verify": math_verify_defaults,
    "lighteval": lighteval,
    "opencompass": opencompass,
    "nemo-skills": nemo_skills,
    "sympy-latex": sympy_latex,
    "prm800k": _prm800k,
    "r1-zero": _r1_zero,
    "qwen": _qwen,
}
