"""A response as a smaller token limit would have left it.

Where the endpoint counted the tokens, the cut keeps the same share of the text as of the tokens: tokens are
not all equally long, so the place is right to a few words. Where it did not, a token is taken as
CHARACTERS_PER_TOKEN characters.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable

from math500.records import Sample

CHARACTERS_PER_TOKEN = 3.0
"""Of mathematical English in the tokenizers of Qwen2.5, Llama 3 and SmolLM2, roughly."""
LIMITS = (32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768)
SHOWN = 4
"""Limits that are tried: the largest ones at which something is cut."""


def tokens(sample: Sample) -> float:
    """Tokens of the response, counted or estimated."""
    last = sample.generations[-1] if sample.generations else None
    if last is not None and last.completion_tokens:
        return float(last.completion_tokens)
    thought = 0 if last is None else len(last.reasoning)
    return (len(sample.response) + thought) / CHARACTERS_PER_TOKEN


def counted(samples: Iterable[Sample]) -> bool:
    """Whether the endpoint counted the tokens of every response."""
    return all(s.generations and s.generations[-1].completion_tokens for s in samples)


def cut(sample: Sample, limit: int) -> tuple[str, bool]:
    """The response under this limit, and whether it lost anything.

    What the endpoint returned apart as reasoning comes first and takes its share of the tokens.
    """
    used = tokens(sample)
    if used <= limit:
        return sample.response, False
    reasoning = len(sample.generations[-1].reasoning) if sample.generations else 0
    kept = round((reasoning + len(sample.response)) * limit / used) - reasoning
    return sample.response[: max(0, kept)], True


def smaller_limits(samples: Iterable[Sample]) -> tuple[int, ...]:
    """The limits worth trying: those that cut some responses and not nearly all."""
    lengths = sorted(tokens(s) for s in samples)
    if not lengths:
        return ()
    short = statistics.quantiles(lengths, n=10)[0] if len(lengths) > 1 else lengths[0]
    return tuple(limit for limit in LIMITS if short <= limit < lengths[-1])[-SHOWN:]
