"""A trained reward model on sets that it was not trained on: measured again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from math500 import rewards
from math500.plural import counted
from math500.records import Measured, PreferenceRow, StepRow
from math500.synth.dataset import TrainingSet
from math500.train import prm, reward, rows

Say = Callable[[str], None]


def measure(folder: Path, sets: Sequence[Path], *, say: Say = lambda _: None) -> tuple[Measured, ...]:
    """What the reward model in a folder makes of sets' rows.

    Args:
        folder: a finished training of `train reward` or `train prm`.
        sets: preferences for the first, labelled steps for the second.
        say: told when rows are of problems that it was trained on.

    Raises:
        DataError: there is no reward model, or a set cannot be read.
        UsageError: a set holds rows of another form.
    """
    place, info = rewards.find(folder)
    found = [TrainingSet.load(one) for one in sets]
    asked = {row.problem_id for one in found for row in one.rows}
    if known := rewards.known(place, asked):
        say(
            f"{info.name} was trained on {known:,} of these {counted(len(asked), 'problem')}, by their ids: "
            "the figures are too good for problems that it was not shown."
        )
    if info.kind == "outcome":
        pairs = rows.of_kind(found, PreferenceRow, reward.Rewards.wanted)
        return reward.measure(rewards.load(folder), pairs)
    steps = rows.of_kind(found, StepRow, prm.Prm.wanted)
    return prm.measure(rewards.load(folder), steps)
