"""A trained reward model, opened from its folder; it values many solutions at once.

    FOLDER/
      config.json, *.safetensors, the tokenizer   as transformers saves them: whole, whatever trained them
      reward.json                                 what kind it is, out of what, and the hash of its weights

A training's folder has one in `model/`; either can be named. Its values are computed by this process
(loaded.py) or by a server (served.py), from the same tokens.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec

from math500 import quiet
from math500.errors import DataMismatch, DataNotFound, DataUnreadable, UsageError
from math500.records import Aggregate, Message, Reward, RewardInfo
from math500.rewards import texts
from math500.rewards.loaded import Loaded
from math500.rewards.parts import aggregate, steps_of
from math500.rewards.texts import Landed, Text

FILE = "reward.json"
NAME_LENGTH = 60
"""Characters of a name in the names of files."""
CLASSES = {"outcome": "AutoModelForSequenceClassification", "process": "AutoModelForTokenClassification"}
"""transformers' classes with a value behind the text, and with one behind each token."""

Question = Sequence[Message]
Rewarded = Callable[[int, Reward], None]
"""Told of each solution, by its place, the moment its reward is there."""


class Reader(Protocol):
    """Computes a model's values."""

    def read(self, texts: Sequence[Text], landed: Landed) -> None:
        """Compute the values of each text.

        Raises:
            SampleFailed: some texts cannot be valued; all others have landed.
            ModelError: the server gives no more values.
        """
        ...


class RewardModel:
    """A reward model that can be asked.

    Args:
        info: what it is.
        reader: computes its values.
        tokenizer: its tokenizer.
    """

    def __init__(self, info: RewardInfo, reader: Reader, tokenizer: Any) -> None:  # noqa: ANN401
        self.info = info
        self._reader = reader
        self._tokenizer = tokenizer

    def outcomes(self, solutions: Sequence[tuple[Question, str]]) -> list[float]:
        """The reward of each whole solution: any number, the higher the better among a question's solutions.

        Raises:
            UsageError: this model values steps.
        """
        self._require("outcome")
        return [values[0] for values in self._read([texts.whole(self._tokenizer, *one) for one in solutions])]

    def processes(self, solutions: Sequence[tuple[Question, Sequence[str]]]) -> list[list[float]]:
        """For each solution in steps the probability of each step that it is right.

        Raises:
            UsageError: this model values whole solutions.
        """
        self._require("process")
        return [list(values) for values in self._read([self._parted(*one) for one in solutions])]

    def steps(self, prompt: Question, steps: Sequence[str]) -> list[float]:
        """The probability of each step of one solution that it is right; see `processes`."""
        return self.processes([(prompt, steps)])[0]

    def solutions(
        self, solutions: Sequence[tuple[Question, str]], rewarded: Rewarded | None = None
    ) -> list[Reward]:
        """What the model says of each solution, of whichever kind it is.

        Args:
            solutions: questions with their solutions.
            rewarded: told of each the moment it is there.
        """
        outcome = self.info.kind == "outcome"

        def reward(values: Sequence[float]) -> Reward:
            return Reward(raw=values[0]) if outcome else Reward(steps=tuple(values))

        def landed(place: int, values: Sequence[float]) -> None:
            if rewarded is not None:
                rewarded(place, reward(values))

        read = [
            texts.whole(self._tokenizer, *one) if outcome else self._parted(one[0], steps_of(one[1]))
            for one in solutions
        ]
        return [reward(values) for values in self._read(read, landed)]

    def solution(self, prompt: Question, response: str, how: Aggregate = "min") -> float:
        """One solution's value, 0 to 1; see `value`."""
        return value(self.solutions([(prompt, response)])[0], how)

    def _require(self, kind: str) -> None:
        if self.info.kind != kind:
            raise UsageError(
                f"{self.info.name} is a model of the kind {self.info.kind}, and {kind} is needed",
                "Give another --reward.",
            )

    def _parted(self, prompt: Question, steps: Sequence[str]) -> Text:
        return texts.parted(self._tokenizer, self.info.form, prompt, steps)

    def _read(self, read: Sequence[Text], landed: Landed | None = None) -> list[Sequence[float]]:
        """The values of each text; what is the same text is computed once."""
        places: dict[Text, list[int]] = {}
        for place, text in enumerate(read):
            places.setdefault(text, []).append(place)
        found: dict[int, Sequence[float]] = {}
        of_each = list(places.values())

        def share(number: int, values: Sequence[float]) -> None:
            for place in of_each[number]:
                found[place] = values
                if landed is not None:
                    landed(place, values)

        self._reader.read(list(places), share)
        return [found[place] for place in range(len(read))]


def value(reward: Reward, how: Aggregate = "min") -> float:
    """A reward as a weight, 0 to 1.

    Args:
        reward: of one solution. An outcome's goes through the logistic function: the chance to be preferred
            to a solution with the reward 0 (Bradley and Terry).
        how: the steps' values become one.
    """
    if reward.raw is None:
        return aggregate(reward.steps, how)
    return 1 / (1 + math.exp(-reward.raw)) if reward.raw > -700 else 0.0


def find(folder: Path, *, weights: bool = True) -> tuple[Path, RewardInfo]:
    """The folder with the weights, and what they are; nothing is loaded.

    Args:
        folder: a training's, or a reward model's own.
        weights: they have to be there; a server may have them alone.

    Raises:
        DataNotFound: there is no reward model.
        DataUnreadable: its description cannot be read.
        DataMismatch: its weights are not those that it was written with.
    """
    place = next((one for one in (folder, folder / "model") if (one / FILE).is_file()), None)
    if place is None:
        raise DataNotFound(
            f"{folder} holds no reward model",
            "Give the --out of a finished `math500 train reward` or `train prm`.",
        )
    try:
        info = msgspec.json.decode((place / FILE).read_bytes(), type=RewardInfo)
    except (OSError, msgspec.DecodeError) as e:
        raise DataUnreadable(f"{place / FILE} cannot be read ({e})", "Restore it, or train again.") from e
    if info.form != texts.FORMS[info.kind]:
        raise DataMismatch(
            f"{folder} reads texts as {info.form}, and this math500 as {texts.FORMS[info.kind]}",
            "Train it again, or use the math500 that trained it.",
        )
    if (weights or any(place.glob("*.safetensors"))) and weights_hash(place) != info.sha256:
        raise DataMismatch(f"the weights in {place} were changed", "Restore them, or train again.")
    return place, info


def load(folder: Path) -> RewardModel:
    """The reward model in a folder, on the GPU if there is one; see `find`.

    Raises:
        DataError: see `find`; or the weights cannot be loaded.
        DependencyMissing: the extra `train` is not installed.
    """
    place, info = find(folder)
    with quiet.libraries():
        import torch  # noqa: PLC0415 - heavy
        import transformers  # noqa: PLC0415
        from safetensors import SafetensorError  # noqa: PLC0415

        try:
            model = getattr(transformers, CLASSES[info.kind]).from_pretrained(place, dtype=torch.float32)
        except (OSError, ValueError, KeyError, SafetensorError) as e:
            raise unloadable(place, e) from e
        tokenizer = tokenizer_of(place)
        on = model.to("cuda" if torch.cuda.is_available() else "cpu")
        return RewardModel(info, Loaded(info.kind, on, tokenizer.pad_token_id), tokenizer)


def tokenizer_of(place: Path) -> Any:  # noqa: ANN401
    """The tokenizer in a model's folder.

    Raises:
        DataUnreadable: there is none that can be loaded.
    """
    with quiet.libraries(needed=quiet.TOKENIZER):
        import transformers  # noqa: PLC0415 - heavy

        try:
            return transformers.AutoTokenizer.from_pretrained(place)
        except (OSError, ValueError, KeyError) as e:
            raise unloadable(place, e) from e


def unloadable(place: Path, error: Exception) -> DataUnreadable:
    """What is said of a folder that transformers cannot load."""
    said = next(iter(str(error).splitlines()), type(error).__name__)[:200]
    return DataUnreadable(f"{place} cannot be loaded ({said})", "Restore it, or train again.")


def kept_as(info: RewardInfo, *, served: bool = False) -> str:
    """The name of its values' files in a run folder: its own, as far as a file can have it, and its hash.

    What a server computes has a file of its own: with another precision the numbers are others.
    """
    slug = re.sub(r"[^-.@+,=a-zA-Z0-9_]+", "-", info.name)[:NAME_LENGTH]
    return f"{slug}-{info.sha256[:8] or info.form.partition('/')[0]}{'-served' if served else ''}"


def weights_hash(folder: Path) -> str:
    """One hash over the weights' files of a model's folder."""
    whole = hashlib.sha256()
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as file:
            whole.update(hashlib.file_digest(file, "sha256").hexdigest().encode())
    return whole.hexdigest()
