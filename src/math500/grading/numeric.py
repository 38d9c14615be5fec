"""Values by high precision: what is neither a number nor a rational function.

Both sides are evaluated with `DIGITS` digits at fixed points, and are equal when they agree to `AGREE`
digits. Large values that agree are evaluated once more, with as many digits behind the point as before it and
some, so that a number of 150 digits is not that number plus one. That many digits cannot agree by accident
for expressions of the size of an answer, and rational functions, where they could, are compared exactly
(`exact`). Every variable takes positive and negative values; a point where a side has no real value does not
count, so that a root of a square is not its variable, while a logarithm is compared where it exists.

What differs by less than the digits show is the same here: `2^{1/2^{1000}}` and 1.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

from math500.grading.exact import Undefined, point
from math500.grading.tree import Add, Call, Div, Expr, Mul, Neg, NotRead, Num, PlusMinus, Pow, Sym, TooLarge

DIGITS = 60
AGREE = 45
POINTS = 6
FEWEST = 2
"""Points at which both sides must have a value."""

LARGEST_ARGUMENT_LOG = 1_000
"""The largest binary logarithm of what a sine, a gamma function and the like are taken of."""

LARGEST_LOG = 50_000
"""The largest binary logarithm of a value that is worked with."""

PLAIN_LOG = 50
"""The binary logarithm up to which `AGREE` digits reach far behind the point."""

FINE_LOG = 2_500
"""The largest binary logarithm of two values that are told apart when they agree at first."""

_local = threading.local()


def _context() -> Any:  # noqa: ANN401 - mpmath ships no types
    """This thread's own arithmetic; mpmath's shared one changes its precision under other threads."""
    if not hasattr(_local, "context"):
        import mpmath  # type: ignore[import-untyped]  # noqa: PLC0415 - most answers never need it

        _local.context = mpmath.MPContext()
        _local.context.dps = DIGITS
    return _local.context


def variables(expression: Expr) -> frozenset[str]:
    """The names of the variables of an expression."""
    match expression:
        case Sym(name=name):
            return frozenset() if name in {"pi", "e", "i"} else frozenset({name})
        case Num():
            return frozenset()
    return frozenset().union(*(variables(child) for child in children(expression)))


def children(expression: Expr) -> Iterator[Expr]:
    """The parts of an expression."""
    match expression:
        case Add(terms=terms):
            yield from terms
        case Neg(term=term) | PlusMinus(term=term):
            yield term
        case Mul(left=left, right=right):
            yield from (left, right)
        case Div(top=left, bottom=right):
            yield from (left, right)
        case Pow(base=left, exponent=right):
            yield from (left, right)
        case Call(args=args):
            yield from args


def same_value(left: Expr, right: Expr) -> bool:
    """Whether two expressions agree at the sample points.

    Raises:
        NotRead: a function that is not known here.
        TooLarge: a value that is too large to be evaluated.
        Undefined: fewer than `FEWEST` points where both have a value.
    """
    pairs = _values(left, right)
    if not all(_agree(*pair) for pair in pairs):
        return False
    size = max(_context().mag(value) if value else 0 for pair in pairs for value in pair)
    return size <= PLAIN_LOG or _same_behind_the_point(left, right, int(size))


def _same_behind_the_point(left: Expr, right: Expr, size: int) -> bool:
    """Whether large values agree behind the point too; `size` is their largest binary logarithm."""
    if size > FINE_LOG:
        raise TooLarge("two numbers too large to be told apart")
    context, places = _context(), size * 3 // 10 + 1
    with context.workdps(DIGITS + 2 * places):
        nothing = context.mpf(10) ** -(AGREE // 2 + places)
        return all(abs(a - b) <= nothing for a, b in _values(left, right))


def proportional(left: Expr, right: Expr) -> bool:
    """Whether two expressions differ by a constant factor other than zero; raises as `same_value`."""
    pairs = _values(left, right)
    if not all(a and b for a, b in pairs):
        return False
    return all(_agree(a / b, pairs[0][0] / pairs[0][1]) for a, b in pairs)


def factor_sign(left: Expr, right: Expr) -> int:
    """The sign of left over right at the first sample point where both exist; 0 when it is not real."""
    pairs = _values(left, right)
    ratio = pairs[0][0] / pairs[0][1] if pairs[0][1] else 0
    # A complex number without an imaginary part is real, and has no order all the same.
    return 0 if not _both_real(ratio, ratio) else 1 if _context().re(ratio) > 0 else -1


def _values(left: Expr, right: Expr) -> list[tuple[Any, Any]]:
    """Both values at each sample point where both exist."""
    names = sorted(variables(left) | variables(right))
    pairs: list[tuple[Any, Any]] = []
    for index in range(POINTS if names else 1):
        values = {name: _sample(name, index) for name in names}
        try:
            pair = evaluate(left, values), evaluate(right, values)
        except (Undefined, ZeroDivisionError):
            continue
        if not names or _both_real(*pair) or _has_unit(left) or _has_unit(right):
            pairs.append(pair)
    if len(pairs) < (FEWEST if names else 1):
        raise Undefined("too few points where both sides have a value")
    return pairs


def _both_real(left: Any, right: Any) -> bool:  # noqa: ANN401 - mpmath ships no types
    context = _context()
    return not context.im(left) and not context.im(right)


def _has_unit(expression: Expr) -> bool:
    """Whether the imaginary unit occurs, so that complex values are meant."""
    return expression == Sym("i") or any(_has_unit(child) for child in children(expression))


def _sample(name: str, index: int) -> Fraction:
    """Values between 0.2 and 3.2: positive at the even points, negative at the first odd one, then mixed."""
    seed = point(name, index)
    value = Fraction(seed % 3_000_017, 1_000_003) + Fraction(1, 5)
    return -value if index == 1 or (index % 2 and seed % 7 < 4) else value


def _agree(left: Any, right: Any) -> bool:  # noqa: ANN401 - mpmath ships no types
    context = _context()
    size = max(1, abs(left), abs(right))
    return bool(abs(left - right) <= size * context.mpf(10) ** -AGREE)


def evaluate(expression: Expr, values: dict[str, Fraction]) -> Any:  # noqa: ANN401, PLR0911 - see `exact`
    """The value of an expression, with the variables' values given; raises as `same_value`."""
    context = _context()
    match expression:
        case Num(value=value):
            return context.mpf(value.numerator) / value.denominator
        case Sym(name=name):
            return _symbol(name, values)
        case Add(terms=terms):
            return sum(evaluate(term, values) for term in terms)
        case Neg(term=term):
            return -evaluate(term, values)
        case Mul(left=left, right=right):
            return _bounded(evaluate(left, values) * evaluate(right, values))
        case Div(top=top, bottom=bottom):
            return _bounded(evaluate(top, values) / evaluate(bottom, values))
        case Pow(base=base, exponent=exponent):
            return _power(evaluate(base, values), evaluate(exponent, values))
        case Call(name=name, args=args):
            return _call(name, [evaluate(arg, values) for arg in args])
    raise NotRead("a sign that was not expanded")


def _symbol(name: str, values: dict[str, Fraction]) -> Any:  # noqa: ANN401
    context = _context()
    if name in {"pi", "e"}:
        return +getattr(context, name)
    if name == "i":
        return context.mpc(0, 1)
    return context.mpf(values[name].numerator) / values[name].denominator


def _bounded(value: Any) -> Any:  # noqa: ANN401
    if value and abs(_context().mag(value)) > LARGEST_LOG:
        raise TooLarge("a number too large to be evaluated")
    return value


def _power(base: Any, exponent: Any) -> Any:  # noqa: ANN401
    context = _context()
    if not base:
        if context.re(exponent) <= 0:
            raise Undefined("zero to a power that is not positive")
        return base
    if base == 1:
        return base
    if abs(exponent) * max(1, abs(context.mag(base))) > LARGEST_LOG:
        raise TooLarge("a power too large to be evaluated")
    return _bounded(base**exponent)


def _call(name: str, args: list[Any]) -> Any:  # noqa: ANN401
    context = _context()
    if name == "log" and len(args) == 1:
        name = "lg"
    if name in _FUNCTIONS:
        _check_sizes(name, args)
        try:
            value = _FUNCTIONS[name](context, *args)
        except TypeError:
            raise NotRead(f"the function {name} with {len(args)} such arguments is not known") from None
        except ValueError:  # what mpmath says of a pole
            raise Undefined(f"the function {name} has no value there") from None
        if not context.isfinite(value):
            raise Undefined(f"the function {name} has no value there")
        return value
    raise NotRead(f"the function {name} is not known")


def _check_sizes(name: str, args: list[Any]) -> None:
    """Refuse the sine and the like of a huge number, which takes that many digits of pi."""
    if name in _SIZE_MATTERS and any(arg and _context().mag(arg) > LARGEST_ARGUMENT_LOG for arg in args):
        raise TooLarge("a function of a number too large to be evaluated")


def _nonzero(value: Any) -> Any:  # noqa: ANN401
    if not value:
        raise Undefined("the logarithm of zero")
    return value


def _real_root(context: Any, value: Any, degree: Any) -> Any:  # noqa: ANN401
    """The real root of an odd degree for a negative value, otherwise the principal one."""
    if isinstance(value, context.mpf) and value < 0 and context.isint(degree) and int(degree) % 2:
        return -_power(-value, 1 / degree)
    return _power(value, 1 / degree) if value else value


def _factorial(context: Any, value: Any) -> Any:  # noqa: ANN401
    if abs(value) > 2000:
        raise TooLarge("a factorial too large to be evaluated")
    return context.factorial(value)


def _binomial(context: Any, top: Any, bottom: Any) -> Any:  # noqa: ANN401
    if any(value and context.mag(value) > context.prec for value in (top, bottom)):
        raise TooLarge("a binomial coefficient of numbers with more digits than are kept")
    return context.binomial(top, bottom)


def _exponential(context: Any, value: Any) -> Any:  # noqa: ANN401
    return _power(+context.e, value)


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sqrt": lambda context, value: context.sqrt(value),
    "root": _real_root,
    "abs": lambda _context, value: abs(value),
    "floor": lambda context, value: context.floor(value),
    "ceil": lambda context, value: context.ceil(value),
    "exp": _exponential,
    "ln": lambda context, value: context.ln(_nonzero(value)),
    "lg": lambda context, value: context.log10(_nonzero(value)),
    "log": lambda context, value, base: context.ln(_nonzero(value)) / context.ln(_nonzero(base)),
    "factorial": _factorial,
    "binom": _binomial,
    "max": lambda _context, *values: max(values),
    "min": lambda _context, *values: min(values),
}


def _named(mp_name: str) -> Callable[..., Any]:
    return lambda context, value: getattr(context, mp_name)(value)


_TRIGONOMETRY = ("sin", "cos", "tan", "cot", "sec", "csc")
_FUNCTIONS |= {name: _named(name) for name in (*_TRIGONOMETRY, "sinh", "cosh", "tanh", "coth")}
_SIZE_MATTERS = frozenset({*_TRIGONOMETRY, "sinh", "cosh", "tanh", "coth", "exp", "binom", "factorial"})
_FUNCTIONS |= {f"arc{name}": _named(f"a{name}") for name in _TRIGONOMETRY}
