r"""Qwen2.5-Math's rule; it runs in the comparison process.

Upstream: https://github.com/QwenLM/Qwen2.5-Math/blob/main/evaluation/parser.py#L365 (`extract_answer`) and
https://github.com/QwenLM/Qwen2.5-Math/blob/main/evaluation/grader.py#L154 (`math_equal`). The last box, else
what follows "the answer is", else the last number; both answers are cleaned, then the same text, the same
number to four digits (also times or over a hundred), item by item, or symbolically the same.

Not as upstream: its third reader, a fork of latex2sympy of its own, is latex2sympy2_extended here; numbers in
words are read by a few lines of our own, which know whole numbers only; what `sympy.parse_expr` would have to
execute is refused (`reader`) and `ungraded` unless another reader takes it. Upstream gives one comparison 3 s
and scores the rest as wrong; here it is `ungraded` after 5.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from math import isclose
from typing import Any

from latex2sympy2_extended import latex2sympy
from sympy import N, simplify
from sympy.parsing.latex import parse_latex

from math500.grading.presets import mathqa, reader

Reply = dict[str, Any]

NAMES = ("x=", "y=", "z=", "x\\in", "y\\in", "z\\in", "x\\to", "y\\to", "z\\to")
NUMERAL_LIST = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety
"""
NUMERALS = NUMERAL_LIST.split()
ONES, TENS = NUMERALS[:20], NUMERALS[20:]
SCALES = {"thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}
MATRIX = (("\\begin{pmatrix}", "\\begin{bmatrix}"), ("\\end{pmatrix}", "\\end{bmatrix}"))


def decide(response: str, answer: str) -> Reply:
    """The decision on a response."""
    found, rule = extracted(response)
    same = bool(found) and equal(cleaned(found), cleaned(answer))
    return {"same": same, "extracted": found or None, "found": rule}


def extracted(response: str) -> tuple[str, str]:
    """The answer and the rule that found it; an empty answer where there is none."""
    text = response.replace("ки", "")
    if "final answer is $" in text and "$. I hope" in text:
        found = text.split("final answer is $", 1)[1].split("$. I hope", 1)[0].strip()
        return _trimmed(found), "final answer ... I hope"
    if "boxed" in text:
        return _trimmed(_box(text.rpartition("boxed")[2])), "last box"
    for words in ("he answer is", "final answer is"):
        if words in text:
            return _trimmed(text.rpartition(words)[2].strip()), words
    if "答案是" in text:
        return _trimmed(text.split("答案是")[1].strip().split("\n\n")[0].strip()), "答案是"
    numbers = re.findall(r"-?\d*\.?\d+", text.replace(",", ""))
    return _trimmed(numbers[-1] if numbers else ""), "last number"


def _box(behind: str) -> str:
    """What the brace behind `boxed` holds; without one all up to a dollar."""
    if not behind.startswith("{"):
        return behind.partition("$")[0].strip()
    depth = 0
    for position, sign in enumerate(behind):
        depth += (sign == "{") - (sign == "}")
        if depth == 0:
            return behind[1:position]
    return behind[1:]


def _trimmed(found: str) -> str:
    text = re.sub(r"\n\s*", "", found)
    return text.removeprefix(":").removesuffix(".").removesuffix("/")


def cleaned(answer: str) -> str:
    """The answer in one spelling, without units, percent signs and names, in upstream's order."""
    text = answer.strip().replace("\n", "").rstrip(".").replace("\\!", "")
    text = mathqa.one_spelling(text).replace("\\{", "{").replace("\\}", "}")
    text = mathqa.without_units(text)
    for gone in ("^{\\circ}", "^\\circ", "\\$", "$", "\\(", "\\)"):
        text = text.replace(gone, "")
    text = re.sub(r"\\text\{(.*?)\}", r"\1", _number_of_words(text))
    for name in NAMES:
        text = text.replace(name, "")
    text = text.replace("\\emptyset", "{}").replace("(-\\infty,\\infty)", "\\mathbb{R}")
    text = text.replace("\\%", "").replace("%", "").replace(" .", " 0.").replace("{.", "{0.")
    text = text.replace("infinity", "\\infty")
    if "\\infty" not in text:
        text = text.replace("inf", "\\infty")
    text = re.sub(r"\\mbox{.*?}", "", text.replace("and", "").replace("\\mathbf", ""))
    if "j" in text and "i" not in text:
        text = text.replace("j", "i")
    text = re.sub(r"(\d+)\.0*$", r"\1", re.sub(r"(\d+)\.0*([^\d])", r"\1\2", text))
    return _fractions(text)


def _fractions(text: str) -> str:
    r"""The last steps: a leading zero, no short name in front, braces after `\sqrt` and `\frac`, `a/b`."""
    if not text:
        return text
    text = "0" + text if text[0] == "." else text
    parts = text.split("=")
    text = parts[1] if len(parts) == 2 and len(parts[0]) <= 2 else text
    text = re.sub(r"\\sqrt(\w+)", r"\\sqrt{\1}", text).replace(" ", "")
    head, *tails = text.split("\\frac")
    done = [head]
    for tail in tails:
        if tail.startswith("{"):
            done.append(tail)
        elif len(tail) < 2:
            return text
        else:
            done.append(f"{{{tail[0]}}}" + (tail[1:] if tail[1] == "{" else f"{{{tail[1]}}}{tail[2:]}"))
    text = "\\frac".join(done)
    side = r"(-?(?:0|[1-9]\d*)|[^/]*sqrt[^/]*)"
    return re.sub(rf"^{side}/{side}$", r"\\frac{\1}{\2}", text)


def _number_of_words(text: str) -> str:
    """The number that the words of a text say; a text without such words, or of digits, stays."""
    total, part, seen = 0, 0, False
    for word in text.lower().replace("-", " ").split():
        if word in ONES:
            part += ONES.index(word)
        elif word in TENS:
            part += 10 * (TENS.index(word) + 2)
        elif word == "hundred":
            part *= 100
        elif word in SCALES:
            total, part = total + part * SCALES[word], 0
        else:
            continue
        seen = True
    return str(total + part) if seen else text


def equal(candidate: str, reference: str) -> bool:
    """Upstream's `math_equal` as it is called for MATH: with percentages, within a ten-thousandth."""
    if candidate.strip().lower() == reference.strip().lower():
        return True
    if reference in ("A", "B", "C", "D", "E") and _choice(candidate) == reference:
        return True
    if _numbers(candidate, reference):
        return True
    if not candidate:
        return False
    candidate, reference = candidate.strip(), reference.strip()
    if "pmatrix" in candidate and "pmatrix" not in reference:
        reference = _as_matrix(reference)
    if _without_brackets(candidate, reference):
        return True
    return _structures(candidate, reference)


def _structures(candidate: str, reference: str) -> bool:
    if all(re.match(r"(\(|\[).+(\)|\])", text) for text in (candidate, reference)):
        return _items(candidate[1:-1].split(","), reference[1:-1].split(","))
    if all(text.startswith(MATRIX[0]) and text.endswith(MATRIX[1]) for text in (candidate, reference)):
        rows = [_rows(text) for text in (candidate, reference)]
        return len(rows[0]) == len(rows[1]) and all(map(_items, *rows))
    if candidate.count("=") == 1 and reference.count("=") == 1:
        one, other = _difference(candidate), _difference(reference)
        return symbolic(one, other) or symbolic(f"-({one})", other)
    if _is_short_equation(candidate) and "=" not in reference:
        return equal(candidate.split("=")[1], reference)
    if _is_short_equation(reference) and "=" not in candidate:
        return equal(candidate, reference.split("=")[1])
    return symbolic(candidate, reference)


def _choice(text: str) -> str:
    letters = re.findall(r"\b(A|B|C|D|E)\b", text.upper())
    return letters[-1] if letters else ""


def _numbers(candidate: str, reference: str) -> bool:
    one, other = _number(candidate), _number(reference)
    if one is None or other is None:
        return False
    return any(isclose(value, one, rel_tol=1e-4) for value in (other / 100, other, other * 100))


def _number(text: str) -> float | None:
    """A plain number or percentage; thousands may have commas."""
    text = text.replace(",", "")
    try:
        return float(text)
    except ValueError:
        pass
    try:
        return float(text[:-1].removesuffix("\\")) / 100 if text.endswith("%") else None
    except ValueError:
        return None


def _as_matrix(text: str) -> str:
    found = re.findall(r"\{.*,.*\}", text)
    return ", ".join("\\begin{pmatrix}" + m.strip("{}").replace(",", "\\") + "\\end{pmatrix}" for m in found)


def _without_brackets(candidate: str, reference: str) -> bool:
    square = candidate.startswith("[") and candidate.endswith("]")
    round_ = candidate.startswith("(") and candidate.endswith(")")
    if (square and not (reference.startswith("(") and reference.endswith(")"))) or (
        round_ and not (reference.startswith("[") and reference.endswith("]"))
    ):
        candidate, reference = candidate.strip("[]()"), reference.strip("[]()")
    table = str.maketrans("", "", "{}()")
    return candidate.translate(table).lower() == reference.translate(table).lower()


def _items(candidates: list[str], references: list[str]) -> bool:
    return len(candidates) == len(references) and all(map(equal, candidates, references))


def _rows(matrix: str) -> list[list[str]]:
    inside = matrix[len("\\begin{pmatrix}") : -len("\\end{pmatrix}")]
    return [row.strip().split("&") for row in inside.split("\\\\") if row.strip()]


def _difference(equation: str) -> str:
    left, right = equation.split("=")
    return f"{left.strip()} - ({right.strip()})"


def _is_short_equation(text: str) -> bool:
    return text.count("=") == 1 and len(text.partition("=")[0].strip()) <= 2


def symbolic(candidate: str, reference: str) -> bool:
    """Whether sympy takes both for the same: as text, as value, as equation, to four digits, as matrix."""
    one, other = _read(candidate), _read(reference)
    tests: tuple[Callable[[], Any], ...] = (
        lambda: str(one) == str(other) or one == other,
        lambda: one.equals(other) or simplify(one - other) == 0,
        lambda: abs(one.lhs - one.rhs).equals(abs(other.lhs - other.rhs)),
        lambda: isclose(float(N(one)), float(N(other)), rel_tol=1e-4),
        lambda: one.shape == other.shape and _rounded(one).equals(_rounded(other)),
    )
    return any(map(_holds, tests))


def _read(text: str) -> Any:  # noqa: ANN401 - what sympy makes of it; the text itself where nothing reads it
    for read in (parse_latex, reader.read, latex2sympy):
        for spelled in (text.replace("\\\\", "\\"), text):
            try:
                return read(spelled)
            except (MemoryError, RecursionError):
                raise
            except Exception:  # noqa: S112 - upstream asks the next reader whatever this one raises
                continue
    return text


def _rounded(matrix: Any) -> Any:  # noqa: ANN401 - a sympy matrix
    return matrix.applyfunc(lambda value: round(value, 3))


def _holds(test: Callable[[], Any]) -> bool:
    try:
        return bool(test())
    except (MemoryError, RecursionError):
        raise
    except Exception:  # upstream goes on with the next test whatever this one raises
        return False
