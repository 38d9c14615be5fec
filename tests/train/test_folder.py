from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from math500.errors import RunError, RunLocked, RunMismatch, RunNotFound, UsageError
from math500.records import (
    TrainedOn,
    Training,
    TrainingOutcome,
    TrainingSettings,
    TrainingStart,
    TrainingStep,
)
from math500.train.folder import LAST_FILE, TrainingFolder, TrainingWriter, differing


def training(**fields: Any) -> Training:
    base: dict[str, Any] = {
        "set": TrainedOn(location="set", sha256="a", rows=3),
        "start": TrainingStart(name="tiny", kind="folder", location="tiny", sha256="b"),
        "settings": TrainingSettings(steps=4),
        "created": "2026-01-01T00:00:00+00:00",
        "math500_version": "0",
        "versions": {},
    }
    return Training(**base | fields)


def step(number: int, loss: float = 1.0) -> TrainingStep:
    return TrainingStep(step=number, loss=loss, learning_rate=0.1)


OUTCOME = TrainingOutcome(
    folder="f", steps=4, rows=3, first_loss=2, last_loss=1, tokens=9, seconds=1, device="cpu", processes=1
)


def test_a_step_that_was_done_again_counts_once(tmp_path: Path) -> None:
    writer = TrainingWriter.begin(tmp_path / "t", training())
    for one in (step(1), step(2, 9.0), step(2, 0.5), step(3)):
        writer.append(one)
    assert [(s.step, s.loss) for s in writer.steps()] == [(1, 1.0), (2, 0.5), (3, 1.0)]


def test_a_checkpoint_counts_when_it_is_whole(tmp_path: Path) -> None:
    writer = TrainingWriter.begin(tmp_path / "t", training())
    assert writer.checkpoint() is None
    for number in (2, 10, 12):
        (writer.checkpoints / f"checkpoint-{number}").mkdir(parents=True)
    for number in (2, 10):
        (writer.checkpoints / f"checkpoint-{number}" / LAST_FILE).write_text("{}")
    found = writer.checkpoint()
    assert found is not None
    assert found.name == "checkpoint-10"
    writer.remove_torn()
    assert sorted(path.name for path in writer.checkpoints.iterdir()) == ["checkpoint-10", "checkpoint-2"]


def test_the_same_goes_on_and_another_is_refused(tmp_path: Path) -> None:
    TrainingWriter.begin(tmp_path / "t", training()).close()
    moved = TrainedOn(location="elsewhere", sha256="a", rows=3)
    TrainingWriter.begin(tmp_path / "t", training(set=moved)).close()
    with pytest.raises(RunMismatch, match=r"begun with other settings \(steps\)"):
        TrainingWriter.begin(tmp_path / "t", training(settings=TrainingSettings(steps=5)))
    with pytest.raises(RunMismatch, match="another set"):
        TrainingWriter.begin(tmp_path / "t", training(set=TrainedOn(location="set", sha256="c", rows=3)))


def test_what_is_finished_is_not_begun_again(tmp_path: Path) -> None:
    writer = TrainingWriter.begin(tmp_path / "t", training())
    with pytest.raises(UsageError, match="not finished"):
        writer.finished()
    writer.finish(OUTCOME)
    writer.close()
    assert TrainingFolder(tmp_path / "t").finished() == OUTCOME
    with pytest.raises(UsageError, match="is finished"):
        TrainingWriter.begin(tmp_path / "t", training())


def test_one_process_writes(tmp_path: Path) -> None:
    writer = TrainingWriter.begin(tmp_path / "t", training())
    with pytest.raises(RunLocked):
        TrainingWriter.begin(tmp_path / "t", training())
    writer.close()


def test_other_folders_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("dear")
    with pytest.raises(RunError, match="holds no training"):
        TrainingWriter.begin(tmp_path, training())
    with pytest.raises(RunNotFound, match="does not exist"):
        TrainingFolder(tmp_path / "none")


def test_the_settings_can_be_read_by_people(tmp_path: Path) -> None:
    TrainingWriter.begin(tmp_path / "t", training()).close()
    assert "steps = 4 " in (tmp_path / "t" / "training.toml").read_text()
    raw = msgspec.json.decode((tmp_path / "t" / "training.json").read_bytes())
    assert raw["settings"]["steps"] == 4


def test_models_of_the_hub_are_told_apart_by_their_ids() -> None:
    one, other = (TrainingStart(name=n, kind="hub", location=n) for n in ("a/b", "a/c"))
    assert differing(training(start=one), training(start=other)) == ("start",)
    assert not differing(training(start=one), training(start=one))
