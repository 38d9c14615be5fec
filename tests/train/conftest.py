"""A model so small that it trains within seconds, and a set to train it on.

Its first values are large, so that its untrained answers differ from question to question.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from math500.data import ProblemSet
from math500.records import CompletionRow, DataSource, Message, Plan, Problem, QuestionRow
from math500.synth import dataset
from math500.synth.decontaminate import Against
from math500.train.folder import TrainingFolder

TEMPLATE = (
    "{% for m in messages %}"
    "{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


@pytest.fixture
def gated(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gate against one invented test problem, since MATH-500 itself needs the registry."""
    problem = Problem(
        problem="How many zeros does the number $25!$ end with?", answer="6", unique_id="held/1"
    )
    source = DataSource(name="math500", place="path", location="", rows=1, sha256="0", verified=True)
    held = (Against("math500", ProblemSet(source, (problem,))),)
    monkeypatch.setattr("math500.synth.decontaminate.load", lambda _: held)


def row(i: int, text: str = "") -> CompletionRow:
    """A sum as a training row."""
    a, b = 2 + 7 * i % 30, 3 + 5 * i % 40
    return CompletionRow(
        prompt=(Message(role="user", content=text or f"Ann has {a} pens and finds {b} more. How many?"),),
        completion=(Message(role="assistant", content=f"{a}+{b}={a + b}\nThe answer is {a + b}."),),
        problem_id=f"tiny/{i}",
    )


PLAN = Plan(kind="prompt-completion", method="test")


@pytest.fixture
def rows(gated: None, tmp_path: Path) -> Path:
    """A training set of forty sums."""
    return dataset.write(tmp_path / "set", PLAN, [row(i) for i in range(40)]).path


@pytest.fixture
def asked(gated: None, tmp_path: Path) -> Path:
    """A set of forty questions with their answers."""
    plan = Plan(kind="prompt-only", method="test")
    rows = (
        QuestionRow(prompt=row(i).prompt, answer=str(2 + 7 * i % 30 + 3 + 5 * i % 40), problem_id=f"tiny/{i}")
        for i in range(40)
    )
    return dataset.write(tmp_path / "asked", plan, rows).path


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Llama of two layers with a tokenizer of bytes and digits, as transformers saves it."""
    pytest.importorskip("torch", reason="needs the extra `train`")
    return llama(tmp_path_factory.mktemp("tiny") / "model")


def llama(folder: Path, context: int = 256) -> Path:
    """Make the model; with the context that it says to have been trained for."""
    from math500 import quiet

    with quiet.libraries():
        _tokenizer(folder)
        _model(folder, context)
    return folder


def _tokenizer(folder: Path) -> None:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.BPE())
    digits = pre_tokenizers.Digits(individual_digits=True)
    made.pre_tokenizer = pre_tokenizers.Sequence([digits, pre_tokenizers.ByteLevel(add_prefix_space=False)])
    made.decoder = decoders.ByteLevel()
    texts = [m.content for i in range(40) for m in (*row(i).prompt, *row(i).completion)]
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=320, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    made.train_from_iterator(texts, trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=made, eos_token="<|im_end|>", pad_token="<|endoftext|>", chat_template=TEMPLATE
    )
    tokenizer.save_pretrained(folder)


def _model(folder: Path, context: int) -> None:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(1)
    config = LlamaConfig(
        vocab_size=320,
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=context,
        initializer_range=0.15,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=2,
        pad_token_id=0,
    )
    LlamaForCausalLM(config).save_pretrained(folder)


def killed_after(step: int, folder: Path, arguments: list[str]) -> None:
    """Start a training in a process of its own, and kill it without warning after this step."""
    child = subprocess.Popen([sys.executable, "-m", "math500", "train", *arguments])
    log = folder / "log.jsonl"
    try:
        while child.poll() is None and (not log.exists() or log.read_bytes().count(b"\n") < step):
            time.sleep(0.002)
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    assert not (folder / "outcome.json").exists()


def nothing(_: str) -> None:
    """Hears what a training says."""


def same_curve(whole: Path, cut: Path) -> None:
    """Two trainings took the same steps."""
    expected, found = TrainingFolder(whole).steps(), TrainingFolder(cut).steps()
    assert [step.step for step in found] == [step.step for step in expected]
    assert [step.tokens for step in found] == [step.tokens for step in expected]
    assert [step.loss for step in found] == pytest.approx([step.loss for step in expected], abs=1e-4)
