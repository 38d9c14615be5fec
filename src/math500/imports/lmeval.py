"""lm-eval's `samples_TASK_DATE.jsonl`, with `results_DATE.json` beside it for model and settings.

A row is one problem under one filter (`evaluator.py`, `evaluate`; `loggers/evaluation_tracker.py` of
lm-eval 0.4.13): `doc`, `target`, `arguments`, `resps` (one list of responses for each request),
`filtered_resps`, and one field for each metric. The same problem comes once for each filter, with the
same responses. `arguments` are what the request was made of: the prompt and the settings of the YAML and
the command line. A setting that the model class adds on its own (a limit of 256 tokens, most often) is in
neither file.

The rows of our own task family carry `samples`: the facts and the grade of every response, which are
taken over. For other tasks a metric's value belongs to the one response that its filter kept.
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from math500.data.rows import last_boxed
from math500.errors import DataUnreadable
from math500.imports.chat import messages
from math500.imports.log import Answer, Item, Log, Mark, Settings
from math500.imports.rows import (
    Row,
    decided,
    json_lines,
    json_value,
    level,
    mapping,
    need,
    number,
    text,
    whole,
)
from math500.records import Failure, Message

HARNESS = "lm-eval"
_STAMP = re.compile(r"_(\d{4}-\d\d-\d\dT[^_]*)\.jsonl$")
_OTHER = frozenset(
    (
        *("doc_id", "doc", "target", "arguments", "resps", "filtered_resps", "filter", "metrics"),
        *("doc_hash", "prompt_hash", "target_hash"),
    )
)
"""The fields of a row that are no metric."""
_LIMITS = ("max_gen_toks", "max_new_tokens", "max_tokens", "max_completion_tokens")


def matches(row: Row) -> bool:
    """Whether the row is one of lm-eval's."""
    return {"doc_id", "resps", "doc"} <= row.keys()


def read(paths: Sequence[Path]) -> Log:
    """The log in these samples files; several files are the tasks of a group.

    Raises:
        DataUnreadable: a file is damaged, or holds no generated text.
    """
    rows = [placed for path in paths for placed in json_lines(path)]
    grouped: dict[tuple[str, str], list[tuple[str, Row]]] = {}
    for place, row in rows:
        name = str(need(row, "doc_id", place, HARNESS))
        grouped.setdefault((place.rpartition(", line")[0], name), []).append((place, row))
    notes = _Notes()
    items = [_item(part, notes) for same in grouped.values() for part in _parts(same, notes)]
    beside = tuple(dict.fromkeys(found for path in paths if (found := _beside(path))))
    results = mapping(json_value(beside[0])) if beside else {}
    tasks = [_task(path) for path in paths]
    return Log(
        harness=HARNESS,
        items=tuple(items),
        version=text(results.get("lm_eval_version")),
        task=", ".join(tasks),
        model=_model(results),
        base_url=_base_url(results),
        created=_created(results.get("date")),
        settings=_settings((row for _, row in rows), notes),
        shots=_shots(results, tasks),
        beside=beside,
        reported=_reported(results, tasks),
        notes=notes.sentences(),
    )


class _Notes:
    """What could not be taken over, counted."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def add(self, what: str) -> None:
        self._counts[what] = self._counts.get(what, 0) + 1

    def sentences(self) -> tuple[str, ...]:
        return tuple(f"{what} ({n} rows)" if n > 1 else what for what, n in self._counts.items())


def _parts(rows: Sequence[tuple[str, Row]], notes: _Notes) -> list[list[tuple[str, Row]]]:
    """The rows of one problem, apart for each time that it was evaluated.

    lm-eval appends to a samples file: two runs of the same second, or files joined by hand, hold each
    problem twice under the same filter.
    """
    parts: list[dict[str, tuple[str, Row]]] = []
    for place, row in rows:
        name = text(row.get("filter", "none"))
        if any(name in part and part[name][1] == row for part in parts):
            notes.add("the same row as an earlier one; it was left out")
            continue
        free = next((part for part in parts if name not in part), None)
        if free is None:
            parts.append(free := {})
        free[name] = place, row
    return [list(part.values()) for part in parts]


# -- one problem -----------------------------------------------------------------------------


def _item(rows: Sequence[tuple[str, Row]], notes: _Notes) -> Item:
    """The problem of these rows, one for each filter."""
    place, first = rows[0]
    doc = mapping(need(first, "doc", place, HARNESS))
    responses = _responses(first, place)
    answers = _own(first, responses) if isinstance(first.get("samples"), list) else _plain(responses)
    for _, row in rows:
        answers = _marked(answers, row, responses, notes)
    prompt = _first_argument(first)
    return Item(
        place=place,
        problem=text(doc.get("problem") or doc.get("question")),
        answer=_reference(doc, place) or text(first.get("target")),
        unique_id=text(doc.get("unique_id")),
        solution=text(doc.get("solution")),
        subject=text(doc.get("subject") or doc.get("type")),
        level=level(doc.get("level")),
        asked=_messages(prompt),
        answers=tuple(answers),
    )


def _reference(doc: Row, place: str) -> str:
    """The reference answer of a row.

    lm-eval's minerva tasks keep it as they normalise it, which damages some (a matrix loses the marks between
    its rows, `5x + 1 = 0` becomes `0`); there it is taken out of the solution's box.
    """
    boxed = last_boxed(text(doc.get("solution"))) if "samples_minerva_math" in place else ""
    return boxed or text(doc.get("answer"))


def _responses(row: Row, place: str) -> list[str]:
    """The texts that the model gave; lm-eval keeps one list for each request."""
    lists = need(row, "resps", place, HARNESS)
    if not (isinstance(lists, list) and len(lists) == 1 and isinstance(lists[0], list) and lists[0]):
        raise DataUnreadable(
            f"{place}: `resps` is not one list of responses", "Only generation tasks can be imported."
        )
    if not all(isinstance(response, str) for response in lists[0]):
        raise DataUnreadable(
            f"{place}: the responses are no texts", "Only generation tasks (generate_until) can be imported."
        )
    return [text(response) for response in lists[0]]


def _plain(responses: Iterable[str]) -> list[Answer]:
    return [Answer(text=response) for response in responses]


def _own(row: Row, responses: Sequence[str]) -> list[Answer]:
    """The responses of our own tasks, with their facts and grades."""
    details = {d.get("index"): d for d in row["samples"] if isinstance(d, dict)}
    return [_detailed(response, mapping(details.get(i))) for i, response in enumerate(responses)]


def _detailed(response: str, detail: Row) -> Answer:
    failed = mapping(detail.get("failure"))
    verdict = detail.get("verdict")
    mark = Mark(
        correct={"correct": True, "wrong": False, "no_answer": False}.get(str(verdict)),
        extracted=detail.get("extracted"),
        reason=text(detail.get("reason")),
    )
    return Answer(
        text=response,
        reasoning=text(detail.get("reasoning")),
        finish_reason=text(detail.get("finish_reason")),
        prompt_tokens=whole(detail.get("prompt_tokens")),
        completion_tokens=whole(detail.get("completion_tokens")),
        reasoning_tokens=whole(detail.get("reasoning_tokens")),
        seconds=number(detail.get("seconds")),
        model=text(detail.get("model")),
        failure=Failure(kind=text(failed["kind"]), detail=text(failed.get("detail"))) if failed else None,
        marks={} if failed or verdict is None else {"pass@1": mark},
    )


def _marked(answers: list[Answer], row: Row, responses: Sequence[str], notes: _Notes) -> list[Answer]:
    """The answers with the verdicts of this row's metrics; our own rows have theirs already."""
    if isinstance(row.get("samples"), list):
        return answers
    names = row.get("metrics")
    metrics = map(str, names) if isinstance(names, list) else [name for name in row if name not in _OTHER]
    kept = _kept(row, responses)
    suffix = "" if row.get("filter", "none") == "none" else f",{row['filter']}"
    for metric in metrics:
        verdict = decided(row.get(metric))
        if kept is None or verdict is None:
            why = "is no verdict on one response" if kept is not None else "cannot be given to one response"
            notes.add(f"{metric}{suffix} {why}; it was left out")
            continue
        index, extracted = kept
        mark = Mark(correct=verdict, extracted=extracted)
        answers[index] = _with_mark(answers[index], f"{metric}{suffix}", mark)
    return answers


def _with_mark(answer: Answer, name: str, mark: Mark) -> Answer:
    return replace(answer, marks={**answer.marks, name: mark})


def _kept(row: Row, responses: Sequence[str]) -> tuple[int, str | None] | None:
    """Which response the row's filter kept, and what it extracted from it; None when it cannot be told."""
    filtered = row.get("filtered_resps")
    value = filtered[0] if isinstance(filtered, list) and filtered else filtered
    if isinstance(value, list):
        value = value[0] if len(value) == 1 else None
    if value in responses:
        return responses.index(value), None
    if len(responses) == 1:
        return 0, text(value) if isinstance(value, str) else None
    return None


# -- how it was asked ------------------------------------------------------------------------


def _first_argument(row: Row) -> object:
    arguments = row.get("arguments")
    if isinstance(arguments, list):  # lm-eval before 0.4.4 logs pairs
        return arguments[0][0] if arguments and isinstance(arguments[0], list) and arguments[0] else None
    return mapping(mapping(arguments).get("gen_args_0")).get("arg_0")


def _second_argument(row: Row) -> Row:
    arguments = row.get("arguments")
    if isinstance(arguments, list):
        first = arguments[0] if arguments else []
        return mapping(first[1]) if isinstance(first, list) and len(first) > 1 else {}
    return mapping(mapping(mapping(arguments).get("gen_args_0")).get("arg_1"))


def _messages(prompt: object) -> tuple[Message, ...]:
    """The prompt as messages; a chat is logged as JSON text, sometimes in a list of one."""
    if isinstance(prompt, list) and len(prompt) == 1:
        prompt = prompt[0]
    if isinstance(prompt, str) and prompt.startswith("[{"):
        try:
            return messages(json.loads(prompt))
        except (ValueError, RecursionError):
            pass
    return messages(prompt)


def _settings(rows: Iterable[Row], notes: _Notes) -> Settings:
    """The settings that all rows share."""
    found = {json.dumps(_second_argument(row), sort_keys=True): _second_argument(row) for row in rows}
    if len(found) != 1:
        notes.add("the rows were made with different settings; none is taken over")
        return Settings()
    (settings,) = found.values()
    temperature, sampled = number(settings.get("temperature")), settings.get("do_sample")
    if temperature is None and sampled is False:
        temperature = 0.0
    elif temperature and sampled is False:
        notes.add(
            f"the log has do_sample=false beside temperature={temperature:g}; which one held depends on the "
            "model class, so the temperature is unknown"
        )
        temperature = None
    stop = settings.get("until")
    return Settings(
        temperature=temperature,
        top_p=number(settings.get("top_p")),
        max_tokens=next((n for name in _LIMITS if (n := whole(settings.get(name))) is not None), None),
        seed=whole(settings.get("seed")),
        stop=tuple(map(text, stop)) if isinstance(stop, list) else None,
    )


# -- the results file ------------------------------------------------------------------------


def _task(path: Path) -> str:
    return _STAMP.sub("", path.name).removeprefix("samples_").removesuffix(".jsonl")


def _beside(path: Path) -> Path | None:
    """The results file of the same date beside a samples file."""
    stamp = _STAMP.search(path.name)
    found = sorted(path.parent.glob(f"*_{stamp[1]}.json")) if stamp else []
    return found[0] if found else None


def _model(results: Row) -> str:
    arguments = mapping(results.get("config")).get("model_args")
    named = mapping(arguments).get("model") or mapping(arguments).get("pretrained")
    if named is None and isinstance(arguments, str):
        parts = dict(part.split("=", 1) for part in arguments.split(",") if "=" in part)
        named = parts.get("model") or parts.get("pretrained")
    return text(results.get("model_name") or named)


def _base_url(results: Row) -> str:
    return text(mapping(mapping(results.get("config")).get("model_args")).get("base_url"))


def _created(date: object) -> str:
    """lm-eval writes seconds since 1970; our own export writes ISO 8601."""
    if isinstance(date, str):
        return date
    seconds = number(date)
    if seconds is None:
        return ""
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat(timespec="seconds")


def _reported(results: Row, tasks: Sequence[str]) -> dict[str, float]:
    found = {}
    for task in tasks:
        for name, value in mapping(mapping(results.get("results")).get(task)).items():
            if "," in name and "stderr" not in name and (value := number(value)) is not None:
                found[name if len(tasks) == 1 else f"{task}/{name}"] = value
    return found


def _shots(results: Row, tasks: Sequence[str]) -> int | None:
    counts = {whole(mapping(results.get("n-shot")).get(task)) for task in tasks}
    return counts.pop() if len(counts) == 1 else None
