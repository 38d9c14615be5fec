"""A run folder as lm-eval's log files: `results_*.json` and `samples_*.jsonl`.

The rows have the fields that lm-eval 0.4.13 writes for our own tasks (`evaluator.py`, `evaluate`;
`loggers/evaluation_tracker.py`), so that whatever reads its logs reads these. Grades are taken from
the folder; nothing is graded again. lm-eval itself is not needed.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from math500 import prompts
from math500.errors import RunError
from math500.lmeval import scoring
from math500.lmeval.response import Response, facts
from math500.records import Manifest, Problem, Sample, SampleGrade
from math500.rundir import Key, RunDir

FILTER = "none"
TASK_VERSION = 1


def write(run: RunDir, folder: Path) -> tuple[Path, Path]:
    """Write the two files and return their paths, results first.

    Raises:
        RunError: the run holds no sample yet, or the folder cannot be written.
    """
    rows = _rows(run)
    if not rows:
        raise RunError(f"{run.path} holds no sample yet", f"Go on with it: math500 run --resume {run.path}")
    task = f"math500_{run.manifest.prompt.name.replace('-', '_')}"
    stamp = run.manifest.created.replace(":", "-")
    results = folder / f"results_{stamp}.json"
    samples = folder / f"samples_{task}_{stamp}.jsonl"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        samples.write_text(
            "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8"
        )
        text = json.dumps(_results(run.manifest, task, rows), ensure_ascii=False, indent=2)
        results.write_text(text, encoding="utf-8")
    except OSError as e:
        raise RunError(f"{folder} cannot be written ({e.strerror})", "Check the path, or give --out.") from e
    return results, samples


def _rows(run: RunDir) -> list[dict[str, Any]]:
    """One row for each problem that has a sample."""
    samples, grades = run.samples(), run.grades(run.manifest.grader)
    rows = []
    for place, problem in enumerate(run.problems()):
        keys = [(problem.unique_id, i) for i in range(run.manifest.samples)]
        if tried := [samples[key] for key in keys if key in samples]:
            rows.append(_row(place, problem, tried, grades, run.manifest))
    return rows


def _row(
    place: int, problem: Problem, tried: Sequence[Sample], grades: Mapping[Key, SampleGrade], made: Manifest
) -> dict[str, Any]:
    doc = msgspec.to_builtins(problem)
    asked = msgspec.to_builtins(prompts.messages(made.prompt, problem.problem))
    # As lm-eval logs a chat: the messages as JSON text.
    prompt = json.dumps(asked, ensure_ascii=False)
    metrics = scoring.metrics([_detail(sample, grades, made) for sample in tried])
    responses = [sample.response for sample in tried]
    return {
        "doc_id": place,
        "doc": doc,
        "target": problem.answer,
        "arguments": {"gen_args_0": {"arg_0": prompt, "arg_1": _settings(made)}},
        "resps": [responses],
        "filtered_resps": [responses],
        "filter": FILTER,
        "metrics": list(metrics),
        "doc_hash": _hash(json.dumps(doc, indent=2, ensure_ascii=False)),
        "prompt_hash": _hash(prompt),
        "target_hash": _hash(problem.answer),
        **metrics,
    }


def _detail(sample: Sample, grades: Mapping[Key, SampleGrade], made: Manifest) -> dict[str, Any]:
    """What `scoring.detail` gives for a response, out of what is on disk."""
    generation = sample.generations[-1] if sample.generations else None
    known = facts(Response(sample.response, generation, sample.failure, made.decoding.max_tokens))
    if sample.failure is not None:
        failure = msgspec.to_builtins(sample.failure)
        return {"index": sample.index, "verdict": scoring.FAILED, "failure": failure, **known}
    graded = grades.get((sample.unique_id, sample.index))
    if graded is None:
        return {"index": sample.index, "verdict": "ungraded", "reason": "not graded yet", **known}
    return {"index": sample.index, **scoring.shown(graded.grade), **known}


def _results(made: Manifest, task: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The part of lm-eval's results file that its readers use, and the manifest whole."""
    scored: dict[str, Any] = {"alias": task}
    shares = ["pass@1"] + ([f"maj@{made.samples}"] if made.samples > 1 else [])
    for name in shares:
        scored |= _mean(name, [row[name] for row in rows if name in row])
    for name in ("no_answer", "ungraded", scoring.FAILED, "truncated"):
        scored[f"{name},{FILTER}"] = sum(row.get(name, 0) for row in rows)
    scored[f"samples,{FILTER}"] = sum(len(row["samples"]) for row in rows)
    return {
        "results": {task: scored},
        "configs": {
            task: {
                "task": task,
                "generation_kwargs": _settings(made),
                "repeats": made.samples,
                "metadata": {"version": TASK_VERSION, "grader": made.grader},
            }
        },
        "versions": {task: TASK_VERSION},
        "n-shot": {task: prompts.shot_count(made.prompt)},
        "higher_is_better": {task: dict.fromkeys(shares, True)},
        "n-samples": {task: {"original": made.data.rows, "effective": len(rows)}},
        "config": {
            "model": "math500",
            "model_args": {"model": made.model.name, "base_url": made.model.base_url},
        },
        "model_name": made.model.name,
        "date": made.created,
        "task_hashes": {
            task: _hash("".join(r["doc_hash"] + r["prompt_hash"] + r["target_hash"] for r in rows))
        },
        "math500": msgspec.to_builtins(made),
    }


def _mean(name: str, values: Sequence[float]) -> dict[str, float | str]:
    """A metric's mean and standard error, as lm-eval's `mean` and `mean_stderr` give them."""
    n = len(values)
    if n == 0:
        return {}
    mean = sum(values) / n
    error: float | str = "N/A"
    if n > 1:
        error = math.sqrt(sum((v - mean) ** 2 for v in values) / (n - 1) / n)
    return {f"{name},{FILTER}": mean, f"{name}_stderr,{FILTER}": error}


def _settings(made: Manifest) -> dict[str, Any]:
    """The decoding in lm-eval's words."""
    decoding = made.decoding
    known = {
        "temperature": decoding.temperature,
        "top_p": decoding.top_p,
        "max_gen_toks": decoding.max_tokens,
        "seed": decoding.seed,
        "until": list(made.prompt.stop),
    }
    return {name: value for name, value in known.items() if value is not None}


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
