"""Reward models: what was learnt ranks pairs of other problems, and a stop changes nothing."""

from __future__ import annotations

import itertools
from pathlib import Path

import msgspec
import pytest

from math500 import rewards
from math500.errors import DataMismatch, RunMismatch, UsageError
from math500.records import Message, Plan, PreferenceRow, RewardSettings, TrainingSettings
from math500.synth import dataset
from math500.synth.dataset import TrainingSet
from math500.train import export, measure, reward, settings
from math500.train import rows as room
from math500.train.folder import TrainingFolder
from math500.train.loop import Request
from tests.train.conftest import killed_after, nothing, row, same_curve

QUICK = TrainingSettings(
    steps=24, batch=8, learning_rate=3e-3, save_every=9, threads=1, reward=RewardSettings(held_out=0.2)
)


def pair(i: int) -> PreferenceRow:
    """A sum said with certainty, and the same one said with doubt."""
    said = row(i).completion[0].content
    return PreferenceRow(
        prompt=row(i).prompt,
        chosen=(Message(role="assistant", content=said),),
        rejected=(Message(role="assistant", content=said.replace("The answer is", "Perhaps")),),
        problem_id=f"tiny/{i}",
    )


@pytest.fixture
def pairs(gated: None, tmp_path: Path) -> Path:
    plan = Plan(kind="preference", method="test")
    return dataset.write(tmp_path / "pairs", plan, [pair(i) for i in range(40)]).path


def test_it_learns_to_rank_pairs_that_it_was_not_shown(pairs: Path, tiny: Path, tmp_path: Path) -> None:
    done = reward.start(Request((pairs,), str(tiny), tmp_path / "t", QUICK), say=nothing, quiet_=True)
    assert done.last_loss < done.first_loss - 0.2
    [ranked] = done.measured
    assert ranked.score.low > ranked.chance == 0.5  # type: ignore[operator]
    assert (done.task, done.rows, ranked.score.n) == ("reward", 32, 8)
    steps = TrainingFolder(tmp_path / "t").steps()
    assert [step.step for step in steps] == list(range(1, 25))
    assert steps[-1].metrics["margin"] > steps[0].metrics["margin"]
    assert all(a.tokens < b.tokens for a, b in itertools.pairwise(steps))
    model = rewards.load(tmp_path / "t")
    sure, unsure = model.outcomes(
        [(pair(99).prompt, one[0].content) for one in (pair(99).chosen, pair(99).rejected)]
    )
    assert sure > unsure
    said: list[str] = []
    assert measure.measure(tmp_path / "t", [pairs], say=said.append)[0].score.n == 40
    assert "t was trained on 32 of these 40 problems, by their ids" in said[0]
    others = dataset.write(tmp_path / "others", Plan(kind="preference", method="test"), [pair(99)]).path
    measure.measure(tmp_path / "t", [others], say=said.append)
    assert len(said) == 1


def test_lora_leaves_a_whole_model(pairs: Path, tiny: Path, tmp_path: Path) -> None:
    wanted = msgspec.structs.replace(QUICK, method="lora", learning_rate=1e-2)
    done = reward.start(Request((pairs,), str(tiny), tmp_path / "t", wanted), say=nothing, quiet_=True)
    assert done.last_loss < done.first_loss - 0.1
    assert {path.name for path in (tmp_path / "t" / "model").glob("*.safetensors")} == {"model.safetensors"}
    assert done.measured[0].score.value > 0.5


@pytest.mark.real_data
@pytest.mark.timeout(600)
def test_a_killed_training_goes_on_with_the_same_curve(pairs: Path, tiny: Path, tmp_path: Path) -> None:
    whole = reward.start(Request((pairs,), str(tiny), tmp_path / "whole", QUICK), say=nothing, quiet_=True)
    cut = tmp_path / "cut"
    typed = "--steps 24 --batch 8 --learning-rate 3e-3 --save-every 9 --threads 1 --held-out 0.2"
    killed_after(12, cut, ["reward", str(pairs), "--model", str(tiny), "--out", str(cut), *typed.split()])
    said: list[str] = []
    done = reward.start(Request((pairs,), str(tiny), cut, QUICK), say=said.append, quiet_=True)
    assert any("Going on after step" in text for text in said)
    same_curve(tmp_path / "whole", cut)
    assert done.measured == whole.measured


def test_what_is_held_out_is_held_out_by_problem(pairs: Path) -> None:
    every = room.of_kind([TrainingSet.load(pairs)], PreferenceRow, "preferences") * 2
    trained, held = room.parted(every, 0.25, seed=0)
    assert len({one.problem_id for one in held}) == 10
    assert len(held) == 20
    assert not {one.problem_id for one in held} & {one.problem_id for one in trained}
    assert room.parted(every, 0.25, seed=0)[1] == held
    assert room.parted(every, 0.25, seed=1)[1] != held
    assert room.parted(every, 0.0, seed=0) == (every, [])
    with pytest.raises(DataMismatch, match="too few to hold some out"):
        room.parted(every[:1], 0.25, seed=0)


def test_rows_of_another_form_are_refused(rows: Path, pairs: Path, tiny: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"prompt-completion.*Give a set of preferences"):
        reward.start(Request((rows,), str(tiny), tmp_path / "t", QUICK), say=nothing)
    assert not (tmp_path / "t").exists()


def test_a_folder_of_another_command_is_refused(pairs: Path, rows: Path, tiny: Path, tmp_path: Path) -> None:
    from math500.train import sft

    quick = msgspec.structs.replace(QUICK, steps=1)
    reward.start(Request((pairs,), str(tiny), tmp_path / "t", quick), say=nothing, quiet_=True)
    with pytest.raises(RunMismatch, match="another command"):
        sft.start(Request((rows,), str(tiny), tmp_path / "t", quick), say=nothing)
    with pytest.raises(UsageError, match="is a reward model"):
        export.export(tmp_path / "t", "gguf", tmp_path / "t.gguf")


def test_settings_have_a_table_of_their_own(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    made = settings.read(None, {"held_out": 0.3, "steps": 4}, "reward")
    assert made.reward == RewardSettings(held_out=0.3)
    file.write_text(settings.text(made))
    assert "[reward]" in file.read_text()
    assert settings.read(file, {}, "reward") == made
    assert settings.read(file, {"centre": 0.01}, "reward").reward == RewardSettings(held_out=0.3, centre=0.01)
    with pytest.raises(UsageError, match=r"settings of `train reward`.*`train prm`"):
        settings.read(file, {}, "prm")
    with pytest.raises(UsageError, match="no part of the problems"):
        settings.read(None, {"held_out": 1.5}, "reward")
