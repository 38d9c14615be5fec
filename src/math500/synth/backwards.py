r"""A problem turned round: one of its numbers is asked for, and its answer is given.

FOBAR (Jiang et al. 2024, arXiv:2308.07758), used for training rows in MetaMath (Yu et al. 2023,
arXiv:2309.12284); Self-Verification (Weng et al. 2023, arXiv:2212.09561). The words are
math500's own. The new answer is the masked number.

A number can be asked for when the problem gives it once, outside of drawings, exponents and indices, and it
is not the answer itself. Whether it follows from the rest is not known; a solution that finds another one is
graded wrong, and makes no row.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from math500.records import Problem
from math500.synth import masks

Language = Literal["en", "zh"]
ASK = {
    "en": (
        "{problem}\n\nIt is known that the answer to this problem is ${answer}$. What is the value of "
        "${unknown}$?"
    ),
    "zh": "{problem}\n\n已知这个问题的答案是 ${answer}$，求 ${unknown}$ 的值。",
}
UNKNOWNS = "xyzwvutkXYZWVUTK"
MARK = "+x"
"""Between a problem's id and the place of the number that is asked for."""

_HIDDEN = re.compile(r"\[asy\].*?(?:\[/asy\]|\Z)|\\begin\{tabular\}.*?\\end\{tabular\}", re.DOTALL)
_NUMBER = re.compile(
    r"(?<![\d.,\\])(?<![\d,]\{)(?:\d{1,3}(?:(?:,|\{,\}|,\\!)\d{3})+(?!\d)|\d+(?:\.\d+)?)(?![\d]|\.\d|,\d|\{,\}\d)"
)
_BEFORE = re.compile(
    r"(?:[\^_]\{?\s*-?|\\(?:sqrt|root|hspace\*?|vspace\*?|color)\s*[\[{]?|[A-Za-z]|\\[dtc]?frac\s*\d?)\Z"
)
_AFTER = re.compile(r"\s*(?:st|nd|rd|th)\b|[A-Za-z]*(?:pt|em|cm)\}")


@dataclass(frozen=True)
class Unknown:
    """A number that can be asked for."""

    start: int
    end: int
    written: str


def unknowns(problem: Problem) -> list[Unknown]:
    """The numbers of a problem that can be asked for, in order."""
    if not problem.answer or _HIDDEN.search(problem.problem):
        return []
    text = problem.problem
    found = [Unknown(m.start(), m.end(), m.group()) for m in _NUMBER.finditer(text)]
    values = [masks.value(one.written) for one in found]
    words = [masks.value(match.group()) for match in re.finditer(r"[A-Za-z]+", text)]
    answer = masks.value(problem.answer)
    return [
        one
        for one, value in zip(found, values, strict=True)
        if value not in (answer, 0)
        and values.count(value) == 1
        and value not in words
        and not _BEFORE.search(text[max(0, one.start - 12) : one.start])
        and not _AFTER.match(text, one.end)
    ]


def turned(problem: Problem, unknown: Unknown, language: Language = "en") -> Problem | None:
    """The problem that asks for this number; None where every letter is used already.

    It has no reference solution: there is none.
    """
    used = set(
        re.findall(r"(?<![A-Za-z\\])[A-Za-z](?![A-Za-z])|(?<=\d)[A-Za-z]", problem.problem + problem.answer)
    )
    letter = next((one for one in UNKNOWNS if one not in used), None)
    if letter is None:
        return None
    text = problem.problem
    sign = letter if _in_formula(text, unknown.start) else f"${letter}$"
    masked = text[: unknown.start] + sign + text[unknown.end :]
    return Problem(
        problem=ASK[language].format(problem=masked.strip(), answer=problem.answer, unknown=letter),
        answer=re.sub(r",\\!|\{,\}|,", "", unknown.written),
        unique_id=f"{problem.unique_id}{MARK}{unknown.start}",
        subject=problem.subject,
        level=problem.level,
    )


def _in_formula(text: str, place: int) -> bool:
    before = re.sub(r"\\\$", "  ", text[:place]).replace("$$", "$")
    display = max(before.rfind("\\["), before.rfind("\\(")) > max(before.rfind("\\]"), before.rfind("\\)"))
    return before.count("$") % 2 == 1 or display or before.count("\\begin{") > before.count("\\end{")
