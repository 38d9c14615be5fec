"""A model that does not ask twice: what was paid for before a kill is given again on resume.

A solution of several completions is written as one sample when it is whole. Until then each completion is
kept as a `Turn` the moment it is there. When the run goes on, the solver starts over, and whatever it asks
word for word as before (messages, settings, seed) is answered from what is kept.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Sequence

import msgspec

from math500.records import Decoding, Extras, Generation, Message, Turn
from math500.solve.base import Model

Keep = Callable[[str, Generation, bool], None]
"""Writes one completion with the hash of its request, and whether it is the judge's."""


class Replay:
    """A model in front of another one, for one sample.

    Args:
        model: asked for what is not kept.
        kept: the sample's turns of earlier tries.
        keep: writes a new one.
    """

    def __init__(self, model: Model, kept: Iterable[Turn], keep: Keep) -> None:
        self._model = model
        self._keep = keep
        self._kept: dict[str, deque[Generation]] = defaultdict(deque)
        for turn in kept:
            self._kept[turn.request].append(turn.generation)

    async def generate(
        self,
        messages: Sequence[Message],
        decoding: Decoding,
        *,
        seed: int | None = None,
        stop: Sequence[str] = (),
        extras: Extras | None = None,
    ) -> Generation:
        """The completion that is kept for this request, or a new one."""
        request = digest(messages, decoding, seed, stop, extras)
        if self._kept[request]:
            return self._kept[request].popleft()
        generation = await self._model.generate(messages, decoding, seed=seed, stop=stop, extras=extras)
        self._keep(request, generation, extras is not None and extras.judge)
        return generation


def digest(
    messages: Sequence[Message],
    decoding: Decoding,
    seed: int | None,
    stop: Sequence[str],
    extras: Extras | None = None,
) -> str:
    """A request's hash; one that asks for a text alone has the hash that it always had."""
    asked = (messages, decoding, seed, stop)
    whole = asked if extras is None else (*asked, extras)
    return hashlib.sha256(msgspec.json.encode(whole)).hexdigest()[:32]
