r"""A reference solution with its results masked, as a hint that does not give the answer away.

The idea is that of OpenMathInstruct-1 (Toshniwal et al. 2024, arXiv:2402.10176): numbers that
come of calculation are replaced by symbols. There a model writes the masked solution; here it can, and
`by_rule` does it without one:

    boxes     what is boxed is a symbol
    sides     a side of an equation that has the answer's value is the same symbol, however it is spelled
    numbers   every number that the problem does not give is a symbol, the same for the same value;
              exponents and indices stay, unless they have the answer's value

`shown` says what a masked text, whoever made it, still shows of the answer. It reads with the grader: each
formula, each side, each number, and what the grader takes for the text's answer.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import chain, count

from math500 import grading
from math500.grading.boxes import find_boxes
from math500.grading.normalize import integer, key, prepare

LONGEST = 120
"""Characters of a side beyond which it is no spelling of an answer."""
TIMEOUT = 1.0
"""Seconds of one comparison."""

_DRAWING = re.compile(r"\[asy\].*?(?:\[/asy\]|\Z)", re.DOTALL)
_SHORT_FRACTION = re.compile(r"\\([dtc]?frac)\s*(\{[^{}]*\}|\d)\s*(\{[^{}]*\}|\d)")
_FORMULA = re.compile(
    r"(?<!\\)\$\$(.+?)(?<!\\)\$\$|(?<!\\)\$((?:\\.|[^$\\])+?)\$|\\\((.+?)\\\)|\\\[(.+?)\\\]"
    r"|\\begin\{(?:align|gather|equation)\*?\}(.+?)\\end\{(?:align|gather|equation)\*?\}",
    re.DOTALL,
)
_RELATION = re.compile(
    r"(\\\\(?:\[[^\]]*\])?|\\(?:leq?|geq?|neq?|approx|equiv|implies|Rightarrow|Longrightarrow|iff|to"
    r"|rightarrow|quad|qquad)(?![A-Za-z])|[=<>&;])"
)
_NUMBER = re.compile(
    r"(?<![\d.])(?:\d{1,3}(?:(?:,|\{,\}|,\\!|\\,)\d{3})+(?!\d)|\d+)(?:\.\d+)?|(?<![\d.])\.\d+"
)
_FRACTION = re.compile(r"\\[dtc]?frac\{\s*(\d+)\s*\}\{\s*(\d+)\s*\}")
_TEXT = re.compile(r"\\(?:text(?:bf|it|rm)?|mbox|mathrm|operatorname)\s*\{[^{}]*\}")
_COMMAND = re.compile(r"\\[A-Za-z]+")
_VARIABLE = re.compile(r"(?<![A-Za-z])[A-Za-z](?![A-Za-z])|(?<=\d)[A-Za-z]")
_LETTER = re.compile(r"(?<![A-Za-z\\])[A-Z](?![A-Za-z])")
_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen twenty"
)
NUMBER_WORDS = {word: Fraction(value) for value, word in enumerate(_WORDS.split())}
_NUMBER_WORD = re.compile(rf"\b(?:{'|'.join(NUMBER_WORDS)})\b", re.IGNORECASE)


def by_rule(problem: str, solution: str, answer: str) -> str:
    """The solution with its results as symbols; drawings are left out.

    Args:
        problem: the problem's text; its numbers are given, and stay.
        solution: the reference solution.
        answer: the reference answer; not empty.
    """
    text = _spelled_out(_DRAWING.sub("", solution)).strip()
    symbols = _Symbols(problem + text)
    text = _without_boxes(text, symbols.answer)
    hidden = {answer: symbols.answer}
    if len(parts := _parts(answer)) > 1:
        hidden |= {part: symbols.next() for part in parts}
    text = _FORMULA.sub(lambda m: _without_sides(m.group(), hidden), text)
    given, wanted = values(problem), value(answer)
    symbols.known |= {
        number: symbol for part, symbol in hidden.items() if (number := value(part)) is not None
    }

    def masked(match: re.Match[str]) -> str:
        found = value(match.group())
        stays = found is None or found in given or (found != wanted and _raised(text, match.start()))
        return match.group() if stays or found is None else symbols.of(found)

    text = _FRACTION.sub(lambda m: m.group() if _parts_given(m, given) else masked(m), text)
    return _NUMBER_WORD.sub(
        lambda m: masked(m) if wanted == value(m.group()) else m.group(), _NUMBER.sub(masked, text)
    )


def shown(masked: str, problem: str, answer: str) -> str:
    """What a masked text still shows of the answer, as it is written there; empty for nothing.

    A text that names something of the problem in passing shows nothing; one that concludes with it does.
    """
    said = grading.extract(masked).answer
    if said is not None and _same(said, answer):
        return said
    if word := _word_shown(masked, answer):
        return word
    parts = _parts(answer)
    found = [_part_shown(masked, problem, part) for part in parts]
    return ", ".join(found) if all(found) else ""


# -- masking -----------------------------------------------------------------------------------


class _Symbols:
    """Capital letters that neither problem nor solution uses, one for each value."""

    def __init__(self, text: str) -> None:
        used = set(_LETTER.findall(text))
        free = [letter for letter in reversed(string.ascii_uppercase) if letter not in used | {"O", "I"}]
        numbered = (letter + "'" * ticks for ticks in count(1) for letter in free or ["Z"])
        self._free = chain(free, numbered)
        self.answer = self.next()
        self.known: dict[Fraction, str] = {}

    def next(self) -> str:
        """One that was not given out."""
        return next(self._free)

    def of(self, number: Fraction) -> str:
        """The symbol of a value."""
        if number not in self.known:
            self.known[number] = self.next()
        return self.known[number]


def _without_boxes(text: str, symbol: str) -> str:
    for box in reversed(find_boxes(text)):
        end = box.end + 1 if text[box.end : box.end + 1] == "}" else box.end
        text = f"{text[: box.command]}{symbol}{text[end:]}"
    return text


def _without_sides(formula: str, hidden: Mapping[str, str]) -> str:
    """A formula whose sides of these values are their symbols."""
    opening = next(o for o in ("$$", "$", "\\(", "\\[", "\\begin") if formula.startswith(o))
    inside = next(group for group in _FORMULA.fullmatch(formula).groups() if group is not None)  # type: ignore[union-attr]
    begin = formula.index(inside, len(opening))
    pieces = _RELATION.split(inside)
    pieces[::2] = [_hidden(piece, hidden) for piece in pieces[::2]]
    return formula[:begin] + "".join(pieces) + formula[begin + len(inside) :]


def _hidden(side: str, hidden: Mapping[str, str]) -> str:
    bare = side.strip().rstrip(".,")
    symbol = next((sign for wanted, sign in hidden.items() if bare and _same(bare, wanted)), None)
    return side if symbol is None else side.replace(bare, symbol)


def _raised(text: str, start: int) -> bool:
    return re.search(r"[\^_]\{?\s*-?\Z", text[max(0, start - 4) : start]) is not None


def _parts_given(fraction: re.Match[str], given: set[Fraction]) -> bool:
    """Whether a fraction stays to be looked at by its numbers: it is given, or both of its parts are."""
    found = value(fraction.group())
    return found is None or found in given or {Fraction(fraction[1]), Fraction(fraction[2])} <= given


# -- looking -----------------------------------------------------------------------------------


def _part_shown(masked: str, problem: str, part: str) -> str:
    given, asked = values(problem), key(problem)
    for candidate in dict.fromkeys(_candidates(masked)):
        number = value(candidate)
        theirs = (
            number in given if number is not None else len(key(candidate)) > 1 and key(candidate) in asked
        )
        if not theirs and _same(candidate, part):
            return candidate
    return ""


def _candidates(masked: str) -> Iterator[str]:
    """All that could be read as a value: boxes, formulas, their sides, numbers, number words."""
    text = _spelled_out(masked)
    yield from (text[box.start : box.end] for box in find_boxes(text))
    for match in _FORMULA.finditer(text):
        inside = next(group for group in match.groups() if group is not None)
        sides = (piece.strip().rstrip(".,") for piece in _RELATION.split(inside)[::2])
        yield from (side for side in [inside.strip(), *sides] if 0 < len(side) <= LONGEST)
    yield from (match.group() for match in _FRACTION.finditer(text))
    yield from (match.group() for match in _NUMBER.finditer(text) if not _raised(text, match.start()))
    yield from (str(NUMBER_WORDS[m.group().lower()]) for m in _NUMBER_WORD.finditer(text))


def _word_shown(masked: str, answer: str) -> str:
    """The answer's own word, where the answer is one; being in the problem does not excuse it."""
    word = re.sub(r"\\text\s*\{([^{}]*)\}", r"\1", prepare(answer)).strip()
    if not re.fullmatch(r"[A-Za-z][A-Za-z ,()-]+|\([A-J]\)", word):
        return ""
    found = re.search(rf"(?<![A-Za-z\\]){re.escape(word)}(?![A-Za-z])", masked, re.IGNORECASE)
    return found.group() if found else ""


def _parts(answer: str) -> list[str]:
    """The values of a list, or the answer itself."""
    bare = re.sub(r"\\(?:left|right)", "", answer).strip().strip("$")
    inner = re.fullmatch(r"(?:\\\{|[(\[])(.+?)(?:\\\}|[)\]])", bare)
    pieces = re.split(r",(?![^{]*\})", inner[1] if inner else bare)
    return [answer] if integer(answer) is not None or len(pieces) < 2 else [p.strip() for p in pieces]


def _same(candidate: str, answer: str) -> bool:
    """Whether the grader takes them for one; what has other letters than the answer is not worth asking."""
    if len(candidate) > LONGEST or _letters(candidate) - _letters(answer) - {"e", "i"}:
        return False
    return grading.equivalent(candidate, answer, timeout=TIMEOUT).same is True


def _letters(text: str) -> set[str]:
    """The variables of a formula."""
    return set(_VARIABLE.findall(_COMMAND.sub(" ", _TEXT.sub(" ", text))))


# -- numbers -----------------------------------------------------------------------------------


def _spelled_out(text: str) -> str:
    r"""`\frac12` as `\frac{1}{2}`, so that no two digits are taken for one number."""

    def braced(match: re.Match[str]) -> str:
        parts = (part if part.startswith("{") else f"{{{part}}}" for part in match.groups()[1:])
        return f"\\{match[1]}" + "".join(parts)

    return _SHORT_FRACTION.sub(braced, text)


def values(text: str) -> set[Fraction]:
    """The numbers that a text names, in figures or words; a fraction and its parts."""
    text = _spelled_out(text)
    found = [*_NUMBER.finditer(text), *_FRACTION.finditer(text), *_NUMBER_WORD.finditer(text)]
    return {number for match in found if (number := value(match.group())) is not None}


def value(written: str) -> Fraction | None:
    """The value of a plain number, fraction or number word; None for anything else."""
    text = written.strip().strip("$").strip()
    if text.lower() in NUMBER_WORDS:
        return NUMBER_WORDS[text.lower()]
    if fraction := _FRACTION.fullmatch(_spelled_out(text)):
        return Fraction(int(fraction[1]), int(fraction[2])) if int(fraction[2]) else None
    if not _NUMBER.fullmatch(text):
        return None
    return Fraction(re.sub(r",\\!|\{,\}|\\,|,", "", text))
