r"""LaTeX spellings of the same value, made alike.

`prepare` takes away what only changes the looks: math delimiters, sizes, spacing, fonts, `\dfrac` for
`\frac`, full-width and Unicode signs, a trailing full stop. `key` goes further and drops all spaces and text
commands: equal keys prove equal answers, unequal keys prove nothing. Neither decides what a value is.
"""

from __future__ import annotations

import re
from functools import lru_cache

_SIGNS = {chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)} | {
    "，": ", ", "。": ".", "、": ", ", "；": "; ", "−": "-", "–": "-", "—": "-", "×": r"\times ",
    "·": r"\cdot ", "⋅": r"\cdot ", "÷": r"\div ", "±": r"\pm ", "∓": r"\mp ", "≤": r"\le ", "≥": r"\ge ",
    "≠": r"\ne ", "≈": r"\approx ", "∞": r"\infty ", "π": r"\pi ", "θ": r"\theta ", "∪": r"\cup ",
    "∩": r"\cap ", "∈": r"\in ", "√": r"\sqrt ", "°": r"^\circ ", "º": r"^\circ ", "²": "^2", "³": "^3",
    "½": r"\frac{1}{2}", "¼": r"\frac{1}{4}", "¾": r"\frac{3}{4}", "¢": r"\text{ cents}",
    "€": r"\text{ euros}", "∅": r"\emptyset ", "⟨": r"\langle ", "⟩": r"\rangle ", "“": "", "”": "",
    "‘": "'", "’": "'", "\u00a0": " ", "\u200b": "", "\u202f": " ", "\u2009": " ", "′": "'",
    "∘": r"\circ ", "ℝ": r"\mathbb{R}",
}  # fmt: skip
_TABLE = str.maketrans(_SIGNS)
_UNICODE_ROOT = re.compile(r"√\s*(\d+(?:\.\d+)?|[A-Za-z])")
_STRANGE = re.compile(r"[^\x00-\x7f]")

_RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"(?<!\\)\$+|(?<!\\)\\[()\[\]]|\*\*|[`\"]|(?<!\\)\\label\{[^}]*\}", " "),
        (r"\\(?:boxed|fbox)(?![A-Za-z])", ""),
        (r"(?<=\d)\s*(?:\{,\}|,\s*\\!|\\,|\\;|\\ )\s*(?=\d{3}(?!\d))", ""),
        (r"(?<=\d)\{,\}(?=\d)", "."),
        (r"\{([-+=<>])\}", r"\1"),
        (r"(?<![\d.,])(?<![\d.,] )([1-9]\d{0,2}) (\d{3})(?: (\d{3}))?(?: (\d{3}))?(?![ ]?\d|/)", r"\1\2\3\4"),
        (r"\\\\\s*\[[^\]]*\]", r"\\\\"),
        (
            r"\\(?:left|right|middle|[bB]igg?[lrm]?|displaystyle|textstyle|limits|nolimits)(?![A-Za-z])\.?",
            " ",
        ),
        (r"\\(?:quad|qquad|hfill|phantom\{[^{}]*\}|hspace\*?\{[^{}]*\}|mathstrut|strut)(?![A-Za-z])", " "),
        (r"(?<!\\)\\[!,;:> ]|~|(?<!\\)\\\n", " "),
        (r"\\[dtc]frac(?![A-Za-z])", r"\\frac"),
        (r"\\[dt]binom(?![A-Za-z])", r"\\binom"),
        (
            r"\\(?:textbf|textrm|textit|textsf|textnormal|mathrm|mbox|hbox|operatorname\*?|rm)\s*\{",
            r"\\text{",
        ),
        (r"\\(?:mathbf|boldsymbol|mathit|bm|mathsf|mathnormal|emph|vec|hat|overrightarrow)(?![A-Za-z])", " "),
        (r"\\text\s*\{(?=[^{}]*[\\^_])", "{"),
        (r"\\(?:color|textcolor)\s*\{[^{}]*\}", " "),
        (r"\\text\s*\{\s*\\text\s*\{([^{}]*)\}\s*\}", r"\\text{\1}"),
        (
            r"\^\s*(?:\{\s*\\(?:circ|degree)\s*\}|\\(?:circ|degree)(?![A-Za-z]))|\\degree(?![A-Za-z])",
            r"\\degree ",
        ),
        (r"\bequal to\b", "equal"),
        (r"\\lbrace(?![A-Za-z])", r"\\{"),
        (r"\\rbrace(?![A-Za-z])", r"\\}"),
        (r"\\(?:lbrack)(?![A-Za-z])", "["),
        (r"\\(?:rbrack)(?![A-Za-z])", "]"),
        (r"\\infin(?![A-Za-z])", r"\\infty"),
    )
)
_NOT_PLAIN = re.compile(r"[\\$*\s`{~\"]")
_TRAILING = " \t\r\n.,;:。，；"


@lru_cache(maxsize=4096)
def prepare(latex: str) -> str:
    """The text without what only changes its looks; spaces are kept where they part words."""
    text = latex
    if _STRANGE.search(latex):
        text = _UNICODE_ROOT.sub(r"\\sqrt{\1}", latex).translate(_TABLE)
    if _NOT_PLAIN.search(text):
        for pattern, replacement in _RULES:
            text = pattern.sub(replacement, text)
    return text.strip().rstrip(_TRAILING)


_WRAPPING = re.compile(r"\\text\s*\{([^{}]*)\}")
_SPACE = re.compile(r"\s+(?!(?<=\d\s)\d)")


def key(latex: str) -> str:
    """A string that is equal for two spellings of the same value; unequal keys prove nothing."""
    return _SPACE.sub("", _WRAPPING.sub(r"\1", prepare(latex)))


_INTEGER = re.compile(r"[+-]?(?:\d{1,300}|\d{1,3}(?:,\d{3}){1,99})")


def integer(latex: str) -> int | None:
    """The value of a plain integer, with or without thousands marks; None for anything else."""
    text = latex if latex.isascii() and latex.isdigit() else prepare(latex)
    return int(text.replace(",", "")) if _INTEGER.fullmatch(text) else None
