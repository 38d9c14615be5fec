"""Majority vote over several solutions of any other solver, by value and not by spelling.

Wang et al. 2022, self-consistency, arXiv:2203.11171. Two answers are one when `grading.equivalent` says so.
A response without an answer has no vote. Weights: all the same, or by what the model's own verification found
(CSV, arXiv:2308.07921, section 3.3).

With a confidence the vote stops early: as soon as the leading answer cannot be overtaken any more, or

    final  as soon as it wins the whole vote with that confidence (`stopping.py`)
    beta   as soon as it is, with that confidence, the answer that ever more samples would favour over the
           second (Aggarwal et al. 2023, adaptive consistency, arXiv:2305.11860, Beta criterion)
"""

from __future__ import annotations

import asyncio
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from math500 import grading
from math500.records import Ballot, Stopping, Verification
from math500.solve import stopping
from math500.solve.base import Model, Solution, Solver

EQUAL: Mapping[Verification, float] = {"": 1.0, "true": 1.0, "uncertain": 1.0, "false": 1.0}
VERIFIED: Mapping[Verification, float] = {"": 0.5, "true": 1.0, "uncertain": 0.5, "false": 0.2}
"""True weighs more than uncertain, uncertain more than false; the numbers are a setting, not a finding."""

FIRST, THEN = 4, 2
"""Solutions that are asked for before the vote is counted: at first, and each time after that."""


@dataclass(frozen=True)
class Vote:
    """Ask k times, take the answer with the most weight.

    Args:
        over: the solver that votes.
        k: solutions at most.
        confidence: stop when the leading answer wins with this confidence; None always asks k times.
        weights: what a vote weighs, by the state of its verification.
        stopping: what the confidence is about.
    """

    over: Solver
    k: int
    confidence: float | None = None
    weights: Mapping[Verification, float] = field(default_factory=lambda: EQUAL)
    stopping: Stopping = "final"
    several: bool = True

    @property
    def name(self) -> str:
        """`vote:` and the solver that votes."""
        return f"vote:{self.over.name}"

    async def solve(self, question: str, model: Model, *, seed: int | None) -> Solution:
        """See `Solver.solve`; the winner's first response is the one that is graded."""
        solutions: list[Solution] = []
        ballots: list[Ballot] = []
        for numbers in waves(self.k, at_once=self.confidence is None):
            seeds = [None if seed is None else seed + number for number in numbers]
            solutions += await asyncio.gather(*(self.over.solve(question, model, seed=s) for s in seeds))
            ballots = await asyncio.to_thread(count, solutions, self.weights)
            left = (self.k - len(solutions)) * max(self.weights.values())
            if self.confidence is not None and decided(
                ballots, left, self.confidence, self.stopping, cast=len(solutions), k=self.k
            ):
                break
        chosen = solutions[ballots[0].voters[0]] if ballots else solutions[0]
        others = [s for s in solutions if s is not chosen]
        return Solution(
            response=chosen.response,
            # The chosen one's stand last: what is graded is the end of the list.
            generations=tuple(g for s in [*others, chosen] for g in s.generations),
            executions=tuple(e for s in [*others, chosen] for e in s.executions),
            ballots=tuple(ballots),
            verification=chosen.verification,
        )


def waves(k: int, *, at_once: bool) -> list[range]:
    """The numbers 0 to k - 1 in the order and groups in which they are asked."""
    first = k if at_once else min(k, FIRST)
    return [range(first), *(range(n, min(n + THEN, k)) for n in range(first, k, THEN))]


def count(solutions: Sequence[Solution], weights: Mapping[Verification, float] = EQUAL) -> list[Ballot]:
    """The answers with their votes, the heaviest first; of two that weigh the same the one given first."""
    groups: list[tuple[str, list[int]]] = []
    for number, solution in enumerate(solutions):
        last = solution.generations[-1] if solution.generations else None
        cut = last is not None and last.finish_reason == "length"
        answer = grading.extract(solution.response, truncated=cut).answer
        if answer is None:
            continue
        for known, voters in groups:
            if grading.equivalent(answer, known).same:
                voters.append(number)
                break
        else:
            groups.append((answer, [number]))
    ballots = [
        Ballot(
            answer=answer,
            votes=len(voters),
            weight=sum(weights[solutions[v].verification] for v in voters),
            voters=tuple(voters),
        )
        for answer, voters in groups
    ]
    return sorted(ballots, key=lambda b: -b.weight)


def decided(
    ballots: Sequence[Ballot],
    left: float,
    confidence: float,
    rule: Stopping = "beta",
    *,
    cast: int = 0,
    k: int = 0,
) -> bool:
    """Whether the leading answer wins, whatever comes, or with this confidence.

    Args:
        ballots: the heaviest first.
        left: the weight of all votes still to come.
        confidence: both rules look at how many votes an answer has, not at what they weigh.
        rule: what the confidence is about.
        cast: responses so far, those without an answer included; for `final`.
        k: responses at most; for `final`.
    """
    if not ballots:
        return False
    lead, second = (
        ballots[0],
        ballots[1] if len(ballots) > 1 else Ballot(answer="", votes=0, weight=0, voters=()),
    )
    if lead.weight > second.weight + left:
        return True
    if rule == "beta":
        return favoured(lead.votes, second.votes) >= confidence
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


def tied(ballots: Sequence[Ballot]) -> tuple[Ballot, ...]:
    """The answers that share the first place; empty when one wins alone."""
    first = tuple(itertools.takewhile(lambda b: b.weight == ballots[0].weight, ballots))
    return first if len(first) > 1 else ()
