"""How often each reason is given, and what the score would be if it did not exist.

Two numbers, since no one knows what a response would have become:

- the **upper bound** counts every such sample as correct: the reason cannot cost more than that;
- the **assumed** score says what it assumes. Where the right value is there (among others, taken back,
  unmarked, refused by this grader only, missed by one slip), each is counted as correct. Where there is no
  answer (failed, not told, refused, loop, cut off, none), each is right as often as the samples of the same
  level that gave an answer. That is still kind: what is cut off is harder than what is not. For a plainly
  wrong answer there is nothing to assume.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import get_args

from math500 import grading, stats
from math500.records import Estimate, Problem, Reason, ReasonCount, Tally, Why
from math500.rundir import Key, RunDir

ORDER: tuple[Why, ...] = get_args(Why)
"""All reasons, in the order in which they are tried."""
OUTSIDE: frozenset[Why] = frozenset({"failed_request", "could_not_tell"})
"""Reasons whose samples are not in the score."""
VALUE_THERE: frozenset[Why] = frozenset(
    {"among_several", "changed_mind", "asked_form", "other_grader", "near_miss"}
)
ANSWERED: frozenset[Why] = VALUE_THERE | {"wrong"}
FEWEST = 10
"""Answered samples that a level needs for a rate of its own; below, the whole run's rate is taken."""

_MENDED = "each of them is right: the right value is there, or one slip away"
_AS_ANSWERED = "each is right as often as the answered samples of its level"


def tally(
    run: RunDir,
    reasons: Sequence[Reason],
    *,
    grader: str = grading.GRADER,
    within: Callable[[Problem], bool] | None = None,
) -> Tally:
    """The reasons counted, in the order in which they are tried; reasons that no sample has are left out.

    Args:
        run: the run that the reasons are about.
        reasons: what `explain` says of it, all of them.
        grader: whose grades they go by; named in the result.
        within: counts only samples of these problems, and gives their score.
    """
    problems = {p.unique_id: p for p in run.problems() if within is None or within(p)}
    by_key = {(r.unique_id, r.index): r for r in reasons if r.unique_id in problems}
    collected = [key for key in run.samples() if key[0] in problems]
    worth = {key: _worth(by_key.get(key)) for key in collected}
    book = _Book(problems, by_key, worth)
    return Tally(
        grader=grader,
        score=book.score({}),
        samples=len(collected),
        correct=sum(1 for key in collected if key not in by_key),
        counts=tuple(book.count(why) for why in _present(by_key.values())),
    )


def _present(reasons: Iterable[Reason]) -> list[Why]:
    there = {r.why for r in reasons}
    return [why for why in ORDER if why in there]


def _worth(reason: Reason | None) -> float | None:
    """1 for correct, 0 for not, None for what is not in the score."""
    if reason is None:
        return 1.0
    outside = reason.why in OUTSIDE or reason.kind == "filtered"
    return None if outside else 0.0


class _Book:
    """A run's samples with what each is worth."""

    def __init__(
        self,
        problems: Mapping[str, Problem],
        reasons: Mapping[Key, Reason],
        worth: Mapping[Key, float | None],
    ) -> None:
        self._problems = problems
        self._reasons = reasons
        self._worth = worth
        self._rate, self._rates = self._answered()

    def count(self, why: Why) -> ReasonCount:
        """One reason."""
        mine = {key: r for key, r in self._reasons.items() if r.why == why}
        kinds = Counter(r.kind for r in mine.values() if r.kind)
        assumed = None if why == "wrong" else self.score({key: self._assume(key, why) for key in mine})
        return ReasonCount(
            why=why,
            samples=len(mine),
            problems=len({key[0] for key in mine}),
            share=self._share(mine),
            kinds=dict(kinds.most_common()),
            by_subject=self._parts(mine, lambda p: p.subject),
            by_level=self._parts(mine, lambda p: "" if p.level is None else str(p.level)),
            upper=self.score(dict.fromkeys(mine, 1.0)),
            assumed=assumed,
            assumption="" if why == "wrong" else _MENDED if why in VALUE_THERE else _AS_ANSWERED,
        )

    def score(self, instead: Mapping[Key, float]) -> Estimate | None:
        """The score with some samples' worth replaced."""
        by_problem: dict[str, list[float]] = defaultdict(list)
        for key, worth in self._worth.items():
            value = instead.get(key, worth)
            if value is not None:
                by_problem[key[0]].append(value)
        return _estimate(list(by_problem.values()))

    def _share(self, mine: Mapping[Key, Reason]) -> Estimate:
        by_problem: dict[str, list[float]] = defaultdict(list)
        for key in self._worth:
            by_problem[key[0]].append(float(key in mine))
        share = _estimate(list(by_problem.values()))
        assert share is not None  # noqa: S101 - a reason has a sample
        return share

    def _parts(self, mine: Iterable[Key], part_of: Callable[[Problem], str]) -> dict[str, int]:
        counted = Counter(part_of(self._problems[key[0]]) for key in mine)
        return {name: counted[name] for name in sorted(counted) if name}

    def _assume(self, key: Key, why: Why) -> float:
        """The chance that a sample would be right without this reason."""
        if why in VALUE_THERE:
            return 1.0
        return self._rates.get(self._problems[key[0]].level, self._rate)

    def _answered(self) -> tuple[float, dict[int | None, float]]:
        """The share of correct among the answered samples, overall and by level."""
        groups: dict[int | None, list[bool]] = defaultdict(list)
        for key in self._worth:
            reason = self._reasons.get(key)
            if reason is None or reason.why in ANSWERED:
                groups[self._problems[key[0]].level].append(reason is None)
        everything = [right for group in groups.values() for right in group]
        rate = sum(everything) / len(everything) if everything else 0.0
        return rate, {k: sum(g) / len(g) for k, g in groups.items() if len(g) >= FEWEST}


def _estimate(problems: Sequence[Sequence[float]]) -> Estimate | None:
    """As `stats.score`, for samples whose worth may lie between 0 and 1."""
    if all(worth in (0.0, 1.0) for samples in problems for worth in samples):
        return stats.score([[worth == 1.0 for worth in samples] for samples in problems])
    shares = [sum(samples) / len(samples) for samples in problems]
    mean = sum(shares) / len(shares)
    low, high = stats.wilson(mean, len(shares))
    return Estimate(value=mean, low=low, high=high, n=len(shares), method="Wilson, at an expected value")
