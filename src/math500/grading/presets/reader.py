r"""Sympy's text notation read without executing it.

Several graders hand an answer to `sympy.parse_expr`, which turns the text into Python and evaluates that.
Here the first half is sympy's own (its tokens and transformations, which execute nothing), the second is a
walk over the syntax tree that knows numbers, symbols, arithmetic, tuples and mathematical functions.
Anything else is refused and noted in `refusals`: what upstream would make of it only Python could tell.
"""

from __future__ import annotations

import ast
import builtins
import functools
from collections.abc import Callable
from types import BuiltinFunctionType
from typing import Any

import sympy
from sympy.parsing import sympy_parser

refusals: list[str] = []
"""Why texts were not read, since the last `clear()`; upstream's code swallows the exception itself."""

LONGEST = 2_000
"""Characters beyond which a text is refused unread."""

NUMBERS = {name: getattr(sympy, name) for name in ("Integer", "Float", "Rational", "Number")}
FUNCTIONS = {
    name: each
    for name, each in vars(sympy).items()
    if isinstance(each, type) and issubclass(each, sympy.Function) and each is not sympy.Function
} | {"sqrt": sympy.sqrt, "cbrt": sympy.cbrt, "root": sympy.root, "max": sympy.Max, "min": sympy.Min}
FUNCTIONS |= {"Max": sympy.Max, "Min": sympy.Min, "Abs": sympy.Abs, "gcd": sympy.gcd, "lcm": sympy.lcm}
FUNCTIONS |= {"abs": abs, "pow": pow, "round": round}
CONSTANTS = {name: getattr(sympy, name) for name in ("pi", "E", "I", "oo", "zoo", "nan", "GoldenRatio")}


class Refused(Exception):
    """The text is not read."""


def read(
    text: str,
    local_dict: dict[str, Any] | None = None,
    transformations: Any = sympy_parser.standard_transformations,  # noqa: ANN401 - as in sympy
    global_dict: dict[str, Any] | None = None,
    evaluate: bool = True,
) -> Any:  # noqa: ANN401 - what sympy makes of it
    """`sympy.parse_expr` for mathematics alone.

    Raises:
        Refused: the text holds something that is not arithmetic on numbers, symbols and known functions.
        SyntaxError: it is no expression, upstream neither.
    """
    del local_dict, global_dict
    if len(text) > LONGEST:
        _refuse(f"longer than {LONGEST} characters")
    code = sympy_parser.stringify_expr(text, {}, _names(), transformations)
    with sympy.evaluate(evaluate):
        return _value(ast.parse(code.strip(), mode="eval").body)


@functools.cache
def _names() -> dict[str, Any]:
    """The names as sympy itself sees them, so that its transformations make the same of a text."""
    known: dict[str, Any] = {name: getattr(sympy, name) for name in sympy.__all__ if hasattr(sympy, name)}
    plain = {name: each for name, each in vars(builtins).items() if isinstance(each, BuiltinFunctionType)}
    return {**known, **plain, "max": sympy.Max, "min": sympy.Min}


def _value(node: ast.expr) -> Any:  # noqa: ANN401, PLR0911 - one return for each kind of node
    match node:
        case ast.BinOp():
            return _operate(type(node.op), _value(node.left), _value(node.right))
        case ast.UnaryOp(op=ast.USub()):
            return -_value(node.operand)
        case ast.UnaryOp(op=ast.UAdd()):
            return +_value(node.operand)
        case ast.Tuple():
            return tuple(_value(item) for item in node.elts)
        case ast.List():
            return [_value(item) for item in node.elts]
        case ast.Call(func=ast.Name(id=name), keywords=[]):
            return _call(name, node.args)
        case ast.Call(func=ast.Call() as applied, keywords=[]):
            return _value(applied)(*(_value(argument) for argument in node.args))
        case ast.Name(id=name) if name in CONSTANTS:
            return CONSTANTS[name]
        case ast.Constant(value=int() | float() as value):
            return value
    return _refuse(type(node).__name__)


def _call(name: str, arguments: list[ast.expr]) -> Any:  # noqa: ANN401 - what sympy makes of it
    if name in ("Symbol", "Function") and len(arguments) == 1:
        match arguments[0]:
            case ast.Constant(value=str() as text):
                return getattr(sympy, name)(text)
    if name in NUMBERS:
        literals = [a.value for a in arguments if isinstance(a, ast.Constant)]
        if len(literals) == len(arguments) and all(isinstance(v, int | float | str) for v in literals):
            return NUMBERS[name](*(_plain(v) for v in literals))
    if name in FUNCTIONS:
        return FUNCTIONS[name](*(_value(argument) for argument in arguments))
    return _refuse(f"a call of {name}")


def _plain(literal: Any) -> Any:  # noqa: ANN401 - a number, or the text of one
    """A number's text is handed on only if it is one: sympy would evaluate anything else."""
    if isinstance(literal, str):
        float(literal)
    return literal


OPERATIONS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.Pow: lambda a, b: a**b,
    ast.Mod: lambda a, b: a % b,
    ast.FloorDiv: lambda a, b: a // b,
    ast.BitXor: lambda a, b: a ^ b,
    ast.BitOr: lambda a, b: a | b,
    ast.BitAnd: lambda a, b: a & b,
}


def _operate(kind: type[ast.operator], left: Any, right: Any) -> Any:  # noqa: ANN401 - what sympy makes of it
    if kind not in OPERATIONS:
        _refuse(kind.__name__)
    return OPERATIONS[kind](left, right)


def _refuse(what: str) -> Any:  # noqa: ANN401 - never returns
    refusals.append(what)
    raise Refused(what)
