"""Exact values: fractions for numbers, and residues modulo a prime for rational functions.

Two rational functions are equal when they agree at random points modulo a large prime: a wrong "equal" has a
chance below 1e-15 per point for any degree that fits into an answer, and the points are fixed, so that the
result is the same every time. The imaginary unit is a square root of -1 modulo the prime; pi and e count as
variables, which is exact as long as only one of them occurs.
"""

from __future__ import annotations

from fractions import Fraction
from hashlib import blake2b
from math import comb, factorial

from math500.grading.tree import Add, Call, Div, Expr, Mul, Neg, Num, Pow, Sym, TooLarge

PRIME = (1 << 61) - 31
"""The largest prime below 2**61 that is 1 modulo 4, so that -1 has a square root."""

POINTS = 3
LARGEST_BITS = 20_000
LARGEST_FACTORIAL = 1_000


class NotRational(ValueError):
    """The expression is not a rational function, or not a number."""


class Undefined(ValueError):
    """The expression has no value, such as a division by zero."""


def rational(expression: Expr) -> Fraction:  # noqa: PLR0911 - one return per kind of node
    """The exact value of an expression without variables.

    Raises:
        NotRational: it has variables, or its value may be irrational.
        TooLarge: its value has more than `LARGEST_BITS` bits.
        Undefined: it divides by zero.
    """
    match expression:
        case Num(value=value):
            return value
        case Add(terms=terms):
            return sum((rational(term) for term in terms), Fraction(0))
        case Neg(term=term):
            return -rational(term)
        case Mul(left=left, right=right):
            return _bounded(rational(left) * rational(right))
        case Div(top=top, bottom=bottom):
            return _quotient(rational(top), rational(bottom))
        case Pow(base=base, exponent=exponent):
            value = rational(base)
            return value if value == 1 else _power(value, rational(exponent))
        case Call(name=name, args=args):
            return _call(name, [rational(arg) for arg in args])
    raise NotRational("not a number")


def _bounded(value: Fraction) -> Fraction:
    if value.numerator.bit_length() + value.denominator.bit_length() > LARGEST_BITS:
        raise TooLarge("a number too large to be evaluated")
    return value


def _quotient(top: Fraction, bottom: Fraction) -> Fraction:
    if not bottom:
        raise Undefined("division by zero")
    return _bounded(top / bottom)


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    if exponent.denominator != 1:
        raise NotRational("a root")
    if not base and exponent <= 0:
        raise Undefined("zero to a power that is not positive")
    bits = base.numerator.bit_length() + base.denominator.bit_length()
    if abs(exponent) * bits > LARGEST_BITS:
        raise TooLarge("a power too large to be evaluated")
    return base ** int(exponent)


def _call(name: str, args: list[Fraction]) -> Fraction:
    whole = all(arg.denominator == 1 for arg in args)
    first = int(args[0]) if whole else 0
    if name == "abs":
        return abs(args[0])
    if name in {"floor", "ceil"}:
        return Fraction(args[0].__floor__() if name == "floor" else args[0].__ceil__())
    if name == "factorial" and whole and first >= 0:
        if first > LARGEST_FACTORIAL:
            raise TooLarge("a factorial too large to be evaluated")
        return Fraction(factorial(first))
    if name == "binom" and whole and 0 <= args[1] <= first <= LARGEST_FACTORIAL:
        return Fraction(comb(first, int(args[1])))
    if name in {"max", "min"}:
        return max(args) if name == "max" else min(args)
    raise NotRational(name)


def point(name: str, index: int) -> int:
    """The value of a variable at the sample point `index`: always the same number for the same name."""
    digest = blake2b(f"{index}:{name}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") % PRIME


def residue(expression: Expr, index: int) -> int:  # noqa: PLR0911 - one return per kind of node
    """The value of a rational function at sample point `index`, modulo `PRIME`.

    Raises:
        NotRational: it has roots, functions, or variables in an exponent.
        TooLarge: an exponent is too large to be evaluated.
        Undefined: it divides by zero there.
    """
    match expression:
        case Num(value=value):
            return value.numerator * _inverse(value.denominator) % PRIME
        case Sym(name=name):
            return _UNIT if name == "i" else point(name, index)
        case Add(terms=terms):
            return sum(residue(term, index) for term in terms) % PRIME
        case Neg(term=term):
            return -residue(term, index) % PRIME
        case Mul(left=left, right=right):
            return residue(left, index) * residue(right, index) % PRIME
        case Div(top=top, bottom=bottom):
            return residue(top, index) * _inverse(residue(bottom, index)) % PRIME
        case Pow(base=base, exponent=exponent):
            if base == Num(Fraction(1), "1"):
                return 1
            power = rational(exponent)
            if power.denominator != 1:
                raise NotRational("a root")
            remainder = residue(base, index)
            return pow(remainder if power >= 0 else _inverse(remainder), abs(int(power)), PRIME)
        case _:
            return residue(Num(rational(expression)), index)


def _inverse(value: int) -> int:
    if value % PRIME == 0:
        raise Undefined("division by zero")
    return pow(value, -1, PRIME)


def _square_root_of_minus_one() -> int:
    quarter = (PRIME - 1) // 4
    return next(
        root for base in range(2, 100) if pow(root := pow(base, quarter, PRIME), 2, PRIME) == PRIME - 1
    )


_UNIT = _square_root_of_minus_one()


def same_function(left: Expr, right: Expr) -> bool:
    """Whether two rational functions are equal, by their values at `POINTS` points modulo a prime.

    Raises:
        NotRational: one of them is not a rational function.
        TooLarge: an exponent is too large to be evaluated.
        Undefined: one of them is undefined where the other is defined, or at every point.
    """
    return all(residue(left, index) == residue(right, index) for index in range(POINTS))


def proportional(left: Expr, right: Expr) -> bool:
    """Whether two rational functions differ by a constant factor; raises as `same_function`."""
    factors = {residue(left, index) * _inverse(residue(right, index)) % PRIME for index in range(POINTS)}
    return len(factors) == 1 and factors != {0}
