"""Are two expressions the same value: exactly where that is possible, else by high precision.

numbers              fractions                            `exact.rational`
rational functions   residues modulo a prime              `exact.residue`
everything else      60 digits at fixed points            `numeric`
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from math500.grading import exact, numeric
from math500.grading.exact import NotRational, Undefined
from math500.grading.tree import Expr, Mul, Neg, Num, Sym, TooLarge


def same_expression(candidate: Expr, reference: Expr) -> bool:
    """Whether two expressions have the same value everywhere.

    `0x` is not the number 0, though it has its value: it is a term in an unknown.

    Raises:
        NotRead: one of them holds a function that is not known.
        TooLarge: one of them is too large to be evaluated.
        Undefined: the reference has no value.
    """
    if candidate == reference:
        return True
    return _same_value(candidate, reference) and not (_nothing_of(candidate) and _is_number(reference))


def _is_number(value: Expr) -> bool:
    return not numeric.variables(value)


def _nothing_of(value: Expr) -> bool:
    """Whether it is one term, zero times an unknown; the `e` of `0e` counts as one, as a number cut short."""
    factors = list(_factors(value))
    unknown = any(numeric.variables(each) or each == Sym("e") for each in factors)
    return unknown and any(isinstance(each, Num) and not each.value for each in factors)


def _factors(value: Expr) -> Iterator[Expr]:
    """The factors of a product; a value that is none is its own factor."""
    if isinstance(value, Mul):
        yield from _factors(value.left)
        yield from _factors(value.right)
    elif isinstance(value, Neg):
        yield from _factors(value.term)
    else:
        yield value


def _same_value(candidate: Expr, reference: Expr) -> bool:
    try:
        return exact.rational(candidate) == exact.rational(reference)
    except (NotRational, TooLarge):
        pass
    except Undefined:
        return _undefined(reference)
    try:
        return exact.same_function(candidate, reference)
    except NotRational:
        return numeric.same_value(candidate, reference)
    except Undefined:
        return _undefined(reference)


def _undefined(reference: Expr) -> bool:
    """A division by zero: wrong in the candidate, not to be judged in the reference."""
    try:
        exact.same_function(reference, reference)
    except NotRational:
        numeric.same_value(reference, reference)
    return False


def proportional(left: Expr, right: Expr) -> bool:
    """Whether two expressions differ by a constant factor other than zero; raises as `same_expression`."""
    try:
        return exact.proportional(left, right)
    except NotRational:
        return numeric.proportional(left, right)


def close(value: Expr, rough: Expr) -> bool:
    """Whether an approximation is within two percent of a value without variables."""
    try:
        exactly, roughly = numeric.evaluate(value, {}), numeric.evaluate(rough, {})
    except (KeyError, ValueError, ZeroDivisionError):
        return False
    return bool(abs(exactly - roughly) <= abs(exactly) / 50)


def more_than_one(value: Expr) -> bool:
    """Whether a number without variables is greater than one in size."""
    try:
        return bool(abs(numeric.evaluate(value, {})) > 1)
    except (KeyError, ValueError, ZeroDivisionError):
        return False


LONG = 12
"""Significant digits from which a decimal counts as its value; nobody writes so many by chance."""


def rounded(value: Expr, rough: Expr, digits: int = 1) -> bool:
    """Whether a plain decimal with at least so many significant digits is the value, rounded or cut there."""
    decimal = rough.term if isinstance(rough, Neg) else rough
    if not isinstance(decimal, Num) or decimal.spelling or not decimal.value:
        return False
    places = _places(decimal.value)
    if places is None or len(str(decimal.value.numerator * 10**places // decimal.value.denominator)) < digits:
        return False
    try:
        apart = abs(numeric.evaluate(value, {}) - numeric.evaluate(rough, {}))
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return False
    return bool(apart * 10**places < 1)


def _places(value: Fraction) -> int | None:
    """The decimals of a value, at most 40; None when it has none or never ends."""
    return next((n for n in range(1, 41) if 10**n % value.denominator == 0), None)


def long_decimal(rough: Expr, value: Expr) -> bool:
    """Whether a decimal of at least `LONG` digits is a value that no decimal can write."""
    decimal = rough.term if isinstance(rough, Neg) else rough
    if not isinstance(decimal, Num) or decimal.value.denominator == 1 or numeric.variables(value):
        return False
    return not _ends(value) and rounded(value, rough, LONG)


def _ends(value: Expr) -> bool:
    """Whether a value has a decimal that ends, so that another decimal is another value."""
    try:
        return isinstance(value, Num) or _places(exact.rational(value)) is not None
    except (NotRational, TooLarge, Undefined):
        return False


def mentions_pi(expression: Expr) -> bool:
    """Whether pi occurs, so that an angle is meant in radians."""
    return expression == Sym("pi") or any(mentions_pi(child) for child in numeric.children(expression))


def factor_sign(left: Expr, right: Expr) -> int:
    """The sign of the number that the left side is a multiple of the right side by; 0 when it is none."""
    if not proportional(left, right):
        return 0
    return numeric.factor_sign(left, right)


def less(left: Expr, right: Expr) -> bool:
    """Whether one number without variables is less than another; False where that cannot be told."""
    try:
        return bool(numeric.evaluate(left, {}) < numeric.evaluate(right, {}))
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return False
