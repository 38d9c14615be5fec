"""Reward models as trained by a coin: small, untrained, but whole folders as the trainers leave them."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from math500.records import RewardInfo
from tests.train.conftest import tiny

__all__ = ["tiny"]


def folder(at: Path, start: Path, kind: str) -> Path:
    """A reward model with a head of random values."""
    import torch
    import transformers

    from math500 import quiet, rewards
    from math500.rewards.model import CLASSES

    with quiet.libraries():
        torch.manual_seed(1)
        labels = {"outcome": 1, "process": 2}[kind]
        model = getattr(transformers, CLASSES[kind]).from_pretrained(start, num_labels=labels)
        model.config.pad_token_id = 0
        model.save_pretrained(at / "model")
        transformers.AutoTokenizer.from_pretrained(start).save_pretrained(at / "model")
    info = RewardInfo(
        kind=kind,  # type: ignore[arg-type]
        name=at.name,
        form=f"{kind}/1",
        sha256=rewards.weights_hash(at / "model"),
        start="tiny",
        set="test",
        rows=0,
        math500_version="0",
    )
    (at / "model" / rewards.FILE).write_bytes(msgspec.json.encode(info))
    return at


@pytest.fixture(scope="session")
def outcome(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that values whole solutions."""
    return folder(tmp_path_factory.mktemp("rewards") / "orm", tiny, "outcome")


@pytest.fixture(scope="session")
def process(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that values steps."""
    return folder(tmp_path_factory.mktemp("rewards") / "prm", tiny, "process")
