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
    "∩": r"\cap ", "∈": r"\in ", "√": r"\sqrt ", "°": r"^\circ ", "º": r"^\circ ",
    "¢": " cents ", "⁄": "/", "∶": ":", "∨": r"\lor ", "∖": r"\setminus ",
    "€": r"\text{ euros}", "∅": r"\emptyset ", "⟨": r"\langle ", "⟩": r"\rangle ", "“": "", "”": "",
    "‘": "'", "’": "'", "\u00a0": " ", "\u200b": "", "\u202f": " ", "\u2009": " ", "′": "'",
    "∘": r"\circ ", "ℝ": r"\mathbb{R}", "α": r"\alpha ", "β": r"\beta ", "λ": r"\lambda ", "φ": r"\varphi ",
    "∠": r"\angle ", "＄": r"\$",
}  # fmt: skip
_VULGAR = {
    "½": (1, 2), "⅓": (1, 3), "⅔": (2, 3), "¼": (1, 4), "¾": (3, 4), "⅕": (1, 5), "⅖": (2, 5), "⅗": (3, 5),
    "⅘": (4, 5), "⅙": (1, 6), "⅚": (5, 6), "⅛": (1, 8), "⅜": (3, 8), "⅝": (5, 8), "⅞": (7, 8), "⅑": (1, 9),
    "⅒": (1, 10), "⅐": (1, 7),
}  # fmt: skip
_SIGNS |= {sign: rf"\frac{{{top}}}{{{bottom}}}" for sign, (top, bottom) in _VULGAR.items()}
_CHINESE = {
    "或者": "or", "或": "or", "以及": "and", "并且": "and", "和": "and", "与": "and", "及": "and",
    "度": "degrees", "美元": "dollars", "美分": "cents", "英寸": "inches", "英尺": "feet", "英里": "miles",
    "厘米": "cm", "毫米": "mm", "千米": "km", "公里": "km", "米": "m",
    "分钟": "minutes", "小时": "hours", "秒": "seconds", "天": "days",
    "单位": "units", "平方": "square", "立方": "cubic", "个": "", "种": "ways", "人": "people",
    "星期一": "Monday", "星期二": "Tuesday", "星期三": "Wednesday", "星期四": "Thursday", "星期五": "Friday",
    "星期六": "Saturday", "星期日": "Sunday", "星期天": "Sunday",
    "东": "east", "南": "south", "西": "west", "北": "north",
    "椭圆": "ellipse", "双曲线": "hyperbola", "抛物线": "parabola", "偶函数": "even", "奇函数": "odd",
}  # fmt: skip
"""Words of Chinese answers; a measure word such as `个` says no more than the number before it."""
_CHINESE_WORD = re.compile("|".join(sorted(_CHINESE, key=len, reverse=True)))
_CHINESE_PERCENT = re.compile(r"百分之\s*(\d+(?:\.\d+)?)")
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ⁿˣ₀₁₂₃₄₅₆₇₈₉", "0123456789-+nx0123456789")
_SUPERSCRIPT = re.compile(r"[⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ⁿˣ]+")
_SUBSCRIPT = re.compile(r"[₀₁₂₃₄₅₆₇₈₉]+")
_TABLE = str.maketrans(_SIGNS)
_UNICODE_ROOT = re.compile(r"√\s*(\d+(?:\.\d+)?|[A-Za-z])")
_FUNCTION = "sin|cos|tan|cot|sec|csc|arcsin|arccos|arctan|sinh|cosh|tanh|log|ln|lg|exp|gcd|lcm|max|min|det"
_STRANGE = re.compile(r"[^\x00-\x7f]")

_RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"\{\s*\\\$\s*\}|\\(?:text|math)dollar(?![A-Za-z])|\\(?:text|mathrm)\{\s*US\s*\\?\$\s*\}", r"\\$"),
        (r"\b(?:USD|US\s?\\\$|US\$)\s*(?=\d)", r"\\$"),
        (r"(?<=[A-Za-z0-9)}])\*\*(?=[0-9({A-Za-z-])", "^"),
        (r"(?<!\\)\$+|(?<!\\)\\[()\[\]]|\*\*|[`\"]|(?<!\\)\\label\{[^}]*\}", " "),
        (rf"\\(?:operatorname\*?|mathrm|text|rm)\s*\{{\s*({_FUNCTION})\s*\}}", r"\\\1 "),
        (r"\\(?:mathrm|text|mathit|textit|rm)\s*\{\s*([ei])\s*\}", r" \1 "),
        (r"\\(?:bf|it|sf|tt|rm|sl)(?:series|shape|family)?(?![A-Za-z])(?!\s*\{)", " "),
        (r"\\cr(?![A-Za-z])", r"\\\\"),
        (r"\\lparen(?![A-Za-z])", "("),
        (r"\\rparen(?![A-Za-z])", ")"),
        (r"\\cents?(?![A-Za-z])", " cents "),
        (r"(?:\{\s*\})?\s*\^\s*\{?(\d+)\}?\s*/\s*_\s*\{?(\d+)\}?", r"\\frac{\1}{\2}"),
        (r"(?<![A-Za-z])\{\s*\}", " "),
        (r"\\(?:boxed|fbox)(?![A-Za-z])", ""),
        (r"(?<=\d)\s*(?:\{,\}|\{\\,\}|,\s*\\!|\\[,;: ]|~)\s*(?=\d{3}(?!\d))", ""),
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
        (r"\{([^{}]*)\\over(?![A-Za-z])([^{}]*)\}", r"\\frac{\1}{\2}"),
        (r"\\[dt]binom(?![A-Za-z])", r"\\binom"),
        (
            r"\\(?:textbf|textrm|textit|textsf|textnormal|mathrm|mbox|hbox|operatorname\*?|rm)\s*\{",
            r"\\text{",
        ),
        (
            r"\\(?:mathbf|boldsymbol|mathit|bm|mathsf|mathnormal|emph|underline|vec|hat|overrightarrow|ensuremath)(?![A-Za-z])",
            " ",
        ),
        (
            r"(?<=[\d)}])\s*\^\s*(?:\{\s*(?:\\text\s*\{\s*o\s*\}|o)\s*\}|\\text\s*\{\s*o\s*\}|o(?![A-Za-z]))",
            r"\\degree ",
        ),
        (
            r"\\text\s*\{((?:\\ |[\s~.])*[A-Za-z][A-Za-z.\s]*?)\s*\^\s*(?:\{(\d)\}|(\d))\s*\}",
            r"\\text{\1}^{\2\3}",
        ),
        (r"\\text\s*\{(?=[^{}]*[\\^_])", "{"),
        (r"\\(?:color|textcolor)\s*\{[^{}]*\}", " "),
        (r"\\text\s*\{\s*\\text\s*\{([^{}]*)\}\s*\}", r"\\text{\1}"),
        (
            r"\^\s*(?:\{\s*\\(?:circ|degree)\s*\}|\\(?:circ|degree)(?![A-Za-z]))|\\degree(?![A-Za-z])",
            r"\\degree ",
        ),
        (r"(?i)^\s*\\text\s*\{\s*(?:the\s+)?(?:final\s+)?(?:answer|ans)\s*(?:is)?\s*:?\s*\}\s*:?", ""),
        (r"\{\s*\\degree\s*\}", r"\\degree "),
        (r"\bequal to\b", "equal"),
        (r"\\lbrace(?![A-Za-z])", r"\\{"),
        (r"\\rbrace(?![A-Za-z])", r"\\}"),
        (r"\\(?:lbrack)(?![A-Za-z])", "["),
        (r"\\(?:rbrack)(?![A-Za-z])", "]"),
        (r"\\infin(?![A-Za-z])", r"\\infty"),
    )
)
_DOUBLED = re.compile(r"\\\\(?=[A-Za-z]{2}|[{}$%,;!])")
"""A backslash that was escaped once too often, as in JSON; behind `\\begin` two are a row's end."""
_NOT_PLAIN = re.compile(r"[\\$*\s`{~\"]|\^o")
_TRAILING = " \t\r\n.,;:。，；\\"


@lru_cache(maxsize=4096)
def prepare(latex: str) -> str:
    """The text without what only changes its looks; spaces are kept where they part words."""
    text = latex
    if _STRANGE.search(latex):
        text = _without_unicode(latex)
    if "\\\\" in text and "\\begin" not in text:
        text = _DOUBLED.sub(r"\\", text)
    if _NOT_PLAIN.search(text):
        for pattern, replacement in _RULES:
            text = pattern.sub(replacement, text)
    return text.strip().rstrip(_TRAILING)


def _without_unicode(text: str) -> str:
    """The text with Unicode signs, raised and lowered digits as LaTeX, and Chinese words as English ones."""
    text = _CHINESE_PERCENT.sub(r"\1\\%", text)
    text = _CHINESE_WORD.sub(lambda match: f" {_CHINESE[match.group()]} ", text)
    text = _UNICODE_ROOT.sub(r"\\sqrt{\1}", text)
    text = _SUPERSCRIPT.sub(lambda match: f"^{{{match.group().translate(_RAISED)}}}", text)
    text = _SUBSCRIPT.sub(lambda match: f"_{{{match.group().translate(_RAISED)}}}", text)
    return text.translate(_TABLE)


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
