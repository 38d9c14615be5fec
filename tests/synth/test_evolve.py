from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

import math500
from math500 import data
from math500.errors import Contaminated, UsageError
from math500.records import Problem
from math500.rundir import RunDir
from math500.synth import evolve, rft
from math500.synth.dataset import TrainingSet, left_out_of
from math500.synth.evolving import Way
from tests.faulty_server import Act
from tests.faulty_server import Request as Sent
from tests.synth.asked import HELD_OUT, TRAIN, prepared, scripted, stages, train

__all__ = ["train"]

BAGS = (
    "A cook bakes 180 buns, drops 30 of them and packs the others into bags of 10. "
    "How many bags does he fill?"
)
SQUARES = "How many of the numbers from 1 to 50 are squares or cubes of whole numbers?"
HENS = "A farmer has $11$ red hens and $9$ grey hens. How many hens does the farmer have in all?"
DIVIDED = "How many full boxes of 4 bags can be made out of 15 bags that a cook has filled?"
WAYS = (Way("more", "up", "Harder: {problem}"), Way("less", "down", "Easier: {problem}"))


def model(asked: str) -> str:
    """New problems for the first two, a test problem for the third; two of them can be solved."""
    if asked.startswith(("Harder:", "Easier:")):
        about = {"baker": BAGS, "larger": SQUARES, "multiples": HENS, "180 buns": DIVIDED}
        return f"<problem>{next(new for word, new in about.items() if word in asked)}</problem>"
    if "full boxes" in asked:
        return "We divide: $15 / 4 = 3.75$, so 3 boxes are full: $\\boxed{3}$."
    if "buns" in asked:
        return "There are $180 - 30 = 150$ good ones, and $150 / 10 = 15$, so $\\boxed{15}$."
    return f"I count them and find $\\boxed{{{len(asked) % 7 + next(COUNT)}}}$."


COUNT = iter(range(10_000))


def up(**fields: Any) -> evolve.Settings:
    return evolve.Settings(direction="up", ways=WAYS, **fields)


def test_new_problems_on_which_solutions_agree(train: Path) -> None:
    with scripted(model) as server:
        made = evolve.make(stages(server.url, train, samples=4), up())
        asked = [sent.body["messages"][-1]["content"] for sent in server.requests]
    assert len(asked) == 3 + 2 * 4
    assert not any("hens" in text for text in asked)
    (row,) = TrainingSet.load(made.path).rows
    assert row.problem_id == "train/rolls+more"
    assert row.prompt[-1].content.startswith(BAGS)
    assert row.method == "evolve"
    assert row.subject == "Prealgebra"
    reasons = {(one.problem_id, one.reason): one.evidence for one in left_out_of(made.path)}
    assert "test/algebra/1.json" in reasons["train/multiples+more", "contaminated"]
    assert reasons["train/roots+more", "no_agreement"].startswith("1 of 4 solutions agree")
    assert [parent.run for parent in made.manifest.parents] == ["set-evolve-1", "set-solutions", "set-agreed"]
    assert made.manifest.settings["agree"] == 0.75
    assert made.manifest.settings["ways"] == ["more"]
    assert any("checked by nobody" in note for note in made.manifest.notes)
    assert any("estimates" in note for note in made.manifest.notes)


def test_the_new_problems_are_a_set_and_their_solutions_a_graded_run(train: Path) -> None:
    with scripted(model) as server:
        evolve.make(stages(server.url, train, samples=4), up())
    runs = train.parent / "runs"
    (problem,) = data.find.load(str(runs / "set-evolved.jsonl")).problems
    assert (problem.problem, problem.answer, problem.unique_id) == (BAGS, "15", "train/rolls+more")
    agreed = RunDir.open(runs / "set-agreed")
    summary = agreed.summary()
    assert summary is not None
    assert (summary.problems, summary.correct, summary.missing) == (1, 4, 0)
    solutions = RunDir.open(runs / "set-solutions").summary()
    assert solutions is not None
    assert (solutions.correct, solutions.wrong, solutions.ungraded, solutions.score) == (0, 0, 8, None)


def test_rounds_go_on_from_where_they_are(train: Path) -> None:
    with scripted(model) as server:
        made = evolve.make(stages(server.url, train, samples=4, ids=("train/rolls",)), up(rounds=2))
    assert [row.problem_id for row in made.rows] == ["train/rolls+more", "train/rolls+more+more"]
    assert made.rows[1].prompt[-1].content.startswith(DIVIDED)
    assert [parent.run for parent in made.manifest.parents][:2] == ["set-evolve-1", "set-evolve-2"]


def test_copies_and_twins_are_left_out(train: Path) -> None:
    def copies(asked: str) -> str:
        if "baker" in asked:
            return TRAIN[0].problem.replace("12", "13")
        return (
            f"<problem>{SQUARES}</problem>"
            if asked.startswith("Harder:")
            else f"$\\boxed{{{len(asked) % 2 + 8}}}$"
        )

    with scripted(copies) as server, pytest.raises(UsageError) as ended:
        evolve.make(stages(server.url, train, samples=2), up())
    assert "like_parent 1" in str(ended.value) or "no sample became a row" in str(ended.value)
    solved = RunDir.open(train.parent / "runs/set-solutions").problems()
    assert [problem.unique_id for problem in solved] == ["train/roots+more"]


def test_a_new_problem_that_is_another_train_problem_is_left_out(train: Path) -> None:
    with (
        scripted(lambda _: f"<problem>{TRAIN[1].problem}</problem>") as server,
        pytest.raises(UsageError, match="like_another"),
    ):
        evolve.make(stages(server.url, train, ids=("train/rolls",)), up())


def test_which_way_the_seed_decides_and_the_direction_limits() -> None:
    def ways(seed: int, **fields: Any) -> list[str]:
        settings = evolve.Settings(keep=rft.Settings(seed=seed), **fields)
        return [
            one.unique_id.rpartition("+")[2]
            for problem in TRAIN
            for one in evolve.requests(problem, settings)
        ]

    assert ways(3) == ways(3)
    assert len({tuple(ways(seed)) for seed in range(9)}) > 3
    assert set(ways(1, direction="down", width=2)) == {"easier", "elsewhere"}
    assert len(ways(1, width=5)) == 15


def test_what_cannot_be_asked_for(train: Path) -> None:
    with scripted(model) as server:
        with pytest.raises(Contaminated):
            evolve.make(stages(server.url, train, data="math500"))
        with pytest.raises(UsageError, match="one solution agrees with itself"):
            evolve.make(stages(server.url, train, samples=1))
        with pytest.raises(UsageError, match="--width"):
            evolve.make(stages(server.url, train), up(width=2))
        with pytest.raises(UsageError, match="no way down"):
            evolve.make(stages(server.url, train), evolve.Settings(direction="down", ways=WAYS[:1]))
        train.write_bytes(msgspec.json.encode(HELD_OUT) + b"\n")
        with pytest.raises(Contaminated, match="test/algebra/1"):
            evolve.make(stages(server.url, train))
        again = msgspec.structs.replace(HELD_OUT, unique_id="test/algebra/1.json+more")
        train.write_bytes(msgspec.json.encode(again) + b"\n")
        with pytest.raises(Contaminated, match="test/algebra/1"):
            evolve.make(stages(server.url, train))
        train.write_bytes(msgspec.json.encode(msgspec.structs.replace(HELD_OUT, unique_id="mine/1")) + b"\n")
        with pytest.raises(UsageError, match=r"no problem is left \(contaminated 1\)"):
            evolve.make(stages(server.url, train))
        assert not server.requests


def test_problems_that_were_made_can_be_changed_again(train: Path) -> None:
    made = Problem(problem=TRAIN[0].problem, answer="150", unique_id="old+more")
    train.write_bytes(msgspec.json.encode(made) + b"\n")
    with scripted(model) as server:
        assert evolve.make(stages(server.url, train), up()).rows[0].problem_id == "old+more+more"


# -- killed ------------------------------------------------------------------------------------


def carry_out(folder: str, url: str) -> None:
    """In a process of its own, which the server kills."""
    put: Callable[[str, Any], None] = lambda _, value: setattr(math500.data, "load", value)  # noqa: E731
    evolve.make(stages(url, prepared(Path(folder), put), samples=4), up())


@pytest.mark.parametrize("at", [2, 4, 7])
def test_a_killed_command_goes_on_and_pays_for_nothing_twice(train: Path, at: int) -> None:
    process: list[Any] = []

    def kill(request: Sent) -> Act | None:
        if request.number == at:
            os.kill(process[0].pid, signal.SIGKILL)
            return Act(end="hang")
        return None

    with scripted(model, kill) as server:
        process.append(
            multiprocessing.get_context("spawn").Process(
                target=carry_out, args=(str(train.parent), server.url)
            )
        )
        process[0].start()
        process[0].join(60)
        assert process[0].exitcode == -signal.SIGKILL
    kept = sum(
        len(RunDir.open(folder).samples())
        for folder in (train.parent / "runs").glob("set-*")
        if (folder / "manifest.json").is_file()
    )
    assert kept <= at - 1
    assert not (train.parent / "set").exists()
    with scripted(model) as server:
        made = evolve.make(stages(server.url, train, samples=4), up())
        assert len(server.requests) == 11 - kept
    assert [row.problem_id for row in made.rows] == ["train/rolls+more"]
