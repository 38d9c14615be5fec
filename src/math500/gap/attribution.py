"""A difference between two protocols shared out over the factors in which they differ.

A coalition is a set of factors that have their other setting; its value is the score with these. The Shapley
value of a factor is what it adds, averaged over all orders in which the settings could be changed (Shapley
1953). It is the one rule under which the shares sum to the whole, factors that add the same get the same, and
a factor that never adds anything gets nothing; which is why the order in which someone happened to try the
settings does not matter.

It is computed from dividends (Harsanyi 1963). A coalition's dividend is what it has beyond the dividends of
all its parts: the interplay that only all of its members together have. A factor's share is the sum, over the
coalitions it is in, of their dividend divided by their size. That is exact for any number of factors, without
a sum over orders, and it says plainly what is assumed of coalitions that were not asked: that their interplay
is zero, so that their value is what the asked ones inside them add up to.

    asked: each factor alone           shares are the effects alone
    also: all of them together         what is left over is shared equally
    also: every combination            the Shapley values of the whole game

Scores are kept per problem, so that every coalition is compared on the same problems and the bootstrap
resamples problems with all their coalitions.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from math500.gap.outcomes import DRAWS, Outcomes, as_difference
from math500.records import Difference

METHOD = "Shapley value, bootstrap over problems"

Coalition = frozenset[str]
NONE: Coalition = frozenset()


@dataclass(frozen=True)
class Attribution:
    """The shares and their sum, over `n` problems."""

    shares: dict[str, Difference]
    total: Difference
    unasked: int
    """Combinations of the factors whose interplay was not asked for."""
    rows: tuple[tuple[float, ...], ...]
    """Per problem: its share of each factor, in the order of `shares`."""
    keys: tuple[str, ...]
    """The problems of the rows."""


def attribute(
    factors: Sequence[str], measured: Mapping[Coalition, Outcomes], *, draws: int = DRAWS, seed: int = 0
) -> Attribution:
    """Share out the difference between all factors changed and none.

    Args:
        factors: their names.
        measured: the outcomes of the coalitions that were run or recomputed. The empty one and each single
            factor have to be among them.
        draws: bootstrap resamples.
        seed: of the resamples.

    Raises:
        ValueError: the empty coalition or a single one is missing.
    """
    if missing := [c for c in (NONE, *(frozenset((f,)) for f in factors)) if c not in measured]:
        raise ValueError(f"the coalitions {missing} were not measured")
    keys = tuple(key for key in measured[NONE] if all(key in outcomes for outcomes in measured.values()))
    rows = _rows(factors, _dividends(measured, keys))
    drawn = _bootstrap(rows, len(factors), draws, seed)
    n = len(keys)
    shares = {
        name: as_difference(drawn[i], math.fsum(row[i] for row in rows) / n, n, METHOD)
        for i, name in enumerate(factors)
    }
    whole = math.fsum(math.fsum(row) for row in rows) / n
    total = as_difference(drawn[-1], whole, n, "sum of the shares, bootstrap over problems")
    return Attribution(shares, total, 2 ** len(factors) - len(measured), tuple(rows), keys)


def all_coalitions(factors: Sequence[str]) -> list[Coalition]:
    """Every set of these factors, the empty one first."""
    return [frozenset(c) for size in range(len(factors) + 1) for c in combinations(factors, size)]


def _dividends(
    measured: Mapping[Coalition, Outcomes], keys: Sequence[str]
) -> dict[Coalition, tuple[float, ...]]:
    """Per coalition and problem: its value less the dividends of all measured coalitions inside it."""
    found: dict[Coalition, tuple[float, ...]] = {}
    for coalition in sorted(measured, key=len):
        inside = [values for part, values in found.items() if part < coalition]
        found[coalition] = tuple(
            measured[coalition][key] - math.fsum(values[i] for values in inside) for i, key in enumerate(keys)
        )
    return found


def _rows(
    factors: Sequence[str], dividends: Mapping[Coalition, tuple[float, ...]]
) -> list[tuple[float, ...]]:
    """Each problem's share of each factor."""
    columns = []
    for name in factors:
        parts = [(values, len(c)) for c, values in dividends.items() if name in c]
        summed = (math.fsum(v / size for v, size in row) for row in _by_problem(parts))
        # Thirds leave dust in the last digits, which would make equal rows unequal.
        columns.append([round(value, 12) for value in summed])
    return list(zip(*columns, strict=True))


def _by_problem(parts: Sequence[tuple[tuple[float, ...], int]]) -> list[list[tuple[float, int]]]:
    sizes = [size for _, size in parts]
    return [list(zip(row, sizes, strict=True)) for row in zip(*(values for values, _ in parts), strict=True)]


def _bootstrap(rows: Sequence[tuple[float, ...]], k: int, draws: int, seed: int) -> list[list[float]]:
    """For each factor, and last for their sum, the sorted means over resampled problems.

    Each factor's resamples hold two made-up problems, one that it gains and one that it loses, as in
    `stats.paired_difference`: a factor that changed nothing here is not known to change nothing.
    """
    n = len(rows)
    kinds: dict[tuple[float, ...], int] = {}
    for row in rows:
        kinds[row] = kinds.get(row, 0) + 1
    names, counts = list(kinds), list(kinds.values())
    rng = random.Random(seed)  # noqa: S311 - statistics, not secrets
    means: list[list[float]] = [[] for _ in range(k + 1)]
    for _ in range(draws):
        drawn: dict[int, int] = {}
        for index in rng.choices(range(len(names)), counts, k=n):
            drawn[index] = drawn.get(index, 0) + 1
        sums = [sum(names[index][i] * times for index, times in drawn.items()) for i in range(k)]
        for i, total in enumerate((*sums, sum(sums))):
            means[i].append((total + _poisson(rng) - _poisson(rng)) / (n + 2))
    return [sorted(m) for m in means]


def _poisson(rng: random.Random) -> int:
    """A draw of how often one of many problems is resampled: Poisson's law with mean one."""
    limit, product, count = math.exp(-1), rng.random(), 0
    while product > limit:
        product *= rng.random()
        count += 1
    return count
