"""Other harnesses' logs become run folders, so that someone else's run can be regraded and explained.

    log.py         what a log says, in words that all harnesses share
    rows.py        foreign files into plain values, one clear line for what is wrong with them
    chat.py        messages as logs hold them
    detect.py      which harness wrote it, told from its content
    lmeval.py      lm-eval samples_*.jsonl with results_*.json
    inspect_ai.py  Inspect .eval and .json
    lighteval.py   lighteval details, Parquet
    evalscope.py   evalscope reviews and predictions
    opencompass.py OpenCompass predictions and results
    simple.py      plain JSONL: problem, response, answer
    match.py       which problem of a known set each one is
    folder.py      a log and its problems into a run folder

    files --detect--> reader --> Log --match--> Placed --folder--> RUN/

No model is asked, and nothing is invented: what a log does not say is unknown (`records.Origin.unknown`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from math500.errors import DataUnreadable, UsageError
from math500.imports import detect, folder, match
from math500.records import Summary

__all__ = ["FORMATS", "into_folder"]

FORMATS = ("auto", *detect.names())
"""What `--format` takes."""


def into_folder(
    logs: Sequence[Path],
    *,
    log_format: str = "auto",
    data_set: str = match.AUTO,
    model: str | None = None,
    out: Path | None = None,
    command: tuple[str, ...] = (),
) -> tuple[Path, Summary]:
    """Make a run folder out of a foreign log and grade it.

    Args:
        logs: a log file, a folder that holds one, or several files of one evaluation.
        log_format: one of `FORMATS`; `auto` tells from the content.
        data_set: the set that the problems are looked up in: `auto` (MATH-500, others kept as they are), a
            set's name or file (others left out), or `none`.
        model: the model's name, in place of the log's.
        out: the run folder; `runs/TIME-MODEL-HARNESS` when None.
        command: the arguments as typed.

    Returns:
        The folder, and the summary by our own grader.

    Raises:
        DataError: a log cannot be found, recognised or read; the message names file and line.
        UsageError: there are several evaluations, or files of different formats.
        RunError: the run folder cannot be made.
        DependencyMissing: the log is Parquet and pyarrow is not installed.
    """
    files = detect.files(logs, log_format)
    found = {path: detect.of(path) if log_format == "auto" else detect.get(log_format) for path in files}
    kinds = {each.name: each for each in found.values()}
    if len(kinds) > 1:
        listed = "; ".join(f"{path}: {each.name}" for path, each in found.items())
        raise UsageError(f"the files are of different formats ({listed})", "Import them one by one.")
    (kind,) = kinds.values()
    log = kind.read(files)
    if not any(item.answers for item in log.items):
        raise DataUnreadable(f"{files[0]} holds no response", "Check whether the evaluation was finished.")
    placed = match.place(log, files[0].stem, data_set=data_set)
    return folder.write(log, placed, files, out=out, model=model, command=command)
