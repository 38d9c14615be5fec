"""Process reward models: what they learn from, what they find, and that a stop changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import msgspec
import pytest

from math500 import quiet, rewards
from math500.errors import UsageError
from math500.records import Message, Plan, PrmSettings, StepRow, TrainingSettings
from math500.rewards import RewardModel, texts
from math500.synth import dataset
from math500.train import measure, prm
from math500.train.folder import TrainingFolder
from math500.train.loop import Request
from tests.train.conftest import killed_after, nothing, same_curve

QUICK = TrainingSettings(
    steps=30, batch=8, learning_rate=5e-3, save_every=12, threads=1, prm=PrmSettings(held_out=0.2)
)


def steps(i: int, wrong: int | None) -> StepRow:
    """A sum in three steps; from the wrong one on, which says a silly word, nothing is right."""
    said = [f"{i}+1={i + 1}", f"{i + 1}+2={i + 3}", f"The answer is {i + 3}."]
    right = tuple(wrong is None or n < wrong for n in range(3))
    return StepRow(
        prompt=(Message(role="user", content=f"What is {i}+3?"),),
        completions=tuple(f"{one} moo" if n == wrong else one for n, one in enumerate(said)),
        labels=right,
        soft=tuple(0.9 if one else 0.1 for one in right),
        rollouts=(8, 8, 8),
        problem_id=f"tiny/{i}",
    )


@pytest.fixture
def labelled(gated: None, tmp_path: Path) -> Path:
    made = [steps(i, None if i % 4 == 3 else i % 4) for i in range(48)]
    return dataset.write(tmp_path / "steps", Plan(kind="stepwise", method="test"), made).path


@pytest.mark.parametrize("labels", ["hard", "soft"])
def test_it_finds_the_first_wrong_step(labelled: Path, tiny: Path, tmp_path: Path, labels: str) -> None:
    wanted = msgspec.structs.replace(QUICK, prm=PrmSettings(held_out=0.25, labels=labels))  # type: ignore[arg-type]
    done = prm.start(Request((labelled,), str(tiny), tmp_path / "t", wanted), say=nothing, quiet_=True)
    assert done.last_loss < done.first_loss - 0.1
    told, found, _passed = done.measured
    assert told.score.value > 0.8
    assert found.chance == pytest.approx(1 / 3)
    assert found.score.low > 1 / 3
    logged = TrainingFolder(tmp_path / "t").steps()
    assert logged[-1].accuracy is not None
    assert logged[-1].accuracy > 0.8
    assert logged[-1].tokens > 30 * 8 * 20
    values = rewards.load(tmp_path / "t").steps(steps(77, 1).prompt, steps(77, 1).completions)
    assert values[0] > 0.5 > max(values[1:])


def test_the_loss_is_over_the_steps_ends_alone(labelled: Path, tiny: Path, tmp_path: Path) -> None:
    """At first it is what the model itself says at the ends, however many rows are computed at once."""
    import torch

    logged = []
    for at_once in (48, 6):
        wanted = TrainingSettings(steps=1, batch=48, rows_at_once=at_once, threads=1)
        out = tmp_path / str(at_once)
        prm.start(Request((labelled,), str(tiny), out, wanted), say=nothing, quiet_=True)
        logged.append(TrainingFolder(out).steps()[0].loss)
    with quiet.libraries():
        import transformers

        transformers.set_seed(0)
        begin = prm.Prm().load(_start(tiny), TrainingSettings(), nothing)
    model, tokenizer = begin[0].eval(), begin[1]
    total = count = 0.0
    for one in dataset.TrainingSet.load(labelled).rows:
        assert isinstance(one, StepRow)
        ids, ends = texts.process(tokenizer, one.prompt, one.completions)
        with torch.no_grad():
            logits = model(input_ids=torch.tensor([ids])).logits[0].log_softmax(-1)
        for end, label in zip(ends, one.labels, strict=True):
            total -= float(logits[end, int(label)])
            count += 1
    assert logged == pytest.approx([total / count] * 2, rel=1e-3)


def _start(tiny: Path):  # type: ignore[no-untyped-def]  # noqa: ANN202
    from math500.train import start

    return start.find(str(tiny))


@pytest.mark.real_data
@pytest.mark.timeout(600)
def test_a_killed_training_goes_on_with_the_same_curve(labelled: Path, tiny: Path, tmp_path: Path) -> None:
    whole = prm.start(Request((labelled,), str(tiny), tmp_path / "whole", QUICK), say=nothing, quiet_=True)
    cut = tmp_path / "cut"
    typed = "--steps 30 --batch 8 --learning-rate 5e-3 --save-every 12 --threads 1 --held-out 0.2"
    killed_after(16, cut, ["prm", str(labelled), "--model", str(tiny), "--out", str(cut), *typed.split()])
    said: list[str] = []
    done = prm.start(Request((labelled,), str(tiny), cut, QUICK), say=said.append, quiet_=True)
    assert any("Going on after step" in text for text in said)
    same_curve(tmp_path / "whole", cut)
    assert done.measured == whole.measured


def test_lora_leaves_a_whole_model(labelled: Path, tiny: Path, tmp_path: Path) -> None:
    wanted = msgspec.structs.replace(QUICK, method="lora", learning_rate=1e-2)
    done = prm.start(Request((labelled,), str(tiny), tmp_path / "t", wanted), say=nothing, quiet_=True)
    assert done.last_loss < done.first_loss
    assert measure.measure(tmp_path / "t", [labelled])[0].score.n == 48


def test_soft_labels_need_shares(gated: None, tiny: Path, tmp_path: Path) -> None:
    bare = [msgspec.structs.replace(steps(i, None), soft=(), rollouts=()) for i in range(8)]
    made = dataset.write(tmp_path / "bare", Plan(kind="stepwise", method="test"), bare).path
    wanted = TrainingSettings(steps=1, batch=4, threads=1, prm=PrmSettings(held_out=0.0, labels="soft"))
    with pytest.raises(UsageError, match="no shares of rollouts"):
        prm.start(Request((made,), str(tiny), tmp_path / "t", wanted), say=nothing, quiet_=True)


class Told:
    """A model that says what it was told to say."""

    def __init__(self, *values: list[float]) -> None:
        self.values = list(values)

    def processes(self, given: list[object]) -> list[list[float]]:
        assert len(given) == len(self.values)
        return self.values


def test_the_measure_counts_what_was_found() -> None:
    rows = [steps(0, 1), steps(1, 1), steps(2, None), steps(3, None)]
    said = Told([0.9, 0.2, 0.9], [0.9, 0.8, 0.1], [0.9, 0.9, 0.9], [0.9, 0.4, 0.9])
    told, found, passed = prm.measure(cast("RewardModel", said), rows)
    assert told.score.value == pytest.approx((2 / 3 + 2 / 3 + 1 + 2 / 3) / 4)
    assert told.chance == pytest.approx(8 / 12)
    assert (found.score.value, found.score.n) == (0.5, 2)
    assert found.chance == pytest.approx(1 / 3)
    assert (passed.score.value, passed.score.n) == (0.5, 2)
    assert prm.first_wrong((True, False, False)) == 1
    assert prm.first_wrong((True,)) is None
