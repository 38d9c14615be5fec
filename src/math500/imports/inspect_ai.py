"""Inspect's logs: `.eval` archives and the same log as `.json`.

A log (format 2, inspect_ai 0.3) holds `eval`, `plan`, `results` and its samples; an archive holds them as
`header.json` and `samples/ID_epoch_N.json`, compressed by zstandard in newer versions. An epoch is a sample
index. A sample with an `error` got no response: that is a failure and no wrong answer. Long texts may stand
in `attachments`.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from math500.errors import DataUnreadable, DependencyMissing
from math500.imports.chat import before_answer, messages, said
from math500.imports.log import Answer, Item, Log, Mark, Settings
from math500.imports.rows import (
    Row,
    content,
    decided,
    json_of,
    json_value,
    level,
    mapping,
    need,
    number,
    text,
    whole,
)
from math500.records import Failure

HARNESS = "inspect"
ZSTANDARD = 93
"""The zip format's number for zstandard, which Python's own zipfile reads from 3.14 on."""
_STOPS = {"max_tokens": "length", "model_length": "length", "unknown": ""}
_MARKS = {"C": True, "I": False, "N": False}


def matches(value: object) -> bool:
    """Whether a JSON file holds an Inspect log."""
    return isinstance(value, dict) and {"eval", "plan", "status"} <= value.keys()


def read(paths: Sequence[Path]) -> Log:
    """The log in these files; several are the parts of one evaluation.

    Raises:
        DataUnreadable: a file is damaged or holds no samples.
        DependencyMissing: it is compressed in a way that needs pyarrow.
    """
    logs = [_whole(path) for path in paths]
    first = logs[0]
    made = mapping(first.get("eval"))
    items = [item for path, log in zip(paths, logs, strict=True) for item in _items(log, path)]
    if not items:
        raise DataUnreadable(f"{paths[0]} holds no samples", "Run Inspect without --no-log-samples.")
    status = text(first.get("status"))
    return Log(
        harness=HARNESS,
        items=tuple(items),
        version=text(mapping(made.get("packages")).get("inspect_ai")),
        task=text(made.get("task")),
        model=text(made.get("model")),
        base_url=text(made.get("model_base_url")),
        created=text(made.get("created")),
        settings=_settings(
            {
                **_set(mapping(made.get("model_generate_config"))),
                **_set(mapping(mapping(first.get("plan")).get("config"))),
            }
        ),
        reported=_reported(mapping(first.get("results"))),
        notes=() if status == "success" else (f"the log's own status is {status or 'missing'}",),
    )


# -- files -----------------------------------------------------------------------------------


def _whole(path: Path) -> Row:
    """The log as one value, whichever way it is stored."""
    data = content(path)
    if not data.startswith(b"PK"):
        return mapping(json_value(path))
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [i for i in archive.infolist() if i.filename.startswith("samples/")]
            header = archive.NameToInfo.get("header.json") or archive.NameToInfo.get("_journal/start.json")
            if header is None:
                raise DataUnreadable(f"{path} is a zip archive and no Inspect log", "Check the path.")
            log = dict(mapping(json_of(_member(archive, data, header, path), f"{path}, {header.filename}")))
            log["samples"] = [
                json_of(_member(archive, data, i, path), f"{path}, {i.filename}") for i in names
            ]
    except (zipfile.BadZipFile, EOFError, OSError, ValueError) as e:
        raise DataUnreadable(
            f"{path} is a damaged .eval archive ({e})", "The file may have been cut off: copy it again."
        ) from e
    return log


def _member(archive: zipfile.ZipFile, data: bytes, info: zipfile.ZipInfo, path: Path) -> bytes:
    """One file of the archive."""
    if info.compress_type != ZSTANDARD:
        return archive.read(info)
    try:
        import pyarrow as pa  # noqa: PLC0415 - optional, and slow to import
    except ImportError as e:
        raise DependencyMissing(
            f"{path} is compressed by zstandard, which needs pyarrow",
            "Run `pip install 'math500[parquet]'`, or make it JSON: inspect log convert --to json.",
        ) from e
    start = info.header_offset
    lengths = (int.from_bytes(data[start + at : start + at + 2], "little") for at in (26, 28))
    start += 30 + sum(lengths)
    packed = data[start : start + info.compress_size]
    if not info.file_size:
        return b""
    return bytes(pa.decompress(packed, decompressed_size=info.file_size, codec="zstd", asbytes=True))


# -- samples ---------------------------------------------------------------------------------


def _items(log: Row, path: Path) -> Iterable[Item]:
    """The problems of the log, each with its epochs in order."""
    samples = log.get("samples")
    by_id: dict[str, list[tuple[int, str, Row]]] = {}
    for number_, sample in enumerate(samples if isinstance(samples, list) else (), 1):
        place = f"{path}, sample {number_}"
        row = _whole_sample(mapping(sample))
        name = text(need(row, "id", place, HARNESS))
        by_id.setdefault(name, []).append((whole(row.get("epoch")) or 1, place, row))
    for name, epochs in by_id.items():
        epochs.sort(key=lambda each: each[0])
        _, place, first = epochs[0]
        data = mapping(first.get("metadata"))
        yield Item(
            place=place,
            problem=_question(first.get("input")),
            answer=_target(need(first, "target", place, HARNESS)),
            unique_id=text(data.get("unique_id") or name),
            solution=text(data.get("solution")),
            subject=text(data.get("subject")),
            level=level(data.get("level")),
            asked=before_answer(first.get("messages")),
            answers=tuple(_answer(row) for _, _, row in epochs),
        )


def _whole_sample(sample: Row) -> Row:
    """A sample with its attachments back in their places; its events are not needed."""
    attachments = mapping(sample.get("attachments"))
    kept = {name: value for name, value in sample.items() if name not in ("attachments", "events")}
    return mapping(_attached(kept, attachments)) if attachments else sample


def _question(given: object) -> str:
    """The last thing that the user says in a sample's input."""
    turns = messages(given)
    return next((turn.content for turn in reversed(turns) if turn.role == "user"), "")


def _target(value: object) -> str:
    return text(value[0] if isinstance(value, list) and value else value)


def _answer(sample: Row) -> Answer:
    output = mapping(sample.get("output"))
    choices = output.get("choices")
    choice = mapping(choices[0]) if isinstance(choices, list) and choices else {}
    answer, reasoning = said(mapping(choice.get("message")).get("content"))
    usage = mapping(output.get("usage"))
    error = mapping(sample.get("error"))
    stop = text(choice.get("stop_reason"))
    failure = Failure(kind="logged", detail=text(error.get("message"))) if error else None
    return Answer(
        text=answer,
        reasoning=reasoning,
        finish_reason=_STOPS.get(stop, stop),
        prompt_tokens=whole(usage.get("input_tokens")),
        completion_tokens=whole(usage.get("output_tokens")),
        reasoning_tokens=whole(usage.get("reasoning_tokens")),
        seconds=number(output.get("time")),
        model=text(output.get("model")),
        failure=failure,
        marks={} if failure else _marks(mapping(sample.get("scores"))),
    )


def _marks(scores: Row) -> dict[str, Mark]:
    found = {}
    for name, score in scores.items():
        value = mapping(score).get("value")
        verdict = _MARKS.get(value) if isinstance(value, str) else decided(value)
        answer = mapping(score).get("answer")
        if verdict is not None:
            found[name] = Mark(correct=verdict, extracted=None if answer is None else text(answer))
    return found


def _attached(value: object, attachments: Row) -> Any:  # noqa: ANN401 - any JSON
    """The value with every text that was put aside in its place."""
    if isinstance(value, str) and value.startswith("attachment://"):
        return attachments.get(value.removeprefix("attachment://"), value)
    if isinstance(value, list):
        return [_attached(each, attachments) for each in value]
    if isinstance(value, dict):
        return {name: _attached(each, attachments) for name, each in value.items()}
    return value


# -- settings and totals ---------------------------------------------------------------------


def _set(config: Row) -> dict[str, object]:
    return {name: value for name, value in config.items() if value is not None}


def _settings(config: Row) -> Settings:
    stop = config.get("stop_seqs")
    return Settings(
        temperature=number(config.get("temperature")),
        top_p=number(config.get("top_p")),
        max_tokens=whole(config.get("max_tokens")),
        seed=whole(config.get("seed")),
        stop=tuple(map(text, stop)) if isinstance(stop, list) else None,
    )


def _reported(results: Row) -> dict[str, float]:
    scores = results.get("scores")
    found = {}
    for score in map(mapping, scores if isinstance(scores, list) else ()):
        for name, metric in mapping(score.get("metrics")).items():
            if (value := number(mapping(metric).get("value"))) is not None:
                found[f"{text(score.get('name'))}/{name}"] = value
    return found
