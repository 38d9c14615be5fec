r"""Tokens → tree: a recursive-descent parser for answers in LaTeX or plain text.

    answer    relation ((","|";"|"and"|"or") relation)*         a bare list when there are several
    relation  union (("="|"<"|"in"|...) union)*
    union     sum ("\cup" sum)* | sum (":"|"to") sum
    sum       ["\pm"|"-"] product (("+"|"-"|"\pm") product)*
    product   power (["\cdot"|"/"] power)* [unit]               juxtaposition multiplies
    power     primary ("^" factor | "_" base | "!" | "%" | "\degree")*

Depth is limited, so that no text can exhaust the stack. What the grammar does not know raises `NotRead`.
"""

from __future__ import annotations

from fractions import Fraction

from math500.grading import matrices
from math500.grading.matrices import expression as _expression
from math500.grading.tokens import Token, tokenize
from math500.grading.tree import (
    EXPRESSIONS,
    Based,
    Call,
    Div,
    Expr,
    Matrix,
    Mul,
    Neg,
    Node,
    NotRead,
    Num,
    PlusMinus,
    Pow,
    Quantity,
    Relation,
    Sequence,
    Sym,
    Text,
    TooLarge,
    Union,
)

DEPTH = 40
"""Levels of nesting that are read."""

MOST_DIGITS = 400
"""The largest exponent of ten in a number such as `1E20`."""

_END = Token("end_of_text", "")
_OPEN = {"(": ")", "[": "]", r"\{": r"\}"}
_CLOSE = {")", "]", r"\}"}
_MATRICES = {
    "pmatrix",
    "bmatrix",
    "Bmatrix",
    "matrix",
    "smallmatrix",
    "array",
    "vmatrix",
    "Vmatrix",
    "psmallmatrix",
}
_WRAPPERS = {"overline", "underline", "mathbb", "mathcal", "widehat", "bar", "displaylines", "mathop"}
_BASES = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10}
_SCALES = {"hundred": 10**2, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_FACTORS = {
    "frac", "sqrt", "binom", "lfloor", "lceil", "lvert", "mathbb", "overline", "angle", "triangle",
    "measuredangle",
}  # fmt: skip
_ALIGNED = {
    "aligned",
    "align",
    "align*",
    "gathered",
    "gather",
    "gather*",
    "equation",
    "equation*",
    "split",
    "cases",
}
_JOINERS = {",", ";"}
_RELATION_WORDS = {
    "not",
    "if",
    "for",
    "when",
    "where",
    "with",
    "because",
    "since",
    "but",
    "than",
    "then",
    "instead",
}
_WORKING = {"squared", "cubed", "halves", "thirds", "fourths", "fifths", "tenths", "hundredths"}
"""Words that make another number of the number before them."""


def parse(latex: str, *, thousands: bool = True) -> Node:
    """The tree of an answer.

    Args:
        latex: the answer, in LaTeX or plain text.
        thousands: read `1,234` outside brackets as one number.

    Raises:
        NotRead: the grammar does not know it.
        TooLarge: it is nested too deep, too long, or holds too large a number.
    """
    parser = _Parser(tokenize(latex, thousands=thousands))
    tree = parser.answer()
    parser.expect_end()
    return tree


class _Parser:
    """One pass over the tokens of one answer."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.position = 0
        self.depth = 0
        self.bars = 0
        self.ahead: dict[int, tuple[Node, int]] = {}
        """Commands that were read before it was clear where they belong: by place, with where they end."""

    # -- looking at tokens -------------------------------------------------------------------

    def peek(self, ahead: int = 0) -> Token:
        index = self.position + ahead
        return self.tokens[index] if index < len(self.tokens) else _END

    def take(self) -> Token:
        token = self.peek()
        self.position += 1
        return token

    def at(self, kind: str, *texts: str) -> bool:
        token = self.peek()
        return token.kind == kind and (not texts or token.text in texts)

    def accept(self, kind: str, *texts: str) -> bool:
        if self.at(kind, *texts):
            self.position += 1
            return True
        return False

    def expect(self, kind: str, text: str) -> None:
        if not self.accept(kind, text):
            raise NotRead(f"{text!r} expected, {self.peek().text!r} found")

    def expect_end(self) -> None:
        if self.position < len(self.tokens):
            raise NotRead(f"{self.peek().text!r} not understood")

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > DEPTH:
            raise TooLarge("the answer is nested too deep to be read")

    # -- answers -----------------------------------------------------------------------------

    def answer(self) -> Node:
        """Relations joined by commas, "and" and "or"; one alone is itself, several are a bare list.

        Semicolons part groups where commas join the items of a group: `1, 2; 3, 4` are two pairs.
        """
        if self.at("rel", "="):
            self.take()
        groups: list[list[Node]] = [[self.relation()]]
        while joint := self.joiner():
            if joint == ";":
                groups.append([])
            groups[-1].append(self.relation())
        return _grouped(groups)

    def joiner(self) -> str:
        """The comma, semicolon or word before a further item; "" at the end."""
        joint = ""
        while (
            self.at("op", *_JOINERS)
            or self.at("word", "and", "or", "xor")
            or self.at("cmd", "lor", "vee", "land", "wedge")
        ):
            joint = joint if joint == ";" else self.peek().text
            self.position += 1
        if self.peek() is _END or self.at("op", *_CLOSE):
            return ""
        return joint

    def relation(self) -> Node:
        self.deeper()
        signs: list[str] = []
        sides = [self.union()]
        while self.at("rel") or self.rough():
            bracket = self.accept("op", "(")
            self.accept("word", "or")
            sign = self.take().text
            if self.at("rel", "<", ">", "=", "~"):
                sign = self.take().text
            signs.append(sign)
            sides.append(self.union())
            if bracket:
                self.expect("op", ")")
        self.depth -= 1
        return Relation(tuple(signs), tuple(sides)) if signs else sides[0]

    def rough(self) -> bool:
        r"""Whether an approximation follows in brackets or behind "or", as in `\frac13 (\approx 0.33)`."""
        ahead = self.peek(1)
        return (self.at("op", "(") or self.at("word", "or")) and ahead.kind == "rel" and ahead.text == "~"

    def union(self) -> Node:
        parts = [self.sum()]
        while self.accept("cmd", "cup", "bigcup"):
            parts.append(self.sum())
        if len(parts) == 1 and (self.accept("op", ":") or self.accept("word", "to")):
            return Div(_expression(parts[0]), _expression(self.sum()))
        return parts[0] if len(parts) == 1 else Union(tuple(parts))

    # -- expressions -------------------------------------------------------------------------

    def sum(self) -> Node:
        self.deeper()
        terms = [self.term(first=True)]
        while self.at("op", "+", "-") or self.at("cmd", "pm", "mp"):
            terms.append(self.term(first=False))
        self.depth -= 1
        return terms[0] if len(terms) == 1 else matrices.total(terms)

    def term(self, *, first: bool) -> Node:
        """A product with the sign before it."""
        if self.accept("op", "-"):
            return _negative(self.product())
        if self.at("cmd", "pm", "mp"):
            sign = 1 if self.take().text == "pm" else -1
            return PlusMinus(_expression(self.product()), sign)
        if not self.accept("op", "+") and not first:
            raise NotRead("a sign expected")
        return self.product()

    def product(self) -> Node:
        if self.at("word"):
            return self.words()
        result = self.power()
        while True:
            if self.accept("cmd", "cdot", "times", "ast") or self.accept("op", "*"):
                result = matrices.product(result, self.signed())
            elif self.at("op", "/") or self.at("cmd", "div"):
                self.take()
                result = matrices.quotient(result, self.signed())
            elif self.at("word"):
                return self.with_unit(result)
            elif self.at("op", "(") and self.peek(1).kind == "word":
                return self.noted(result)
            elif self.starts_factor():
                if (
                    isinstance(result, Num)
                    and self.at("num")
                    and self.tokens[self.position - 1].kind == "num"
                ):
                    raise NotRead("two numbers side by side")
                result = matrices.product(result, self.power())
            else:
                return result

    def noted(self, value: Node) -> Node:
        """A value and a note in brackets behind it, such as `5 (cm)` or `17 (base 8)`."""
        self.take()
        if isinstance(value, Based) and self.accept("word", "base"):
            if self.raw_argument() not in {str(value.base), *_named_bases(value.base)}:
                raise NotRead("two bases")
            result: Node = value
        elif isinstance(value, Quantity):
            while self.at("word"):
                self.take()
            result = value
        else:
            result = self.with_unit(value)
        self.expect("op", ")")
        return result

    def signed(self) -> Node:
        """A factor behind an explicit operator, which may have a sign."""
        if self.accept("op", "-"):
            return _negative(self.power())
        self.accept("op", "+")
        return self.power()

    def starts_factor(self) -> bool:
        token = self.peek()
        if token.kind == "op":
            if token.text == "(" and self.rough():
                return False
            return token.text in {"(", "{", r"\{"} or (token.text == "|" and not self.bars)
        if token.kind == "cmd":
            return token.text in _FACTORS
        return token.kind in {"num", "sym", "func", "repeat"} or (
            token.kind == "begin" and token.text in _MATRICES
        )

    def power(self) -> Node:
        result = self.primary()
        while True:
            if self.accept("op", "^"):
                result = Pow(_expression(result), _expression(self.argument()))
            elif self.at("op", "_"):
                self.take()
                result = self.subscript(result)
            elif self.accept("op", "!"):
                result = Call("factorial", (_expression(result),))
            elif self.accept("op", "%"):
                result = Quantity(_expression(result), "percent")
            elif self.at("op", "dollar") and self.peek(1) is _END:
                self.take()
                result = Quantity(_expression(result), "dollar")
            elif self.accept("cmd", "degree"):
                result = Quantity(_expression(result), "degree")
            elif self.accept("op", "'"):
                result = _primed(result)
            else:
                return result

    def subscript(self, base: Node) -> Node:
        """A number's base, or an index that becomes part of a variable's name."""
        if isinstance(base, Sym):
            return Sym(f"{base.name}_{self.raw_argument()}")
        digits = base.spelling if isinstance(base, Num) else ""
        if isinstance(base, Sequence) and len(base.items) == 1 and isinstance(base.items[0], Num):
            digits = base.items[0].spelling
        index = self.raw_argument().strip("()").removeprefix("base")
        number = _BASES.get(index) or (int(index) if index.isdigit() and len(index) < 3 else 0)
        if not digits or not 2 <= number <= 36:
            raise NotRead("an index that is neither a base nor part of a name")
        return Based(digits, number)

    def raw_argument(self) -> str:
        """The text of a subscript."""
        if not self.accept("op", "{"):
            return self.take().text
        parts = []
        while not self.at("op", "}"):
            if self.peek() is _END:
                raise NotRead("an open brace")
            parts.append(self.take().text)
        self.take()
        return "".join(parts)

    def argument(self) -> Node:
        """What a command or `^` applies to: a group, or one token."""
        if self.at("op", "{"):
            return self.group()
        if self.at("op", "-"):
            self.take()
            return _negative(self.argument())
        token = self.peek()
        if token.kind == "num" and len(token.text) > 1 and token.text.isdigit() and self._one_digit():
            self.tokens[self.position] = Token("num", token.text[1:])
            return _number(token.text[0])
        return self.primary()

    def _one_digit(self) -> bool:
        r"""Whether the argument is one digit, as in `\frac59`; behind `^` people mean the whole number."""
        before = self.tokens[self.position - 1]
        return before.kind != "op"

    def group(self) -> Node:
        self.expect("op", "{")
        self.deeper()
        inner = self.answer()
        self.depth -= 1
        self.expect("op", "}")
        return inner

    # -- primaries ---------------------------------------------------------------------------

    def primary(self) -> Node:  # noqa: PLR0911 - one return per kind of token
        token = self.peek()
        match token.kind:
            case "num":
                return self.number()
            case "repeat":
                return _repeating(self.take().text)
            case "sym":
                name = self.take().text
                return Sequence("{}", ()) if name in {"emptyset", "varnothing"} else Sym(name)
            case "func":
                return self.function()
            case "cmd":
                return self.command()
            case "begin":
                return self.matrix()
            case "op":
                return self.bracketed()
            case _:
                raise NotRead(
                    f"{token.text!r} not understood" if token.text else "the answer is not complete"
                )

    def number(self) -> Node:
        """A number; with a fraction right behind it, a mixed number."""
        whole = _number(self.take().text)
        if whole.value.denominator != 1 or not whole.spelling:
            return whole
        part = self.mixed_part()
        return whole if part is None else Num(whole.value + part)

    def mixed_part(self) -> Fraction | None:
        r"""The proper fraction behind a whole number, as in `1\frac{4}{5}` and `1 4/5`."""
        start = self.position
        part: Node | None = None
        if self.at("cmd", "frac"):
            part = self.command()
            # Read once only: to read nested ones again at each level would take twice as long at each.
            self.ahead[start] = part, self.position
        elif (
            self.at("num") and self.peek().spaced and self.peek(1).text == "/" and self.peek(2).kind == "num"
        ):
            top, bottom = _number(self.take().text), _number(self.peek(1).text)
            self.position += 2
            part = Div(top, bottom)
        if isinstance(part, Div) and isinstance(part.top, Num) and isinstance(part.bottom, Num):
            top_value, bottom_value = part.top.value, part.bottom.value
            if top_value.denominator == bottom_value.denominator == 1:
                if 0 < bottom_value <= top_value:
                    raise NotRead("a mixed number whose fraction is one or more")
                if 0 < top_value < bottom_value:
                    return top_value / bottom_value
        self.position = start
        return None

    def function(self) -> Node:
        name = self.take().text
        base: Expr | None = None
        exponent: Expr | None = None
        while self.at("op", "_", "^"):
            if self.take().text == "_":
                base = _expression(self.argument())
            else:
                exponent = _expression(self.argument())
        if isinstance(exponent, Neg) and exponent.term == Num(Fraction(1), "1"):
            name, exponent = f"arc{name}", None
        args = self.function_arguments()
        call: Expr = Call(name, args if base is None else (*args, base))
        return call if exponent is None else Pow(call, exponent)

    def function_arguments(self) -> tuple[Expr, ...]:
        """The arguments in brackets; or the factors that follow, up to a sign or another function."""
        if self.at("op", "(", "["):
            inner = self.bracketed()
            if isinstance(inner, Sequence) and inner.items:
                return tuple(_expression(item) for item in inner.items)
            return (_expression(inner),)
        result = _expression(self.signed())
        while self.starts_factor() and not self.at("func") and not self.at("op", "("):
            result = Mul(result, _expression(self.power()))
        return (result,)

    def command(self) -> Node:  # noqa: C901, PLR0911 - one return per command
        if self.position in self.ahead:
            node, self.position = self.ahead.pop(self.position)
            return node
        name = self.take().text
        match name:
            case "frac":
                top = _expression(self.argument())
                return Div(top, _expression(self.argument()))
            case "binom":
                top = _expression(self.argument())
                return Call("binom", (top, _expression(self.argument())))
            case "sqrt":
                return self.root()
            case "infty":
                return Sym("infinity")
            case "lfloor" | "lceil":
                inner = _expression(self.sum())
                self.expect("cmd", "r" + name[1:])
                return Call(name[1:], (inner,))
            case "lvert" | "vert":
                return self.absolute("cmd", "rvert" if name == "lvert" else "vert")
            case "langle":
                return self.sequence("(", "cmd", "rangle")
            case "mathbb":
                return Sym(f"mathbb {self.raw_argument()}")
            case "angle" | "triangle" | "measuredangle":
                return self.figure(name)
            case _ if name in _WRAPPERS:
                return Call(name, (_expression(self.argument()),))
        raise NotRead(f"the command \\{name} is not known")

    def figure(self, kind: str) -> Node:
        r"""The name of an angle or triangle, such as `\angle ABC`."""
        letters = []
        while self.at("sym") or self.at("word"):
            letters.append(self.take().text)
        return Sym(f"{kind} {''.join(letters)}")

    def root(self) -> Node:
        index: Expr | None = None
        if self.accept("op", "["):
            index = _expression(self.sum())
            self.expect("op", "]")
        radicand = _expression(self.argument())
        return Call("sqrt", (radicand,)) if index is None else Call("root", (radicand, index))

    def bracketed(self) -> Node:
        token = self.take()
        if token.text == "{":
            self.position -= 1
            return self.group()
        if token.text == "dollar":
            return self.money()
        if token.text == "|":
            return self.absolute("op", "|")
        if token.text == r"\{" and self.builder():
            return self.built()
        if token.text in _OPEN:
            return self.sequence(token.text, "op", *_CLOSE)
        if token.text == "]":
            return self.outward()
        raise NotRead(f"{token.text!r} not understood" if token.text else "the answer is not complete")

    def money(self) -> Node:
        """An amount behind a dollar sign."""
        amount = self.power()
        while self.at("word") and self.peek().text in _SCALES:
            amount = Mul(_expression(amount), Num(Fraction(_SCALES[self.take().text])))
        return Quantity(_expression(amount), "dollar")

    def absolute(self, kind: str, text: str) -> Node:
        self.bars += 1
        inner = _expression(self.sum())
        self.bars -= 1
        self.expect(kind, text)
        return Call("abs", (inner,))

    def sequence(self, opening: str, kind: str, *closings: str) -> Node:
        """Items in brackets; one item in round brackets is itself."""
        self.deeper()
        bars, self.bars = self.bars, 0
        if self.at(kind, *closings):
            items: tuple[Node, ...] = ()
        else:
            inner = self.answer()
            items = inner.items if isinstance(inner, Sequence) and not inner.brackets else (inner,)
        if not self.at(kind, *closings):
            raise NotRead("a bracket that never closes")
        closing = self.take().text
        self.bars = bars
        self.depth -= 1
        brackets = "()" if closing == "rangle" else (opening + closing).replace("\\", "")
        if brackets not in {"()", "[]", "(]", "[)", "{}"}:
            raise NotRead(f"the brackets {brackets} do not match")
        single = (
            len(items) == 1
            and brackets in {"()", "[]"}
            and isinstance(items[0], (*EXPRESSIONS, Quantity, Matrix))
        )
        return items[0] if single and not _spelled(items[0], self.peek()) else Sequence(brackets, items)

    def builder(self) -> bool:
        r"""Take `x :` or `x \in \mathbb{R} \mid` behind an opening brace; whether it was there."""
        start = self.position
        if self.at("sym"):
            self.take()
            if self.accept("rel", "in") and self.accept("cmd", "mathbb"):
                self.raw_argument()
            if self.accept("op", ":", "|") or self.accept("cmd", "mid"):
                return True
        self.position = start
        return False

    def built(self) -> Node:
        r"""The condition of a set such as `\{x : x > 2\}`, which is what the set says."""
        self.deeper()
        condition = self.answer()
        self.depth -= 1
        self.expect("op", r"\}")
        if not _is_condition(condition):
            raise NotRead("a set given by what is no condition")
        return condition

    def outward(self) -> Node:
        """An interval with its brackets turned outward, `]3, 4]`."""
        self.deeper()
        inner = self.answer()
        self.depth -= 1
        closing = self.take().text
        if not isinstance(inner, Sequence) or inner.brackets or len(inner.items) != 2:
            raise NotRead("a closing bracket before what is no interval")
        if closing not in {"[", "]"}:
            raise NotRead("a bracket that never closes")
        return Sequence("()" if closing == "[" else "(]", inner.items)

    def aligned(self) -> Node:
        """The lines of an environment that only sets them below each other, as a bare list."""
        self.deeper()
        lines: list[Node] = []
        while not self.at("end"):
            if self.at("op", "&") or self.at("op", r"\\"):
                raise NotRead("a line that begins with a sign")
            lines.append(self.relation())
            while self.at("op", r"\\", ",", "."):
                self.take()
        self.take()
        self.depth -= 1
        if not lines:
            raise NotRead("an environment without a line")
        return lines[0] if len(lines) == 1 else Sequence("", tuple(lines))

    def matrix(self) -> Node:
        name = self.take().text
        if name in _ALIGNED:
            return self.aligned()
        if name not in _MATRICES:
            raise NotRead(f"the environment {name} is not known")
        self.deeper()
        rows: list[tuple[Node, ...]] = []
        row: list[Node] = []
        while not self.at("end"):
            if self.accept("op", "&"):
                continue
            if self.accept("op", r"\\"):
                rows.append(tuple(row))
                row = []
                continue
            row.append(self.relation())
        self.take()
        self.depth -= 1
        rows = [each for each in [*rows, tuple(row)] if each]
        if not rows or len({len(each) for each in rows}) != 1:
            raise NotRead("a matrix with rows of different lengths")
        return Matrix(tuple(rows), bars=name in {"vmatrix", "Vmatrix"})

    # -- words -------------------------------------------------------------------------------

    def words(self) -> Node:
        """An answer that begins with a word: text up to the end, or up to a joiner."""
        words: list[str] = []
        while (
            self.peek() is not _END
            and not self.at("op", ",", ";", *_CLOSE, "}")
            and not self.at("word", "or")
        ):
            if self.at("rel"):
                break
            words.append(self.take().text)
        if not words:
            raise NotRead(f"{self.peek().text!r} not understood")
        return Text(" ".join(words).replace(" - ", "-").lower())

    def with_unit(self, value: Node) -> Node:
        """A value and the words behind it: a scale, a base, a time of day, or a unit."""
        if self.at("word", "and", "or", "xor", "to"):
            return value
        if self.peek().text in _SCALES:
            scale = Num(Fraction(_SCALES[self.take().text]))
            return (
                self.with_unit(Mul(_expression(value), scale))
                if self.at("word")
                else Mul(_expression(value), scale)
            )
        if self.at("word", "in") and self.peek(1).text == "base":
            self.take()
        if self.accept("word", "base") and isinstance(value, Num):
            return self.subscript(value)
        words: list[str] = []
        while self.at("word") and not self.at("word", "and", "or", "xor"):
            words.append(self.unit_word())
        if any(word in _RELATION_WORDS for word in words) or len(words) > 6 or words[0] in _WORKING:
            raise NotRead(f"the words {' '.join(words)!r} behind the value")
        if isinstance(value, Quantity):
            words.insert(0, value.unit)
            value = value.value
        return Quantity(_expression(value), " ".join(words))

    def unit_word(self) -> str:
        """One word of a unit, with its exponent, and with "per" for a slash."""
        word = self.take().text
        if self.accept("op", "^"):
            word += f"^{self.raw_argument()}"
        while self.accept("op", ".", "-"):
            pass
        if self.at("op", "/") and self.peek(1).kind == "word":
            self.take()
            return f"{word} per {self.unit_word()}"
        return word


def _grouped(groups: list[list[Node]]) -> Node:
    """One answer, a bare list, or a bare list of groups of the same length."""
    sizes = {len(group) for group in groups}
    if len(groups) > 1 and len(sizes) == 1 and 1 not in sizes:
        return Sequence("", tuple(Sequence("", tuple(group)) for group in groups))
    items = [item for group in groups for item in group]
    return items[0] if len(items) == 1 else Sequence("", tuple(items))


def _is_condition(node: Node) -> bool:
    if isinstance(node, Sequence):
        return all(_is_condition(item) for item in node.items)
    return isinstance(node, Relation)


def _named_bases(base: int) -> set[str]:
    return {word for word, value in _BASES.items() if value == base}


def _negative(node: Node) -> Node:
    if isinstance(node, Quantity):
        return Quantity(Neg(node.value), node.unit)
    if isinstance(node, Matrix):
        return matrices.product(Num(Fraction(-1), "-1"), node)
    return Neg(_expression(node))


def _primed(node: Node) -> Node:
    if isinstance(node, Sym):
        return Sym(node.name + "'")
    raise NotRead("a prime behind what is no name")


def _spelled(node: Node, following: Token) -> bool:
    """Whether digits in brackets are followed by the base that they are in."""
    return isinstance(node, Num) and bool(node.spelling) and following.text == "_"


def _number(text: str) -> Num:
    plain = text.replace(",", "")
    mantissa, _, exponent = plain.lower().partition("e")
    if exponent and abs(int(exponent[:9])) > MOST_DIGITS:
        raise TooLarge("a number too large to be read")
    if len(mantissa) > MOST_DIGITS * 5:
        raise TooLarge("a number with too many digits to be read")
    value = Fraction(mantissa) * Fraction(10) ** int(exponent or 0)
    return Num(value, plain if plain.isdigit() else "")


def _repeating(text: str) -> Num:
    r"""`0.1\overline{6}` as a fraction."""
    fixed, _, repeated = text.replace("\\bar", "\\overline").partition("\\overline")
    repeated = repeated.strip("{} ")
    whole, _, decimals = fixed.partition(".")
    start = Fraction(int(whole or 0)) + Fraction(int(decimals or 0), 10 ** len(decimals))
    return Num(start + Fraction(int(repeated), 10 ** len(decimals) * (10 ** len(repeated) - 1)))
