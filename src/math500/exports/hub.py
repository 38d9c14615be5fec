"""The hub's evaluation results, in both of its forms.

    .eval_results/SET.yaml   a list of results; what model pages and leaderboards read now
    model-index.yaml         the older form, for the head of a model card

Both as huggingface_hub 2.4 reads them (`_eval_results.py`, `repocard_data.py`); the forms are described at
https://huggingface.co/docs/hub/eval-results and in hub-docs' `modelcard.md`. Scores are in percent. What has
no field there, the interval, n and protocol, goes into the notes. Files are written, and nothing is uploaded.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from math500 import data
from math500.errors import RunError, UsageError
from math500.exports.facts import Facts
from math500.plural import counted, form
from math500.rundir import store

TASK = "default"
"""The task's id where the data set's own eval.yaml names none."""


def write(known: Facts, folder: Path, *, task: str = TASK, source: str = "") -> tuple[Path, Path]:
    """Write both files and return their paths.

    Args:
        known: the run.
        folder: where to: a model's repository, say.
        task: the id of the task in the data set's eval.yaml.
        source: a link to the run's archive or page; empty for none.

    Raises:
        UsageError: the set is not one of the hub's, or the run is about a part of it.
        RunError: samples are missing, or the folder cannot be written.
    """
    repo, revision = _dataset(known)
    results = folder / ".eval_results" / f"{known.made.data.name}.yaml"
    index = folder / "model-index.yaml"
    store(results, _yaml([_result(known, repo, revision, task, source)]).encode())
    store(index, _yaml({"model-index": [_index(known, repo, revision, source)]}).encode())
    return results, index


def _dataset(known: Facts) -> tuple[str, str]:
    """The set's repository and revision."""
    sets = {one.name: one for one in data.known_sets()}
    found = sets.get(known.made.data.name)
    if found is None or found.hub is None or not known.made.data.verified:
        raise UsageError(
            f"{known.made.data.name} is no data set of the hub", "Use --to card, which takes any run."
        )
    if known.summary.problems != found.rows:
        what = (
            f"{known.summary.problems} of {found.rows:,} problems "
            f"{form(known.summary.problems, 'is', 'are')} no score of {found.name}"
        )
        raise UsageError(what, "Run all of them, or use --to card.")
    if owed := known.summary.missing + known.summary.failed:
        raise RunError(
            counted(owed, "sample is owed", "samples are owed"), "Finish the run first: math500 run --resume."
        )
    return found.hub.repo, found.hub.revision


def _notes(known: Facts) -> str:
    return f"95 % interval {known.interval}, n = {known.score.n}; {known.words}"


def _result(known: Facts, repo: str, revision: str, task: str, source: str) -> dict[str, Any]:
    made: dict[str, Any] = {
        "dataset": {"id": repo, "task_id": task, "revision": revision},
        "value": known.percent,
        "date": known.made.created,
        "notes": _notes(known),
    }
    if source:
        made["source"] = {"url": source, "name": f"math500 {known.made.run_id}"}
    return made


def _index(known: Facts, repo: str, revision: str, source: str) -> dict[str, Any]:
    dataset = {"type": repo, "name": known.made.data.name, "split": "test", "revision": revision}
    metric = {"type": "accuracy", "name": _notes(known), "value": known.percent, "verified": False}
    made: dict[str, Any] = {
        "task": {"type": "text-generation"},
        "dataset": dataset,
        "metrics": [metric],
    }
    if source:
        made["source"] = {"name": f"math500 {known.made.run_id}", "url": source}
    return {"name": known.made.model.served_name, "results": [made]}


def _yaml(value: Any, depth: int = 0) -> str:  # noqa: ANN401 - what the two functions above make
    """Maps and lists of strings and numbers as YAML; a JSON string of printed characters is a YAML string."""
    pad = "  " * depth
    if isinstance(value, list):
        return "".join(f"{pad}- {_yaml(item, depth + 1).lstrip()}" for item in value)
    lines = []
    for name, item in value.items():
        if isinstance(item, dict | list):
            lines.append(f"{pad}{name}:\n{_yaml(item, depth + 1)}")
        else:
            lines.append(f"{pad}{name}: {_scalar(item)}\n")
    return "".join(lines)


def _scalar(item: Any) -> str:  # noqa: ANN401
    """YAML forbids control characters that JSON allows, and takes some of them for the end of a line."""
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in json.dumps(item, ensure_ascii=False))
