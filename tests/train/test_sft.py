"""Training itself: the loss falls, a stop changes nothing, and nothing of the test set gets in."""

from __future__ import annotations

import itertools
import math
import shutil
from pathlib import Path

import pytest

from math500 import quiet
from math500.errors import Contaminated, DataMismatch, DependencyMissing, ModelError, RunMismatch, UsageError
from math500.records import TrainingSettings, TrainingStep
from math500.synth import dataset
from math500.synth.dataset import TrainingSet
from math500.train import arguments, log, sft
from math500.train.folder import TrainingFolder
from math500.train.sft import Request
from tests.train.conftest import PLAN, killed_after, nothing, row, same_curve

QUICK = TrainingSettings(steps=12, batch=8, learning_rate=3e-3, save_every=5, threads=1)


def test_the_loss_falls_and_the_log_has_every_step(rows: Path, tiny: Path, tmp_path: Path) -> None:
    done = sft.start(Request((rows,), str(tiny), tmp_path / "t", QUICK), say=nothing, quiet_=True)
    assert done.last_loss < done.first_loss - 0.5
    steps = TrainingFolder(tmp_path / "t").steps()
    assert [step.step for step in steps] == list(range(1, 13))
    assert done.tokens == steps[-1].tokens > 12 * 8 * 20
    assert all(a.tokens < b.tokens for a, b in itertools.pairwise(steps))
    assert not (tmp_path / "t" / "checkpoints").exists()


def test_lora_trains_only_what_is_beside_the_weights(rows: Path, tiny: Path, tmp_path: Path) -> None:
    wanted = TrainingSettings(method="lora", steps=6, batch=8, learning_rate=1e-2, threads=1)
    done = sft.start(Request((rows,), str(tiny), tmp_path / "t", wanted), say=nothing, quiet_=True)
    assert done.last_loss < done.first_loss
    made = {path.name for path in (tmp_path / "t" / "model").glob("*.safetensors")}
    assert made == {"adapter_model.safetensors"}


def test_the_loss_is_over_the_completion_alone(rows: Path, tiny: Path, tmp_path: Path) -> None:
    """At the first step it is what the model itself gives for the completions' tokens, and no others."""
    settings = TrainingSettings(steps=1, batch=40, rows_at_once=40, threads=1)
    sft.start(Request((rows,), str(tiny), tmp_path / "t", settings), say=nothing, quiet_=True)
    logged = TrainingFolder(tmp_path / "t").steps()[0].loss
    assert logged == pytest.approx(_completion_loss(rows, tiny), rel=1e-3)


def _completion_loss(rows: Path, tiny: Path) -> float:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    with quiet.libraries():
        tokenizer = AutoTokenizer.from_pretrained(tiny)
        model = AutoModelForCausalLM.from_pretrained(tiny, dtype=torch.float32)
        total = count = 0.0
        for one in TrainingSet.load(rows).rows:
            question = [{"role": "user", "content": one.prompt[0].content}]
            answer = [{"role": "assistant", "content": one.completion[0].content}]  # type: ignore[union-attr]
            whole = tokenizer.apply_chat_template(question + answer, return_dict=False)
            asked = tokenizer.apply_chat_template(question, add_generation_prompt=True, return_dict=False)
            with torch.no_grad():
                logits = model(input_ids=torch.tensor([whole])).logits[0].log_softmax(-1)
            for i in range(len(asked), len(whole)):
                total -= float(logits[i - 1, whole[i]])
                count += 1
    return total / count


@pytest.mark.real_data
@pytest.mark.timeout(600)
def test_a_killed_training_goes_on_with_the_same_curve(rows: Path, tiny: Path, tmp_path: Path) -> None:
    whole = Request((rows,), str(tiny), tmp_path / "whole", QUICK)
    sft.start(whole, say=nothing, quiet_=True)
    cut = tmp_path / "cut"
    typed = "--steps 12 --batch 8 --learning-rate 3e-3 --save-every 5 --threads 1"
    killed_after(8, cut, ["sft", str(rows), "--model", str(tiny), "--out", str(cut), *typed.split()])
    said: list[str] = []
    sft.start(Request((rows,), str(tiny), cut, QUICK), say=said.append, quiet_=True)
    assert any("Going on after step" in text for text in said)
    same_curve(tmp_path / "whole", cut)


def test_a_control_is_trained_as_long(rows: Path, tiny: Path, tmp_path: Path) -> None:
    settings = TrainingSettings(epochs=0.3, batch=8, threads=1)
    request = Request((rows,), str(tiny), tmp_path / "t", settings, control=rows)
    done = sft.start(request, say=nothing, quiet_=True)
    control = TrainingFolder(Path(done.control)).finished()
    assert done.steps == control.steps == 2
    # The same rows from the same start in the same order: the same curve.
    assert control.last_loss == pytest.approx(done.last_loss, abs=1e-4)
    again = sft.start(request, say=nothing, quiet_=True)
    assert again == done


def test_several_sets_are_one(rows: Path, tiny: Path, tmp_path: Path) -> None:
    other = dataset.write(tmp_path / "other", PLAN, [row(i) for i in range(40, 52)]).path
    settings = TrainingSettings(steps=1, batch=4, threads=1)
    sft.start(Request((rows, other), str(tiny), tmp_path / "t", settings), say=nothing, quiet_=True)
    on = TrainingFolder(tmp_path / "t").training.set
    assert (on.rows, on.method) == (52, "test + test")
    with pytest.raises(RunMismatch, match="another set"):
        sft.start(Request((rows,), str(tiny), tmp_path / "t", settings), say=nothing, quiet_=True)


def test_the_same_rows_twice_are_refused(rows: Path, tiny: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(rows, tmp_path / "copy")
    for twice in ((rows, rows), (rows, copy)):
        with pytest.raises(UsageError, match="hold the same rows"):
            sft.start(Request(twice, str(tiny), tmp_path / "t", QUICK), say=nothing, quiet_=True)
    assert not (tmp_path / "t").exists()


def test_long_rows_are_left_out_and_counted(rows: Path, tiny: Path, tmp_path: Path) -> None:
    said: list[str] = []
    settings = TrainingSettings(steps=1, batch=4, max_length=45, threads=1)
    sft.start(Request((rows,), str(tiny), tmp_path / "t", settings), say=said.append, quiet_=True)
    on = TrainingFolder(tmp_path / "t").training.set
    assert on.too_long > 0
    assert on.rows + on.too_long == 40
    assert any("left out" in text for text in said)
    none = TrainingSettings(steps=1, max_length=3)
    with pytest.raises(DataMismatch, match="every row"):
        sft.start(Request((rows,), str(tiny), tmp_path / "u", none), say=nothing)


def test_another_command_for_the_same_folder_is_refused(rows: Path, tiny: Path, tmp_path: Path) -> None:
    one = TrainingSettings(steps=1, batch=4, threads=1)
    sft.start(Request((rows,), str(tiny), tmp_path / "t", one), say=nothing, quiet_=True)
    two = TrainingSettings(steps=2, batch=4, threads=1)
    with pytest.raises(RunMismatch, match=r"other settings \(steps, epochs\)"):
        sft.start(Request((rows,), str(tiny), tmp_path / "t", two), say=nothing, quiet_=True)


def test_a_set_that_was_changed_does_not_train(rows: Path, tiny: Path, tmp_path: Path) -> None:
    file = rows / "rows.jsonl"
    file.write_bytes(file.read_bytes().replace(b"pens", b"pins", 1))
    with pytest.raises(DataMismatch, match="changed"):
        sft.start(Request((rows,), str(tiny), tmp_path / "t", QUICK), say=nothing)
    assert not (tmp_path / "t").exists()


def test_a_test_problem_does_not_train(rows: Path, tiny: Path, tmp_path: Path) -> None:
    import hashlib

    import msgspec

    file, manifest = rows / "rows.jsonl", rows / "manifest.json"
    bad = row(99, "How many zeros does the number $25!$ end with?")
    before = hashlib.sha256(file.read_bytes()).hexdigest()
    file.write_bytes(file.read_bytes() + msgspec.json.encode(bad) + b"\n")
    after = hashlib.sha256(file.read_bytes()).hexdigest()
    manifest.write_text(manifest.read_text().replace(before, after))
    with pytest.raises(Contaminated):
        sft.start(Request((rows,), str(tiny), tmp_path / "t", QUICK), say=nothing)


def test_a_loss_that_is_no_number_stops() -> None:
    step = TrainingStep(step=7, loss=math.nan, learning_rate=0.1)
    with pytest.raises(ModelError, match="no number at step 7"):
        log._alarm(step)


@pytest.mark.parametrize(
    ("batch", "at_once", "devices", "expected"),
    [(32, 8, 1, (8, 4)), (32, 8, 4, (8, 1)), (12, 8, 1, (6, 2)), (7, 4, 1, (1, 7)), (32, 64, 2, (16, 1))],
)
def test_a_batch_is_the_same_on_any_number_of_devices(
    batch: int, at_once: int, devices: int, expected: tuple[int, int]
) -> None:
    found = arguments.shares(TrainingSettings(batch=batch, rows_at_once=at_once), devices=devices)
    assert found == expected
    assert found[0] * found[1] * devices == batch


def test_a_batch_that_cannot_be_shared() -> None:
    with pytest.raises(UsageError, match="over 3 devices"):
        arguments.shares(TrainingSettings(batch=32), devices=3)


def test_without_the_extra_one_line_says_so(
    rows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quiet, "NEEDED", ("torch", "no_such_library"))
    with pytest.raises(DependencyMissing, match=r"no_such_library.*math500\[train\]"):
        sft.start(Request((rows,), "tiny", tmp_path / "t", QUICK), say=nothing)
