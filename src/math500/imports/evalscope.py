"""evalscope's `reviews/MODEL/TASK_SUBSET.jsonl` and `predictions/MODEL/TASK_SUBSET.jsonl` (1.x).

A prediction (`api/evaluator/cache.py`, `ModelResult`) has the messages, the model's output with its stop
reason, tokens and time. A review (`ReviewResult`) has the target and the score of the same `index`. Either
file can be given; the other one is looked for in the neighbouring folder. The file of a subset (`Level 1`,
...) holds a part of the set: give all of them, or their folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from math500.data.rows import last_boxed
from math500.errors import DataUnreadable
from math500.imports.chat import before_answer, said
from math500.imports.log import Answer, Item, Log, Mark
from math500.imports.rows import Row, decided, json_lines, mapping, need, number, text, whole
from math500.records import Failure, Message

HARNESS = "evalscope"
_STOPS = {"max_tokens": "length", "model_length": "length", "unknown": ""}
_SIDES = {"reviews": "predictions", "predictions": "reviews"}


def matches(row: Row) -> bool:
    """Whether the row is a review or a prediction."""
    return "index" in row and ("sample_score" in row or "model_output" in row)


def read(paths: Sequence[Path]) -> Log:
    """The log in these files.

    Raises:
        DataUnreadable: a file is damaged, or a row has no target.
    """
    items: list[Item] = []
    beside: list[Path] = []
    for path in paths:
        other = _other_side(path)
        found = [path] if other is None else [path, other]
        beside.extend(found[1:])
        items.extend(_file(found))
    models = {answer.model for item in items for answer in item.answers if answer.model}
    return Log(
        harness=HARNESS,
        items=tuple(items),
        task=", ".join(path.stem for path in paths),
        model=models.pop() if len(models) == 1 else paths[0].parent.name,
        beside=tuple(path for path in beside if path not in paths),
        notes=("evalscope keeps its settings in configs/*.yaml, which is not read",),
    )


def _other_side(path: Path) -> Path | None:
    """The reviews beside predictions, or the predictions beside reviews."""
    side = path.resolve().parent.parent
    if side.name not in _SIDES:
        return None
    other = side.parent / _SIDES[side.name] / path.resolve().parent.name / path.name
    return other if other.is_file() else None


def _file(paths: Sequence[Path]) -> list[Item]:
    """The problems of one subset; the samples of a group are its responses."""
    reviews: dict[str, tuple[str, Row]] = {}
    predictions: dict[str, tuple[str, Row]] = {}
    for path in paths:
        for place, row in json_lines(path):
            index = text(need(row, "index", place, HARNESS))
            (reviews if "sample_score" in row else predictions)[index] = place, row
    groups: dict[str, list[tuple[int, str]]] = {}
    for order, index in enumerate(dict.fromkeys((*predictions, *reviews))):
        score = mapping(reviews.get(index, ("", {}))[1].get("sample_score"))
        group = score.get("group_id")
        at = whole(score.get("generation_index"))
        groups.setdefault(text(index if group is None else group), []).append(
            (order if at is None else at, index)
        )
    return [_item([index for _, index in sorted(each)], predictions, reviews) for each in groups.values()]


def _item(
    indexes: Sequence[str], predictions: dict[str, tuple[str, Row]], reviews: dict[str, tuple[str, Row]]
) -> Item:
    place, review = reviews.get(indexes[0], ("", {}))
    place_too, prediction = predictions.get(indexes[0], ("", {}))
    data = mapping(prediction.get("metadata")) or mapping(
        mapping(review.get("sample_score")).get("sample_metadata")
    )
    target = review.get("target")
    reference = text(target[0] if isinstance(target, list) and target else target)
    reference = reference or last_boxed(text(data.get("solution")))
    if not reference:
        raise DataUnreadable(
            f"{place or place_too}: no target", "Give the reviews too; they hold the reference answers."
        )
    turns = prediction.get("messages") or review.get("messages")
    return Item(
        place=place or place_too,
        problem="",
        answer=reference,
        unique_id=text(data.get("question_id") or data.get("unique_id")),
        solution=text(data.get("solution")),
        asked=before_answer(turns) or _older(review),
        answers=tuple(
            _answer(predictions.get(index, ("", {}))[1], reviews.get(index, ("", {}))[1]) for index in indexes
        ),
    )


def _answer(prediction: Row, review: Row) -> Answer:
    output = mapping(prediction.get("model_output"))
    choices = output.get("choices")
    choice = mapping(choices[0]) if isinstance(choices, list) and choices else {}
    score = mapping(mapping(review.get("sample_score")).get("score"))
    given = mapping(choice.get("message")).get("content")
    usage = mapping(output.get("usage"))
    error, stop = output.get("error"), text(choice.get("stop_reason"))
    answer, thought = said(score.get("prediction") if given is None else given)
    failure = Failure(kind="logged", detail=text(error)) if error and not answer else None
    return Answer(
        text=answer,
        reasoning=thought,
        finish_reason=_STOPS.get(stop, stop),
        prompt_tokens=whole(usage.get("input_tokens")),
        completion_tokens=whole(usage.get("output_tokens")),
        reasoning_tokens=whole(usage.get("reasoning_tokens")),
        seconds=number(output.get("time")),
        model=text(prediction.get("model")),
        failure=failure,
        marks={} if failure else _marks(score),
    )


def _marks(score: Row) -> dict[str, Mark]:
    extracted = score.get("extracted_prediction")
    return {
        name: Mark(correct=verdict, extracted=None if extracted is None else text(extracted))
        for name, value in mapping(score.get("value")).items()
        if (verdict := decided(value)) is not None
    }


def _older(review: Row) -> tuple[Message, ...]:
    """Reviews before 1.2 keep the prompt as one text."""
    return (Message(role="user", content=text(review["input"])),) if review.get("input") else ()
