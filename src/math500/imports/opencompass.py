"""OpenCompass: `predictions/MODEL/DATASET.json`, and `results/MODEL/DATASET.json` for its verdicts.

Predictions (`openicl/icl_inferencer/icl_base_inferencer.py`) are one JSON object: "0", "1", ... to
`origin_prompt` (a text, or a list of `{role, prompt}` with the roles SYSTEM, HUMAN and BOT), `prediction` (a
text, or a list for self-consistency) and `gold`. A set that was cut into parts is in DATASET_0.json,
DATASET_1.json, ...: give all of them. `gold` may be a whole solution; its last box is the answer.

Results keep `details` when the evaluation was asked to dump them: one entry for each prediction, with
`correct`. An evaluator that drops rows it cannot read leaves fewer entries than predictions; nothing can be
attributed then, and the verdicts are left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from math500.data.rows import last_boxed
from math500.errors import DataUnreadable
from math500.imports.chat import messages
from math500.imports.log import Answer, Item, Log, Mark
from math500.imports.rows import Row, decided, json_value, mapping, need, number, text
from math500.records import Role

HARNESS = "opencompass"
_ROLES: dict[str, Role] = {"SYSTEM": "system", "HUMAN": "user", "BOT": "assistant"}


def matches(value: object) -> bool:
    """Whether a JSON file holds predictions: every key a number, every value a prediction."""
    rows = list(value.items()) if isinstance(value, dict) else []
    return bool(rows) and all(key.isdigit() and "prediction" in mapping(row) for key, row in rows)


def read(paths: Sequence[Path]) -> Log:
    """The log in these predictions files, in the order of their parts.

    Raises:
        DataUnreadable: a file is damaged, or a row has no reference answer.
    """
    rows = [placed for path in paths for placed in _rows(path)]
    beside = tuple(path for path in [_results_of(paths[0])] if path is not None)
    results = mapping(json_value(beside[0])) if beside else {}
    details, notes = _details(results.get("details"), len(rows))
    return Log(
        harness=HARNESS,
        items=tuple(_item(row, place, details[at]) for at, (place, row) in enumerate(rows)),
        task=_stem(paths[0]),
        model=paths[0].resolve().parent.name if _results_folder(paths[0]) else "",
        beside=beside,
        reported={k: value for k, raw in results.items() if (value := number(raw)) is not None},
        notes=notes,
    )


def _rows(path: Path) -> list[tuple[str, Row]]:
    found = json_value(path)
    if not matches(found):
        raise DataUnreadable(
            f"{path} holds no OpenCompass predictions", 'They are an object of "0", "1", ... to predictions.'
        )
    return [(f"{path}, {key}", mapping(found[key])) for key in sorted(found, key=int)]


def _item(row: Row, place: str, detail: Row) -> Item:
    gold = row.get("gold")
    reference = text(gold[0] if isinstance(gold, list) and gold else gold)
    said = need(row, "prediction", place, HARNESS)
    texts = said if isinstance(said, list) else [said]
    verdict = decided(detail.get("correct")) if len(texts) == 1 else None
    extracted = detail.get("pred")
    mark = Mark(correct=verdict, extracted=None if extracted is None else text(extracted))
    return Item(
        place=place,
        problem="",
        answer=last_boxed(reference) or reference,
        solution=reference if "\\boxed" in reference else "",
        asked=messages(row.get("origin_prompt"), roles=_ROLES, field="prompt"),
        answers=tuple(
            Answer(text=text(one), marks={} if verdict is None else {"correct": mark}) for one in texts
        ),
    )


# -- results ---------------------------------------------------------------------------------


def _details(found: object, rows: int) -> tuple[list[Row], tuple[str, ...]]:
    """The verdict of each prediction; empty where there is none that surely belongs to it."""
    nothing: list[Row] = [{} for _ in range(rows)]
    if found is None:
        return nothing, ()
    if isinstance(found, dict):
        keyed = {key: mapping(value) for key, value in found.items() if key.isdigit()}
        given = [keyed[key] for key in sorted(keyed, key=int)]
    else:
        given = [mapping(value) for value in found] if isinstance(found, list) else []
    if len(given) != rows:
        return nothing, (
            f"the results hold {len(given)} details for {rows} predictions; the verdicts were left out",
        )
    return given, ()


def _stem(path: Path) -> str:
    return re.sub(r"_\d+$", "", path.stem)


def _results_folder(path: Path) -> Path | None:
    side = path.resolve().parent.parent
    return side.parent / "results" / path.resolve().parent.name if side.name == "predictions" else None


def _results_of(path: Path) -> Path | None:
    """The results of the same model and set, whole or of the one part."""
    folder = _results_folder(path)
    names = (path.name, f"{_stem(path)}.json")
    return next((folder / name for name in names if (folder / name).is_file()), None) if folder else None
