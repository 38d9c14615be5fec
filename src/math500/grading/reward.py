r"""The grader as a reward function, in the signature that TRL's trainers call.

    from math500.grading.reward import reward
    GRPOTrainer(model, reward_funcs=[reward], train_dataset=rows_with_a_column_named_answer)

A completion gets 1.0 for a right answer, 0.0 for a wrong one and for none, and None where the grader could
not tell. TRL leaves a None out of the sample's reward, so a fault of ours neither punishes nor rewards.
The signature: https://huggingface.co/docs/trl/grpo_trainer#using-a-custom-reward-function
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from math500.grading import grade

Completion = str | Sequence[Mapping[str, object]]
"""A completion as text, or as chat messages of which the last one answers."""


def reward(
    completions: Sequence[Completion],
    answer: Sequence[str],
    unique_id: Sequence[str | None] | None = None,
    truncated: Sequence[bool] | None = None,
    **_: object,
) -> list[float | None]:
    """The reward of each completion; never raises for what a model wrote.

    Args:
        completions: what the model wrote.
        answer: the reference answer of each completion, from the data set's column of that name.
        unique_id: each problem's id, where the data set has such a column.
        truncated: whether each completion ended at the token limit.
    """
    ids = unique_id or [None] * len(completions)
    cuts = truncated or [False] * len(completions)
    texts = [text_of(completion) for completion in completions]
    rows = list(zip(texts, answer, ids, cuts, strict=True))
    distinct = list(dict.fromkeys(rows))
    with ThreadPoolExecutor(os.cpu_count()) as threads:  # each core has a process for symbolic comparisons
        found = dict(zip(distinct, threads.map(lambda row: _one(*row), distinct), strict=True))
    return [found[row] for row in rows]


def text_of(completion: Completion) -> str:
    """The text of a completion: itself, or what its last message says."""
    if isinstance(completion, str):
        return completion
    content = completion[-1].get("content") if completion else None
    return content if isinstance(content, str) else ""


def _one(response: str, answer: str, unique_id: str | None, truncated: bool) -> float | None:
    verdict = grade(response, str(answer), unique_id=unique_id, truncated=truncated).verdict
    return None if verdict == "ungraded" else 1.0 if verdict == "correct" else 0.0
