"""What was trained, as the engines read it: the embedded engine says what transformers says."""

from __future__ import annotations

import json
import shutil
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from math500 import quiet
from math500.errors import DataMismatch, DataUnreadable, RunError, UsageError
from math500.records import TrainingSettings
from math500.train import sft, tensors, vocabulary
from math500.train.export import export
from math500.train.sft import Request
from tests.train.conftest import nothing

QUESTIONS = ("Ann has 7 pens and finds 12 more. How many?", "What is 3+4?", "Pens: 1234 ünd  中文!")
TOKENS = 24


def _trained(rows: Path, start: str, folder: Path, **fields: Any) -> Path:
    settings = TrainingSettings(steps=3, batch=8, learning_rate=1e-3, threads=1, **fields)
    sft.start(Request((rows,), start, folder, settings), say=nothing, quiet_=True)
    return folder


def _by_transformers(folder: Path) -> list[tuple[int, str]]:
    """For each question the prompt's tokens and the greedy answer."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    with quiet.libraries():
        tokenizer = AutoTokenizer.from_pretrained(folder)
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
        answers = []
        for question in QUESTIONS:
            asked = tokenizer.apply_chat_template(
                [{"role": "user", "content": question}], add_generation_prompt=True, return_tensors="pt"
            )
            given = model.generate(**asked, max_new_tokens=TOKENS, do_sample=False)[0]
            read = asked["input_ids"].shape[1]
            answers.append((read, tokenizer.decode(given[read:], skip_special_tokens=True)))
    return answers


def _by_engine(file: Path) -> list[tuple[int, str]]:
    from math500 import embedded
    from math500.records import Message

    answers = []
    with embedded.serve(slots=1, max_tokens=TOKENS, prompt_room=128, gguf=file) as served:
        for question in QUESTIONS:
            read = served.prompt_tokens([Message(role="user", content=question)])
            asked = {
                "messages": [{"role": "user", "content": question}],
                "temperature": 0,
                "max_tokens": TOKENS,
            }
            request = urllib.request.Request(
                f"{served.base_url}/chat/completions",
                json.dumps(asked).encode(),
                {"Content-Type": "application/json"},
            )
            with urllib.request.urlopen(request) as response:
                answers.append((read, json.load(response)["choices"][0]["message"]["content"]))
    return answers


@pytest.mark.parametrize("method", ["full", "lora"])
def test_the_engine_says_what_transformers_says(rows: Path, tiny: Path, tmp_path: Path, method: str) -> None:
    trained = _trained(rows, str(tiny), tmp_path / "t", method=method)
    made = export(trained, "gguf", tmp_path / "t.gguf", quantization="F32")
    export(trained, "safetensors", tmp_path / "merged")
    expected = _by_transformers(tmp_path / "merged")
    assert len({text for _, text in expected}) == len(QUESTIONS)
    assert _by_engine(Path(made.location)) == expected


def test_a_gguf_start_lends_its_settings(
    rows: Path, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import gguf
    import numpy as np

    monkeypatch.setenv("MATH500_CACHE", str(tmp_path / "cache"))
    first = _trained(rows, str(tiny), tmp_path / "first")
    start = Path(export(first, "gguf", tmp_path / "start.gguf", quantization="F16").location)
    second = _trained(rows, str(start), tmp_path / "second")
    made = Path(export(second, "gguf", tmp_path / "made.gguf", quantization="F16").location)
    before, after = gguf.GGUFReader(start), gguf.GGUFReader(made)
    fields = {key: entry.contents() for key, entry in before.fields.items() if not key.startswith("GGUF.")}
    now = {key: entry.contents() for key, entry in after.fields.items() if not key.startswith("GGUF.")}
    assert now == fields
    old, new = ({t.name: t.data for t in reader.tensors} for reader in (before, after))
    assert set(old) == set(new)
    # Three small steps changed every matrix a little: it is the same model, in the same order of rows.
    for name in ("blk.0.attn_q.weight", "blk.1.attn_k.weight", "token_embd.weight"):
        change = np.abs(old[name].astype(np.float32) - new[name].astype(np.float32))
        assert 0 < change.max() < 0.02
    made.with_name("start.gguf").write_bytes(b"GGUF")
    with pytest.raises(DataMismatch, match="changed since"):
        export(second, "gguf", tmp_path / "again.gguf")


def test_q8_0_is_half_of_f16(rows: Path, tiny: Path, tmp_path: Path) -> None:
    import gguf

    trained = _trained(rows, str(tiny), tmp_path / "t")
    made = export(trained, "gguf", tmp_path / "t.gguf")
    types = {t.name: t.tensor_type.name for t in gguf.GGUFReader(made.location).tensors}
    assert types["blk.0.ffn_up.weight"] == "Q8_0"
    assert types["blk.0.attn_norm.weight"] == "F32"
    with pytest.raises(RunError, match="exists"):
        export(trained, "gguf", tmp_path / "t.gguf")


def test_a_trained_model_that_is_torn_is_one_line(rows: Path, tiny: Path, tmp_path: Path) -> None:
    trained = _trained(rows, str(tiny), tmp_path / "t")
    weights = trained / "model" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(DataUnreadable, match="cannot be loaded"):
        export(trained, "gguf", tmp_path / "t.gguf")
    weights.unlink()
    with pytest.raises(DataUnreadable, match="cannot be loaded"):
        export(trained, "gguf", tmp_path / "t.gguf")
    assert not (tmp_path / "t.gguf").exists()


def test_matrices_are_only_merged_into_the_start_that_they_were_trained_beside(
    rows: Path, tiny: Path, tmp_path: Path
) -> None:
    start = shutil.copytree(tiny, tmp_path / "start")
    trained = _trained(rows, str(start), tmp_path / "t", method="lora")
    other = _trained(rows, str(tiny), tmp_path / "other")
    shutil.copy(other / "model" / "model.safetensors", start / "model.safetensors")
    with pytest.raises(DataMismatch, match="was changed since the training"):
        export(trained, "safetensors", tmp_path / "merged")


def test_rows_of_a_head_are_interleaved() -> None:
    import numpy as np

    weight = np.arange(8).reshape(8, 1)
    assert tensors.permuted(weight, 2).ravel().tolist() == [0, 2, 1, 3, 4, 6, 5, 7]


def test_an_unknown_splitter_is_not_guessed() -> None:
    known = {
        "pre_tokenizer": {"type": "ByteLevel", "use_regex": True, "add_prefix_space": False},
        "normalizer": None,
    }
    assert vocabulary.splitter(known) == "gpt-2"
    for strange in (
        {"type": "Whitespace"},
        {"type": "ByteLevel", "use_regex": True, "add_prefix_space": True},
    ):
        with pytest.raises(UsageError, match="not known here"):
            vocabulary.splitter({"pre_tokenizer": strange, "normalizer": None})
