r"""The same answer in another shape: inequalities as intervals, the two values of a `\pm`, names."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence as Items
from dataclasses import dataclass
from typing import TypeVar

from math500.grading.expressions import less
from math500.grading.numeric import children, variables
from math500.grading.tree import (
    EXPRESSIONS,
    Add,
    Call,
    Div,
    Expr,
    Mul,
    Neg,
    Node,
    Num,
    PlusMinus,
    Pow,
    Quantity,
    Relation,
    Sequence,
    Sym,
    Text,
    Union,
)
from math500.grading.units import NO_UNIT, Unit, read_unit

FLIP = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
INFINITY = Sym("infinity")
_FUNCTION_NAMES = frozenset("fghpqFGHPQR")

_Left = TypeVar("_Left")
_Right = TypeVar("_Right")


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval with its ends and whether they belong to it."""

    low: Expr
    low_closed: bool
    high: Expr
    high_closed: bool


def match_all(left: Items[_Left], right: Items[_Right], same: Callable[[_Left, _Right], bool]) -> bool:
    """Whether the items are the same in some order."""
    if len(left) != len(right):
        return False
    rest = list(right)
    for item in left:
        found = next((index for index, other in enumerate(rest) if same(item, other)), None)
        if found is None:
            return False
        rest.pop(found)
    return True


# -- names -----------------------------------------------------------------------------------


def is_name(node: Node) -> bool:
    """Whether a side of an equation only names its value: `x`, `f(x)`, words."""
    if isinstance(node, Sequence):
        return all(is_name(item) for item in node.items)
    return isinstance(node, (Sym, Text)) or is_application(node) or _is_segment(node) or _is_compound(node)


def _is_compound(node: Node) -> bool:
    r"""Whether it is put together of names alone: `a + b`, `xy`, `A : B`, `|AB|`, `m\angle ABC`."""
    match node:
        case Add(terms=terms):
            return all(_is_named(term) for term in terms)
        case Mul(left=left, right=right) | Div(top=left, bottom=right):
            return _is_named(left) and _is_named(right)
        case Call(name="abs" | "overline" | "angle", args=(inner,)):
            return _is_named(inner)
    return False


def _is_named(node: Expr) -> bool:
    if isinstance(node, Neg):
        return _is_named(node.term)
    if isinstance(node, Sym):
        return node.name not in {"pi", "e", "i", "infinity"}
    return is_application(node) or _is_segment(node) or _is_compound(node)


def _is_segment(node: Node) -> bool:
    """Whether it is the name of a segment or figure, such as `AB`."""
    if isinstance(node, Mul):
        return _is_segment(node.left) and _is_segment(node.right)
    return isinstance(node, Sym) and node.name.isupper()


def is_application(node: Node) -> bool:
    r"""Whether it is a function of a variable or number, such as `f(x)`, `f^{-1}(2)` and `f(-\frac12)`."""
    if not isinstance(node, Mul):
        return False
    function = node.left.base if isinstance(node.left, Pow) else node.left
    named = isinstance(function, Sym) and function.name.rstrip("'") in _FUNCTION_NAMES
    return named and (isinstance(node.right, (Sym, Num, Mul)) or not variables(node.right))


def may_name_the_same(name: Node, other: Node) -> bool:
    """Whether one may be the other's value as a function of it: `y` and `f(x)`, but not `x` and `f(x)`."""
    for function, value in ((name, other), (other, name)):
        if is_application(function):
            return not (isinstance(function, Mul) and function.right == value)
    return False


_DENIALS = frozenset({"wrong", "incorrect", "false", "not", "impossible", "invalid"})


def denies(node: Node) -> bool:
    """Whether the words say that a value is not the answer, as in "5 is wrong"."""
    return isinstance(node, Text) and not _DENIALS.isdisjoint(node.words.split())


def both_whole(value: Expr, rough: Expr) -> bool:
    """Whether both are written as whole numbers, of which none is the other's approximation."""
    plain = [each.term if isinstance(each, Neg) else each for each in (value, rough)]
    return all(isinstance(each, Num) and each.value.denominator == 1 for each in plain) and value != rough


def in_order(items: Sequence) -> Sequence:
    """Coordinates said by name, `y = 2, x = 1`, in the order of a point; anything else as it is."""
    named = [each for each in items.items if isinstance(each, Relation) and each.sides[0] in _AXES]
    if items.brackets or len(named) != len(items.items):
        return items
    return Sequence("", tuple(sorted(named, key=_axis)))


def _axis(coordinate: Node) -> int:
    return _AXES.index(coordinate.sides[0]) if isinstance(coordinate, Relation) else 0


def turned(names: Node) -> bool:
    """Whether coordinates are named in another order than a point's, as in `(y, x) = (1, 2)`."""
    if not isinstance(names, Sequence) or not all(name in _AXES for name in names.items):
        return False
    axes = [name.name for name in names.items if isinstance(name, Sym)]
    return axes != sorted(axes)


_AXES: tuple[Node, ...] = (Sym("x"), Sym("y"), Sym("z"))


def shortened(relation: Relation, count: int) -> Node:
    """The first `count` signs of a relation and their sides."""
    if not count:
        return relation.sides[0]
    return Relation(relation.signs[:count], relation.sides[: count + 1])


def difference(relation: Relation) -> Expr | None:
    """Left side minus right side, when both are expressions."""
    left, right = relation.sides[0], relation.sides[-1]
    if isinstance(left, EXPRESSIONS) and isinstance(right, EXPRESSIONS):
        return Add((left, Neg(right)))
    return None


def quantity(node: Node) -> tuple[Expr, Unit] | None:
    """An answer as an expression and its unit; None for a structure."""
    if isinstance(node, Quantity):
        return node.value, read_unit(node.unit)
    return (node, NO_UNIT) if isinstance(node, EXPRESSIONS) else None


def words(node: Node) -> str | None:
    """An answer in words, or None."""
    if isinstance(node, Text):
        return node.words.strip(" .'\"")
    if isinstance(node, Sym) and node.name.isalpha():
        return node.name.lower()
    return None


# -- signs -----------------------------------------------------------------------------------


def expand_signs(node: Node) -> Node:
    r"""Both values of an expression with `\pm`, as a list; a list with such an item takes both in."""
    if isinstance(node, Sequence) and node.brackets in {"", "{}"}:
        items: list[Node] = []
        for item in node.items:
            expanded = expand_signs(item)
            items.extend([item] if expanded is item else _apart(expanded))
        return Sequence(node.brackets, tuple(items)) if len(items) != len(node.items) else node
    if isinstance(node, Relation) and node.signs == ("=",):
        right = expand_signs(node.sides[1])
        return node if right is node.sides[1] else Relation(node.signs, (node.sides[0], right))
    if isinstance(node, Quantity) and _has_sign(node.value):
        return Sequence("", tuple(Quantity(_with_sign(node.value, sign), node.unit) for sign in (1, -1)))
    if isinstance(node, EXPRESSIONS) and _has_sign(node):
        return Sequence("", (_with_sign(node, 1), _with_sign(node, -1)))
    return node


def _apart(expanded: Node) -> Items[Node]:
    r"""The values of an item that took two signs; `x = 1 \pm 2` is two equations."""
    if isinstance(expanded, Relation) and isinstance(expanded.sides[1], Sequence):
        return [Relation(expanded.signs, (expanded.sides[0], side)) for side in expanded.sides[1].items]
    return expanded.items if isinstance(expanded, Sequence) else [expanded]


def _has_sign(expression: Expr) -> bool:
    return isinstance(expression, PlusMinus) or any(_has_sign(child) for child in children(expression))


def _with_sign(expression: Expr, sign: int) -> Expr:  # noqa: PLR0911 - one return per kind of node
    match expression:
        case PlusMinus(term=term, sign=own):
            inner = _with_sign(term, sign)
            return inner if own == sign else Neg(inner)
        case Add(terms=terms):
            return Add(tuple(_with_sign(term, sign) for term in terms))
        case Neg(term=term):
            return Neg(_with_sign(term, sign))
        case Mul(left=left, right=right):
            return Mul(_with_sign(left, sign), _with_sign(right, sign))
        case Div(top=top, bottom=bottom):
            return Div(_with_sign(top, sign), _with_sign(bottom, sign))
        case Pow(base=base, exponent=exponent):
            return Pow(_with_sign(base, sign), _with_sign(exponent, sign))
        case Call(name=name, args=args):
            return Call(name, tuple(_with_sign(arg, sign) for arg in args))
    return expression


# -- intervals -------------------------------------------------------------------------------


def intervals(node: Node) -> list[Interval] | None:
    """The node as a union of intervals, or None when it is none."""
    if isinstance(node, Union):
        return _joined(node.parts)
    if isinstance(node, Sequence) and not node.brackets and len(node.items) == 2:
        return _two_bounds(*node.items)
    if isinstance(node, Sequence):
        return _bracketed(node)
    if isinstance(node, Relation):
        return intervals(node.sides[1]) if node.signs == ("in",) else _inequality(node)
    return None


def _joined(parts: Items[Node]) -> list[Interval] | None:
    found: list[Interval] = []
    for part in parts:
        inner = intervals(part)
        if inner is None:
            return None
        found.extend(inner)
    return found


def _bracketed(node: Sequence) -> list[Interval] | None:
    if len(node.items) != 2 or node.brackets == "{}":
        return None
    low, high = node.items
    if not (isinstance(low, EXPRESSIONS) and isinstance(high, EXPRESSIONS)) or less(high, low):
        return None
    return [Interval(low, node.brackets[0] == "[", high, node.brackets[1] == "]")]


def _inequality(node: Relation) -> list[Interval] | None:  # noqa: PLR0911 - one return per form
    """`a < x <= b`, `x > a` and their mirror images, with the variable alone on its side."""
    signs, sides = node.signs, node.sides
    if not all(sign in FLIP for sign in signs):
        return None
    if signs[0].startswith(">"):
        signs, sides = tuple(FLIP[sign] for sign in reversed(signs)), sides[::-1]
    if not all(sign.startswith("<") for sign in signs) or len(signs) > 2:
        return None
    left, right = sides[0], sides[-1]
    if len(signs) == 2:
        inner = is_name(sides[1])
        return _interval(left, signs[0] == "<=", right, signs[1] == "<=") if inner else None
    if isinstance(left, Call) and left.name == "abs" and isinstance(left.args[0], Sym):
        return _around_zero(right, closed=signs[0] == "<=")
    if isinstance(left, Sym) and left != INFINITY:
        return _interval(Neg(INFINITY), False, right, signs[0] == "<=")
    if isinstance(right, Sym) and right != INFINITY:
        return _interval(left, signs[0] == "<=", INFINITY, False)
    return None


def _around_zero(bound: Node, *, closed: bool) -> list[Interval] | None:
    """`|x| < a` as the interval from -a to a."""
    return _interval(Neg(bound), closed, bound, closed) if isinstance(bound, EXPRESSIONS) else None


def _interval(low: Node, low_closed: bool, high: Node, high_closed: bool) -> list[Interval] | None:
    if isinstance(low, EXPRESSIONS) and isinstance(high, EXPRESSIONS):
        return [Interval(low, low_closed, high, high_closed)]
    return None


def _two_bounds(first: Node, second: Node) -> list[Interval] | None:
    """Two inequalities: their common part when they bound from both sides, else both."""
    if not (isinstance(first, Relation) and isinstance(second, Relation)):
        return None
    left, right = intervals(first), intervals(second)
    if not left or not right or len(left) != 1 or len(right) != 1:
        return None
    lower, upper = (left[0], right[0]) if left[0].high == INFINITY else (right[0], left[0])
    one_sided = lower.high == INFINITY and upper.low == Neg(INFINITY)
    if one_sided and less(lower.low, upper.high):
        return [Interval(lower.low, lower.low_closed, upper.high, upper.high_closed)]
    return [left[0], right[0]]
