"""A trained reward model on sets that it was not trained on: measured again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from math500 import rewards
from math500.records import Measured, PreferenceRow, StepRow
from math500.synth.dataset import TrainingSet
from math500.train import prm, reward, rows


def measure(folder: Path, sets: Sequence[Path]) -> tuple[Measured, ...]:
    """What the reward model in a folder makes of sets' rows.

    Args:
        folder: a finished training of `train reward` or `train prm`.
        sets: preferences for the first, labelled steps for the second.

    Raises:
        DataError: there is no reward model, or a set cannot be read.
        UsageError: a set holds rows of another form.
    """
    _, info = rewards.find(folder)
    found = [TrainingSet.load(one) for one in sets]
    if info.kind == "outcome":
        pairs = rows.of_kind(found, PreferenceRow, reward.Rewards.wanted)
        return reward.measure(rewards.load(folder), pairs)
    steps = rows.of_kind(found, StepRow, prm.Prm.wanted)
    return prm.measure(rewards.load(folder), steps)
