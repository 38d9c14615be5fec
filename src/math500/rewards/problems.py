"""The problems that a reward model was trained on: what it brings on those is no measure of it.

They lie beside its weights, by their ids; a model of others, or of an older math500, has no such file.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from math500.errors import DataUnreadable
from math500.records import RewardProblems

PROBLEMS = "problems.json"


def write(folder: Path, ids: Iterable[str]) -> None:
    """Keep the ids beside the weights.

    Args:
        folder: with the weights.
        ids: of the training rows' problems, in any order and any number of times.
    """
    kept = RewardProblems(ids=tuple(sorted(set(ids))))
    (folder / PROBLEMS).write_bytes(msgspec.json.encode(kept) + b"\n")


def known(folder: Path, ids: Iterable[str]) -> int | None:
    """How many of these problems a reward model was trained on; None where its folder does not say.

    Args:
        folder: with the weights.
        ids: of the problems, each once.

    Raises:
        DataUnreadable: what it says cannot be read.
    """
    path = folder / PROBLEMS
    if not path.is_file():
        return None
    try:
        trained = set(msgspec.json.decode(path.read_bytes(), type=RewardProblems).ids)
    except (OSError, msgspec.DecodeError) as e:
        raise DataUnreadable(f"{path} cannot be read ({e})", "Restore it, or train again.") from e
    return sum(one in trained for one in ids)
