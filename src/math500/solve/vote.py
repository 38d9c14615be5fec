"""Majority vote over several solutions of any other solver, by value and not by spelling.

Wang et al. 2022, self-consistency, arXiv:2203.11171. Two answers are one when `grading.equivalent` says so.
A response without an answer has no vote. What a vote weighs: weights.py. Instead of the answer with the most
weight the one response that weighs most can be taken (best-of-n: Cobbe et al. 2021, arXiv:2110.14168).

With a confidence the vote stops early: as soon as the leading answer cannot be overtaken any more, or

    final  as soon as it wins the whole vote with that confidence (`stopping.py`); for equal votes
    beta   as soon as it is, with that confidence, the answer that ever more samples would favour over the
           second (Aggarwal et al. 2023, adaptive consistency, arXiv:2305.11860, Beta criterion)

`beta` counts votes; a vote of weight w, which is 1 at most, says no less than one that is counted with the
chance w. So the weights of the leader, rounded down, and of the second, rounded up, take the place of counts.
This assumes that solutions are drawn alike and apart from each other, and that a weight depends on its own
solution alone.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from math500 import grading
from math500.records import Ballot, Score, Stopping
from math500.solve import stopping
from math500.solve.base import Model, Scorer, Solution, Solver
from math500.solve.together import together
from math500.solve.weights import MOST, Weight, WithLogprobs, equal, logprob

FIRST, THEN = 4, 2
"""Solutions that are asked for before the vote is counted: at first, and each time after that."""


@dataclass(frozen=True)
class Vote:
    """Ask k times, take the answer with the most weight.

    Args:
        over: the solver that votes.
        k: solutions at most.
        confidence: stop when the leading answer wins with this confidence; None always asks k times.
        stopping: what the confidence is about; `final` goes with equal weights only.
        weight: what a solution weighs.
        scorer: weighs the solutions in place of `weight`.
        best: take the one response that weighs most; needs all k, so it goes with no confidence.
    """

    over: Solver
    k: int
    confidence: float | None = None
    stopping: Stopping = "final"
    weight: Weight = equal
    scorer: Scorer | None = None
    best: bool = False
    several: bool = True

    @property
    def name(self) -> str:
        """`vote:` and the solver that votes."""
        return f"vote:{self.over.name}"

    async def solve(self, question: str, model: Model, *, seed: int | None) -> Solution:
        """See `Solver.solve`; the winner's first response is the one that is graded, or the best one."""
        asked = WithLogprobs(model) if self.weight is logprob else model
        solutions: list[Solution] = []
        answers: list[str | None] = []
        weights: list[float] = []
        scores: list[Score] = []
        ballots: list[Ballot] = []
        for numbers in waves(self.k, at_once=self.confidence is None):
            seeds = [None if seed is None else seed + number for number in numbers]
            new = await together(self.over.solve(question, asked, seed=s) for s in seeds)
            found = await asyncio.to_thread(answers_of, new)
            voting = [(n, s) for n, s, a in zip(numbers, new, found, strict=True) if a is not None]
            scores += await self._scored(question, voting, model)
            solutions += new
            answers += found
            weights += self._weights(new, found, numbers, scores)
            ballots = await asyncio.to_thread(count, answers, self._told(weights), best=self.best)
            if self.confidence is not None and decided(
                ballots, len(answers), self.k, self.confidence, self.stopping
            ):
                break
        chosen = solutions[winner(ballots, best=self.best)]
        others = [s for s in solutions if s is not chosen]
        return Solution(
            response=chosen.response,
            # The chosen one's stand last: what is graded is the end of the list.
            generations=tuple(g for s in [*others, chosen] for g in s.generations),
            executions=tuple(e for s in [*others, chosen] for e in s.executions),
            ballots=tuple(ballots),
            scores=tuple(scores),
            verification=chosen.verification,
        )

    async def _scored(
        self, question: str, voting: Sequence[tuple[int, Solution]], model: Model
    ) -> list[Score]:
        """The scores of the solutions that have an answer; none without a scorer."""
        if self.scorer is None:
            return []
        given = await together(self.scorer.score(question, s, model) for _, s in voting)
        numbered = zip(voting, given, strict=True)
        return [msgspec.structs.replace(score, voter=number) for (number, _), score in numbered]

    def _weights(
        self,
        solutions: Sequence[Solution],
        answers: Sequence[str | None],
        numbers: Sequence[int],
        scores: Sequence[Score],
    ) -> list[float]:
        """What each solution weighs; what has no vote, or no score that could be read, weighs nothing."""
        if self.scorer is not None:
            values = {score.voter: score.value or 0.0 for score in scores}
            return [values.get(number, 0.0) for number in numbers]
        pairs = zip(solutions, answers, strict=True)
        return [self.weight(solution) if answer is not None else 0.0 for solution, answer in pairs]

    def _told(self, weights: Sequence[float]) -> Sequence[float] | None:
        """The weights where they are not all the same."""
        return None if self.scorer is None and self.weight is equal else weights


def waves(k: int, *, at_once: bool) -> list[range]:
    """The numbers 0 to k - 1 in the order and groups in which they are asked."""
    first = k if at_once else min(k, FIRST)
    return [range(first), *(range(n, min(n + THEN, k)) for n in range(first, k, THEN))]


def answers_of(solutions: Sequence[Solution]) -> list[str | None]:
    """The answers that solutions vote for."""
    return [_answer(solution) for solution in solutions]


def _answer(solution: Solution) -> str | None:
    last = solution.generations[-1] if solution.generations else None
    cut = last is not None and last.finish_reason == "length"
    return grading.extract(solution.response, truncated=cut).answer


def count(
    answers: Sequence[str | None], weights: Sequence[float] | None = None, *, best: bool = False
) -> list[Ballot]:
    """The answers with their votes, the heaviest first; of two that weigh the same the one given first.

    Args:
        answers: one for each solution.
        weights: what each weighs; the same when None.
        best: an answer weighs as much as its heaviest voter, not as all of them.
    """
    groups: list[tuple[str, list[int]]] = []
    for number, answer in enumerate(answers):
        if answer is None:
            continue
        for known, voters in groups:
            if grading.equivalent(answer, known).same:
                voters.append(number)
                break
        else:
            groups.append((answer, [number]))
    together = max if best else math.fsum
    ballots = []
    for answer, voters in groups:
        each = [1.0 if weights is None else weights[v] for v in voters]
        ballots.append(
            Ballot(
                answer=answer,
                votes=len(voters),
                weight=together(each),
                voters=tuple(voters),
                weights=() if weights is None else tuple(each),
            )
        )
    return sorted(ballots, key=lambda b: -b.weight)


def winner(ballots: Sequence[Ballot], *, best: bool) -> int:
    """Which solution is graded: the winner's first, or its heaviest; the very first where nobody voted."""
    if not ballots:
        return 0
    first = ballots[0]
    place = first.weights.index(max(first.weights)) if best and first.weights else 0
    return first.voters[place]


def decided(ballots: Sequence[Ballot], cast: int, k: int, confidence: float, rule: Stopping) -> bool:
    """Whether the leading answer wins, whatever the further votes say, or with this confidence.

    Args:
        ballots: the heaviest first.
        cast: responses so far, those without an answer included.
        k: responses at most.
        confidence: that is enough.
        rule: what the confidence is about.
    """
    if not ballots:
        return False
    lead, second = ballots[0].weight, ballots[1].weight if len(ballots) > 1 else 0.0
    if lead > second + (k - cast) * MOST:
        return True
    if rule == "beta":
        return favoured(math.floor(lead), math.ceil(second)) >= confidence
    counts, first = [b.votes for b in ballots], [b.voters[0] for b in ballots]
    return stopping.wins(counts, first, k - cast, cast - sum(counts)) >= confidence


def favoured(lead: int, second: int) -> float:
    """The probability that the leading answer is the likelier of the two.

    It is P(p > 1/2) for p from Beta(lead + 1, second + 1), the posterior of a uniform prior, as a binomial
    sum (Aggarwal et al. 2023, section 3.2).
    """
    n = lead + second + 1
    ways: int = sum(math.comb(n, j) for j in range(lead + 1))
    return ways / (1 << n)
