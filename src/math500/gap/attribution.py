"""A difference between two protocols shared out over the factors in which they differ.

A coalition is a set of factors that have their other setting; its value is the score with these. The Shapley
value of a factor is what it adds, averaged over all orders in which the settings could be changed (Shapley
1953). It is the one rule under which the shares sum to the whole, factors that add the same get the same, and
a factor that never adds anything gets nothing; which is why the order in which someone happened to try the
settings does not matter.

Scores are kept per problem, so that every coalition is compared on the same problems and the bootstrap
resamples problems with all their coalitions. A coalition that was not run is filled in, problem by problem,
as the sum of the smaller ones' effects. The one with all factors usually was run: what it shows beyond the
sum is shared out equally, which is what Shapley's rule says of an effect that only all of them have together.

Exact for up to EXACT factors (2^k coalitions); beyond that over ORDERS random orders.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from math500.gap.outcomes import DRAWS, Outcomes, as_difference
from math500.records import Difference

EXACT = 10
ORDERS = 200
METHOD = "Shapley value, bootstrap over problems"

Coalition = frozenset[str]
NONE: Coalition = frozenset()


@dataclass(frozen=True)
class Attribution:
    """The shares and their sum, over `n` problems."""

    shares: dict[str, Difference]
    total: Difference
    orders: int
    """Orders that were averaged over; 0 when all of them were."""
    filled: int
    """Coalitions that were filled in instead of measured."""
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
        seed: of the resamples and the random orders.

    Raises:
        ValueError: the empty coalition or a single one is missing.
    """
    if missing := [c for c in (NONE, *(frozenset((f,)) for f in factors)) if c not in measured]:
        raise ValueError(f"the coalitions {missing} were not measured")
    keys = tuple(key for key in measured[NONE] if all(key in outcomes for outcomes in measured.values()))
    game = _Game(factors, measured, keys)
    orders = 0 if len(factors) <= EXACT else ORDERS
    weights = _orders(factors, seed) if orders else _exact(factors)
    rows = game.rows(weights)
    drawn = _bootstrap(rows, len(factors), draws, seed)
    n = len(keys)
    shares = {
        name: as_difference(drawn[i], math.fsum(row[i] for row in rows) / n, n, METHOD)
        for i, name in enumerate(factors)
    }
    whole = math.fsum(math.fsum(row) for row in rows) / n
    total = as_difference(drawn[-1], whole, n, "sum of the shares, bootstrap over problems")
    return Attribution(shares, total, orders, game.filled, tuple(rows), keys)


Weights = dict[str, dict[Coalition, float]]
"""Factor to the coalitions it joins, each with its weight; the weights of a factor sum to one."""


def _exact(factors: Sequence[str]) -> Weights:
    k = len(factors)
    weights: Weights = {}
    for name in factors:
        others = [f for f in factors if f != name]
        weights[name] = {
            frozenset(some): 1 / (k * math.comb(k - 1, size))
            for size in range(k)
            for some in combinations(others, size)
        }
    return weights


def _orders(factors: Sequence[str], seed: int) -> Weights:
    """Random orders, each with its reverse, which takes out much of their noise."""
    rng = random.Random(seed)  # noqa: S311 - statistics, not secrets
    weights: Weights = {name: {} for name in factors}
    for _ in range(ORDERS // 2):
        order = list(factors)
        rng.shuffle(order)
        for walk in (order, order[::-1]):
            joined: Coalition = NONE
            for name in walk:
                weights[name][joined] = weights[name].get(joined, 0.0) + 1 / ORDERS
                joined |= {name}
    return weights


class _Game:
    """The value of every coalition, problem by problem."""

    def __init__(
        self, factors: Sequence[str], measured: Mapping[Coalition, Outcomes], keys: Sequence[str]
    ) -> None:
        self._factors = factors
        self._values = {c: tuple(outcomes[key] for key in keys) for c, outcomes in measured.items()}
        self._measured = frozenset(self._values)
        self._keys = keys

    @property
    def filled(self) -> int:
        """Coalitions that were not measured and were asked for."""
        return len(self._values) - len(self._measured)

    def value(self, coalition: Coalition) -> tuple[float, ...]:
        """Measured, or the empty one plus every member's effect alone."""
        if coalition not in self._values:
            base = self._values[NONE]
            members = [self._values[frozenset((name,))] for name in coalition]
            self._values[coalition] = tuple(
                b + math.fsum(m[i] - b for m in members) for i, b in enumerate(base)
            )
        return self._values[coalition]

    def rows(self, weights: Weights) -> list[tuple[float, ...]]:
        """Each problem's share of each factor."""
        columns = [self._column(name, weights[name]) for name in self._factors]
        return [tuple(column[i] for column in columns) for i in range(len(self._keys))]

    def _column(self, name: str, weights: Mapping[Coalition, float]) -> list[float]:
        total = [0.0] * len(self._keys)
        for coalition, weight in weights.items():
            after, before = self.value(coalition | {name}), self.value(coalition)
            for i, (a, b) in enumerate(zip(after, before, strict=True)):
                total[i] += weight * (a - b)
        # Sums of weights leave dust in the last digits, which would make equal rows unequal.
        return [round(t, 12) for t in total]


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


def all_coalitions(factors: Sequence[str]) -> list[Coalition]:
    """Every set of these factors, the empty one first."""
    return [frozenset(c) for size in range(len(factors) + 1) for c in combinations(factors, size)]
