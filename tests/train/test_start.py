from __future__ import annotations

from pathlib import Path

import pytest

from math500 import quiet
from math500.errors import DataNotFound, UsageError
from math500.train import start
from tests.rewards.conftest import folder


def test_names(tiny: Path, tmp_path: Path) -> None:
    file = tmp_path / "m.gguf"
    file.write_bytes(b"GGUF")
    assert start.find(str(tiny)).kind == "folder"
    assert start.find(str(file)).kind == start.find(f"embedded:{file}").kind == "gguf"
    assert start.find("owner/name").kind == "hub"


def test_the_hash_is_of_the_weights(tiny: Path, tmp_path: Path) -> None:
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).write_bytes((tiny / name).read_bytes())
    assert start.folder_hash(tmp_path) == start.find(str(tiny)).sha256
    with (tmp_path / "model.safetensors").open("ab") as file:
        file.write(b"x")
    assert start.folder_hash(tmp_path) != start.find(str(tiny)).sha256


def test_what_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(DataNotFound, match="no model file"):
        start.find(str(tmp_path / "none.gguf"))
    with pytest.raises(DataNotFound, match="holds no model"):
        start.find(str(tmp_path))
    with pytest.raises(UsageError, match="names no model"):
        start.find("gpt-4o")


def test_a_reward_model_is_no_start_for_what_writes(tiny: Path, tmp_path: Path) -> None:
    reward = folder(tmp_path / "orm", tiny, "outcome") / "model"
    with quiet.libraries(), pytest.raises(UsageError, match="is a reward model, which says nothing"):
        start.load(start.find(str(reward)))
