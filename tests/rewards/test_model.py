"""What the models say, held against transformers' own words for one text at a time."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from math500 import quiet, rewards
from math500.errors import DataMismatch, DataNotFound, UsageError
from math500.records import Message
from math500.rewards import loaded, texts

QUESTION = (Message(role="user", content="Ann has 7 pens and finds 12 more. How many?"),)
STEPS = ("7+12=19", "The answer is 19.")


def test_a_steps_value_is_read_behind_it(process: Path) -> None:
    import torch
    import transformers

    with quiet.libraries():
        tokenizer = transformers.AutoTokenizer.from_pretrained(process / "model")
        model = transformers.AutoModelForTokenClassification.from_pretrained(process / "model").eval()
        asked = tokenizer.apply_chat_template(
            [{"role": "user", "content": QUESTION[0].content}], tokenize=False, add_generation_prompt=True
        )
        expected = []
        for n in (1, 2):
            text = asked + "".join(f"{step}\n\n" for step in STEPS[:n])
            ids = torch.tensor([tokenizer.encode(text, add_special_tokens=False)])
            expected.append(float(model(input_ids=ids).logits[0, -1].softmax(-1)[1]))
    found = rewards.load(process).steps(QUESTION, STEPS)
    assert found == pytest.approx(expected, abs=1e-5)
    assert abs(found[0] - found[1]) > 1e-4


def test_line_breaks_behind_a_step_change_nothing(process: Path) -> None:
    model = rewards.load(process)
    assert model.steps(QUESTION, ("7+12=19\n", "The answer is 19.")) == model.steps(QUESTION, STEPS)
    [whole] = model.solutions([(QUESTION, "7+12=19\nThe answer is 19.")])
    assert list(whole.steps) == model.steps(QUESTION, STEPS)


def test_an_outcome_is_read_behind_the_whole(outcome: Path) -> None:
    import torch
    import transformers

    responses = ("It is 19.", "It is 20, since seven and twelve make twenty.", "19")
    with quiet.libraries():
        tokenizer = transformers.AutoTokenizer.from_pretrained(outcome / "model")
        model = transformers.AutoModelForSequenceClassification.from_pretrained(outcome / "model").eval()
        expected = [
            float(model(input_ids=torch.tensor([texts.outcome(tokenizer, QUESTION, one)])).logits)
            for one in responses
        ]
    found = rewards.load(outcome).outcomes([(QUESTION, one) for one in responses])
    assert found == pytest.approx(expected, abs=1e-5)


def test_many_together_say_what_each_says_alone(process: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = rewards.load(process)
    many = [(QUESTION, ["1", *[f"{n}+1={n + 1}"] * n]) for n in range(20)]
    alone = [model.steps(*one) for one in many]
    for tokens in (64, 100_000):
        monkeypatch.setattr(loaded, "TOKENS", tokens)
        for a, b in zip(alone, model.processes(many), strict=True):
            assert b == pytest.approx(a, abs=1e-5)


def test_batches_hold_what_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loaded, "TOKENS", 8)
    made = [(1, 2), (1, 2, 3), (1, 2, 3, 4), tuple(range(20))]
    assert [len(batch) for batch in loaded.batches(made)] == [2, 1, 1]


def test_the_other_kind_is_refused(process: Path, outcome: Path) -> None:
    with pytest.raises(UsageError, match="of the kind process"):
        rewards.load(process).outcomes([(QUESTION, "19")])
    with pytest.raises(UsageError, match="of the kind outcome"):
        rewards.load(outcome).steps(QUESTION, STEPS)


def test_what_is_no_reward_model_is_one_line(process: Path, tmp_path: Path) -> None:
    with pytest.raises(DataNotFound, match="holds no reward model"):
        rewards.find(tmp_path)
    other = shutil.copytree(process, tmp_path / "other")
    weights = other / "model" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    with pytest.raises(DataMismatch, match="were changed"):
        rewards.load(other)
    shutil.copy(process / "model" / "model.safetensors", weights)
    described = other / "model" / rewards.FILE
    described.write_text(described.read_text().replace("process/1", "process/0"))
    with pytest.raises(DataMismatch, match="process/0"):
        rewards.find(other)
