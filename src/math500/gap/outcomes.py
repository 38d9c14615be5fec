"""Scores per problem, and two of them as one factor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from math500 import evaluate, stats
from math500.records import Difference, Factor, FactorKind, Grade, Problem
from math500.rundir import Key

Outcomes = Mapping[str, float]
"""Problem id to its share of right samples; problems without a graded sample are not in it."""

DRAWS = 1000
"""Resamples of a bootstrap."""


def of_grades(problems: Mapping[str, Problem], grades: Mapping[Key, Grade]) -> Outcomes:
    """The share of right samples of each problem that has a graded one."""
    right = evaluate.right_by_problem(problems.values(), grades)
    return {name: sum(v) / len(v) for name, v in right.items() if v}


def mean(outcomes: Outcomes) -> float:
    """The score, a fraction."""
    return sum(outcomes.values()) / len(outcomes) if outcomes else 0.0


def paired_factor(
    name: str,
    setting: str,
    before: Outcomes,
    after: Outcomes,
    *,
    kind: FactorKind = "recomputed",
    changed: int | None = None,
    detail: str = "",
    source: str = "",
) -> Factor:
    """What the other setting is worth over the problems that both have."""
    common = [key for key in before if key in after]
    moved = stats.paired_difference([before[k] for k in common], [after[k] for k in common])
    return Factor(
        name=name,
        setting=setting,
        kind=kind,
        value=moved.value,
        low=moved.low,
        high=moved.high,
        n=len(common),
        gained=sum(after[k] > before[k] for k in common),
        lost=sum(after[k] < before[k] for k in common),
        changed=changed,
        detail=detail,
        source=source,
    )


def weighted_factor(
    name: str, setting: str, outcomes: Outcomes, group: Mapping[str, str], whole: Mapping[str, float]
) -> Factor:
    """What weighting the groups of problems as in the whole set is worth; the interval is a bootstrap's.

    Args:
        name: the factor.
        setting: in words.
        outcomes: of the run.
        group: problem id to its group.
        whole: group to its weight in the whole set; a group that is not in it gets none.
    """
    rows = [(group[key], share) for key, share in outcomes.items()]
    value = _reweighted([(row, 1) for row in rows], whole)
    low, high = stats.percentiles(stats.bootstrap(rows, lambda drawn: _reweighted(drawn, whole), draws=DRAWS))
    return Factor(name=name, setting=setting, kind="recomputed", value=value, low=low, high=high, n=len(rows))


def _reweighted(rows: Iterable[tuple[tuple[str, float], int]], whole: Mapping[str, float]) -> float:
    """The weighted score minus the plain one."""
    sums: dict[str, float] = {}
    counts: dict[str, int] = {}
    for (name, share), times in rows:
        sums[name] = sums.get(name, 0.0) + share * times
        counts[name] = counts.get(name, 0) + times
    plain = sum(sums.values()) / sum(counts.values())
    seen = {name: weight for name, weight in whole.items() if counts.get(name)}
    total = sum(seen.values())
    return sum(w * sums[g] / counts[g] for g, w in seen.items()) / total - plain if total else 0.0


def as_difference(values: Sequence[float], value: float, n: int, method: str) -> Difference:
    """A sorted bootstrap distribution as a difference."""
    low, high = stats.percentiles(values)
    return Difference(value=value, low=min(low, value), high=max(high, value), n=n, method=method)
