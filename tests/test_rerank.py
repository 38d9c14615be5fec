"""Choosing by a reward model: its values are kept, and every way chooses among the same samples."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import pytest

from math500 import evaluate, rerank, rewards
from math500.display import solvers as show
from math500.errors import DataNotFound, UsageError
from math500.records import Generation, Manifest, Problem, Reward, RewardInfo, Sample, SolverInfo
from math500.rewards import problems as written
from math500.rundir import RunDir, RunWriter
from math500.solve import Solution, vote
from tests.test_curves import said, sampled

Make = Callable[..., Manifest]
ANSWERS = (
    ("0", "1", "0"),
    ("3", "3", "2"),
    ("4", None, "5"),
)
"""What was answered to 0 + 0, 1 + 1 and 2 + 2."""
VALUES = {"0": -1.0, "1": 0.0, "3": -2.0, "2": 3.0, "4": 1.0, "5": 0.5}


class Knows:
    """A reward model that values answers by a table, and counts how many it was asked for."""

    def __init__(self, folder: Path) -> None:
        self.info = rewards.find(folder)[1]
        self.asked = 0

    def solutions(
        self, given: Sequence[tuple[object, str]], rewarded: Callable[[int, Reward], None]
    ) -> list[Reward]:
        self.asked += len(given)
        found = [self._reward(text) for _, text in given]
        for place, reward in enumerate(found):
            rewarded(place, reward)
        return found

    def _reward(self, text: str) -> Reward:
        return Reward(raw=self._value(text))

    def _value(self, text: str) -> float:
        return next((value for answer, value in VALUES.items() if f"{{{answer}}}" in text), 99.0)


@pytest.fixture
def reward(tmp_path: Path) -> Path:
    return described(tmp_path / "orm")


def described(folder: Path, kind: str = "outcome") -> Path:
    """The folder of a reward model without weights."""
    folder.mkdir()
    info = RewardInfo(
        kind=kind,  # type: ignore[arg-type]
        name=folder.name,
        form=f"{kind}/1",
        sha256=rewards.weights_hash(folder),
        start="tiny",
        set="rft",
        rows=10,
        math500_version="0",
    )
    (folder / rewards.FILE).write_bytes(msgspec.json.encode(info))
    return folder


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> list[Knows]:
    """The models that were loaded."""
    loaded: list[Knows] = []

    def load(folder: Path) -> Knows:
        loaded.append(Knows(folder))
        return loaded[-1]

    monkeypatch.setattr(rewards, "load", load)
    return loaded


@pytest.fixture
def run(folder: Path, problems: tuple[Problem, ...], manifest_of: Make) -> RunDir:
    return sampled(folder, manifest_of(samples=3), problems[:3], ANSWERS)


def test_every_way_chooses_among_the_same_samples(run: RunDir, reward: Path, models: list[Knows]) -> None:
    found = rerank.rerank(run.path, reward)
    plain, weighed, best = found.ways
    # 0 wins, 3 wins, 4 came first; by weight 0.5 of the 1 loses to two of 0.27, and 2 beats two of 0.12.
    assert [way.pick for way in found.ways] == ["vote", "weighed", "best"]
    assert [plain.score.value, weighed.score.value] == pytest.approx([2 / 3, 1.0])
    # The best of all is the 1, the 2 and the 4: a response without an answer is none, whatever its value.
    assert best.score.value == pytest.approx(2 / 3)
    assert weighed.difference.value == pytest.approx(1 / 3)
    assert [found.single.value, found.any_right.value] == pytest.approx([4 / 9, 1.0])
    assert (found.samples, found.problems, found.left_out) == (3, 3, 0)


def test_problems_that_the_model_was_trained_on_are_counted(
    run: RunDir, reward: Path, models: list[Knows]
) -> None:
    assert rerank.rerank(run.path, reward).trained_on is None
    written.write(reward, ["elsewhere/1"])
    found = rerank.rerank(run.path, reward)
    assert found.trained_on == 0
    assert "trained on" not in show.reranked(found)
    written.write(reward, ["elsewhere/1", *(p.unique_id for p in run.problems()[:2])])
    found = rerank.rerank(run.path, reward)
    assert found.trained_on == 2
    assert "orm was trained on 2 of these problems" in show.reranked(found)


def test_what_was_valued_is_not_valued_again(run: RunDir, reward: Path, models: list[Knows]) -> None:
    first = rerank.rerank(run.path, reward)
    kept = run.path / "rewards"
    [lines] = kept.glob("*.jsonl")
    assert rerank.rerank(run.path, reward) == first
    assert [model.asked for model in models] == [9]
    # A kill left four whole lines and a torn one.
    lines.write_bytes(b"".join(lines.read_bytes().splitlines(keepends=True)[:4]) + b'{"unique')
    assert rerank.rerank(run.path, reward) == first
    assert [model.asked for model in models] == [9, 5]
    shutil.rmtree(kept)
    assert rerank.rerank(run.path, reward) == first


def test_the_solutions_of_a_vote_are_put_back_in_order(
    tmp_path: Path, problems: tuple[Problem, ...], manifest_of: Make, reward: Path, models: list[Knows]
) -> None:
    info = SolverInfo(name="vote:cot", votes=3)
    with RunWriter.create(tmp_path / "voted", manifest_of(solver_settings=info), problems[:3]) as writer:
        for problem, given in zip(problems, ANSWERS, strict=False):
            solutions = [Solution(said(answer).text, (said(answer),)) for answer in given]
            ballots = tuple(vote.count(vote.answers_of(solutions)))
            chosen = vote.winner(ballots, best=False)
            order = [*solutions[:chosen], *solutions[chosen + 1 :], solutions[chosen]]
            writer.append(
                Sample(
                    unique_id=problem.unique_id,
                    index=0,
                    response=solutions[chosen].response,
                    generations=tuple(s.generations[0] for s in order),
                    ballots=ballots,
                )
            )
        evaluate.grade(writer)
    run = RunDir.open(tmp_path / "voted")
    texts = [rerank.solutions(run, sample) for _, sample in sorted(run.samples().items())]
    assert texts == [[said(answer).text for answer in given] for given in ANSWERS]
    plain, weighed, best = rerank.rerank(run.path, reward).ways
    assert [way.score.value for way in (plain, weighed, best)] == pytest.approx([2 / 3, 1.0, 2 / 3])


def test_each_aggregate_is_a_way_of_its_own(
    run: RunDir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reward = described(tmp_path / "prm", "process")

    class Steps(Knows):
        def _reward(self, text: str) -> Reward:
            return Reward(steps=(0.5, 0.9) if self._value(text) > 0 else (0.6, 0.6))

    monkeypatch.setattr(rewards, "load", Steps)
    found = rerank.rerank(run.path, reward, aggregates=("min", "last"))
    assert [(way.pick, way.aggregate) for way in found.ways] == [
        ("vote", ""),
        ("weighed", "min"),
        ("best", "min"),
        ("weighed", "last"),
        ("best", "last"),
    ]
    # By the weakest step 0.6 is the best, by the last one 0.9: the first right one of 1 + 1.
    assert [found.ways[2].score.value, found.ways[4].score.value] == pytest.approx([2 / 3, 1.0])
    assert "with 4 of them, count those below 0.013 (0.05 / 4)" in show.reranked(found)


def test_one_sample_leaves_nothing_to_choose(
    folder: Path, problems: tuple[Problem, ...], manifest_of: Make, reward: Path
) -> None:
    run = sampled(folder, manifest_of(), problems[:1], (("0",),))
    with pytest.raises(UsageError, match="one sample a problem"):
        rerank.rerank(run.path, reward)
    with pytest.raises(DataNotFound, match="holds no reward model"):
        rerank.rerank(run.path, folder)


def test_a_vote_of_several_completions_each_is_refused(
    folder: Path, problems: tuple[Problem, ...], manifest_of: Make
) -> None:
    info = SolverInfo(name="vote:tools", votes=2)
    run = sampled(folder, manifest_of(solver_settings=info), problems[:1], (("0",),))
    sample = next(iter(run.samples().values()))
    three = msgspec.structs.replace(sample, generations=(Generation(text="a"),) * 3)
    with pytest.raises(UsageError, match="not one completion each"):
        rerank.solutions(run, three)


def test_chosen_breaks_ties_as_a_vote_does() -> None:
    assert rerank.chosen((0, 1), [1.0, 1.0])
    assert not rerank.chosen((1, 0), [1.0, 1.0])
    assert not rerank.chosen((1, 0), [1.0, 1.0], best=True)
    assert not rerank.chosen((None, None), [1.0, 1.0])
