"""A training's folder: the only file that knows the names inside it.

    FOLDER/
      training.json     what is trained on what, and how; written once
      training.toml     the settings alone, to read and to use again
      log.jsonl         appended, one line per step
      held_start.json   how the start answered the held-out problems, where those are asked
      checkpoints/      the trainer's; the last one is kept
      model/            the trained weights; LoRA's matrices alone where that is the method
      outcome.json      written last: a folder without it goes on with the same command
      control/          the same for the control
      lock              held (flock) by the process that writes

A checkpoint counts when the trainer's last file is in it; one that a kill left half written is removed.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import msgspec

from math500 import formats
from math500.errors import DataUnreadable, RunError, RunMismatch, RunNotFound, UsageError
from math500.records import HeldStart, Record, Training, TrainingOutcome, TrainingStart, TrainingStep
from math500.rundir import Journal, lock, replace, storage_error
from math500.train import settings

R = TypeVar("R", bound=Record)
CHECKPOINTS = "checkpoints"
MODEL = "model"
LAST_FILE = "trainer_state.json"
"""What the trainer writes last into a checkpoint."""


class TrainingFolder:
    """A training's folder, opened for reading."""

    def __init__(self, path: Path) -> None:
        self.path = path
        if not (path / "training.json").is_file():
            what = "is not a training's folder" if path.exists() else "does not exist"
            raise RunNotFound(f"{path} {what}", "Give the --out of a `math500 train`.")
        self.training = _read(path / "training.json", Training, newest=formats.TRAINING)

    @property
    def model(self) -> Path:
        """Where the trained weights are."""
        return self.path / MODEL

    @property
    def checkpoints(self) -> Path:
        """Where the trainer keeps its checkpoints."""
        return self.path / CHECKPOINTS

    def outcome(self) -> TrainingOutcome | None:
        """What came out; None while the training is not finished."""
        path = self.path / "outcome.json"
        return _read(path, TrainingOutcome) if path.is_file() else None

    def finished(self) -> TrainingOutcome:
        """What came out.

        Raises:
            UsageError: the training is not finished.
        """
        found = self.outcome()
        if found is None:
            raise UsageError(
                f"{self.path} is not finished", f"Give the same `math500 train {self.training.task}` again."
            )
        return found

    def steps(self) -> tuple[TrainingStep, ...]:
        """The steps in order, each as it was done last."""
        path = self.path / "log.jsonl"
        lines = path.read_bytes().split(b"\n")[:-1] if path.is_file() else []
        found = {step.step: step for step in (msgspec.json.decode(line, type=TrainingStep) for line in lines)}
        return tuple(found[number] for number in sorted(found))

    def held_start(self) -> tuple[bool, ...]:
        """Which of the first held-out problems the start answered right; nothing where it was not asked."""
        path = self.path / "held_start.json"
        return _read(path, HeldStart).right if path.is_file() else ()

    def keep_held_start(self, right: Iterable[bool]) -> None:
        """Write that; by the process alone that holds the folder."""
        _store(self.path / "held_start.json", HeldStart(right=tuple(right)))

    def checkpoint(self) -> Path | None:
        """The last whole checkpoint."""
        whole = [path for path in self._checkpoints() if (path / LAST_FILE).is_file()]
        return max(whole, key=step_of, default=None)

    def _checkpoints(self) -> list[Path]:
        return [path for path in self.checkpoints.glob("checkpoint-*") if re.fullmatch(r".*-\d+", path.name)]

    def remove_torn(self) -> None:
        """Remove what a kill left half written, so that the trainer does not take it for a checkpoint."""
        for path in self._checkpoints():
            if not (path / LAST_FILE).is_file():
                shutil.rmtree(path, ignore_errors=True)


def step_of(checkpoint: Path) -> int:
    """The step that a checkpoint was made after."""
    return int(checkpoint.name.rsplit("-", 1)[1])


class TrainingWriter(TrainingFolder):
    """A training's folder, held for writing by this process alone until it is closed."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._lock = lock(path)
        self._log = Journal(path / "log.jsonl")

    @classmethod
    def begin(cls, path: Path, training: Training) -> TrainingWriter:
        """Make the folder, or go on with the training in it.

        Raises:
            RunMismatch: another training is in it.
            RunError: something else is in it, or it cannot be written.
            RunLocked: another process trains in it.
            UsageError: the training in it is finished.
        """
        if (path / "training.json").is_file():
            _require_same(TrainingFolder(path), training)
        else:
            _make(path, training)
        return cls(path)

    def append(self, step: TrainingStep) -> None:
        """Write one step."""
        self._log.append(step)

    def finish(self, outcome: TrainingOutcome) -> None:
        """Write what came out; the training is finished then, and its checkpoints are not needed."""
        _store(self.path / "outcome.json", outcome)
        shutil.rmtree(self.checkpoints, ignore_errors=True)

    def close(self) -> None:
        """Let others write the folder."""
        self._log.close()
        os.close(self._lock)


def _make(path: Path, training: Training) -> None:
    try:
        if path.exists() and any(one.name != "lock" for one in path.iterdir()):
            raise RunError(f"{path} is not empty and holds no training", "Give another --out.")
        path.mkdir(parents=True, exist_ok=True)
        replace(path / "training.toml", settings.text(training.settings).encode())
    except OSError as e:
        raise storage_error(e, path) from e
    _store(path / "training.json", training)


def differing(before: Training, now: Training) -> tuple[str, ...]:
    """What two trainings have otherwise: their command, set, start or settings.

    A set or a model that was moved is still the same; a model of the hub is known by its id alone.
    """
    differ = {
        "command": before.task != now.task,
        "set": (before.set.sha256, before.set.rows) != (now.set.sha256, now.set.rows),
        "start": _content(before.start) != _content(now.start),
        "settings": before.settings != now.settings,
    }
    return tuple(name for name, differs in differ.items() if differs)


def _other(name: str, before: Training, now: Training) -> str:
    """One of `differing` in words; of settings which ones."""
    if name != "settings":
        return f"another {name}"
    a, b = before.settings, now.settings
    fields = [one for one in a.__struct_fields__ if getattr(a, one) != getattr(b, one)]
    return f"other settings ({', '.join(fields)})"


def _content(start: TrainingStart) -> str:
    return start.sha256 or start.location


def _require_same(folder: TrainingFolder, now: Training) -> None:
    """Refuse to go on with what was begun otherwise, and to begin what is finished."""
    if others := differing(folder.training, now):
        what = " and ".join(_other(name, folder.training, now) for name in others)
        raise RunMismatch(
            f"{folder.path} was begun with {what}",
            "Give the same command as then, or another --out.",
        )
    if folder.outcome() is not None:
        raise UsageError(
            f"the training in {folder.path} is finished",
            f"See {folder.path / 'outcome.json'}, or give another --out.",
        )


def _read(path: Path, kind: type[R], newest: int | None = None) -> R:
    try:
        content = path.read_bytes()
        if newest is not None:
            formats.require(content, newest, path, DataUnreadable)
        return msgspec.json.decode(content, type=kind)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as e:
        raise DataUnreadable(
            f"{path} cannot be read ({e})", "Restore it, or train again into another folder."
        ) from e


def _store(path: Path, record: Record) -> None:
    try:
        replace(path, msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n")
    except OSError as e:
        raise storage_error(e, path) from e
