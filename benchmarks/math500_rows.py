"""Computes MATH-500 answers again and compares them with the reference: python benchmarks/math500_rows.py

Brute force or computer algebra for rows where a slip would be easiest: counting, number theory, unusual
definitions. The problem texts are not here; each function says only what is computed. docs/math500-notes.md
is written from its output.
"""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Callable
from fractions import Fraction

import sympy as sp
from sympy.abc import x

from math500 import data, grading

COMPUTED: dict[str, Callable[[], object]] = {}


def computes(unique_id: str) -> Callable[[Callable[[], object]], Callable[[], object]]:
    def keep(function: Callable[[], object]) -> Callable[[], object]:
        COMPUTED[f"test/{unique_id}.json"] = function
        return function

    return keep


# -- counting --------------------------------------------------------------------------------

PRIMES = (2, 3, 5, 7, 11, 13)


@computes("counting_and_probability/51")
def even_sum() -> Fraction:
    return Fraction(sum((a + b) % 2 == 0 for a in PRIMES for b in PRIMES), 36)


@computes("counting_and_probability/71")
def two_boxes() -> int:
    return sum(a <= 5 - a for a in range(6))


@computes("counting_and_probability/216")
def committees() -> int:
    return sum(0 < sum(k < 8 for k in five) < 5 for five in itertools.combinations(range(14), 5))


@computes("counting_and_probability/525")
def round_table() -> int:
    def apart(seats: tuple[int, ...]) -> bool:
        return all(not (seats[i] < 3 and seats[(i + 1) % 7] < 3) for i in range(7))

    return sum(apart((6, *rest)) for rest in itertools.permutations(range(6)))


@computes("counting_and_probability/894")
def three_lanes() -> int:
    return sum(len(set(lanes)) == 3 for lanes in itertools.product(range(3), repeat=6))


# -- geometry --------------------------------------------------------------------------------


@computes("geometry/880")
def over_ceiling_and_wall() -> sp.Expr:
    """Each way of unfolding the faces between the two end walls, as the sides of a right triangle."""
    one_face = [(20, 8), (22, 6), (22, 6)]  # ceiling, back wall, front wall
    two_faces = [(14, 16), (20, 10), (22, 8), (28, 2)]  # ceiling and a wall, in either order
    ways = [a * a + b * b for a, b in one_face + two_faces]
    return sp.sqrt(min(ways))


# -- intermediate algebra --------------------------------------------------------------------


@computes("intermediate_algebra/232")
def lattice_points() -> int:
    return sum(a * a + b * b <= 25 for a in range(-5, 6) for b in range(-5, 6))


@computes("intermediate_algebra/964")
def recursive_residue() -> int:
    row = [(j + 1) % 5 for j in range(5)]
    for _ in range(2015):
        following = [row[1]]
        for _j in range(4):
            following.append(row[following[-1]])
        row = following
    return row[2]


@computes("intermediate_algebra/1197")
def interpolated() -> sp.Expr:
    points = [(n, sp.Rational(n, n * n - 1)) for n in range(2, 8)]
    return sp.interpolate(points, x).subs(x, 8)


@computes("intermediate_algebra/1350")
def least_sum_of_roots() -> int:
    factors = [sign * d for d in (1, 3, 11, 33) for sign in (1, -1)]
    chosen = (roots for k in range(1, 7) for roots in itertools.combinations(factors, k))
    return min(2 * abs(sum(roots)) for roots in chosen if 2 * math.prod(roots) * (-1) ** len(roots) == 66)


@computes("intermediate_algebra/1462")
def closed_recursion() -> sp.Expr:
    first = sp.Symbol("f")
    values = [first]
    for n in range(1, 1986):
        values.append(sp.expand((-1) ** (n + 1) * n - 2 * values[-1]))
    start = sp.solve(values[1985] - first, first)[0]
    return sp.simplify(sum(values[:1985]).subs(first, start))


@computes("intermediate_algebra/1555")
def remainder_at_minus_two() -> int:
    v = -2
    return (5 * v + 9) ** 611 + (v + 5) ** 11 + (v - 1) ** 11 + 3 * v * v + 1


@computes("intermediate_algebra/1849")
def one_solution() -> int:
    """kx = (x+2)^2 with x > -2 and kx > 0 exactly once."""

    def solutions(k: int) -> int:
        square = (k - 4) ** 2 - 16
        if k == 0 or square < 0:
            return 0
        signs = (1, -1) if square else (1,)
        roots = [(k - 4 + s * math.sqrt(square)) / 2 for s in signs]
        return sum(root > -2 and k * root > 0 for root in roots)

    return sum(solutions(k) == 1 for k in range(-500, 501))


# -- number theory ---------------------------------------------------------------------------


@computes("number_theory/22")
def tens_of_squares() -> int:
    return len({n * n // 10 for n in range(4, 10) if n * n % 10 == 6})


@computes("number_theory/203")
def least_sum() -> int:
    divisors = [d for d in range(1, 85) if 84 % d == 0]
    sets = (s for k in range(1, 6) for s in itertools.combinations(divisors, k))
    return min(sum(s) for s in sets if math.prod(s) == 84)


@computes("number_theory/417")
def zeroes_and_ones() -> int:
    return min(n for n in (int(f"{k:b}") for k in range(1, 3000)) if n % 450 == 0)


@computes("number_theory/483")
def hundredth_fibonacci() -> int:
    return int(sp.fibonacci(100)) % 4


@computes("number_theory/488")
def palindromic_sum() -> int:
    middles = (k for k in range(2, 80) if 100 <= 3 * k < 220 and str(3 * k) == str(3 * k)[::-1])
    return max(k + 1 for k in middles)


@computes("number_theory/634")
def inverse_of_997() -> int:
    return pow(997, -1, 1000)


@computes("number_theory/769")
def power_residue() -> int:
    return (129**34 + 96**38) % 11


@computes("number_theory/838")
def cubes_in_a_factorial() -> int:
    return sum(math.factorial(10) % k**3 == 0 for k in range(1, 200))


@computes("number_theory/1000")
def inverse_of_17() -> int:
    return pow(17, -1, 83)


@computes("number_theory/1002")
def three_remainders() -> int:
    return max(n for n in range(2010) if n % 7 == 5 and n % 11 == 10 and n % 13 == 10)


@computes("number_theory/1032")
def twos_and_zeroes() -> int:
    return min(n for n in range(30, 99999, 30) if set(str(n)) <= {"0", "2"})


@computes("number_theory/1055")
def coins() -> int:
    return min(7 * n for n in range(1, 200) if (7 * n + 53) % 8 == 0 and 7 * n + 53 > 200)


@computes("number_theory/1090")
def terminating() -> int:
    odd = range(1, 2010, 2)
    share = Fraction(sum(set(sp.primefactors(n)) <= {5} for n in odd), len(odd))
    return share.numerator + share.denominator


# -- prealgebra ------------------------------------------------------------------------------


def bracketings(numbers: tuple[int, ...], signs: str) -> set[int]:
    """Every value of the numbers joined by the signs, over all ways to put parentheses."""
    if not signs:
        return {numbers[0]}
    found = set()
    for at, sign in enumerate(signs):
        for left in bracketings(numbers[: at + 1], signs[:at]):
            for right in bracketings(numbers[at + 1 :], signs[at + 1 :]):
                found.add({"*": left * right, "+": left + right, "-": left - right}[sign])
    return found


@computes("prealgebra/465")
def period() -> int:
    return next(k for k in range(1, 50) if (10**k - 1) % 11111 == 0)


@computes("prealgebra/1139")
def number_of_values() -> int:
    return len(bracketings((2, 3, 4, 5, 1), "***+"))


@computes("prealgebra/1655")
def even_not_by_three() -> Fraction:
    return Fraction(sum(n % 2 == 0 and n % 3 != 0 for n in range(1, 101)), 100)


@computes("prealgebra/1733")
def least_value() -> int:
    return min(bracketings((1, 2, 3, 4, 5, 6), "++-++"))


# -- precalculus -----------------------------------------------------------------------------


@computes("precalculus/703")
def sum_of_angles() -> sp.Expr:
    """The tenth roots of -1 ... of z^9 = -1 but for -1 itself."""
    return sum(sp.Rational(2 * k + 1, 9) for k in range(9) if 2 * k + 1 != 9) * sp.pi


@computes("precalculus/990")
def rotated() -> str:
    z, c = 2 + math.sqrt(2) - (3 + 3 * math.sqrt(2)) * 1j, 2 - 3j
    w = c + (z - c) * complex(math.cos(math.pi / 4), math.sin(math.pi / 4))
    return f"{round(w.real, 9):g} + {round(w.imag, 9):g}i"


@computes("precalculus/1252")
def over_the_cube_roots() -> object:
    roots = (sp.Integer(1), sp.exp(2 * sp.pi * sp.I / 3), sp.exp(-2 * sp.pi * sp.I / 3))
    (value,) = {sp.simplify(1 / (1 + w) + 1 / (1 + w**2)) for w in roots}
    return value


def main() -> int:
    references = {problem.unique_id: problem.answer for problem in data.load("math500").problems}
    differing = 0
    for unique_id, function in COMPUTED.items():
        value = function()
        written = value if isinstance(value, str) else sp.latex(sp.sympify(value))
        same = grading.equivalent(written, references[unique_id]).same
        differing += not same
        print(f"{'agrees ' if same else 'DIFFERS'}  {unique_id}")
    print(f"{len(COMPUTED) - differing} of {len(COMPUTED)} computed answers are the reference")
    dollars = 150
    first, then = round(dollars / 1.32) - round(dollars / 1.64), round(dollars / 1.32 - dollars / 1.64)
    print(f"test/prealgebra/2066.json: {first} when rounded first, {then} when rounded at the end")
    grading.shutdown()
    return differing


if __name__ == "__main__":
    sys.exit(main())
