"""What more samples, a vote, and a vote that stops early would bring, out of the samples of one run.

    samples and grades, or the ballots of a fixed vote --polls--> votes of each problem
    votes --points--> pass@k and maj@k for k = 1, 2, 4, ... n
    votes --stops--> how many a vote with --confidence would have asked for, and what it would have decided

Nothing is asked again. Wrong answers are one when their values are, as in a vote. What a stopped vote would
have done is played with the very rule that stops a real one (`solve.vote`), over ORDERS seeded orders of the
votes that are there.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from math500 import grading, stats
from math500.compare import Outcome, outcome
from math500.errors import UsageError
from math500.plots import Point, Series, curves
from math500.records import Ballot, CurvePoint, Curves, Estimate, Problem, Sample, Stopped, Stopping
from math500.rundir import RunDir
from math500.solve import vote

RIGHT = 0
"""The vote of every right answer; wrong ones are 1, 2, ... in the order in which they were first given."""
ORDERS = 100
CONFIDENCES = (0.9, 0.95, 0.99)
RULES: tuple[Stopping, ...] = ("final", "beta")

Votes = tuple[int | None, ...]
"""One problem's, in the order given; None for a response without an answer."""


def study(
    run: RunDir,
    *,
    votes: int | None = None,
    confidences: Sequence[float] = CONFIDENCES,
    grader: str | None = None,
    seed: int = 0,
) -> Curves:
    """All that one run's samples say about more of them.

    Args:
        run: with several samples a problem, or with the ballots of a fixed vote.
        votes: what a vote that may stop asks for at most; all that there are when None.
        confidences: with which it stops.
        grader: whose grades; the current one when None.
        seed: of the orders in which the votes are played.

    Raises:
        UsageError: the run has one sample a problem, stopped its votes early, or has fewer than asked for.
    """
    found = polls(outcome(run, grader))
    most = max((len(of) for of in found.values()), default=0)
    whole = [of for of in found.values() if len(of) == most]
    if most < 2:
        raise UsageError(
            f"{run.path} has one sample a problem, and a curve needs several",
            "Make a run with --samples 16, or --solver vote:cot --votes 16, and a --temperature above 0.",
        )
    if votes is not None and not 2 <= votes <= most:
        raise UsageError(f"{run.path} has {most} samples a problem", f"Give --votes from 2 to {most}.")
    return Curves(
        run=str(run.path),
        samples=most,
        problems=len(whole),
        left_out=len(run.problems()) - len(whole),
        points=tuple(points(whole)),
        votes=votes or most,
        orders=ORDERS,
        stops=tuple(stops(whole, votes or most, confidences, seed)),
    )


# -- votes -------------------------------------------------------------------------------------


def polls(of: Outcome) -> dict[str, Votes]:
    """The votes of every problem; one with an answer that could not be graded is left out.

    Raises:
        UsageError: the run's votes were stopped early.
    """
    settings = of.run.manifest.solver_settings
    if settings.votes is None:
        return _of_samples(of)
    if settings.confidence is not None:
        raise UsageError(
            f"the votes of {of.run.path} were stopped early: its problems differ in how many they have",
            "Take a run without --confidence.",
        )
    found: dict[str, list[int | None]] = {}
    for (unique_id, _), sample in sorted(of.samples.items()):
        if sample.failure is None and unique_id in of.problems:
            found.setdefault(unique_id, []).extend(
                _of_ballots(of.problems[unique_id], sample, settings.votes)
            )
    return {name: tuple(votes) for name, votes in found.items() if UNGRADED not in votes}


UNGRADED = -1


def _of_samples(of: Outcome) -> dict[str, Votes]:
    given: dict[str, list[tuple[str, str | None]]] = {}
    for (unique_id, _), grade in sorted(of.grades.items()):
        given.setdefault(unique_id, []).append((grade.verdict, grade.extracted))
    known = {name: votes for name, votes in given.items() if name in of.problems}
    return {
        name: tuple(_named(votes))
        for name, votes in known.items()
        if all(verdict != "ungraded" for verdict, _ in votes)
    }


def _named(given: Iterable[tuple[str, str | None]]) -> Iterator[int | None]:
    """Each response's vote: wrong answers get numbers, the same one when their values are the same."""
    wrong: list[str] = []
    for verdict, answer in given:
        if verdict == "correct":
            yield RIGHT
        elif answer is None:
            yield None
        else:
            like = (n for n, known in enumerate(wrong) if grading.equivalent(answer, known).same)
            number = next(like, len(wrong))
            if number == len(wrong):
                wrong.append(answer)
            yield 1 + number


def _of_ballots(problem: Problem, sample: Sample, votes: int) -> list[int | None]:
    """A vote's ballots taken apart again; responses without an answer are in none."""
    said: list[int | None] = [None] * votes
    for number, ballot in enumerate(sorted(sample.ballots, key=lambda b: b.voters)):
        verdict = grading.grade(
            f"$\\boxed{{{ballot.answer}}}$",
            problem.answer,
            question=problem.problem,
            unique_id=problem.unique_id,
        ).verdict
        for voter in ballot.voters:
            said[voter] = UNGRADED if verdict == "ungraded" else RIGHT if verdict == "correct" else 1 + number
    return said


# -- curves ------------------------------------------------------------------------------------


def points(polled: Sequence[Votes]) -> list[CurvePoint]:
    """pass@k and maj@k for k = 1, 2, 4, ... and all."""
    n = len(polled[0])
    alike = {of: _plain(of) for of in polled}
    made = []
    for k in counts(n):
        known: dict[Votes, float] = {
            shape: stats.majority_at_k(shape, RIGHT, k) for shape in set(alike.values())
        }
        passes = [stats.pass_at_k(n, of.count(RIGHT), k) for of in polled]
        majorities = [known[alike[of]] for of in polled]
        trials = len(polled) * n // k  # that many choices of k have no sample in common
        made.append(
            CurvePoint(
                k=k,
                passed=stats.mean_of_shares(passes, trials),
                majority=stats.mean_of_shares(majorities, trials),
            )
        )
    return made


def counts(n: int) -> list[int]:
    """1, 2, 4, ... up to n, and n."""
    return [*(1 << i for i in range(n.bit_length()) if 1 << i < n), n]


def _plain(votes: Votes) -> Votes:
    """The same votes in an order of their own, wrong answers named by how frequent they are."""
    wrong = sorted((votes.count(v) for v in {*votes} if v not in (RIGHT, None)), reverse=True)
    named = [1 + i for i, count in enumerate(wrong) for _ in range(count)]
    return (*[RIGHT] * votes.count(RIGHT), *named, *[None] * votes.count(None))


# -- stopping early ----------------------------------------------------------------------------


@dataclass(frozen=True)
class _Played:
    """One problem's votes in one order: who wins, and when each setting would have stopped."""

    winner: int | None
    stopped: Mapping[tuple[Stopping, float], tuple[int, int | None]]
    """The votes asked for by then, and the leader."""


def stops(polled: Sequence[Votes], k: int, confidences: Sequence[float], seed: int = 0) -> Iterator[Stopped]:
    """What a vote of k would have asked for and decided, by rule and confidence."""
    settings = tuple(product(RULES, confidences))
    rng = random.Random(seed)  # noqa: S311 - statistics, not secrets
    played = [[_play(rng.sample(of, k), settings) for _ in range(ORDERS)] for of in polled]
    fixed = [_share(one.winner for one in each) for each in played]
    for rule, confidence in settings:
        ended = [[one.stopped[rule, confidence] for one in each] for each in played]
        early = [_share(leader for _, leader in each) for each in ended]
        asked = sum(number for each in ended for number, _ in each) / (ORDERS * len(polled))
        same = sum(one.winner == one.stopped[rule, confidence][1] for each in played for one in each) / (
            ORDERS * len(polled)
        )
        yield Stopped(
            stopping=rule,
            confidence=confidence,
            asked=asked,
            saved=1 - asked / k,
            score=sum(early) / len(early),
            fixed=sum(fixed) / len(fixed),
            difference=stats.paired_difference(fixed, early),
            same=same,
        )


def _share(winners: Iterable[int | None]) -> float:
    return sum(winner == RIGHT for winner in winners) / ORDERS


def _play(votes: Sequence[int | None], settings: Iterable[tuple[Stopping, float]]) -> _Played:
    open_ = set(settings)
    stopped: dict[tuple[Stopping, float], tuple[int, int | None]] = {}
    ballots: list[Ballot] = []
    for wave in vote.waves(len(votes), at_once=False):
        ballots = _ballots(votes[: wave.stop])
        left = len(votes) - wave.stop
        for rule, confidence in tuple(open_):
            if left == 0 or vote.decided(ballots, wave.stop, len(votes), confidence, rule):
                stopped[rule, confidence] = (wave.stop, _leader(ballots))
                open_.remove((rule, confidence))
    return _Played(_leader(ballots), stopped)


def _ballots(votes: Sequence[int | None]) -> list[Ballot]:
    """As `vote.count`, for answers that are grouped already."""
    voters: dict[int, list[int]] = {}
    for number, answer in enumerate(votes):
        if answer is not None:
            voters.setdefault(answer, []).append(number)
    made = [
        Ballot(answer=str(answer), votes=len(by), weight=len(by), voters=tuple(by))
        for answer, by in voters.items()
    ]
    return sorted(made, key=lambda b: -b.weight)


def _leader(ballots: Sequence[Ballot]) -> int | None:
    return int(ballots[0].answer) if ballots else None


def plot(of: Curves) -> str:
    """The curves over bands of their intervals, as SVG."""

    def series(name: str, shown: Iterable[tuple[int, Estimate]]) -> Series:
        return Series(name, tuple(Point(k, e.value, low=e.low, high=e.high) for k, e in shown))

    return curves(
        "What more samples bring",
        [
            series("at least one of k right (pass@k)", ((p.k, p.passed) for p in of.points)),
            series("a vote of k right (maj@k)", ((p.k, p.majority) for p in of.points)),
        ],
        x_label="k, samples a problem",
        y_label="score",
        doubling=True,
    )
