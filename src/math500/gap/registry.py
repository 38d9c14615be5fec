"""The registry of published scores as references to compare with."""

from __future__ import annotations

from collections.abc import Iterable

from math500 import scores
from math500.records import PublishedScore, Reference

SETTINGS = {
    "shots": "shots",
    "prompt": "prompt",
    "max_tokens": "token limit",
    "samples": "samples",
    "grader": "grader",
}
"""Field of a row to the field of a protocol that says the same."""
SURE = ("verified", "secondary", "memory")


def of_model(name: str) -> tuple[str, tuple[Reference, ...]]:
    """The registry's own name of a model, empty when it has none, and the model's published scores.

    Raises:
        UsageError: the name could mean several models.
    """
    found = scores.find(name) if name else None
    return ("", ()) if found is None else (found.model, _references(found.rows))


def with_score(percent: float) -> tuple[Reference, ...]:
    """Published scores of any model that print as this number, the best sourced first."""
    text = f"{percent:g}"
    exact = scores.what(text if "." in text else f"{text}.0").exact
    return _references(sorted(exact, key=lambda row: SURE.index(row.confidence.split(" ")[0].rstrip(";"))))


def _references(rows: Iterable[PublishedScore]) -> tuple[Reference, ...]:
    return tuple(_reference(row) for row in rows)


def _reference(row: PublishedScore) -> Reference:
    stated = {theirs: getattr(row, ours) for ours, theirs in SETTINGS.items() if getattr(row, ours)}
    if row.temperature:
        stated["decoding"] = f"temperature {row.temperature}" + (f", top-p {row.top_p}" if row.top_p else "")
    elif row.metric.startswith("greedy"):
        stated["decoding"] = "greedy"
    return Reference(
        score=float(row.score) / 100,
        n=scores.SIZES[row.data],
        model=row.model,
        data=row.data,
        reporter=row.reporter,
        source=f"{row.source} ({row.ref})" if row.ref else row.source,
        protocol=stated,
    )
