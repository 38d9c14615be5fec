"""A trained reward model, opened from its folder; it values many solutions at once.

    FOLDER/
      config.json, *.safetensors, the tokenizer   as transformers saves them: whole, whatever trained them
      reward.json                                 what kind it is, out of what, and the hash of its weights

A training's folder has one in `model/`; either can be named.
"""

from __future__ import annotations

import hashlib
import math
import re
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from math500 import quiet
from math500.errors import DataMismatch, DataNotFound, DataUnreadable, UsageError
from math500.records import Aggregate, Message, Reward, RewardInfo
from math500.rewards import texts
from math500.rewards.parts import aggregate, steps_of

if TYPE_CHECKING:
    import torch

FILE = "reward.json"
NAME_LENGTH = 60
"""Characters of a name in the names of files."""
TOKENS = 16_384
"""Tokens, padding included, that are computed at once: a few hundred short solutions, or a few long ones."""
CLASSES = {"outcome": "AutoModelForSequenceClassification", "process": "AutoModelForTokenClassification"}
"""transformers' classes with a value behind the text, and with one behind each token."""

Question = Sequence[Message]
T = TypeVar("T")


class RewardModel:
    """A reward model in memory.

    Args:
        info: what it is.
        model: transformers' model.
        tokenizer: its tokenizer.
    """

    def __init__(self, info: RewardInfo, model: Any, tokenizer: Any) -> None:  # noqa: ANN401
        self.info = info
        self._model = model.eval()
        self._tokenizer = tokenizer
        self._lock = threading.Lock()

    def outcomes(self, solutions: Sequence[tuple[Question, str]]) -> list[float]:
        """The reward of each whole solution: any number, the higher the better among a question's solutions.

        Raises:
            UsageError: this model values steps.
        """
        self._require("outcome")
        ids = [texts.outcome(self._tokenizer, *one) for one in solutions]
        found = self._by_text(ids, lambda logits, _: float(logits.reshape(-1)[0]))
        return [found[tuple(one)] for one in ids]

    def processes(self, solutions: Sequence[tuple[Question, Sequence[str]]]) -> list[list[float]]:
        """For each solution in steps the probability of each step that it is right.

        Raises:
            UsageError: this model values whole solutions.
        """
        self._require("process")
        read = [texts.process(self._tokenizer, *one) for one in solutions]
        found = self._by_text([ids for ids, _ in read], _probabilities)
        return [[found[tuple(ids)][end] for end in ends] for ids, ends in read]

    def steps(self, prompt: Question, steps: Sequence[str]) -> list[float]:
        """The probability of each step of one solution that it is right; see `processes`."""
        return self.processes([(prompt, steps)])[0]

    def solutions(self, solutions: Sequence[tuple[Question, str]]) -> list[Reward]:
        """What the model says of each solution, of whichever kind it is."""
        if self.info.kind == "outcome":
            return [Reward(raw=value) for value in self.outcomes(solutions)]
        parted = [(prompt, steps_of(response)) for prompt, response in solutions]
        return [Reward(steps=tuple(values)) for values in self.processes(parted)]

    def solution(self, prompt: Question, response: str, how: Aggregate = "min") -> float:
        """One solution's value, 0 to 1; see `value`."""
        return value(self.solutions([(prompt, response)])[0], how)

    def _require(self, kind: str) -> None:
        if self.info.kind != kind:
            raise UsageError(
                f"{self.info.name} is a model of the kind {self.info.kind}, and {kind} is needed",
                "Give another --reward.",
            )

    def _by_text(self, ids: Sequence[Sequence[int]], read: Any) -> dict[tuple[int, ...], Any]:  # noqa: ANN401
        """What is read out of the model for each different text."""
        import torch  # noqa: PLC0415 - heavy

        found = {}
        with self._lock, torch.inference_mode():
            for batch in batches(sorted({tuple(one) for one in ids}, key=lambda one: (len(one), one))):
                logits = self._logits(batch)
                for row, one in enumerate(batch):
                    found[one] = read(logits[row], len(one))
        return found

    def _logits(self, batch: Sequence[tuple[int, ...]]) -> torch.Tensor:
        import torch  # noqa: PLC0415

        longest = max(len(one) for one in batch)
        pad, device = self._tokenizer.pad_token_id, self._model.device
        ids = torch.tensor([[*one, *[pad] * (longest - len(one))] for one in batch], device=device)
        mask = torch.tensor([[1] * len(one) + [0] * (longest - len(one)) for one in batch], device=device)
        found: torch.Tensor = self._model(input_ids=ids, attention_mask=mask, use_cache=False).logits
        return found.float().cpu()


def _probabilities(logits: torch.Tensor, length: int) -> list[float]:
    """Of every token: that what ends with it is right."""
    found: list[float] = logits[:length].softmax(-1)[:, 1].tolist()
    return found


def batches(texts: Sequence[tuple[int, ...]]) -> Iterator[Sequence[tuple[int, ...]]]:
    """Texts of like length together, up to `TOKENS` with their padding."""
    first = 0
    for last in range(1, len(texts) + 1):
        if last == len(texts) or len(texts[last]) * (last + 1 - first) > TOKENS:
            yield texts[first:last]
            first = last


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


def find(folder: Path) -> tuple[Path, RewardInfo]:
    """The folder with the weights, and what they are; nothing is loaded.

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
    if weights_hash(place) != info.sha256:
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
            tokenizer = transformers.AutoTokenizer.from_pretrained(place)
        except (OSError, ValueError, KeyError, SafetensorError) as e:
            said = next(iter(str(e).splitlines()), type(e).__name__)[:200]
            raise DataUnreadable(f"{place} cannot be loaded ({said})", "Restore it, or train again.") from e
        return RewardModel(info, model.to("cuda" if torch.cuda.is_available() else "cpu"), tokenizer)


def kept_as(info: RewardInfo) -> str:
    """The name of its values' files in a run folder: its own, as far as a file can have it, and its hash."""
    return f"{re.sub(r'[^-.@+,=a-zA-Z0-9_]+', '-', info.name)[:NAME_LENGTH]}-{info.sha256[:8]}"


def weights_hash(folder: Path) -> str:
    """One hash over the weights' files of a model's folder."""
    whole = hashlib.sha256()
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as file:
            whole.update(hashlib.file_digest(file, "sha256").hexdigest().encode())
    return whole.hexdigest()
