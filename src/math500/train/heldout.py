"""Greedy answers to the questions that are not trained on, graded: how good the model is by now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from math500 import grading
from math500.records import QuestionRow
from math500.rewards.texts import plain


def right(
    model: Any,  # noqa: ANN401
    tokenizer: Any,  # noqa: ANN401
    rows: Sequence[QuestionRow],
    *,
    at_once: int,
    length: int,
) -> list[bool]:
    """Whether a model answers each question right, by one greedy completion.

    Args:
        model: transformers' own; it is left in the mode that it was in.
        tokenizer: the model's.
        rows: the questions.
        at_once: questions that are answered together.
        length: tokens of an answer at most.
    """
    training = model.training
    model.eval()
    try:
        parts = (rows[i : i + at_once] for i in range(0, len(rows), at_once))
        return [
            _right(row, *answer)
            for part in parts
            for row, answer in zip(part, _answers(model, tokenizer, part, length), strict=True)
        ]
    finally:
        model.train(training)


def _right(row: QuestionRow, text: str, cut: bool) -> bool:
    question = row.prompt[-1].content
    return grading.grade(text, row.answer, truncated=cut, question=question).verdict == "correct"


def _answers(
    model: Any,  # noqa: ANN401
    tokenizer: Any,  # noqa: ANN401
    rows: Sequence[QuestionRow],
    length: int,
) -> Iterator[tuple[str, bool]]:
    """Each answer's text, and whether it was cut."""
    import torch  # noqa: PLC0415 - heavy
    from transformers import GenerationConfig  # noqa: PLC0415

    asked = tokenizer.apply_chat_template(
        [plain(row.prompt) for row in rows],
        add_generation_prompt=True,
        padding=True,
        return_dict=True,
        return_tensors="pt",
        tokenizer_kwargs={"padding_side": "left"},
    ).to(model.device)
    config = GenerationConfig(
        max_new_tokens=length,
        do_sample=False,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=ends(model, tokenizer),
    )
    with torch.no_grad():
        whole = model.generate(**asked, generation_config=config)
    for ids in whole[:, asked["input_ids"].shape[1] :].tolist():
        cut = not set(ids) & {*ends(model, tokenizer), tokenizer.pad_token_id}
        yield tokenizer.decode(ids, skip_special_tokens=True), cut


def ends(model: Any, tokenizer: Any) -> list[int]:  # noqa: ANN401
    """The tokens that end a completion, by the model and by its tokenizer."""
    said = model.generation_config.eos_token_id
    found = said if isinstance(said, list) else [] if said is None else [said]
    return sorted({*found, tokenizer.eos_token_id})
