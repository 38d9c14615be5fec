"""Plain JSONL: one row for each response, or for each problem with a list of them.

The fields go by the names that scripts in this field use; the first that is there wins:

    problem      problem, question, query, input, prompt (a text, or a list of chat messages)
    response     response, completion, generation, output, model_output, prediction, code; the same names in
                 the plural, and any of them, may hold a list: k responses
    answer       expected_answer, ground_truth, reference_answer, gold_answer, reference, gold, target, gt,
                 answer
    id           unique_id, id
    verdict      correct, is_correct, symbolic_correct, score, acc: true/false or 1/0, a list for a list
    extracted    predicted_answer, extracted_answer, pred
    facts        finish_reason (stop_reason), prompt_tokens, completion_tokens (num_generated_tokens),
                 `usage`, reasoning (reasoning_content), seconds, model, error (the request failed, and why)
    settings     temperature, top_p, max_tokens, seed, when every row has the same

`expected_answer`, `generation`, `predicted_answer` and `symbolic_correct` are NeMo-Skills' `output.jsonl`;
`gt`, `code`, `pred` and `score` are Qwen2.5-Math's. Rows of the same problem and answer are its further
samples.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from math500.errors import DataUnreadable
from math500.imports.chat import messages
from math500.imports.log import Answer, Item, Log, Mark, Settings
from math500.imports.rows import Row, decided, json_lines, level, mapping, number, text, whole
from math500.records import Failure

HARNESS = "jsonl"
PROBLEM = ("problem", "question", "query", "input", "prompt")
RESPONSE = ("response", "completion", "generation", "output", "model_output", "prediction", "code")
ANSWER = (
    *("expected_answer", "ground_truth", "reference_answer", "gold_answer"),
    *("reference", "gold", "target", "gt", "answer"),
)
VERDICT = ("correct", "is_correct", "symbolic_correct", "score", "acc")
EXTRACTED = ("predicted_answer", "extracted_answer", "pred")
REFUSED = ("No response (bad request).",)
"""What openai/simple-evals writes in place of a response when the request was refused
(`sampler/chat_completion_sampler.py`)."""
_RESPONSES = tuple(name for one in RESPONSE for name in (one, f"{one}s"))


def matches(row: Row) -> bool:
    """Whether the row has a response and says what was asked."""
    return _name(row, _RESPONSES) is not None and _name(row, (*PROBLEM, "unique_id")) is not None


def read(paths: Sequence[Path]) -> Log:
    """The log in these files.

    Raises:
        DataUnreadable: a file is damaged, or a row lacks its problem or response.
    """
    rows = [placed for path in paths for placed in json_lines(path)]
    return Log(
        harness=HARNESS,
        items=tuple(_item(row, place) for place, row in rows),
        task=", ".join(path.stem for path in paths),
        model=_shared(text(row.get("model")) for _, row in rows) or "",
        settings=_settings([row for _, row in rows]),
    )


def _item(row: Row, place: str) -> Item:
    asked_by = _name(row, (*PROBLEM, "unique_id"))
    said_by = _name(row, _RESPONSES)
    if asked_by is None or said_by is None:
        missing, names = ("response", RESPONSE) if said_by is None else ("problem", PROBLEM)
        raise DataUnreadable(
            f"{place}: no {missing} (its fields: {', '.join(row) or 'none'})",
            f"Name it one of: {', '.join(names)}.",
        )
    asked = messages(row.get("prompt"))
    problem = _first(row, PROBLEM)
    return Item(
        place=place,
        problem=text(problem) if isinstance(problem, str) else "",
        answer=text(_first(row, ANSWER)),
        unique_id=text(row.get("unique_id", row.get("id"))),
        solution=text(row.get("solution")),
        subject=text(row.get("subject")),
        level=level(row.get("level")),
        asked=asked,
        answers=tuple(_answers(row, said_by, place)),
    )


def _answers(row: Row, said_by: str, place: str) -> Iterable[Answer]:
    said = row[said_by]
    texts = said if isinstance(said, list) else [said]
    if not all(isinstance(one, str) or one is None for one in texts):
        raise DataUnreadable(f"{place}: `{said_by}` is no text and no list of texts", "Mend that row.")
    usage = mapping(row.get("usage"))
    for index, one in enumerate(texts):
        own: dict[str, Any] = {name: _nth(value, index, len(texts)) for name, value in row.items()}
        error = own.get("error") or (one if one in REFUSED else None)
        lost = bool(error) and (not one or one in REFUSED)
        yield Answer(
            text=text(one),
            reasoning=text(own.get("reasoning") or own.get("reasoning_content")),
            finish_reason=text(own.get("finish_reason") or own.get("stop_reason")),
            prompt_tokens=_count(own, usage, "prompt_tokens"),
            completion_tokens=_count(own, usage, "completion_tokens", "num_generated_tokens"),
            seconds=number(own.get("seconds")),
            model=text(own.get("model")),
            failure=Failure(kind="logged", detail=text(error)) if lost else None,
            marks={} if lost else _marks(own),
        )


def _marks(row: Row) -> dict[str, Mark]:
    extracted = _first(row, EXTRACTED)
    return {
        name: Mark(correct=verdict, extracted=None if extracted is None else text(extracted))
        for name in VERDICT
        if (verdict := decided(row.get(name))) is not None
    }


def _nth(value: object, index: int, count: int) -> object:
    """The value's part for one of several responses."""
    return value[index] if isinstance(value, list) and len(value) == count else value


def _count(row: Row, usage: Row, *names: str) -> int | None:
    return next((n for name in names for of in (row, usage) if (n := whole(of.get(name))) is not None), None)


def _settings(rows: Sequence[Row]) -> Settings:
    return Settings(
        temperature=_shared(number(row.get("temperature")) for row in rows),
        top_p=_shared(number(row.get("top_p")) for row in rows),
        max_tokens=_shared(whole(row.get("max_tokens")) for row in rows),
        seed=_shared(whole(row.get("seed")) for row in rows),
    )


def _shared(values: Iterable[Any]) -> Any:  # noqa: ANN401 - one type in, the same out
    """The value that all have, or None."""
    found = set(values)
    return found.pop() if len(found) == 1 else None


def _name(row: Row, names: Iterable[str]) -> str | None:
    return next((name for name in names if row.get(name) is not None), None)


def _first(row: Row, names: Iterable[str]) -> object:
    name = _name(row, names)
    return None if name is None else row[name]
