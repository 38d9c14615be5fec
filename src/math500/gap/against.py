"""What a user compares with: a number, a model's published scores, or another run.

90.6                        a number: whose is it, and is it this model's at all?
qwen2.5-72b-instruct        a model: its best like-for-like published score
runs/...                    a run folder: its score, with a protocol that is known in full
"""

from __future__ import annotations

from pathlib import Path

from math500 import compare, protocols, stats
from math500.errors import UsageError
from math500.gap import registry
from math500.gap.explain import Against
from math500.gap.published import RUN_DATA
from math500.records import Manifest, Reference
from math500.rundir import RunDir


def resolve(text: str | None, model: str, *, typed: bool = True) -> Against:
    """What the registry holds about the model, and what it is to be compared with.

    Args:
        text: as typed behind --against; None for the registry's own rows of the model.
        model: whose score was measured.
        typed: the user named the model; the name that a run was asked under may mean several, or none.

    Raises:
        UsageError: the text is no number, no run folder and no model that is on record.
    """
    try:
        name, rows = registry.of_model(model)
    except UsageError:
        if typed:
            raise
        name, rows = "", ()
    if text is None:
        return Against(rows=rows, model=name)
    if (Path(text) / "manifest.json").is_file():
        outcome = compare.outcome(RunDir.open(text))
        return Against(claimed=_of_run(outcome), model=model, outcome=outcome)
    if (percent := _number(text)) is not None:
        owners = registry.with_score(text.rstrip("% "))
        return Against(Reference(score=percent / 100), rows=rows, owners=owners, model=name)
    other, published = registry.of_model(text)
    if not published:
        raise UsageError(
            f"{text!r} is no number, no run folder, and no model with a published score on record",
            "Give a score in percent, a run folder, or one of the names of `math500 scores`.",
        )
    if not rows or other == name:
        return Against(rows=published, model=other)
    return Against(claimed=published[0], rows=rows, owners=published, model=name)


def run_of(text: str | None) -> Manifest | None:
    """The settings of the run that is compared with; None where it is no run."""
    if text is None or not (Path(text) / "manifest.json").is_file():
        return None
    return RunDir.open(text).manifest


def _number(text: str) -> float | None:
    try:
        value = float(text.rstrip("% "))
    except ValueError:
        return None
    if not 0 <= value <= 100:
        raise UsageError(f"{text} is no score", "Give a score in percent, from 0 to 100.")
    return value


def _of_run(outcome: compare.Outcome) -> Reference:
    """A run as something that is compared with: every field of its protocol is stated."""
    run = outcome.run
    score = stats.score(list(outcome.right.values()))
    if score is None:
        raise UsageError(f"{run.path} has no graded problem", "Finish that run first.")
    protocol = protocols.of(run.manifest) | {"grader": outcome.grader}
    data = RUN_DATA.get(run.manifest.data.name, run.manifest.data.name)
    return Reference(
        score=score.value,
        low=score.low,
        high=score.high,
        n=score.n,
        model=run.manifest.model.name,
        data=data,
        reporter=f"the run {run.manifest.run_id}",
        source=str(run.path),
        protocol={k: v for k, v in protocol.items() if k not in ("model", "data", "problems")},
    )
