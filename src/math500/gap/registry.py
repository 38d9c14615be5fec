"""The registry of published scores as references to compare with."""

from __future__ import annotations

from math500 import scores
from math500.records import PublishedScore, Reference

UNSAID = ("not stated", "unstated", "varying", "several", "not published")
"""What values hold that say that the source says nothing."""


def of_model(name: str) -> tuple[str, tuple[Reference, ...]]:
    """The registry's own name of a model, empty when it has none, and the model's published scores.

    Raises:
        UsageError: the name could mean several models.
    """
    found = scores.find(name) if name else None
    if found is None:
        return "", ()
    return found.model, tuple(_reference(row, found.model) for row in found.rows)


def with_score(text: str) -> tuple[Reference, ...]:
    """Published scores of any model that print as this number, a vendor's own first."""
    exact = sorted(scores.what(text).exact, key=_trust)
    return tuple(_reference(row, row.model) for row in exact)


def _trust(row: PublishedScore) -> tuple[bool, bool]:
    return not row.reporter.startswith("vendor"), not row.confidence.startswith("verified")


def _reference(row: PublishedScore, model: str) -> Reference:
    """A row; that of a dated snapshot stands under the model's name, and says which it is."""
    version = "" if row.model == model else f" (of {row.model})"
    return Reference(
        score=float(row.score) / 100,
        n=scores.SIZES[row.data],
        model=model,
        data=row.data,
        reporter=f"{row.reporter}{version}",
        source=", ".join(part for part in (row.source, row.ref) if part),
        protocol=_protocol(row),
        confidence=row.confidence,
        snapshot="" if row.model == model else row.model,
    )


def _protocol(row: PublishedScore) -> dict[str, str]:
    """What the source states, in the words in which a run states its own."""
    stated = {
        "prompt": _prompt(row.prompt),
        "shots": row.shots,
        "decoding": _decoding(row),
        "token limit": row.max_tokens,
        "samples": row.samples,
        "grader": row.grader,
    }
    return {field: value for field, value in stated.items() if value and not _unsaid(value)}


def _unsaid(value: str) -> bool:
    return any(mark in value for mark in UNSAID)


def _prompt(note: str) -> str:
    """One of our own prompts where a note quotes it, else the note."""
    return "boxed" if "step by step" in note and "final answer within \\boxed" in note else note


def _decoding(row: PublishedScore) -> str:
    if not row.temperature or _unsaid(row.temperature):
        return "greedy" if row.metric == "greedy" else ""
    try:
        if float(row.temperature) == 0:
            return "greedy"
    except ValueError:
        pass
    top_p = f", top-p {row.top_p}" if row.top_p else ""
    return f"temperature {row.temperature}{top_p}"
