from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path

import msgspec
import pytest

from math500 import cli, curves, evaluate, stats
from math500.compare import outcome
from math500.errors import UsageError
from math500.records import Generation, Manifest, Problem, Sample, SolverInfo
from math500.rundir import RunDir, RunWriter
from math500.solve import Solution, vote

Make = Callable[..., Manifest]
ANSWERS = (
    ("0", "0", "0", "0", "0", "0"),
    ("2", "2.0", "3", "4", "\\frac{6}{2}", None),
    ("7", "7", "4", "7.0", "5", "4"),
    (None, None, None, None, None, "6"),
)
"""What was answered to 0 + 0, 1 + 1, 2 + 2 and 3 + 3."""


def said(answer: str | None) -> Generation:
    return Generation(text="I do not know." if answer is None else f"It is $\\boxed{{{answer}}}$.")


def sampled(
    folder: Path, made: Manifest, problems: Sequence[Problem], answers: Sequence[Sequence[str | None]]
) -> RunDir:
    with RunWriter.create(folder, made, problems) as run:
        for problem, given in zip(problems, answers, strict=True):
            for index, answer in enumerate(given):
                g = said(answer)
                run.append(
                    Sample(unique_id=problem.unique_id, index=index, response=g.text, generations=(g,))
                )
        evaluate.grade(run)
    return RunDir.open(folder)


@pytest.fixture
def run(folder: Path, problems: tuple[Problem, ...], manifest_of: Make) -> RunDir:
    return sampled(folder, manifest_of(samples=6), problems[:4], ANSWERS)


@pytest.fixture
def voted(tmp_path: Path, problems: tuple[Problem, ...], manifest_of: Make) -> RunDir:
    """The same answers as the ballots of one vote each."""
    info = SolverInfo(name="vote:cot", votes=6)
    with RunWriter.create(tmp_path / "voted", manifest_of(solver_settings=info), problems[:4]) as run:
        for problem, given in zip(problems, ANSWERS, strict=False):
            solutions = [Solution(said(answer).text, (said(answer),)) for answer in given]
            ballots = tuple(vote.count(vote.answers_of(solutions)))
            run.append(
                Sample(
                    unique_id=problem.unique_id,
                    index=0,
                    response=solutions[ballots[0].voters[0]].response,
                    generations=tuple(said(answer) for answer in given),
                    ballots=ballots,
                )
            )
        evaluate.grade(run)
    return RunDir.open(tmp_path / "voted")


def test_wrong_answers_are_one_when_their_values_are(run: RunDir) -> None:
    found = curves.polls(outcome(run))
    assert list(found.values()) == [
        (0, 0, 0, 0, 0, 0),
        (0, 0, 1, 2, 1, None),
        (1, 1, 0, 1, 2, 0),
        (None, None, None, None, None, 0),
    ]


def test_a_votes_ballots_are_the_same_votes(run: RunDir, voted: RunDir) -> None:
    def shapes(of: RunDir) -> list[list[frozenset[int]]]:
        polled = curves.polls(outcome(of)).values()
        return [
            [
                frozenset(i for i, v in enumerate(votes) if v == each)
                for each in dict.fromkeys(votes)
                if each is not None
            ]
            for votes in polled
        ]

    assert shapes(voted) == shapes(run)
    assert curves.study(voted).points == curves.study(run).points


def test_the_first_point_is_the_runs_own_score(run: RunDir) -> None:
    found = curves.study(run)
    score = evaluate.summarize(run).score
    first = found.points[0]
    assert (found.samples, found.problems, found.left_out) == (6, 4, 0)
    assert [p.k for p in found.points] == [1, 2, 4, 6]
    assert score is not None
    assert first.passed.value == pytest.approx(score.value)
    assert first.majority.value == pytest.approx(score.value)
    assert first.passed.low == pytest.approx(score.low)
    assert first.passed.high == pytest.approx(score.high)


def test_the_points_are_the_means_over_all_choices(run: RunDir) -> None:
    polled = list(curves.polls(outcome(run)).values())
    for point in curves.study(run).points:
        chosen = [list(combinations(votes, point.k)) for votes in polled]
        passed = [sum(0 in some for some in each) / len(each) for each in chosen]
        majority = [sum(stats.majority_share(some, 0) for some in each) / len(each) for each in chosen]
        assert point.passed.value == pytest.approx(sum(passed) / 4)
        assert point.majority.value == pytest.approx(sum(majority) / 4)


def test_a_vote_that_agrees_is_stopped_after_the_first_wave() -> None:
    polled = [(0,) * 16, (1,) * 16]
    final, beta = (s for s in curves.stops(polled, 16, (0.95,)))
    assert (final.stopping, beta.stopping) == ("final", "beta")
    for stopped in (final, beta):
        assert (stopped.asked, stopped.saved, stopped.same) == (4.0, 0.75, 1.0)
        assert (stopped.score, stopped.fixed, stopped.difference.value) == (0.5, 0.5, 0.0)


def test_nobody_agrees_and_nothing_is_saved() -> None:
    (stopped,) = [s for s in curves.stops([tuple(range(16))], 16, (0.95,)) if s.stopping == "beta"]
    assert (stopped.asked, stopped.same) == (16.0, 1.0)
    assert stopped.score == stopped.fixed == pytest.approx(1 / 16, abs=0.08)


def test_the_orders_are_the_seeds() -> None:
    polled = [(0, 1, 0, 2, 0, 1, 0, 0, 3, 0, 1, 0, None, 0, 1, 0)] * 3
    assert list(curves.stops(polled, 16, (0.9,), 1)) == list(curves.stops(polled, 16, (0.9,), 1))
    assert list(curves.stops(polled, 16, (0.9,), 1)) != list(curves.stops(polled, 16, (0.9,), 2))


def test_a_shorter_vote_is_played_with_a_part_of_the_samples(run: RunDir) -> None:
    found = curves.study(run, votes=4, confidences=(0.9,))
    assert found.votes == 4
    assert all(s.asked <= 4 for s in found.stops)
    with pytest.raises(UsageError, match="Give --votes from 2 to 6"):
        curves.study(run, votes=7)


def test_problems_that_lack_samples_are_left_out(
    folder: Path, problems: tuple[Problem, ...], manifest_of: Make
) -> None:
    run = sampled(folder, manifest_of(samples=6), problems[:2], (ANSWERS[0], ANSWERS[1][:5]))
    found = curves.study(run)
    assert (found.problems, found.left_out) == (1, 1)


def test_one_sample_makes_no_curve(folder: Path, problems: tuple[Problem, ...], manifest_of: Make) -> None:
    run = sampled(folder, manifest_of(), problems[:1], [("0",)])
    with pytest.raises(UsageError, match=r"one sample a problem.*--samples 16"):
        curves.study(run)


def test_votes_that_were_stopped_make_no_curve(voted: RunDir) -> None:
    info = SolverInfo(name="vote:cot", votes=6, confidence=0.95)
    path = voted.path / "manifest.json"
    path.write_bytes(msgspec.json.encode(msgspec.structs.replace(voted.manifest, solver_settings=info)))
    with pytest.raises(UsageError, match=r"stopped early.*without --confidence"):
        curves.study(RunDir.open(voted.path))


def test_the_command_prints_and_draws(
    run: RunDir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "c.svg"
    monkeypatch.setattr(
        sys, "argv", ["math500", "curves", str(run.path), "--confidence", "0.9", "--plot", str(picture)]
    )
    with pytest.raises(SystemExit) as ended:
        cli.main()
    printed = capsys.readouterr().out
    assert not ended.value.code
    assert "Over 4 problems with 6 samples each." in printed
    assert "final 0.9" in printed
    assert "beta 0.9" in printed
    assert "maj@k" in picture.read_text(encoding="utf-8")
