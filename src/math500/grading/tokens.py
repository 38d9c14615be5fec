# ruff: noqa: SIM905 - tables of words read better as text than as forty quoted lines
r"""LaTeX answer → tokens.

A token is `(kind, text, spaced)`, where `spaced` tells whether white space came before it:

    num     a number as written, thousands marks included      word    a word of a language, in lower case
    sym     one letter, or a constant such as `pi`             func    a function name
    cmd     any other command, without its backslash           begin, end    an environment
    op      one character, or a relation such as `<=`
"""

from __future__ import annotations

import re
from typing import NamedTuple

from math500.grading.normalize import prepare
from math500.grading.tree import TooLarge

MOST_TOKENS = 3_000
"""Tokens beyond which a text is not read."""


class Token(NamedTuple):
    """One piece of an answer."""

    kind: str
    text: str
    spaced: bool = False


FUNCTIONS = frozenset(
    "sin cos tan cot sec csc arcsin arccos arctan arccot arcsec arccsc sinh cosh tanh coth log ln lg exp"
    " max min gcd lcm det".split()
)
CONSTANTS = frozenset(
    "pi theta alpha beta gamma delta epsilon varepsilon lambda mu nu xi rho tau phi varphi chi psi"
    " sigma omega eta zeta kappa Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega ell hbar"
    " varnothing emptyset".split()
)
RELATIONS = {
    "le": "<=", "leq": "<=", "leqslant": "<=", "ge": ">=", "geq": ">=", "geqslant": ">=", "lt": "<",
    "gt": ">", "ne": "!=", "neq": "!=", "approx": "~", "simeq": "~", "doteq": "~", "in": "in", "equiv": "=",
    "implies": "=", "Rightarrow": "=", "to": "=", "rightarrow": "=", "iff": "=", "Longrightarrow": "=",
}  # fmt: skip
_WORD_RELATIONS = {"equals": "=", "is": "=", "are": "=", "equal": "=", "approximately": "~", "about": "~"}
_NUMBER_WORDS = {
    word: str(value)
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
        " sixteen seventeen eighteen nineteen twenty".split()
    )
}
_SHORT_WORDS = frozenset(
    "and or the is are an of to no not in at if it per mm cm km kg mg ml ft yd mi hr min sec lb lbs oz mph"
    " am pm sq odd yes all day one two six ten base units unit inch feet hrs mins secs kph rpm"
    " cc usd pct men deg rad gal".split()
)
_DROPPED = frozenset("the a an of exactly equal only".split())

_TOKEN = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<repeat>\d*\.\d*\\(?:overline|bar)\s*\{?\d+\}?)"
    r"|(?P<num>\d{1,3}(?:,\d{3})+(?![\d,])(?:\.\d+)?|\d+(?:\.\d+)?(?:[eE][+-]?\d+(?!\d))?|\.\d+)"
    r"|\\text\s*\{(?P<text>[^{}]*)\}"
    r"|\\begin\s*\{(?P<begin>[A-Za-z]+\*?)\}(?:\s*\[[a-z]*\])?(?:\s*\{[lcr|\s]*\})?|\\end\s*\{(?P<end>[A-Za-z]+\*?)\}"
    r"|(?P<row>\\\\)|\\(?P<cmd>[A-Za-z]+)|\\(?P<escaped>[{}%$|#&_])"
    r"|(?P<letters>[A-Za-z]+)|(?P<rel><=|>=|!=|==|<|>|=)|(?P<op>.)",
    re.DOTALL,
)
_ONE_NUMBER = re.compile(r"\d+(?:\.\d+)?|\.\d+")
_TEXT_PIECE = re.compile(
    r"\d+(?:,\d{3})*(?:\.\d+)?|[A-Za-z]+(?:'[a-z]+)?(?:\.(?=[A-Za-z]\.))?(?:[A-Za-z]\.)*|[^\sA-Za-z\d]"
)


def tokenize(latex: str, *, thousands: bool = True) -> list[Token]:
    """The tokens of an answer.

    Args:
        latex: the answer.
        thousands: read `1,234` outside brackets as one number.

    Raises:
        TooLarge: more than `MOST_TOKENS` tokens.
    """
    tokens: list[Token] = []
    spaced, depth, position, text = False, 0, 0, prepare(latex)
    while position < len(text):
        match = _TOKEN.match(text, position)
        assert match is not None  # noqa: S101 - the last alternative matches any character
        kind, piece = match.lastgroup or "", match.group(match.lastgroup or 0)
        position = match.end()
        if kind == "num" and "," in piece and (depth or not thousands):
            piece = _ONE_NUMBER.match(piece).group()  # type: ignore[union-attr]
            position = match.start() + len(piece)
        if kind == "space":
            spaced = True
            continue
        depth += _opens(kind, piece)
        tokens.extend(_tokens(kind, piece, spaced))
        spaced = False
        if len(tokens) > MOST_TOKENS:
            raise TooLarge("the answer is too long to be read")
    return tokens


def _opens(kind: str, piece: str) -> int:
    """1 for an opening bracket, -1 for a closing one; plain braces only group."""
    if (kind, piece) in {("op", "("), ("op", "["), ("escaped", "{")}:
        return 1
    return -1 if (kind, piece) in {("op", ")"), ("op", "]"), ("escaped", "}")} else 0


def _tokens(kind: str, piece: str, spaced: bool) -> list[Token]:  # noqa: PLR0911 - a kind each
    match kind:
        case "letters":
            return _letters(piece, spaced)
        case "cmd":
            return [_command(piece, spaced)]
        case "text":
            return _text(piece)
        case "escaped":
            return [
                Token("op", {"{": r"\{", "}": r"\}", "$": "dollar", "|": "norm"}.get(piece, piece), spaced)
            ]
        case "row":
            return [Token("op", r"\\", spaced)]
        case "rel":
            return [Token("rel", "=" if piece == "==" else piece, spaced)]
        case _:
            return [Token(kind, piece, spaced)]


def _command(name: str, spaced: bool) -> Token:
    if name in RELATIONS:
        return Token("rel", RELATIONS[name], spaced)
    if name in FUNCTIONS:
        return Token("func", name, spaced)
    if name in CONSTANTS:
        return Token("sym", name, spaced)
    return Token("cmd", name, spaced)


def _letters(run: str, spaced: bool) -> list[Token]:
    r"""A run of letters outside `\text`: a function, a word, or a product of variables."""
    lower = run.lower()
    if lower in FUNCTIONS or lower in {"sqrt", "pi", "infinity", "inf"}:
        return [_named(lower, spaced)]
    if lower in _SHORT_WORDS or len(run) > 3 or (len(run) > 1 and run.istitle()):
        return _word(run, spaced)
    return [Token("sym", letter, spaced and index == 0) for index, letter in enumerate(run)]


def _named(name: str, spaced: bool) -> Token:
    if name in FUNCTIONS:
        return Token("func", name, spaced)
    kind = "cmd" if name == "sqrt" else "sym"
    return Token(kind, "infinity" if name == "inf" else name, spaced)


def _word(word: str, spaced: bool) -> list[Token]:
    lower = word.lower()
    if lower in _NUMBER_WORDS:
        return [Token("num", _NUMBER_WORDS[lower], spaced)]
    if lower in _WORD_RELATIONS:
        return [Token("rel", _WORD_RELATIONS[lower], spaced)]
    return [] if lower in _DROPPED else [Token("word", lower, spaced)]


def _text(content: str) -> list[Token]:
    r"""The content of `\text{...}`: words, with the numbers and marks between them."""
    tokens: list[Token] = []
    for piece in _TEXT_PIECE.findall(content):
        if piece[0].isdigit():
            tokens.append(Token("num", piece, True))
        elif not piece[0].isalpha():
            tokens.append(Token("op", piece, True))
        elif len(piece) == 1:
            tokens.append(Token("word", piece, True))
        else:
            tokens.extend(_word(piece, True))
    return tokens
