"""Several runs over the same problems: what each way to solve them brings, and what it costs.

The first run is what the others are compared with, problem by problem.
"""

from __future__ import annotations

from collections.abc import Sequence

from math500 import evaluate
from math500.compare import compare
from math500.plots import Point, Series, scatter
from math500.records import Sample, Tradeoff
from math500.rundir import RunDir


def tradeoffs(runs: Sequence[RunDir]) -> tuple[Tradeoff, ...]:
    """Score and cost of each run; the difference is to the first one.

    Raises:
        UsageError: a run holds no grades, or has no problem in common with the first.
    """
    return tuple(_tradeoff(run, None if i == 0 else runs[0]) for i, run in enumerate(runs))


def _tradeoff(run: RunDir, first: RunDir | None) -> Tradeoff:
    result = evaluate.summarize(run, evaluate.graded(run)[0])
    samples = [s for s in run.samples().values() if s.failure is None]
    tried = max(1, len(samples))
    against = None if first is None else compare(first, run)
    return Tradeoff(
        run=str(run.path),
        solver=run.manifest.solver,
        score=result.score,
        difference=None if against is None else against.difference,
        p_value=None if against is None else against.p_value,
        common=result.problems if against is None else against.n,
        completions=sum(len(s.generations) + _judged(s) for s in samples) / tried,
        tokens=(result.completion_tokens + result.judge_completion_tokens) / tried,
        seconds=sum(s.seconds for s in samples) / tried,
        cost=None if result.cost is None else result.cost / tried,
        uncounted=result.uncounted or 0,
    )


def _judged(sample: Sample) -> int:
    return sum(len(score.generations) for score in sample.scores)


def plot(rows: Sequence[Tradeoff]) -> str:
    """Score against tokens a problem as SVG; what nothing beats in both stands in a series of its own."""
    shown = [row for row in rows if row.score is not None]
    best = [row for row in shown if not any(_beats(other, row) for other in shown)]
    rest = [row for row in shown if row not in best]
    return scatter(
        "Score against cost",
        [
            Series(name, tuple(_point(row) for row in of))
            for name, of in (("best for its cost", best), ("others", rest))
            if of
        ],
        x_label="completion tokens a problem",
        y_label="score",
    )


def _beats(a: Tradeoff, b: Tradeoff) -> bool:
    """At least as good in score and tokens, and better in one."""
    assert a.score is not None  # noqa: S101 - see `plot`
    assert b.score is not None  # noqa: S101
    ours, theirs = (a.score.value, -a.tokens), (b.score.value, -b.tokens)
    return ours != theirs and all(x >= y for x, y in zip(ours, theirs, strict=True))


def _point(row: Tradeoff) -> Point:
    assert row.score is not None  # noqa: S101 - see `plot`
    return Point(row.tokens, row.score.value, low=row.score.low, high=row.score.high, label=row.solver)
