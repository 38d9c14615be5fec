"""What votes weigh, and that a vote which stops early does not stop too early."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from math500.errors import ModelError
from math500.records import Decoding, Extras, Generation, Message, Score
from math500.solve import Cot, Model, Replay, Solution, Vote
from math500.solve.vote import count, decided, winner
from math500.solve.weights import WithLogprobs, equal, length, logprob
from tests.solve.conftest import DECODING, PROMPT, Scripted, solve


def box(answer: str) -> str:
    return f"It is $\\boxed{{{answer}}}$."


def said(answer: str, **fields: object) -> Generation:
    return Generation(text=box(answer), finish_reason="stop", **fields)  # type: ignore[arg-type]


def of(*generations: Generation) -> Solution:
    return Solution(generations[-1].text, generations)


def voting(k: int, **settings: object) -> Vote:
    return Vote(Cot(PROMPT, DECODING), k, **settings)  # type: ignore[arg-type]


# -- length ---------------------------------------------------------------------------------------


def test_shorter_is_heavier() -> None:
    short, long = of(said("1", completion_tokens=100)), of(said("1", completion_tokens=10_000))
    assert length(short) == pytest.approx(1 / math.log(100))
    assert length(short) == pytest.approx(2 * length(long))
    assert length(of(said("1", completion_tokens=0))) == length(of(said("1", completion_tokens=2))) == 1.0


def test_all_completions_of_a_solution_count() -> None:
    solution = of(said("1", completion_tokens=40), said("1", completion_tokens=60))
    assert length(solution) == pytest.approx(1 / math.log(100))


def test_the_short_ones_win_by_length(runner: asyncio.Runner) -> None:
    lines = (
        said("1", completion_tokens=100_000),
        said("2", completion_tokens=30),
        said("1", completion_tokens=100_000),
    )
    solution = solve(runner, voting(3, weight=length), Scripted(lines))
    assert [(b.answer, b.votes) for b in solution.ballots] == [("2", 1), ("1", 2)]
    assert solution.ballots[0].weights == pytest.approx((1 / math.log(30),))
    assert solution.response == box("2")


def test_tokens_that_nobody_counts_are_not_made_up(runner: asyncio.Runner) -> None:
    with pytest.raises(ModelError, match="--weigh length needs them"):
        runner.run(voting(1, weight=length).solve("?", Scripted((said("1"),)), seed=None))


# -- log probabilities -----------------------------------------------------------------------------


def test_the_mean_decides_and_not_the_sum() -> None:
    sure, unsure = said("1", logprob=-10.0, logprob_tokens=100), said("1", logprob=-5.0, logprob_tokens=10)
    assert logprob(of(sure)) == pytest.approx(math.exp(-0.1))
    assert logprob(of(unsure)) == pytest.approx(math.exp(-0.5))
    assert logprob(of(sure, unsure)) == pytest.approx(math.exp(-15 / 110))
    # Rounding at the server's end makes nobody surer than sure.
    assert logprob(of(said("1", logprob=0.001, logprob_tokens=1))) == 1.0


def test_they_are_asked_for_and_weigh(runner: asyncio.Runner) -> None:
    lines = (
        said("1", logprob=-20.0, logprob_tokens=10),
        said("2", logprob=-1.0, logprob_tokens=10),
        said("1", logprob=-20.0, logprob_tokens=10),
    )
    model = Scripted(lines)
    solution = solve(runner, voting(3, weight=logprob), model)
    assert solution.ballots[0].answer == "2"
    assert model.extras == [Extras(logprobs=True)] * 3


def test_they_are_not_asked_for_otherwise(runner: asyncio.Runner) -> None:
    model = Scripted((box("1"),) * 2)
    solve(runner, voting(2), model)
    assert model.extras == [None, None]


def test_none_is_not_one(runner: asyncio.Runner) -> None:
    with pytest.raises(ModelError, match="--weigh logprob needs them"):
        runner.run(voting(1, weight=logprob).solve("?", Scripted((said("1"),)), seed=None))


def test_who_gives_no_answer_needs_no_weight(runner: asyncio.Runner) -> None:
    lines = (Generation(text="", finish_reason="length"), said("1", logprob=-1.0, logprob_tokens=10))
    solution = solve(runner, voting(2, weight=logprob), Scripted(lines))
    assert [(b.answer, b.voters) for b in solution.ballots] == [("1", (1,))]


def test_what_else_is_asked_for_stays(runner: asyncio.Runner) -> None:
    model = Scripted(("x",))
    asked = Extras(tool_choice="none")
    runner.run(WithLogprobs(model).generate((), DECODING, extras=asked))
    assert model.extras == [Extras(tool_choice="none", logprobs=True)]


# -- a scorer --------------------------------------------------------------------------------------


@dataclass
class Scores:
    """Gives its values by answer, and asks the judge once for each."""

    values: dict[str, float | None]
    seen: list[str] = field(default_factory=list)

    async def score(self, question: str, solution: Solution, model: Model) -> Score:
        self.seen.append(solution.response)
        asked = [Message(role="user", content=f"{question} {solution.response}")]
        reply = await model.generate(asked, DECODING, extras=Extras(judge=True))
        value = next(v for answer, v in self.values.items() if box(answer) == solution.response)
        return Score(voter=0, value=value, generations=(reply,))


@dataclass
class Judged(Scripted):
    """A scripted model whose judge says `ok`, however often it is asked."""

    judged: int = 0

    async def generate(
        self,
        messages: Sequence[Message],
        decoding: Decoding,
        *,
        seed: int | None = None,
        stop: Sequence[str] = (),
        extras: Extras | None = None,
    ) -> Generation:
        if extras is not None and extras.judge:
            self.judged += 1
            return Generation(text="ok", finish_reason="stop")
        return await super().generate(messages, decoding, seed=seed, stop=stop, extras=extras)


def test_a_judges_weights_decide(runner: asyncio.Runner) -> None:
    scorer = Scores({"1": 0.2, "2": 0.9})
    model = Judged((box("1"), "I do not know.", box("2"), box("1")))
    solution = solve(runner, voting(4, scorer=scorer), model)
    assert [(b.answer, b.votes) for b in solution.ballots] == [("2", 1), ("1", 2)]
    assert [b.weight for b in solution.ballots] == pytest.approx([0.9, 0.4])
    # Who gives no answer is not judged, which would cost.
    assert len(scorer.seen) == model.judged == 3
    assert [(score.voter, score.value) for score in solution.scores] == [(0, 0.2), (2, 0.9), (3, 0.2)]
    assert solution.response == box("2")
    # The judge's replies are no completions of the model.
    assert len(solution.generations) == 4


def test_the_best_one_is_taken(runner: asyncio.Runner) -> None:
    class Rising(Scores):
        async def score(self, question: str, solution: Solution, model: Model) -> Score:
            self.seen.append(solution.response)
            return Score(voter=0, value=len(self.seen) / 10)

    lines = (box("1"), box("2"), box("2"), "It is $1$, so $\\boxed{1}$.")
    solution = solve(runner, voting(4, scorer=Rising({}), best=True), Scripted(lines))
    assert [(b.answer, b.weight) for b in solution.ballots] == [("1", 0.4), ("2", 0.3)]
    assert solution.response == lines[3] == solution.generations[-1].text


def test_a_score_that_cannot_be_read_weighs_nothing(runner: asyncio.Runner) -> None:
    scorer = Scores({"1": None, "2": 0.1})
    solution = solve(runner, voting(3, scorer=scorer), Judged((box("1"), box("1"), box("2"))))
    assert [(b.answer, b.weight) for b in solution.ballots] == [("2", 0.1), ("1", 0.0)]
    assert [score.value for score in solution.scores] == [None, None, 0.1]


def test_nobody_answers_and_nobody_is_judged(runner: asyncio.Runner) -> None:
    model = Judged(("I do not know.", "I cannot solve this."))
    solution = solve(runner, voting(2, scorer=Scores({}), best=True), model)
    assert (solution.response, solution.ballots, model.judged) == ("I do not know.", (), 0)


def test_a_judge_is_not_paid_twice(runner: asyncio.Runner) -> None:
    from math500.records import Turn

    kept: list[Turn] = []

    def keep(request: str, generation: Generation, judge: bool) -> None:
        kept.append(Turn(unique_id="u", index=0, request=request, generation=generation, judge=judge))

    solver = voting(2, scorer=Scores({"1": 0.2, "2": 0.9}))
    first = runner.run(solver.solve("?", Replay(Judged((box("1"), box("2"))), (), keep), seed=1))
    assert sorted(turn.judge for turn in kept) == [False, False, True, True]
    silent = Judged(())
    again = runner.run(solver.solve("?", Replay(silent, kept, keep), seed=1))
    assert (again, silent.judged) == (first, 0)


# -- which one, and when ---------------------------------------------------------------------------


def test_of_two_best_ones_the_first_is_taken() -> None:
    ballots = count(["1", "2", "1"], [0.5, 0.5, 0.5], best=True)
    assert winner(ballots, best=True) == 0
    assert winner([], best=True) == winner([], best=False) == 0


def test_what_is_certain_is_certain_by_weight() -> None:
    ballots = count(["1", "1", "2"], [0.9, 0.9, 0.2])
    assert decided(ballots, 3, 4, 1.1, "beta")
    assert not decided(ballots, 3, 5, 1.1, "beta")


def test_light_votes_are_not_counted_as_whole_ones() -> None:
    # Four equal votes are enough for 0.95, four votes of weight 0.3 are not.
    assert decided(count(["1"] * 4), 4, 16, 0.95, "beta")
    assert not decided(count(["1"] * 4, [0.3] * 4), 4, 16, 0.95, "beta")
    # The heavier answer leads with fewer votes: the count says the opposite of the weight.
    assert not decided(count(["1", "2", "2", "2", "2"], [1.0, 0.2, 0.2, 0.2, 0.2]), 5, 16, 0.75, "beta")


def test_weighted_votes_that_stop_early_hardly_ever_decide_otherwise() -> None:
    """Right answers of a made-up model weigh more; stopping compares with the same 16 votes in full."""
    chance = random.Random(11)
    other = asked = 0
    for _ in range(400):
        p = chance.betavariate(2.0, 0.9)
        answers = ["0" if chance.random() < p else str(chance.randint(1, 4)) for _ in range(16)]
        weights = [chance.uniform(0.5, 1.0) if a == "0" else chance.uniform(0.2, 0.9) for a in answers]
        full = count(answers, weights)[0].answer
        used = next(
            n
            for n in range(4, 17, 2)
            if n == 16 or decided(count(answers[:n], weights[:n]), n, 16, 0.95, "beta")
        )
        asked += used
        other += count(answers[:used], weights[:used])[0].answer != full
    assert asked < 0.9 * 16 * 400
    assert other <= 0.02 * 400


def test_equal_weights_are_counts() -> None:
    assert equal(of(said("1"))) == 1.0
    assert [b.weight for b in count(["1", "1", "2"])] == [2.0, 1.0]
    assert count(["1"])[0].weights == ()
