r"""The units that Qwen2.5-Math and understand-r1-zero take out of an answer, most of them out of MathQA.

https://github.com/QwenLM/Qwen2.5-Math/blob/main/evaluation/parser.py#L64. Many are no units at all: single
letters, compass directions, `are`, `by`, `more`. That is the rule, and a reason for its false accepts.
"""

from __future__ import annotations

import functools
import re

WORDS = """
east|degree|mph|kmph|ft|m sqaure| m east|sq m|deg|mile|q .|monkey|prime|ratio|profit of rs|rd|o|gm|p . m
lb|tile|per|dm|lt|gain|ab|way|west|a .|b .|c .|d .|e .|f .|g .|h .|t|a|h|no change|men|soldier|pie|bc
excess|st|inches|noon|percent|by|gal|kmh|c|acre|rise|a . m|th|π r 2|sq|mark|l|toy|coin|sq . m|gallon|° f
profit|minw|yr|women|feet|am|pm|hr|cu cm|square|v â € ™|are|rupee|rounds|cubic|cc|mtr|s|ohm|number|kmph
day|hour|minute|min|second|man|woman|sec|cube|mt|sq inch|mp|∏ cm ³|hectare|more|sec|unit|cu . m|cm 2
rs .|rs|kg|g|month|km|m|cm|mm|apple|liter|loss|yard|pure|year|increase|decrease|d|less|Surface|litre
pi sq m|s .|metre|meter|inch
"""


@functools.cache
def units() -> tuple[re.Pattern[str], ...]:
    """Each unit between two places that are not part of a word, in upstream's order, then all with an `s`."""
    words = [word for line in WORDS.strip().split("\n") for word in line.split("|")]
    return tuple(re.compile(rf"(^|\W){word}($|\W)") for word in [*words, *(f"{w}s" for w in words)])


def without_units(text: str) -> str:
    """With every unit taken out, twice over; a unit that is all there is stays."""
    for unit in units() * 2:
        text = unit.sub(r"\1\2", text) or text
    return text


def one_spelling(text: str) -> str:
    r"""One kind of matrix, fraction and relation sign; no `\left`, no `\text{}` at the end."""
    text = re.sub(r"\\begin\{array\}\{.*?\}", r"\\begin{pmatrix}", text)
    text = re.sub(r"\\end\{array\}", r"\\end{pmatrix}", text).replace("bmatrix", "pmatrix")
    text = text.replace("tfrac", "frac").replace("dfrac", "frac")
    for old, new in (
        ("\\neq", "\\ne"),
        ("\\leq", "\\le"),
        ("\\geq", "\\ge"),
        ("\\left", ""),
        ("\\right", ""),
    ):
        text = text.replace(old, new)
    return re.sub(r"\\text{.*?}$", "", text).strip() or text
