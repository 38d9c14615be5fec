r"""Texts as the gate compares them.

cleaned    one spelling of what looks the same: case, Unicode forms, accents, signs that are not seen, letters
           of other alphabets that look Latin, `≤` and `\leq`, `&lt;`, `**`, `\dfrac`, `\left`, `\,`, `$`
tokens     words, numbers, and every other sign by itself; spaces part them and are no tokens
squashed   letters, digits and operators only, with no space: what stays the same when a text is re-set
bare       those tokens that stay in the squashed text
masked     with every number as `0`: what stays the same when only the numbers are changed
"""

from __future__ import annotations

import html
import re
import string
import unicodedata
from collections.abc import Iterable

_SPACING = re.compile(
    r"\\(?:left|right|big|displaystyle|textstyle|quad|qquad|limits)(?![a-z])|\\color\s*\{\w*\}|\\[!,;:> ]|~"
)
_FORMULA = re.compile(r"(?<!\\)\\[()\[\]]|\$\$?")
_SPELLING = re.compile(r"\\[dtc](frac|binom)(?![a-z])")
_SYNONYM = re.compile(r"\\([lgn]e)q(?![a-z])")
_FONT = re.compile(
    r"\\(?:text(?:bf|it|rm|sf)?|math(?:rm|bf|it)|mbox|operatorname\*?|emph|underline|boldsymbol|bm)\s*\{"
)
_ENTITY = re.compile(r"&(?:[A-Za-z]+\d*|#\d+|#[xX][0-9A-Fa-f]+);")
_EMPHASIS = re.compile(r"(?<![^\s(])(\*{1,3})(?=[^\s*])([^*\n]+)(?<=\S)\1(?!\w)")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x7f]")
_MARKUP = frozenset(string.punctuation) - frozenset("+-*/=<>^()[]|%!")
_TOKEN = re.compile(r"[a-z]+|\d+|[^\s_]")
_LOOKS = re.compile(r"[^a-z0-9+\-*/=<>^()\[\]|%!.\u0080-\U0010ffff]+|\.(?!\d)")

_FORGOTTEN = str.maketrans({"°": r"^\circ ", "²": "^2", "³": "^3", "≠": r"\ne "})
"""Signs whose plain form in Unicode says something else."""
_UNSEEN = frozenset({"Mn", "Me", "Cf"})
"""Unicode's categories of accents, and of what has no width."""
_COMMANDS = (
    "≤le ≥ge ≈approx ≡equiv ±pm ×times ÷div ·cdot ⋅cdot √sqrt ∞infty ∠angle △triangle ∑sum ∏prod ∫int "
    "∈in ∪cup ∩cap →to αalpha βbeta γgamma δdelta εepsilon θtheta λlambda μmu πpi ρrho σsigma τtau φphi "
    "ωomega ΔDelta ΣSigma ΩOmega"
)
_ALIKE = (
    "аa вb еe зe кk мm нh оo рp сc тt уy хx іi јj ѕs ԁd һh ԛq ԝw АA ВB ЕE КK МM НH ОO РP СC ТT УY ХX ІI ЈJ "
    "ЅS ΑA ΒB ΕE ΖZ ΗH ΙI ΚK ΜM ΝN ΟO ΡP ΤT ΥY ΧX οo νv ıi ‐- ‑- ‒- –- —- −- ‘' ’' “\" ”\" 。. 、, ⁄/ ∕/ ∗*"
)
"""Cyrillic and Greek letters that look Latin, and other writings of the same mark."""


class _Signs(dict[int, str]):
    """What a sign outside of ASCII is written as; found once for each."""

    def __missing__(self, code: int) -> str:
        sign = chr(code)
        self[code] = "" if unicodedata.category(sign) in _UNSEEN else sign
        return self[code]


_SIGNS = _Signs(
    {ord(pair[0]): pair[1:] for pair in _ALIKE.split()}
    | {ord(pair[0]): rf"\{pair[1:]} " for pair in _COMMANDS.split()}
    | dict.fromkeys(map(ord, "\u115f\u1160"), "")
    | {0x2800: " "}
)


def cleaned(text: str) -> str:
    """The text in one spelling; words and their order are kept."""
    text = _typed(text).lower()
    if "\\" in text or "$" in text or "~" in text:
        text = _FORMULA.sub(" $ ", _SPACING.sub(" ", text))
        text = _FONT.sub("{", _SYNONYM.sub(r"\\\1", _SPELLING.sub(r"\\\1", text)))
    return text


def _typed(text: str) -> str:
    """The text as one would type it: in ASCII where there is a way, without what is not seen or is markup."""
    if "&" in text:
        text = _ENTITY.sub(lambda match: html.unescape(match.group()), text)
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text.translate(_FORGOTTEN)).translate(_SIGNS)
    if "*" in text:
        text = _EMPHASIS.sub(r"\2", text)
    return _CONTROL.sub("", text)


def tokens(clean: str) -> list[str]:
    """The tokens of a cleaned text."""
    return _TOKEN.findall(clean)


def squashed(clean: str) -> str:
    """A cleaned text without anything that is only looks."""
    return _LOOKS.sub("", clean)


def stands_in(text: str, wanted: str) -> bool:
    """Whether a squashed text holds another one, and not only the first digits of a number in it."""
    place = text.find(wanted) if wanted else -1
    while place >= 0:
        before, after = text[max(0, place - 1) : place], text[place + len(wanted) :][:1]
        if not _one_number(before, wanted[0]) and not _one_number(wanted[-1], after):
            return True
        place = text.find(wanted, place + 1)
    return False


def _one_number(left: str, right: str) -> bool:
    return left.isdigit() and right.isdigit()


def without_numbers(found: Iterable[str]) -> list[str]:
    """Tokens with every number as `0`."""
    return ["0" if token.isdigit() else token for token in found]


def bare(found: Iterable[str]) -> list[str]:
    """Tokens without those that are only looks: what is the same for two texts with the same squashed form.

    Where a space parts a number, or a word, it is not: those are other tokens.
    """
    return [token for token in found if token not in _MARKUP]
