"""The failures of a run as one archive that opens without math500.

    wrong.jsonl    everything: problem, reference answer, response, grade, reason with its evidence
    wrong.csv      the same for a spreadsheet: UTF-8 with a byte order mark, so that Excel reads Chinese
    wrong.md       to read: sorted by reason, long responses shortened in the middle
    reasons.json   the counts, intervals and what the score would be without each reason
    manifest.json  the run's settings
    summary.json   its score and parts
    README.txt     what is in it and how it was chosen

A spreadsheet runs a cell that begins with `=`, `+`, `-`, `@` or a tab as a formula; such a cell gets an
apostrophe in front (https://owasp.org/www-community/attacks/CSV_Injection), a plain negative number not. A
cell holds 32,767 characters in Excel; a longer response is cut there, and says so.
"""

from __future__ import annotations

import contextlib
import csv
import io
import os
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec

from math500 import evaluate
from math500.errors import RunError, StorageFull, disk_is_full
from math500.failures.tally import ORDER
from math500.plural import counted
from math500.records import Execution, Grade, Problem, Reason, Sample, Tally
from math500.rundir import RunDir

CELL = 32_767
"""Characters that a cell of Excel holds (Microsoft, "Excel specifications and limits")."""
READABLE = 4_000
"""Characters of a response in the Markdown file; the rest is left out in the middle."""

_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠\t\r]")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
_WHEN = (1980, 1, 1, 0, 0, 0)
"""The same failures give the same archive, byte for byte."""


def write(
    run: RunDir,
    reasons: Sequence[Reason],
    counted: Tally,
    path: Path,
    *,
    chosen: str = "all samples that are not correct",
    more: Mapping[str, bytes] | None = None,
) -> Path:
    """Write the archive, whole or not at all, over one that is there.

    Args:
        run: the run that the reasons are about.
        reasons: those that go in.
        counted: their tally.
        path: where to; folders above it are made.
        chosen: in words, which failures these are.
        more: further files by name, such as a page.

    Raises:
        RunError: the archive cannot be written there.
        StorageFull: the disk is full.
    """
    rows = _rows(run, reasons, counted.grader)
    files = {
        "README.txt": _readme(run, len(rows), chosen).encode(),
        "wrong.jsonl": b"".join(msgspec.json.encode(row) + b"\n" for row in rows),
        "wrong.csv": _csv(rows),
        "wrong.md": _markdown(run, rows).encode("utf-8", "replace"),
        "reasons.json": _pretty(counted),
        "manifest.json": _pretty(run.manifest),
        "summary.json": _pretty(evaluate.summarize(run, counted.grader)),
        **(more or {}),
    }
    _store(files, path)
    return path


def _rows(run: RunDir, reasons: Iterable[Reason], grader: str) -> list[dict[str, Any]]:
    """One row for each failure, by reason, then in the run's order."""
    problems = run.by_id()
    samples = run.samples()
    ranked = sorted(reasons, key=lambda r: ORDER.index(r.why))
    grades = run.grades(grader)
    rows = []
    for reason in ranked:
        key = (reason.unique_id, reason.index)
        graded = grades.get(key)
        grade = graded.grade if graded else None
        rows.append(_row(problems[reason.unique_id], samples[key], grade, reason))
    return rows


def _row(problem: Problem, sample: Sample, grade: Grade | None, reason: Reason) -> dict[str, Any]:
    last = sample.generations[-1] if sample.generations else None
    return {
        "unique_id": problem.unique_id,
        "index": sample.index,
        "subject": problem.subject,
        "level": problem.level,
        "why": reason.why,
        "kind": reason.kind,
        "evidence": reason.evidence,
        "start": reason.start,
        "end": reason.end,
        "answer": problem.answer,
        "extracted": grade.extracted if grade else None,
        "verdict": grade.verdict if grade else None,
        "rule": grade.rule if grade else None,
        "finish_reason": last.finish_reason if last else None,
        "completion_tokens": last.completion_tokens if last else None,
        "problem": problem.problem,
        "response": sample.response,
        "reasoning": last.reasoning if last else "",
        "code": "\n\n".join(map(_executed, sample.executions)),
        "solution": problem.solution,
    }


def _executed(execution: Execution) -> str:
    """A block of the model's code and what came of it."""
    ended = f"(ended the session: {execution.ended})" if execution.ended else ""
    came = "\n".join(part for part in (execution.output.rstrip(), execution.error, ended) if part)
    return f"{_fenced(execution.code.rstrip())}\n{_fenced(came)}"


def _csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """A table with a byte order mark and Windows line ends, every cell quoted."""
    names = list(rows[0]) if rows else ["unique_id", "index", "why"]
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(names)
    writer.writerows([cell(row[name]) for name in names] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def cell(value: object) -> str:
    """A value as a spreadsheet may hold it: no formula, no control character, not too long."""
    text = _CONTROL.sub("\ufffd", "" if value is None else str(value))
    if _FORMULA.match(text) and not _NUMBER.fullmatch(text):
        text = f"'{text}"
    if len(text) > CELL:
        note = f" [cut: {len(text)} characters, whole in wrong.jsonl]"
        text = text[: CELL - len(note)] + note
    return text


def _markdown(run: RunDir, rows: Sequence[Mapping[str, Any]]) -> str:
    parts = [f"# Failures of {run.manifest.run_id}\n"]
    for why, group in groupby(rows, key=lambda row: row["why"]):
        members = list(group)
        parts.append(f"## {why} ({len(members)})\n")
        parts += [_entry(row) for row in members]
    return "\n".join(parts)


def _entry(row: Mapping[str, Any]) -> str:
    title = f"### {row['unique_id']}, sample {row['index']}\n"
    facts = [
        f"- {row['subject'] or 'no subject'}, level {row['level'] or '?'}",
        f"- {', '.join(filter(None, (row['why'], row['kind'])))}: {_inline(row['evidence'])}",
        f"- reference answer: {_inline(row['answer'])}",
        f"- extracted: {_inline(row['extracted'] or 'nothing')}",
    ]
    blocks = [("Problem", row["problem"]), ("Response", _shortened(row["response"]))]
    if row["code"]:
        blocks.append(("Code that was run", _shortened(row["code"])))
    return "\n".join([title, *facts, *(f"\n{name}:\n\n{_fenced(text)}\n" for name, text in blocks)])


def _shortened(text: str) -> str:
    if len(text) <= READABLE:
        return text
    half = READABLE // 2
    left_out = f"[... {len(text) - 2 * half} characters, whole in wrong.jsonl ...]"
    return f"{text[:half]}\n\n{left_out}\n\n{text[-half:]}"


def _inline(text: str) -> str:
    """Text as code in a line, whatever backticks it holds."""
    flat = " ".join(text.split())
    ticks = "`" * (max((len(run) for run in re.findall(r"`+", flat)), default=0) + 1)
    return f"{ticks} {flat} {ticks}"


def _fenced(text: str) -> str:
    """Text in a fence longer than any that it holds."""
    fence = "`" * max(3, max((len(run) for run in re.findall(r"`+", text)), default=0) + 1)
    return f"{fence}\n{text}\n{fence}"


def _readme(run: RunDir, count: int, chosen: str) -> str:
    holds = (__doc__ or "").split("\n\n")[1]
    return (
        f"{counted(count, 'failure')} of the run {run.manifest.run_id}: {chosen}.\n\n{holds}\n\n"
        "What each reason means, in which order they are tried and how well they fit: docs/failures.md of\n"
        f"math500 {run.manifest.math500_version}. Problem texts belong to their data set "
        f"({run.manifest.data.name}).\n"
    )


def _pretty(record: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n"


def _store(files: Mapping[str, bytes], path: Path) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            for name, content in files.items():
                entry = zipfile.ZipInfo(name, _WHEN)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, content)
        temporary.replace(path)
    except OSError as e:
        with contextlib.suppress(OSError):
            temporary.unlink()
        if disk_is_full(e):
            raise StorageFull(f"the disk is full, writing {path}", "Free some space and try again.") from e
        raise RunError(f"{path} cannot be written ({e.strerror})", "Give another path to --export.") from e
