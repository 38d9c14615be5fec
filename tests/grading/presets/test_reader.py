"""The reader beside sympy's own `parse_expr`, which evaluates: on texts written here, never on a model's."""

from __future__ import annotations

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy.parsing.sympy_parser import (
    implicit_multiplication_application,
    parse_expr,
    standard_transformations,
)

from math500.grading.presets import reader

PLAIN = standard_transformations
IMPLICIT = (*standard_transformations, implicit_multiplication_application)
SAFE = st.recursive(
    st.sampled_from(["1", "2", "0.5", "10", "x", "y", "pi", "E", "oo"]),
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(["+", "-", "*", "/"]), inner),
        st.builds("{}({})".format, st.sampled_from(["sqrt", "sin", "Abs", "f", "log"]), inner),
        st.builds("(-{})".format, inner),
        st.builds("({}, {})".format, inner, inner),
        st.builds("{}**2".format, inner),
    ),
    max_leaves=5,
)


def outcome(read: object, text: str, how: object) -> str:
    try:
        return str(read(text, transformations=how))  # type: ignore[operator]
    except Exception as error:
        return type(error).__name__


@settings(max_examples=60, deadline=None)
@given(SAFE, st.sampled_from([PLAIN, IMPLICIT]))
def test_it_reads_what_sympy_reads(text: str, how: object) -> None:
    assert outcome(reader.read, text, how) == outcome(parse_expr, text, how)


@pytest.mark.parametrize(
    "text",
    [
        "2x",
        "2 sin x",
        "x(x+1)",
        "x^2",
        "3!",
        "1e5",
        "(1)-(sqrt3)",
        "[1,2]",
        "5%3",
        "max(1,2)",
        "abc",
        "x=3",
        "",
        "0x10",
        "abs(-2)",
    ],
)
@pytest.mark.parametrize("how", [PLAIN, IMPLICIT])
def test_it_reads_the_odd_ones_as_well(text: str, how: object) -> None:
    assert outcome(reader.read, text, how) == outcome(parse_expr, text, how)


def test_it_leaves_a_sum_as_it_is_when_told_to() -> None:
    assert str(reader.read("1+1", evaluate=False)) == "1 + 1"
    assert reader.read("1+1") == sympy.Integer(2)


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os')",
        "x.__class__",
        "(lambda: 1)()",
        "sin('x+1')",
        "f('a')",
        "1 if x else 2",
        "print",
        "{x: 1}",
        "x[0]",
        "1" * 3000,
    ],
)
def test_it_refuses_everything_else_and_says_so(text: str) -> None:
    reader.refusals.clear()
    with pytest.raises(reader.Refused):
        reader.read(text)
    assert reader.refusals
