from __future__ import annotations

import asyncio
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from math500.records import Ballot, Generation, Stopping, Verification
from math500.solve import Cot, Solution, Vote
from math500.solve.vote import answers_of, count, decided, favoured
from math500.solve.weights import verified
from tests.solve.conftest import DECODING, PROMPT, Scripted, solve


def said(text: str, verification: Verification = "", reason: str = "stop") -> Solution:
    return Solution(text, (Generation(text=text, finish_reason=reason),), verification=verification)


def box(answer: str) -> str:
    return f"It is $\\boxed{{{answer}}}$."


def vote(k: int, confidence: float | None = None) -> Vote:
    return Vote(Cot(PROMPT, DECODING), k, confidence)


def test_answers_are_one_when_their_values_are(runner: asyncio.Runner) -> None:
    lines = tuple(map(box, ["\\frac{1}{2}", "3", "0.5", "3", "\\dfrac12"]))
    solution = solve(runner, vote(5), Scripted(lines), seed=10)
    assert [(b.answer, b.votes, b.voters) for b in solution.ballots] == [
        ("\\frac{1}{2}", 3, (0, 2, 4)),
        ("3", 2, (1, 3)),
    ]
    assert solution.response == lines[0]
    assert solution.generations[-1].text == lines[0]
    assert len(solution.generations) == 5


def test_each_vote_has_a_seed_of_its_own(runner: asyncio.Runner) -> None:
    model = Scripted((box("1"),) * 3)
    solve(runner, vote(3), model, seed=10)
    assert model.seeds == [10, 11, 12]


def test_no_answer_is_no_vote(runner: asyncio.Runner) -> None:
    solution = solve(runner, vote(3), Scripted(("I do not know.", box("4"), "I cannot solve this.")))
    assert [(b.answer, b.votes) for b in solution.ballots] == [("4", 1)]
    assert solution.response == box("4")


def test_nobody_answers(runner: asyncio.Runner) -> None:
    solution = solve(runner, vote(2), Scripted(("I do not know.", "I cannot solve this.")))
    assert solution.ballots == ()
    assert solution.response == "I do not know."


def test_of_two_that_tie_the_first_one_wins_and_the_tie_is_there_to_see() -> None:
    ballots = count(["1", "2", "2", "1", "3"])
    assert [b.answer for b in ballots] == ["1", "2", "3"]
    assert ballots[0].weight == ballots[1].weight > ballots[2].weight


def test_verification_weighs() -> None:
    solutions = [said(box("1"), "false"), said(box("1"), "false"), said(box("2"), "true")]
    answers = answers_of(solutions)
    assert count(answers)[0].answer == "1"
    best = count(answers, [verified(s) for s in solutions])[0]
    assert (best.answer, best.votes, best.weight) == ("2", 1, 1.0)


def test_a_vote_stops_when_it_is_decided(runner: asyncio.Runner) -> None:
    # Four of four: P = 31/32, which is more than 0.95.
    solution = solve(runner, vote(16, 0.95), Scripted((box("1"),) * 4))
    assert solution.ballots[0].votes == 4
    split = tuple(map(box, ["1", "2", "1", "2", "1", "1", "1", "1"]))
    beta = Vote(Cot(PROMPT, DECODING), 8, 0.999, stopping="beta")
    assert solve(runner, beta, Scripted(split)).ballots[0].votes == 6
    # 4 to 2, two to come, and the leader was given first: it cannot lose.
    assert solve(runner, vote(8, 0.999), Scripted(split[:6])).ballots[0].votes == 4


@pytest.mark.parametrize(
    ("lead", "second", "expected"),
    # The beta distribution's survival function at 1/2: scipy.stats.beta.sf(0.5, lead + 1, second + 1).
    [(0, 0, 0.5), (1, 0, 0.75), (4, 0, 0.96875), (5, 1, 0.9375), (9, 2, 0.98071289), (3, 3, 0.5)],
)
def test_how_sure_the_lead_is(lead: int, second: int, expected: float) -> None:
    assert favoured(lead, second) == pytest.approx(expected)


@given(st.lists(st.integers(1, 20), min_size=1, max_size=4), st.integers(0, 20))
def test_what_is_decided_without_doubt_cannot_be_overtaken(votes: list[int], left: int) -> None:
    ballots = [
        Ballot(answer=str(i), votes=v, weight=v, voters=(i,))
        for i, v in enumerate(sorted(votes, reverse=True))
    ]
    if decided(ballots, sum(votes), sum(votes) + left, 1.1, "beta"):
        assert all(ballots[0].weight > b.weight + left for b in ballots[1:])
        assert ballots[0].weight > left or len(ballots) > 1


@pytest.mark.parametrize(("rule", "most"), [("beta", 0.6), ("final", 0.52)])
def test_stopping_early_asks_far_less_and_hardly_ever_decides_otherwise(rule: Stopping, most: float) -> None:
    """Answers of a made-up model on 400 problems, most of them easy for it, k = 16."""
    chance = random.Random(5)
    asked = right_fixed = right_early = 0
    for _ in range(400):
        p = chance.betavariate(2.0, 0.7)
        answers = ["0" if chance.random() < p else str(chance.randint(1, 6)) for _ in range(16)]
        right_fixed += winner(answers) == "0"
        used = next(n for n in range(4, 17, 2) if n == 16 or decided(tally(answers[:n]), n, 16, 0.95, rule))
        asked += used
        right_early += winner(answers[:used]) == "0"
    assert asked < most * 16 * 400
    assert abs(right_fixed - right_early) <= 0.003 * 400


def tally(answers: list[str]) -> list[Ballot]:
    order = sorted(set(answers), key=lambda a: (-answers.count(a), answers.index(a)))
    return [
        Ballot(answer=a, votes=(n := answers.count(a)), weight=n, voters=(answers.index(a),)) for a in order
    ]


def winner(answers: list[str]) -> str:
    return tally(answers)[0].answer
