"""What an answer can be, as a tree: expressions, and structures made of expressions."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias


class NotRead(ValueError):
    """Text that the grammar does not know; its message is the reason."""


class TooLarge(ValueError):
    """A tree too deep or a number too large to work with; its message is the reason."""


@dataclass(frozen=True, slots=True)
class Num:
    """An exact number; `spelling` is set for a plain run of digits, which a base may follow."""

    value: Fraction
    spelling: str = ""


@dataclass(frozen=True, slots=True)
class Sym:
    """A variable, or one of the constants `pi`, `e`, `i`, `infinity`."""

    name: str


@dataclass(frozen=True, slots=True)
class Add:
    """A sum."""

    terms: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Neg:
    """The negative of a term."""

    term: Expr


@dataclass(frozen=True, slots=True)
class Mul:
    """A product of two factors."""

    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Div:
    """A quotient."""

    top: Expr
    bottom: Expr


@dataclass(frozen=True, slots=True)
class Pow:
    """A power."""

    base: Expr
    exponent: Expr


@dataclass(frozen=True, slots=True)
class Call:
    """A function of expressions."""

    name: str
    args: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class PlusMinus:
    r"""`\pm term` (`sign` 1) or `\mp term` (`sign` -1); all signs of one expression change together."""

    term: Expr
    sign: int


Expr: TypeAlias = Num | Sym | Add | Neg | Mul | Div | Pow | Call | PlusMinus


@dataclass(frozen=True, slots=True)
class Quantity:
    """An expression with a unit as written, in lower case."""

    value: Expr
    unit: str


@dataclass(frozen=True, slots=True)
class Based:
    """Digits in a stated base."""

    digits: str
    base: int


@dataclass(frozen=True, slots=True)
class Text:
    """Words, in lower case, parted by single spaces."""

    words: str


@dataclass(frozen=True, slots=True)
class Sequence:
    """Items in brackets: `()`, `[]`, `[)`, `(]` or `{}`; no brackets for a bare list."""

    brackets: str
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Union:
    """Sets joined by a cup."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    """Rows of entries; `bars` marks a determinant."""

    rows: tuple[tuple[Node, ...], ...]
    bars: bool = False


@dataclass(frozen=True, slots=True)
class Relation:
    """`sides[0] signs[0] sides[1] signs[1] ...`, such as `a < x = b`."""

    signs: tuple[str, ...]
    sides: tuple[Node, ...]


Node: TypeAlias = Expr | Quantity | Based | Text | Sequence | Union | Matrix | Relation
EXPRESSIONS = (Num, Sym, Add, Neg, Mul, Div, Pow, Call, PlusMinus)
