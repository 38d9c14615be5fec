"""Are two expressions the same value: exactly where that is possible, else by high precision.

numbers              fractions                            `exact.rational`
rational functions   residues modulo a prime              `exact.residue`
everything else      60 digits at fixed points            `numeric`
"""

from __future__ import annotations

from math500.grading import exact, numeric
from math500.grading.exact import NotRational, Undefined
from math500.grading.tree import Expr, TooLarge


def same_expression(candidate: Expr, reference: Expr) -> bool:
    """Whether two expressions have the same value everywhere.

    Raises:
        NotRead: one of them holds a function that is not known.
        TooLarge: one of them is too large to be evaluated.
        Undefined: the reference has no value.
    """
    if candidate == reference:
        return True
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
    exact.same_function(reference, reference)
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


def less(left: Expr, right: Expr) -> bool:
    """Whether one number without variables is less than another; False where that cannot be told."""
    try:
        return bool(numeric.evaluate(left, {}) < numeric.evaluate(right, {}))
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return False
