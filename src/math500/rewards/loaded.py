"""A reward model's weights in this process: texts of like length are read together."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

from math500.rewards.texts import Landed, Text

if TYPE_CHECKING:
    import torch

TOKENS = 16_384
"""Tokens, padding included, that are computed at once: a few hundred short solutions, or a few long ones."""


class Loaded:
    """Reads texts by transformers; see `model.Reader`.

    Args:
        kind: a value behind the text, or one behind each token.
        model: transformers' model.
        pad: the token that fills up the shorter texts.
    """

    def __init__(self, kind: Literal["outcome", "process"], model: Any, pad: int) -> None:  # noqa: ANN401
        self._kind = kind
        self._model = model.eval()
        self._pad = pad
        self._lock = threading.Lock()

    def read(self, texts: Sequence[Text], landed: Landed) -> None:
        """See `model.Reader.read`."""
        import torch  # noqa: PLC0415 - heavy

        order = sorted(range(len(texts)), key=lambda place: (len(texts[place].ids), texts[place].ids))
        places = iter(order)
        with self._lock, torch.inference_mode():
            for batch in batches([texts[place].ids for place in order]):
                for logits in self._logits(batch):
                    place = next(places)
                    landed(place, self._values(logits, texts[place]))

    def _values(self, logits: torch.Tensor, text: Text) -> list[float]:
        """The one value, or of each step the probability that it is right."""
        if self._kind == "outcome":
            return [float(logits.reshape(-1)[0])]
        found: list[float] = logits[list(text.ends)].softmax(-1)[:, 1].tolist()
        return found

    def _logits(self, batch: Sequence[tuple[int, ...]]) -> torch.Tensor:
        import torch  # noqa: PLC0415

        longest = max(len(one) for one in batch)
        device = self._model.device
        ids = torch.tensor([[*one, *[self._pad] * (longest - len(one))] for one in batch], device=device)
        mask = torch.tensor([[1] * len(one) + [0] * (longest - len(one)) for one in batch], device=device)
        found: torch.Tensor = self._model(input_ids=ids, attention_mask=mask, use_cache=False).logits
        return found.float().cpu()


def batches(texts: Sequence[tuple[int, ...]]) -> Iterator[Sequence[tuple[int, ...]]]:
    """Texts of like length together, up to `TOKENS` with their padding."""
    first = 0
    for last in range(1, len(texts) + 1):
        if last == len(texts) or len(texts[last]) * (last + 1 - first) > TOKENS:
            yield texts[first:last]
            first = last
