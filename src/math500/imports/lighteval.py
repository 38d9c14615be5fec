"""lighteval's details: `details/MODEL/DATE/details_TASK_DATE.parquet`, and `results/MODEL/results_DATE.json`.

A row (lighteval 0.10 and later, `logging/info_loggers.py`) has `doc` (query, choices, gold_index, ...),
`model_response` (input, text, output_tokens, reasonings) and `metric`. The reference of `math_500` is the
whole solution behind "ANSWER: "; its last box is the answer. The metric of several responses is their mean
and belongs to none of them.

Before 0.10 a row has `example`, `full_prompt`, `predictions`, `cont_tokens`, `gold`, `metrics` instead, and
before 0.7 each of them as the text of a Python value (`Dataset.from_list([{k: str(v) ...}])`), which is read
as a literal and never run.

A request that failed is logged as an empty answer (`models/endpoints/litellm_model.py`). An answer that is
empty, with no token and no reasoning beside it, is therefore a failure here and not the model's.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from pathlib import Path

from math500.data.rows import last_boxed
from math500.errors import DataUnreadable
from math500.imports.chat import messages
from math500.imports.log import Answer, Item, Log, Mark, Settings
from math500.imports.rows import Row, decided, json_value, mapping, need, number, parquet, text, whole
from math500.records import Failure

HARNESS = "lighteval"


def read(paths: Sequence[Path]) -> Log:
    """The log in these details files.

    Raises:
        DataUnreadable: a file is damaged, or not of this layout.
        DependencyMissing: pyarrow is not installed.
    """
    rows = [
        (place, _as_now(row, place))
        for path in paths
        for at, row in enumerate(parquet(path), 1)
        for place in [f"{path}, row {at}"]
    ]
    if not rows:
        raise DataUnreadable(f"{paths[0]} holds no rows", "Check whether the evaluation was finished.")
    beside = tuple(path for path in [_results_of(paths[0])] if path is not None)
    results = mapping(json_value(beside[0])) if beside else {}
    general = mapping(results.get("config_general"))
    model = mapping(general.get("model_config"))
    items = [_item(row, place) for place, row in rows]
    shared = sorted({text(mapping(row.get("doc")).get("task_name")) for _, row in rows} - {""})
    several = sum(len(item.answers) > 1 for item in items)
    return Log(
        harness=HARNESS,
        items=tuple(items),
        version=text(general.get("lighteval_sha")).strip("?"),
        task=", ".join(shared),
        model=text(general.get("model_name") or model.get("model_name")),
        base_url=text(model.get("base_url")),
        settings=_settings(mapping(model.get("generation_parameters")), [row for _, row in rows]),
        beside=beside,
        reported=_reported(mapping(results.get("results")), shared),
        notes=(
            (f"the metrics of {several} problems are means over several responses; they were left out",)
            if several
            else ()
        ),
    )


def _as_now(row: Row, place: str) -> Row:
    """A row in today's layout.

    Raises:
        DataUnreadable: it is of none that is known.
    """
    if {"doc", "model_response", "metric"} <= row.keys():
        return row
    if not {"full_prompt", "predictions", "gold", "metrics"} <= row.keys():
        raise DataUnreadable(
            f"{place}: neither `model_response` nor `predictions` (its fields: {', '.join(row)})",
            "These are no details of a generation task; make JSONL of them (--format jsonl).",
        )
    old = {name: _literal(row.get(name), place) for name in ("predictions", "gold", "metrics", "full_prompt")}
    tokens = row.get("cont_tokens")
    if isinstance(tokens, list) and len(tokens) == 1 and isinstance(tokens[0], list):
        # One request for several samples keeps their tokens one level deeper.
        tokens = tokens[0] if tokens[0] and isinstance(tokens[0][0], list) else tokens
    return {
        "doc": {"query": row.get("example"), "choices": old["gold"], "gold_index": 0},
        "model_response": {
            "input": old["full_prompt"] or row.get("example"),
            "text": old["predictions"],
            "output_tokens": tokens,
        },
        "metric": old["metrics"],
    }


def _literal(value: object, place: str) -> object:
    """A value that was logged as the text of a Python value; any other as it is."""
    if not (isinstance(value, str) and value[:1] in ("[", "{")):
        return value
    try:
        return ast.literal_eval(value)
    except (ValueError, SyntaxError, MemoryError, RecursionError) as e:
        if value.startswith("[{"):
            return value
        raise DataUnreadable(f"{place}: a list that cannot be read ({e})", "Check the file.") from e


def _item(row: Row, place: str) -> Item:
    doc, response = mapping(row["doc"]), mapping(row["model_response"])
    choices = need(doc, "choices", place, HARNESS)
    gold = doc.get("gold_index")
    index = gold[0] if isinstance(gold, list) and gold else gold
    if not (isinstance(choices, list) and isinstance(index, int) and 0 <= index < len(choices)):
        raise DataUnreadable(f"{place}: `gold_index` is not one of `choices`", "Check the file.")
    reference = text(choices[index])
    return Item(
        place=place,
        problem=text(doc.get("original_query")),
        answer=last_boxed(reference) or reference.removeprefix("ANSWER:").strip(),
        solution=reference.removeprefix("ANSWER:").strip() if "\\boxed" in reference else "",
        asked=messages(response.get("input") or doc.get("query")),
        answers=tuple(_answers(response, mapping(row["metric"]), place)),
    )


def _answers(response: Row, metrics: Row, place: str) -> list[Answer]:
    said = need(response, "text", place, HARNESS)
    texts = said if isinstance(said, list) else [said]
    marks = {
        name: Mark(correct=verdict)
        for name, value in metrics.items()
        if len(texts) == 1 and (verdict := decided(value)) is not None
    }
    return [_answer(one, response, index, marks) for index, one in enumerate(texts)]


def _answer(said: object, response: Row, index: int, marks: dict[str, Mark]) -> Answer:
    tokens, thought = _nth(response.get("output_tokens"), index), _nth(response.get("reasonings"), index)
    count = len(tokens) if isinstance(tokens, list) else None
    lost = (
        not text(said).strip()
        and not count
        and not thought
        and not isinstance(response.get("output_tokens"), str)
    )
    return Answer(
        text=text(said),
        reasoning=text(thought),
        completion_tokens=count,
        failure=Failure(kind="empty", detail="an empty answer without a token") if lost else None,
        marks={} if lost else marks,
    )


def _nth(values: object, index: int) -> object:
    return values[index] if isinstance(values, list) and index < len(values) else None


def _settings(generation: Row, rows: Sequence[Row]) -> Settings:
    """The model's own limit goes before the task's, as in lighteval."""
    sizes = {whole(mapping(row.get("doc")).get("generation_size")) for row in rows}
    limit = whole(generation.get("max_new_tokens")) or (sizes.pop() if len(sizes) == 1 else None)
    stop = generation.get("stop_tokens")
    return Settings(
        temperature=number(generation.get("temperature")),
        top_p=number(generation.get("top_p")),
        max_tokens=limit,
        seed=whole(generation.get("seed")),
        stop=tuple(map(text, stop)) if isinstance(stop, list) else None,
    )


def _results_of(path: Path) -> Path | None:
    """The results file of the details' date, where lighteval puts it."""
    for folder in path.resolve().parents:
        if folder.name == "details":
            model = path.resolve().parent.parent.relative_to(folder)
            found = folder.parent / "results" / model / f"results_{path.resolve().parent.name}.json"
            return found if found.is_file() else None
    return None


def _reported(results: Row, tasks: Sequence[str]) -> dict[str, float]:
    return {
        name: value
        for task in tasks
        for name, raw in mapping(results.get(task)).items()
        if (value := number(raw)) is not None and "stderr" not in name
    }
