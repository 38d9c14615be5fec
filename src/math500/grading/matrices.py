r"""Sums and products in which matrices take part, worked out entry by entry; and nodes as expressions.

`\frac{1}{7} \begin{pmatrix} 1 \\ 2 \end{pmatrix}` is the matrix of 1/7 and 2/7. What has no meaning,
such as a matrix plus a number, raises `NotRead`.
"""

from __future__ import annotations

from collections.abc import Sequence as Items
from fractions import Fraction

from math500.grading.tree import (
    EXPRESSIONS,
    Add,
    Div,
    Expr,
    Matrix,
    Mul,
    Node,
    NotRead,
    Num,
    Quantity,
    Sequence,
    Sym,
)

MOST_ENTRIES = 64
"""Entries of a matrix that is worked with."""


_CONVERTED = {"degree", "degrees", "percent"}
"""Units that become a part of an expression's value."""


def expression(node: Node) -> Expr:
    """The node as an expression; degrees become radians and percent hundredths."""
    if isinstance(node, EXPRESSIONS):
        return node
    if isinstance(node, Quantity) and node.unit in {"degree", "degrees"}:
        return Mul(node.value, Div(Sym("pi"), Num(Fraction(180))))
    if isinstance(node, Quantity) and node.unit == "percent":
        return Div(node.value, Num(Fraction(100)))
    raise NotRead("a structure or unit inside an expression")


def product(left: Node, right: Node) -> Node:
    """The product of two expressions, of a number and a matrix or vector, or of two matrices."""
    if isinstance(left, Matrix) and isinstance(right, Matrix):
        return _matrix_product(left, right)
    if isinstance(right, Matrix) and not right.bars:
        return _scaled(expression(left), right)
    if isinstance(left, Matrix) and not left.bars:
        return _scaled(expression(right), left)
    if isinstance(right, Sequence) and right.brackets == "()" and len(right.items) > 1:
        factor = expression(left)
        return Sequence("()", tuple(Mul(factor, expression(item)) for item in right.items))
    return Mul(expression(left), expression(right))


def quotient(top: Node, bottom: Node) -> Node:
    """The quotient of two expressions, or of a matrix and a number."""
    if isinstance(top, Matrix) and not top.bars:
        return _scaled(Div(Num(Fraction(1), "1"), expression(bottom)), top)
    return Div(expression(top), expression(bottom))


def total(terms: Items[Node]) -> Node:
    """The sum of expressions, with the unit behind the last one, or of matrices of one size."""
    last = terms[-1]
    if isinstance(last, Quantity) and last.unit not in _CONVERTED:
        return Quantity(Add(tuple(expression(term) for term in (*terms[:-1], last.value))), last.unit)
    if any(isinstance(term, Matrix) for term in terms):
        matrices = [term for term in terms if isinstance(term, Matrix)]
        shapes = {(len(each.rows), len(each.rows[0])) for each in matrices}
        if len(matrices) != len(terms) or len(shapes) != 1:
            raise NotRead("a sum of matrices of different sizes")
        rows = zip(*(each.rows for each in matrices), strict=True)
        return Matrix(tuple(_row_sum(row) for row in rows))
    return Add(tuple(expression(term) for term in terms))


def _row_sum(rows: Items[tuple[Node, ...]]) -> tuple[Node, ...]:
    return tuple(Add(tuple(expression(entry) for entry in entries)) for entries in zip(*rows, strict=True))


def _scaled(factor: Expr, matrix: Matrix) -> Matrix:
    return Matrix(tuple(tuple(Mul(factor, expression(entry)) for entry in row) for row in matrix.rows))


def _matrix_product(left: Matrix, right: Matrix) -> Matrix:
    columns = list(zip(*right.rows, strict=True))
    if (
        len(left.rows[0]) != len(right.rows)
        or len(left.rows) * len(columns) > MOST_ENTRIES
        or left.bars
        or right.bars
    ):
        raise NotRead("a product of matrices whose sizes do not fit")
    return Matrix(
        tuple(
            tuple(
                Add(tuple(Mul(expression(a), expression(b)) for a, b in zip(row, column, strict=True)))
                for column in columns
            )
            for row in left.rows
        )
    )
