r"""The grader as a reward function, in the signature that TRL's trainers call.

    from math500.grading.reward import reward
    GRPOTrainer(model, reward_funcs=[reward], train_dataset=rows_with_a_column_named_answer)

A completion gets 1.0 for a right answer, 0.0 for a wrong one and for none, and None where the grader could
not tell. TRL leaves a None out of the sample's reward, so a fault of ours neither punishes nor rewards.
The signature: https://huggingface.co/docs/trl/grpo_trainer#using-a-custom-reward-function
"""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from math500.grading import grade
from math500.records import Verdict

Row = TypeVar("Row", bound=Hashable)
Found = TypeVar("Found")

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
    return [reward_of(verdict) for verdict in each_once(lambda row: _verdict(*row), rows)]


def reward_of(verdict: Verdict) -> float | None:
    """A verdict's reward: 1 for right, 0 for wrong and for no answer, None where it could not be told."""
    return None if verdict == "ungraded" else float(verdict == "correct")


def each_once(judge: Callable[[Row], Found], rows: Sequence[Row]) -> list[Found]:
    """What `judge` says of each row; equal rows are judged once, and several at a time."""
    distinct = list(dict.fromkeys(rows))
    with ThreadPoolExecutor(os.cpu_count()) as threads:  # each core has a process for symbolic comparisons
        found = dict(zip(distinct, threads.map(judge, distinct), strict=True))
    return [found[row] for row in rows]


def text_of(completion: Completion) -> str:
    """The text of a completion: itself, or what its last message says."""
    if isinstance(completion, str):
        return completion
    content = completion[-1].get("content") if completion else None
    return content if isinstance(content, str) else ""


def _verdict(response: str, answer: str, unique_id: str | None, truncated: bool) -> Verdict:
    return grade(response, str(answer), unique_id=unique_id, truncated=truncated).verdict
