"""Which worked examples a problem is shown.

    subject     the same ones for all problems of a subject, drawn with a seed
    similarity  those whose question is most like it in its words, the likest last, next to the question
                (Liu et al. 2021, arXiv:2101.06804, choose by likeness and find little in the order)

A near duplicate of the question (`near`) is passed over by both, since its solution would give the answer
away; how many were is recorded. A pool that holds a problem of MATH-500 is refused.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from math500 import data, prompts
from math500.data import ProblemSet
from math500.errors import UsageError
from math500.plural import counted
from math500.records import ChooseBy, ChosenShots, Problem, Shot, Shown
from math500.shots.near import near
from math500.shots.similar import Index

POOL = "math-train-12k"
"""PRM800K's train split: MATH's own and the test problems outside MATH-500."""
METHOD = {"subject": "drawn/1", "similarity": "bm25/1"}
"""The ways to choose; the number is raised when one would choose otherwise."""

Ranked = Callable[[Problem], Iterable[Problem]]
"""A problem's candidates, the best first."""


def choose(
    problems: Sequence[Problem], pool: ProblemSet, *, by: ChooseBy, count: int, seed: int = 0
) -> ChosenShots:
    """Choose examples for each problem.

    Args:
        problems: what is asked.
        pool: where the examples come from.
        by: how.
        count: examples for each problem.
        seed: of the draw by subject, and of the order among examples that are equally like the question.

    Raises:
        UsageError: the pool holds a problem of MATH-500, has no worked solutions, or has too few examples.
    """
    _require_train(pool)
    # The seed's order comes first, so that it also decides between examples that are alike.
    rows = sorted(pool.problems, key=lambda row: data.rank(seed, row.unique_id))
    ranked = _by_subject(rows) if by == "subject" else _by_likeness(rows)
    shown: dict[str, Shown] = {}
    shots: dict[str, Shot] = {}
    passed = 0
    for problem in problems:
        best, skipped = _best(problem, ranked(problem), count)
        if len(best) < count:
            raise UsageError(_too_few(problem, pool, by, len(best), count), _instead(by))
        passed += skipped
        shots |= {row.unique_id: _shot(row) for row in best}
        # The best one stands last, next to the question.
        ids = tuple(row.unique_id for row in reversed(best))
        shown[prompts.key(problem.problem)] = Shown(unique_id=problem.unique_id, examples=ids)
    return ChosenShots(
        by=by,
        count=count,
        seed=seed,
        method=METHOD[by],
        source=pool.source.name,
        sha256=pool.source.sha256,
        near=passed,
        digest=_digest(shown, shots),
        shown=shown,
        shots=shots,
    )


def _require_train(pool: ProblemSet) -> None:
    test = [name for row in pool.problems if (name := data.math500_id(row.problem)) is not None]
    if test:
        raise UsageError(
            f"{pool.source.name} holds {counted(len(test), 'problem')} of MATH-500 ({', '.join(test[:3])}), "
            "and those are never shown as examples",
            f"Take a train split, such as {POOL}.",
        )
    if bare := [row.unique_id for row in pool.problems if not row.solution.strip()]:
        raise UsageError(
            f"{pool.source.name} has {counted(len(bare), 'row')} without a worked solution "
            f"({', '.join(bare[:3])})",
            "Take rows with a `solution` as examples.",
        )


def _by_subject(rows: Sequence[Problem]) -> Ranked:
    groups: dict[str, list[Problem]] = {}
    for row in rows:
        groups.setdefault(row.subject, []).append(row)
    groups.pop("", None)
    return lambda problem: groups.get(problem.subject, [])


def _by_likeness(rows: Sequence[Problem]) -> Ranked:
    index = Index([row.problem for row in rows])

    def ranked(problem: Problem) -> Iterator[Problem]:
        scores = index.scores(problem.problem)
        order = [(-score, number) for number, score in scores.items()]
        heapq.heapify(order)  # a few of thousands are taken
        while order:
            yield rows[heapq.heappop(order)[1]]
        yield from (row for number, row in enumerate(rows) if number not in scores)

    return ranked


def _best(problem: Problem, ranked: Iterable[Problem], count: int) -> tuple[list[Problem], int]:
    """The first `count` that are no near duplicates of the question, and how many were passed over."""
    best: list[Problem] = []
    passed = 0
    for row in ranked:
        if len(best) == count:
            break
        if near(problem.problem, row.problem):
            passed += 1
        else:
            best.append(row)
    return best, passed


def _too_few(problem: Problem, pool: ProblemSet, by: ChooseBy, there: int, count: int) -> str:
    of = f" of its subject ({problem.subject or 'it has none'})" if by == "subject" else ""
    return (
        f"{pool.source.name} has {counted(there, 'example')}{of} for {problem.unique_id}, "
        f"and {count} are asked for"
    )


def _instead(by: ChooseBy) -> str:
    return "Ask for fewer, or use --choose similarity." if by == "subject" else "Ask for fewer."


def _shot(row: Problem) -> Shot:
    return Shot(problem=row.problem, solution=row.solution, answer=row.answer)


def _digest(shown: dict[str, Shown], shots: dict[str, Shot]) -> str:
    """The hash of every question's examples, texts and order included."""
    said = [(key, [shots[name] for name in one.examples]) for key, one in sorted(shown.items())]
    return hashlib.sha256(msgspec.json.encode(said)).hexdigest()
