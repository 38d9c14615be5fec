"""A wrong value beside the right one: the same, among others, or missed by a slip that has a name.

    form         the same value in a form that was not asked for: rounded, other brackets, not worked out
    unit         the same number with another unit
    sign         the negative; in a list, some items with the other sign
    off_by_one   an integer beside the right one
    order        the same items in another order, or a fraction upside down
    incomplete   some of the items, not all
    factor       2, 10, 100, 1000 or pi times too large or too small

Everything is decided on the grader's own trees, exactly where it can be, in this process and bounded: a value
that the grammar cannot read, or that is too large, is no near miss.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from math500.failures.given import LONGEST
from math500.grading import exact, statements
from math500.grading.compare import Comparer
from math500.grading.expressions import close
from math500.grading.parse import parse
from math500.grading.tree import (
    EXPRESSIONS,
    Add,
    Div,
    Expr,
    Mul,
    Neg,
    Node,
    Num,
    Quantity,
    Relation,
    Sequence,
    Sym,
    Text,
    Union,
)

_SAME = Comparer()
_ONE = Num(Fraction(1))
FACTORS: dict[str, Expr] = {
    **{str(factor): Num(Fraction(factor)) for factor in (2, 10, 100, 1000)},
    "pi": Sym("pi"),
}
_TEXT = re.compile(r"\\(?:text|mbox|textrm)\s*\{([^{}]*)\}")
_UNREADABLE = (ValueError, ZeroDivisionError, RecursionError)
"""`NotRead`, `TooLarge`, `Undefined` and `NotRational` are ValueErrors."""


@dataclass(frozen=True, slots=True)
class Miss:
    """A near miss: its kind, and in words how the value misses."""

    kind: str
    words: str


@lru_cache(maxsize=4096)
def tree(text: str) -> Node | None:
    """The tree of a value, or None when it cannot be read; of a chain of equations, its last side."""
    if not text or len(text) > LONGEST:
        return None
    try:
        node = parse(text)
    except _UNREADABLE:
        return None
    return node.sides[-1] if isinstance(node, Relation) and set(node.signs) <= {"=", "~"} else node


def same(value: str, answer: str) -> bool:
    """Whether a value is the reference answer, without the grader's slow last stage."""
    left, right = tree(value), tree(answer)
    return value.strip() == answer.strip() or (left is not None and right is not None and _same(left, right))


def _same(left: Node, right: Node) -> bool:
    try:
        return _SAME.same(left, right)
    except _UNREADABLE:
        return False


def among(value: str, answer: str) -> str | None:
    """The item of a value that is the whole reference answer, when the value lists others too."""
    if len(value) > LONGEST or isinstance(tree(answer), (Sequence, Union)):
        return None
    if isinstance(tree(value), (*EXPRESSIONS, Quantity)):
        return None  # `1,234` is one number
    plain = _TEXT.sub(r" \1 ", value).replace("\\{", "{").replace("\\}", "}").strip("$ ()[]{}")
    parts = [part for part in statements.JOIN.split(plain) if part.strip()]
    if not 1 < len(parts) <= 12:
        return None
    return next((part.strip("$ ") for part in parts if same(part.strip("$ "), answer)), None)


def is_mathematics(value: str) -> bool:
    """Whether the grammar reads it as something else than words."""
    node = tree(value)
    return node is not None and not isinstance(node, Text)


def miss(value: str, answer: str) -> Miss | None:
    """The slip that leads from the reference answer to a value that is not it."""
    left, right = tree(value), tree(answer)
    if left is None or right is None:
        return None
    try:
        if isinstance(left, Sequence) or isinstance(right, Sequence):
            return _lists(left, right)
        pair = _number(left), _number(right)
        return _numbers(pair[0], pair[1], left, right) if pair[0] and pair[1] else None
    except _UNREADABLE:
        return None


def _number(node: Node) -> Expr | None:
    value = node.value if isinstance(node, Quantity) else node
    return value if isinstance(value, EXPRESSIONS) else None


def _numbers(left: Expr, right: Expr, left_node: Node, right_node: Node) -> Miss | None:
    if _same(left, right):
        unit = left_node != left or right_node != right
        return Miss("unit", "the number with another unit") if unit else Miss("form", "the same value")
    if _same(Neg(left), right):
        return Miss("sign", "the negative of the answer")
    if off := _off_by_one(left, right):
        return off
    if _rounded(left, right):
        return Miss("form", "an approximation of the exact answer")
    if isinstance(right, (Div, Num)) and not _integer(right) and _same(Mul(left, right), _ONE):
        return Miss("order", "the fraction upside down")
    return _factor(left, right)


def _rational(node: Expr) -> Fraction | None:
    try:
        return exact.rational(node)
    except _UNREADABLE:
        return None


def _integer(node: Expr) -> bool:
    value = _rational(node)
    return value is not None and value.denominator == 1


def _off_by_one(left: Expr, right: Expr) -> Miss | None:
    a, b = _rational(left), _rational(right)
    if a is None or b is None or b.denominator != 1 or abs(a - b) != 1:
        return None
    return Miss("off_by_one", f"one too {'large' if a > b else 'small'}")


def _rounded(left: Expr, right: Expr) -> bool:
    """A decimal within half a percent of an answer that is no integer."""
    a = _rational(left)
    if a is None or a.denominator == 1 or _integer(right):
        return False
    rest = Div(Add((left, Neg(right))), right)
    # `close` allows two percent, so a quarter of the distance has to be told apart from nothing.
    return close(right, left) and close(_ONE, Add((_ONE, Mul(rest, Num(Fraction(4))))))


def _factor(left: Expr, right: Expr) -> Miss | None:
    if _same(right, Num(Fraction(0))) or _same(left, Num(Fraction(0))):
        return None
    for name, factor in FACTORS.items():
        if _same(left, Mul(right, factor)):
            return Miss("factor", f"{name} times the answer")
        if _same(Mul(left, factor), right):
            return Miss("factor", f"1/{name} of the answer")
    return None


def _lists(left: Node, right: Node) -> Miss | None:
    wanted = right.items if isinstance(right, Sequence) else (right,)
    given = left.items if isinstance(left, Sequence) else (left,)
    if len(given) > 12 or len(wanted) > 12:
        return None
    if len(given) == len(wanted):
        return _same_length(given, wanted)
    held = [any(_same(g, w) for w in wanted) for g in given]
    if given and all(held) and len(given) < len(wanted):
        return Miss("incomplete", f"{len(given)} of the {len(wanted)} values of the answer")
    return None


def _same_length(given: tuple[Node, ...], wanted: tuple[Node, ...]) -> Miss | None:
    fits = [_same(g, w) for g, w in zip(given, wanted, strict=True)]
    if all(fits):
        return Miss("form", "the same values in other brackets")
    rest = list(wanted)
    for item in given:
        found = next((w for w in rest if _same(item, w)), None)
        if found is None:
            break
        rest.remove(found)
    if not rest:
        return Miss("order", "the same values in another order")
    turned = [fit or _negative(g, w) for fit, g, w in zip(fits, given, wanted, strict=True)]
    return (
        Miss("sign", f"{fits.count(False)} of {len(fits)} values with the other sign")
        if all(turned)
        else None
    )


def _negative(left: Node, right: Node) -> bool:
    a, b = _number(left), _number(right)
    return a is not None and b is not None and _same(Neg(a), b)
