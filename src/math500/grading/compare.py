"""Two trees: the same answer or not, by structure first and by value at the leaves.

A `Comparer` follows the conventions it is given. Each method answers True or False; what it cannot tell is
raised: `NotRead` (a function or form not known), `TooLarge`, `Undefined`.
"""

from __future__ import annotations

from collections.abc import Sequence as Items
from dataclasses import dataclass
from fractions import Fraction

from math500.grading.conventions import DEFAULT, Conventions
from math500.grading.expressions import (
    close,
    factor_sign,
    long_decimal,
    mentions_pi,
    more_than_one,
    proportional,
    rounded,
    same_expression,
)
from math500.grading.shapes import (
    FLIP,
    INFINITY,
    Interval,
    both_whole,
    denies,
    difference,
    expand_signs,
    in_order,
    intervals,
    is_name,
    match_all,
    may_name_the_same,
    quantity,
    shortened,
    turned,
    words,
)
from math500.grading.tree import (
    EXPRESSIONS,
    Based,
    Div,
    Expr,
    Matrix,
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
from math500.grading.units import ANGLE, NO_UNIT, PERCENT, Unit, nouns_fit

RADIANS = {("radian",), ("radians",), ("rad",), ("rads",)}
"""Words that say that an angle is in radians."""


def _ends(relation: Relation) -> Relation:
    """The first and the last side of a chain of equations."""
    if len(relation.signs) > 1 and set(relation.signs) == {"="}:
        return Relation(("=",), (relation.sides[0], relation.sides[-1]))
    return relation


@dataclass(frozen=True, slots=True)
class Comparer:
    """Compares a candidate with a reference under conventions."""

    conventions: Conventions = DEFAULT

    def same(self, candidate: Node, reference: Node) -> bool:
        """Whether the candidate is the reference answer."""
        candidate, reference = expand_signs(candidate), expand_signs(reference)
        if isinstance(candidate, Relation) or isinstance(reference, Relation):
            return self._with_relations(candidate, reference)
        if self.conventions.interval_as_inequality and self._inequality(candidate, reference):
            return self._same_intervals(candidate, reference)
        if isinstance(reference, Union) or isinstance(candidate, Union):
            return self._same_intervals(candidate, reference)
        if isinstance(candidate, Sequence) or isinstance(reference, Sequence):
            return self._sequences(candidate, reference)
        if isinstance(candidate, Matrix) or isinstance(reference, Matrix):
            return self._matrices(candidate, reference)
        return self._single(candidate, reference)

    # -- relations ---------------------------------------------------------------------------

    def _with_relations(self, candidate: Node, reference: Node) -> bool:
        if isinstance(candidate, Relation) and "~" in candidate.signs:
            return self._approximated(candidate, reference)
        if isinstance(candidate, Relation) and isinstance(reference, Relation):
            return self._relations(candidate, reference)
        if self.conventions.interval_as_inequality and self._inequality(candidate, reference):
            return self._same_intervals(candidate, reference)
        left, right = self._side(candidate, reference), self._side(reference, candidate)
        if left is None or right is None:
            return False
        return self.same(left, right)

    def _inequality(self, *nodes: Node) -> bool:
        """Whether one of the answers is an inequality, or several of them."""
        return any(
            self._inequality(*node.items)
            if isinstance(node, Sequence)
            else isinstance(node, Relation) and node.signs[0] in FLIP
            for node in nodes
        )

    def _side(self, node: Node, other: Node) -> Node | None:  # noqa: PLR0911 - one return per form
        """The side of a relation that is its value, where the other answer is not a relation."""
        if not isinstance(node, Relation):
            return node
        if node.signs == ("in",):
            return node.sides[1] if is_name(node.sides[0]) else None
        if set(node.signs) != {"="} or not self.conventions.side_of_equation:
            return None
        if is_name(node.sides[0]):
            return None if turned(node.sides[0]) else node.sides[-1]
        if is_name(node.sides[-1]) and not is_name(other):
            return None if denies(node.sides[-1]) else node.sides[0]
        if all(self.same(side, node.sides[-1]) for side in node.sides[:-1]):
            return node.sides[-1]
        return self._before_rounded(node)

    def _before_rounded(self, chain: Relation) -> Node | None:
        """The exact value of a chain such as `1/3 = 0.333`, whose last side is that value rounded."""
        value, rough = chain.sides[-2], chain.sides[-1]
        exact = all(self.same(side, value) for side in chain.sides[:-2])
        if (
            exact
            and isinstance(value, EXPRESSIONS)
            and isinstance(rough, EXPRESSIONS)
            and rounded(value, rough)
        ):
            return value
        return None

    def _approximated(self, candidate: Relation, reference: Node) -> bool:
        """An exact value followed by its approximation: either may be the reference, if they are close."""
        cut = candidate.signs.index("~")
        if cut == 0 and is_name(candidate.sides[0]) and len(candidate.signs) == 1:
            return self.same(candidate.sides[1], reference)
        exact_side = shortened(candidate, cut)
        rough = candidate.sides[cut + 1]
        value = self._side(exact_side, reference)
        if (
            not isinstance(value, EXPRESSIONS)
            or not isinstance(rough, EXPRESSIONS)
            or not close(value, rough)
            or both_whole(value, rough)
        ):
            return self.same(exact_side, reference) and isinstance(rough, Quantity)
        return self.same(exact_side, reference) or self.same(rough, reference)

    def _relations(self, candidate: Relation, reference: Relation) -> bool:
        if candidate == reference:
            return True
        left, right = intervals(candidate), intervals(reference)
        if left is not None and right is not None and self._interval_sets(left, right):
            return True
        if candidate.signs == reference.signs == ("in",):
            return self.same(candidate.sides[1], reference.sides[1])
        candidate, reference = _ends(candidate), _ends(reference)
        if len(candidate.signs) != 1 or len(reference.signs) != 1:
            return False
        if candidate.signs == reference.signs == ("=",):
            return self._equations(candidate, reference)
        return self._inequalities(candidate, reference)

    def _equations(self, candidate: Relation, reference: Relation) -> bool:
        name, other = reference.sides[0], candidate.sides[0]
        if is_name(name) and is_name(other) and (name == other or may_name_the_same(name, other)):
            return self.same(candidate.sides[1], reference.sides[1])
        left, right = difference(candidate), difference(reference)
        if left is None or right is None or not self.conventions.scaled_equation:
            return self._both_sides(candidate, reference)
        return proportional(left, right)

    def _both_sides(self, candidate: Relation, reference: Relation) -> bool:
        return all(self.same(a, b) for a, b in zip(candidate.sides, reference.sides, strict=True))

    def _inequalities(self, candidate: Relation, reference: Relation) -> bool:
        """The same sides in the same or the mirrored direction, or multiples of each other."""
        if self.conventions.scaled_equation and self._scaled_inequality(candidate, reference):
            return True
        mirrored = Relation((FLIP.get(candidate.signs[0], candidate.signs[0]),), candidate.sides[::-1])
        return any(
            each.signs == reference.signs and self._both_sides(each, reference)
            for each in (candidate, mirrored)
        )

    def _scaled_inequality(self, candidate: Relation, reference: Relation) -> bool:
        """Whether `-x > -1` is `x < 1`: the differences of their sides are multiples of each other."""
        left, right = difference(candidate), difference(reference)
        if left is None or right is None:
            return False
        sign = factor_sign(left, right)
        flipped = FLIP.get(candidate.signs[0], candidate.signs[0])
        return sign != 0 and (candidate.signs[0] if sign > 0 else flipped) == reference.signs[0]

    # -- intervals ---------------------------------------------------------------------------

    def _same_intervals(self, candidate: Node, reference: Node) -> bool:
        left, right = intervals(candidate), intervals(reference)
        if left is None or right is None:
            return self._set_unions(candidate, reference)
        return self._interval_sets(left, right)

    def _interval_sets(self, left: list[Interval], right: list[Interval]) -> bool:
        return match_all(left, right, self._same_interval)

    def _same_interval(self, left: Interval, right: Interval) -> bool:
        if (left.low_closed, left.high_closed) != (right.low_closed, right.high_closed):
            return False
        return same_expression(left.low, right.low) and same_expression(left.high, right.high)

    def _set_unions(self, candidate: Node, reference: Node) -> bool:
        if not (isinstance(candidate, Union) and isinstance(reference, Union)):
            return False
        return match_all(candidate.parts, reference.parts, self.same)

    # -- sequences and matrices --------------------------------------------------------------

    def _sequences(self, candidate: Node, reference: Node) -> bool:
        left, right = self._items(candidate, reference), self._items(reference, candidate)
        if left is None or right is None:
            return self._repeated(candidate, reference)
        kinds = {left.brackets, right.brackets}
        if len(kinds) == 2 and ("" not in kinds or not self._bare_list_fits(kinds, right)):
            return False
        left = in_order(left)
        if kinds <= {"", "{}"}:
            return self._unordered(left, right, as_set="{}" in kinds)
        return len(left.items) == len(right.items) and all(map(self.same, left.items, right.items))

    def _bare_list_fits(self, kinds: set[str], reference: Sequence) -> bool:
        """Whether a bare list may stand for brackets; never for those of an interval."""
        if "{}" in kinds:
            return True
        if "[]" in kinds and len(reference.items) == 2:
            return False
        if any(item in (INFINITY, Neg(INFINITY)) for item in reference.items):
            return False
        return self.conventions.list_as_tuple and kinds <= {"", "()", "[]"}

    def _items(self, node: Node, other: Node) -> Sequence | None:
        """The node as a sequence: a single answer is a set of one, a column vector a tuple."""
        if isinstance(node, Sequence):
            return node
        if isinstance(node, Matrix):
            fits = self.conventions.tuple_as_vector and isinstance(other, Sequence)
            fits = fits and isinstance(other, Sequence) and other.brackets in {"()", "[]"}
            fits = fits and all(len(row) == 1 for row in node.rows) and not node.bars
            return Sequence(other.brackets, tuple(row[0] for row in node.rows)) if fits else None  # type: ignore[union-attr]
        if isinstance(other, Sequence) and other.brackets == "{}":
            return Sequence("", (node,))
        return None

    def _repeated(self, candidate: Node, reference: Node) -> bool:
        """One value spelled several times, such as "1/2, or 0.5"; or words in brackets."""
        if isinstance(reference, Sequence) and len(reference.items) == 1:
            return self.same(candidate, reference.items[0])
        if isinstance(candidate, Sequence) and (len(candidate.items) == 1 or not candidate.brackets):
            return bool(candidate.items) and all(self.same(item, reference) for item in candidate.items)
        return False

    def _unordered(self, left: Sequence, right: Sequence, *, as_set: bool) -> bool:
        if not as_set:
            once = left.items
            if len(left.items) > len(right.items) == len(self._distinct(right.items)):
                once = tuple(self._distinct(left.items))
            return match_all(once, right.items, self.same)
        return match_all(self._distinct(left.items), self._distinct(right.items), self.same)

    def _distinct(self, items: Items[Node]) -> list[Node]:
        kept: list[Node] = []
        for item in items:
            if not any(self.same(item, other) for other in kept):
                kept.append(item)
        return kept

    def _matrices(self, candidate: Node, reference: Node) -> bool:
        if not (isinstance(candidate, Matrix) and isinstance(reference, Matrix)):
            return False
        if candidate.bars != reference.bars or len(candidate.rows) != len(reference.rows):
            return False
        return all(
            len(left) == len(right) and all(map(self.same, left, right))
            for left, right in zip(candidate.rows, reference.rows, strict=True)
        )

    # -- single answers ----------------------------------------------------------------------

    def _single(self, candidate: Node, reference: Node) -> bool:
        if isinstance(candidate, Text) or isinstance(reference, Text):
            return words(reference) is not None and words(candidate) == words(reference)
        if isinstance(candidate, Based) or isinstance(reference, Based):
            return self._based(candidate, reference)
        left, right = quantity(candidate), quantity(reference)
        if left is None or right is None:
            return False
        if self._quantities(*left, *right):
            return True
        plain = left[1] == right[1] == NO_UNIT and self.conventions.long_decimal
        return plain and (long_decimal(left[0], right[0]) or long_decimal(right[0], left[0]))

    def _based(self, candidate: Node, reference: Node) -> bool:
        if isinstance(candidate, Based) and isinstance(reference, Based):
            return candidate == reference
        if not isinstance(reference, Based) or not self.conventions.base_optional:
            return False
        return isinstance(candidate, Num) and candidate.spelling == reference.digits

    def _quantities(self, left: Expr, unit: Unit, right: Expr, reference_unit: Unit) -> bool:
        if PERCENT in (unit.dimensions, reference_unit.dimensions):
            return self._percentages(left, unit, right, reference_unit)
        if ANGLE in (unit.dimensions, reference_unit.dimensions) and self._radians(
            left, unit, right, reference_unit
        ):
            return True
        bare = NO_UNIT in (unit, reference_unit)
        if bare and unit != reference_unit:
            angle = ANGLE in (unit.dimensions, reference_unit.dimensions)
            allowed = self.conventions.degree_optional if angle else self.conventions.unit_optional
            return allowed and same_expression(left, right)
        if unit.dimensions != reference_unit.dimensions or not nouns_fit(unit, reference_unit):
            return False
        if unit.factor == reference_unit.factor:
            return same_expression(left, right)
        scaled = Mul(left, Num(unit.factor)), Mul(right, Num(reference_unit.factor))
        return self.conventions.unit_conversion and same_expression(*scaled)

    def _radians(self, left: Expr, unit: Unit, right: Expr, reference_unit: Unit) -> bool:
        """Whether degrees are the same angle as a multiple of pi, or as stated radians."""
        if unit.dimensions == reference_unit.dimensions or not self.conventions.unit_conversion:
            return False
        degrees, other, kind = (
            (left, right, reference_unit) if unit.dimensions == ANGLE else (right, left, unit)
        )
        stated = kind.nouns in RADIANS
        if not stated and (kind != NO_UNIT or not mentions_pi(other)):
            return False
        return same_expression(Mul(degrees, Div(Sym("pi"), Num(Fraction(180)))), other)

    def _percentages(self, left: Expr, unit: Unit, right: Expr, reference_unit: Unit) -> bool:
        """As values; and, where one side leaves the sign away, as the plain number before it."""
        if unit.dimensions == reference_unit.dimensions:
            return same_expression(left, right)
        if NO_UNIT not in (unit, reference_unit) or not self.conventions.percent_optional:
            return False
        marked, plain = (left, right) if unit.dimensions == PERCENT else (right, left)
        if same_expression(Div(marked, Num(Fraction(100))), plain):
            return True
        return not isinstance(plain, Div) and more_than_one(plain) and same_expression(marked, plain)
