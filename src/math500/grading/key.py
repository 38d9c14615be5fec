r"""A closed set deserves a closed key: what kind of answer each of MATH-500's problems asks for.

`key.txt` holds one line for each of the 500 problems: its `unique_id`, a hash of its text, the kind of its
answer and the rules of its form, typed by hand with problem and answer in view. It holds neither.
`grading.grade` uses it when it is told the `unique_id`; other problems are graded without it, and so is
another text under an id of MATH-500's.

Kinds: integer, fraction, decimal, mixed, real (with roots or pi), angle, money, quantity (a number with a
unit), base, complex, expression, equation, interval, tuple, vector, matrix, set, list, text, choice.

Rules that act, on top of what `equivalence` found:

    unordered  all values are asked for: any order and any brackets around the list,
               but two values in square brackets are an interval
    ordered    a point, triple or vector: the order counts, and braces make another answer
    base=N     the question fixes the base: it may be left away or said in words; another base is wrong
    unit=U     the question fixes the unit: a bare number is in it; the same value in another unit is right,
               the same number in another unit is wrong
    round=N    N decimals are asked for: an exact reference is met by its rounded value
    decimal    the question gives the value and asks for its decimal form: a fraction is no answer
    factored   a product is asked for: a sum is no answer
    worked     the question writes the value out: what is still to be worked out is no answer

Rules that inform: `form=...` (interval, fraction, mixed, decimal, radical, tuple, slope-intercept, plane,
letter, word, list, percent, exact, polynomial) is what the question asks for where an equal value in another
form is still taken as right; `own` says that the question's own expression is the answer already; `figure`
that the text holds a drawing; `doubt=...` is why the row itself is doubtful (docs/math500-notes.md).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path

from math500.grading import normalize
from math500.grading.equivalence import Comparison
from math500.grading.units import Unit, read_unit

FILE = Path(__file__).with_name("key.txt")
Compare = Callable[[str, str], Comparison]
"""The comparison of a candidate with a reference, its conventions and time limit settled."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What one problem asks for.

    Attributes:
        text: the first 8 hex digits of the sha256 of its problem's text without spaces and line breaks.
        kind: the kind of answer.
        rules: rule name to its value; "" for a rule without one.
    """

    text: str
    kind: str
    rules: Mapping[str, str]


@cache
def entries() -> Mapping[str, Entry]:
    """The key: `unique_id` to what the problem asks for. Read from disk at the first call."""
    found = {}
    for line in FILE.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            unique_id, text, kind, *rules = line.split()
            pairs = (rule.partition("=") for rule in rules)
            found[unique_id] = Entry(text, kind, {name: value for name, _, value in pairs})
    return found


def doubtful() -> Mapping[str, str]:
    """The rows of MATH-500 that are doubtful themselves: `unique_id` to the kind of reason.

    `ambiguous` (a second reading gives another answer), `several-forms` (right answers exist that no grader
    can tell from the reference alone), `assumption` (something unsaid is needed), `duplicate` (asks the same
    as another row).
    """
    return {unique_id: e.rules["doubt"] for unique_id, e in entries().items() if "doubt" in e.rules}


def figures() -> frozenset[str]:
    """The problems whose text holds a drawing in Asymptote code, which most of them need."""
    return frozenset(unique_id for unique_id, entry in entries().items() if "figure" in entry.rules)


def known(unique_id: str | None, question: str | None) -> Entry | None:
    """What the problem of this id asks for; None for one outside of MATH-500, or with another text."""
    entry = None if unique_id is None else entries().get(unique_id)
    if entry is None or question is None:
        return entry
    return entry if hashlib.sha256("".join(question.split()).encode()).hexdigest()[:8] == entry.text else None


def mended(entry: Entry, candidate: str, answer: str, found: Comparison, compare: Compare) -> Comparison:
    """What the comparison found, mended by the problem's rules.

    Args:
        entry: what the problem asks for.
        candidate: the answer to judge.
        answer: the reference answer.
        found: what comparing the two gave.
        compare: compares again, for a rule that rewrites one of them.
    """
    if found.same and found.stage == "text":
        return found
    try:
        return _applied(entry, candidate, answer, found, compare)
    except Exception as error:  # as in `equivalent`: a defect here must not count against the model
        return Comparison(None, "fault", f"the key failed: {type(error).__name__}: {error}")


# -- the rules -------------------------------------------------------------------------------


def _applied(entry: Entry, candidate: str, answer: str, found: Comparison, compare: Compare) -> Comparison:
    if found.same and entry.kind == "interval" and _between(answer) and not _between(candidate):
        return Comparison(False, "key", "an interval is asked for, with its brackets or signs")
    for name, rule in _RULES.items():
        if name in entry.rules and _fits(name, answer):
            found = rule(entry.rules[name], candidate, answer, found, compare)
    return found


def _fits(rule: str, answer: str) -> bool:
    """Whether a reference answer is of the rule's shape; a user's own copy may have another."""
    if rule in ("unordered", "ordered"):
        return "," in answer or r"\pm" in answer or r"\\" in answer
    return rule != "base" or "_" in answer


def _unordered(_: str, candidate: str, answer: str, found: Comparison, compare: Compare) -> Comparison:
    if found.same and len(set(_NAMED.findall(candidate))) > 1:
        return Comparison(False, "key", "values of one unknown are asked for, not of several")
    if found.same or _interval(candidate):
        return found
    bare, reference = _without_brackets(candidate), _without_brackets(answer)
    if (bare, reference) == (candidate, answer):
        return found
    again = compare(bare, reference)
    return Comparison(True, "key", "all values, in any order") if again.same else found


_NAMED = re.compile(r"(?<![A-Za-z\\])([a-zA-Z])\s*=")


def _interval(text: str) -> bool:
    """Whether two values stand in square brackets, which is how an interval is written."""
    return _outer(text) == "[" and text.count(",") == 1


def _ordered(_: str, candidate: str, __: str, found: Comparison, ___: Compare) -> Comparison:
    if found.same and _outer(candidate) == r"\{":
        return Comparison(False, "key", "the order counts, and a set has none")
    if found.same and (told := _NO_POINT.search(candidate)):
        return Comparison(False, "key", f"a point is asked for, and {told[0].strip()} makes none")
    return found


_NO_POINT = re.compile(r"[<>≤≥]|\\[lg](?:eq?|t)(?:slant)?(?![A-Za-z])|\bor\b|^\W*\][^\[\]]*\[\W*$")
"""Signs of an inequality, an "or", and brackets turned outward."""


def _between(text: str) -> bool:
    """Whether a text has what makes two ends an interval: brackets, or signs of order."""
    return re.search(r"[()\[\]<>≤≥]|\\[lg](?:eq?|t)|\\in(?![A-Za-z])|\\langle", text) is not None


_BRACKETS = ((r"\{", r"\}"), ("(", ")"), ("[", "]"))


def _outer(text: str) -> str:
    """The bracket that opens and closes the whole text, or ""."""
    inner = re.sub(r"\\(?:left|right|,|!|;|:|\s)", "", text.strip().strip("$").strip())
    return next((a for a, b in _BRACKETS if inner.startswith(a) and inner.endswith(b)), "")


def _without_brackets(text: str) -> str:
    opened = _outer(text)
    if not opened:
        return text
    inner = re.sub(r"\\(?:left|right)", "", text.strip().strip("$").strip())
    closed = dict(_BRACKETS)[opened]
    return inner.removeprefix(opened).removesuffix(closed).strip()


_BASE_WORDS = {"two": 2, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10}
_IN_BASE = re.compile(
    r"(?P<digits>[0-9]+)(?:\s|\\[ ,;]|\$)*(?:\\(?:text|mbox|mathrm)\{)?\s*\(?\s*(?:in\s+)?base[\s~-]*"
    r"(?P<base>[0-9]+|two|five|six|seven|eight|nine|ten)\s*\)?\s*\}?\.?",
    re.IGNORECASE,
)


def _base(value: str, candidate: str, answer: str, found: Comparison, _: Compare) -> Comparison:
    said = _IN_BASE.fullmatch(candidate[:80].strip().strip("$"))
    if found.same or said is None:
        return found
    named = said["base"].lower()
    base = _BASE_WORDS.get(named) or int(named)
    same = base == int(value) and said["digits"] == answer.partition("_")[0]
    return Comparison(same, "key", f"base {base} where the question asks for base {value}")


_WRITTEN_UNIT = re.compile(
    r"(?:\\(?:text|mbox|mathrm|textrm)\{\s*([^{}]+?)\s*\}|(?<![\\A-Za-z])([A-Za-z][A-Za-z. ]*?))"
    r"\s*(?:\^\{?([23])\}?)?\s*$"
)


def _unit(value: str, candidate: str, answer: str, found: Comparison, compare: Compare) -> Comparison:
    theirs = _unit_of(candidate)
    if theirs is None:
        return found
    asked = read_unit(value.replace("_", " "))
    if (theirs.dimensions, theirs.factor) == (asked.dimensions, asked.factor):
        written = _WRITTEN_UNIT.search(candidate.strip().strip("$"), max(0, len(candidate) - 60))
        if written is not None and not _is_unit(written, asked):
            return found  # `\$36 million` and `\$36x`: what is written there is not the unit
        # `12m` is 12 times m elsewhere; here it is in the unit that is asked for.
        return (
            found if found.same or written is None else compare(candidate.strip()[: written.start()], answer)
        )
    if _unit_of(answer) is None:
        # The reference leaves the unit to the question, so a number with any unit was taken for it.
        again = compare(candidate, rf"{answer} \text{{ {value.replace('_', ' ')}}}")
        return again if again.same else Comparison(False, "key", f"the question asks for {value}")
    return found


def _is_unit(written: re.Match[str], asked: Unit) -> bool:
    """Whether the word behind a value is the unit that is asked for."""
    power = f"^{written[3]}" if written[3] else ""
    unit = read_unit((written[1] or written[2]).strip(" .").lower() + power)
    return not unit.nouns and (unit.dimensions, unit.factor) == (asked.dimensions, asked.factor)


def _unit_of(text: str) -> Unit | None:
    """The unit written behind the number, or before it for money; None for none or for unknown words."""
    prepared = text.strip().strip("$").strip()
    if re.match(r"-?\s*(?:\\\$|\$)\s*[\d.]", text.strip()) and not text.strip().endswith("$"):
        return read_unit("dollar")
    written = _WRITTEN_UNIT.search(prepared, max(0, len(prepared) - 60))
    if written is None or not re.search(r"\d", prepared[: written.start()]):
        return None
    words = (written[1] or written[2]).strip(" .").lower()
    unit = read_unit(words + (f"^{written[3]}" if written[3] else ""))
    return unit if unit.dimensions and not unit.nouns else None


def _round(value: str, candidate: str, answer: str, found: Comparison, _: Compare) -> Comparison:
    exact, given = _decimal_value(answer), _decimal_value(candidate)
    if found.same or exact is None or given is None:
        return found
    scale = 10 ** int(value)
    rounded = Fraction((exact * scale + Fraction(1, 2)).__floor__(), scale)
    return Comparison(True, "key", f"rounded to {value} decimals") if given == rounded else found


def _decimal_value(text: str) -> Fraction | None:
    plain = normalize.prepare(text).removeprefix(r"\$").strip()
    number = re.fullmatch(r"-?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.?\d*|\.\d+)", plain)
    return Fraction(plain.replace(",", "")) if number else None


def _decimal(_: str, candidate: str, __: str, found: Comparison, ___: Compare) -> Comparison:
    if found.same and re.search(r"\\[dt]?frac|/", candidate):
        return Comparison(False, "key", "the decimal form is what the question asks for")
    return found


def _factored(_: str, candidate: str, __: str, found: Comparison, ___: Compare) -> Comparison:
    depth, text = 0, normalize.key(candidate)
    for at, character in enumerate(text):
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(character, 0)
        if found.same and depth == 0 and at and character in "+-":
            return Comparison(False, "key", "a product is what the question asks for")
    return found


_UNWORKED = re.compile(
    r"\\(?:log|ln|lg|sin|cos|tan|cot|sec|csc|arc\w+|lceil|lfloor|[dt]?binom|sum|prod|lim|div|star"
    r"|overline|diamond)(?![A-Za-z])|!|@|\|"
)
_ARITHMETIC = re.compile(r"(?<=[\w)}])\s*(?:[-+*]|\\(?:cdot|times))|\^(?!\{?\\circ)")
_NUMBERS = ("integer", "fraction", "decimal")


def _worked(_: str, candidate: str, answer: str, found: Comparison, __: Compare) -> Comparison:
    if not found.same:
        return found
    last = re.split(r"=|\\approx", candidate.replace(r"\!", ""))[-1]
    arithmetic = re.fullmatch(r"-?[\d.,]+|-?\\[dt]?frac\s*\{?\d+\}?\s*\{?\d+\}?", answer.replace(r"\!", ""))
    left = _UNWORKED.search(last) or (arithmetic and _ARITHMETIC.search(last))
    if left and left[0] not in answer:
        return Comparison(False, "key", f"still to be worked out ({left[0].strip()})")
    return found


_RULES: dict[str, Callable[[str, str, str, Comparison, Compare], Comparison]] = {
    "unordered": _unordered,
    "ordered": _ordered,
    "base": _base,
    "unit": _unit,
    "round": _round,
    "decimal": _decimal,
    "factored": _factored,
    "worked": _worked,
}
