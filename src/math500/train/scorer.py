"""The reward of sampled completions, and what the watch wants to know of them.

    completions ──grade──▶ right 1, wrong 0, could not tell None ──form and length──▶ rewards
         │                                                                               └─▶ the trainer
         └──signals, other graders──▶ shares of the step ──▶ the trainer's log

The grader is `grading.grade`, told the question and whether the completion was cut. What it could not tell
is no reward at all: the trainer leaves the completion out of its group. Nothing that a model wrote raises,
and a comparison ends after `grade_seconds`. The terms for form and length are off unless they have a weight.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from math500.grading import grade, presets
from math500.grading.presets import Preset
from math500.grading.reward import Completion, each_once, reward_of, text_of
from math500.records import Message, SamplingSettings, Verdict
from math500.train import signals

METRICS = (
    "right",
    "unknown",
    "boxed",
    "copied",
    "repeated",
    "cut",
    "graders_right",
    "graders_agree",
)
"""Logged of a step: shares of its completions; `unknown` could not be told, `cut` ended at the limit."""


@dataclass(frozen=True)
class Sampled:
    """One completion, as it is graded."""

    text: str
    question: str
    answer: str
    tokens: int
    cut: bool


class Scorer:
    """The reward function of a training, as TRL calls it.

    Args:
        settings: of `train grpo` or `train ppo`.
        ends: the tokens that end a completion.
    """

    __name__ = "reward"

    def __init__(self, settings: SamplingSettings, ends: Sequence[int]) -> None:
        self._settings = settings
        self._ends = frozenset(ends)
        self._others = graders(settings.graders)

    def __call__(
        self,
        prompts: Sequence[Sequence[Mapping[str, str]]],
        completions: Sequence[Completion],
        completion_ids: Sequence[Sequence[int]],
        answer: Sequence[str],
        log_metric: Callable[[str, float], None] = lambda *_: None,
        **_: Any,  # noqa: ANN401 - what else TRL knows
    ) -> list[float | None]:
        """The reward of each completion; None where it could not be told."""
        most = self._settings.completion_length
        sampled = [
            Sampled(text_of(text), question_of(asked), known, len(ids), self._cut(ids, most))
            for asked, text, ids, known in zip(prompts, completions, completion_ids, answer, strict=True)
        ]
        verdicts = self.verdicts(sampled)
        for name, value in self._shares(sampled, verdicts):
            log_metric(name, value)
        asked = [[Message(role=m["role"], content=m["content"]) for m in prompt] for prompt in prompts]  # type: ignore[arg-type]
        base = self.base(asked, sampled, verdicts, log_metric)
        return [
            None if reward is None else reward + self._terms(one)
            for one, reward in zip(sampled, base, strict=True)
        ]

    def base(
        self,
        asked: Sequence[Sequence[Message]],  # noqa: ARG002 - for those that value the question as well
        sampled: Sequence[Sampled],  # noqa: ARG002
        verdicts: Sequence[Verdict],
        log_metric: Callable[[str, float], None],  # noqa: ARG002
    ) -> list[float | None]:
        """The rewards without the terms for form and length: 1 for right, 0 for wrong, None for not told."""
        return [reward_of(verdict) for verdict in verdicts]

    def _cut(self, ids: Sequence[int], most: int) -> bool:
        return len(ids) >= most and ids[-1] not in self._ends

    def verdicts(self, sampled: Sequence[Sampled]) -> list[Verdict]:
        """The grader's word on each; equal ones are graded once, several at a time."""
        return each_once(self._verdict, sampled)

    def _verdict(self, one: Sampled) -> Verdict:
        seconds = self._settings.grade_seconds
        return grade(one.text, one.answer, truncated=one.cut, question=one.question, timeout=seconds).verdict

    def _terms(self, one: Sampled) -> float:
        """What form and length add; nothing unless they have a weight."""
        wanted = self._settings
        form = signals.boxed(one.text, truncated=one.cut) if wanted.format_weight else 0.0
        length = over(one.tokens, wanted) if wanted.length_weight else 0.0
        return wanted.format_weight * form - wanted.length_weight * length

    def _shares(self, sampled: Sequence[Sampled], verdicts: Sequence[Verdict]) -> Iterator[tuple[str, float]]:
        told = [verdict == "correct" for verdict in verdicts if verdict != "ungraded"]
        if told:
            yield "right", fmean(told)
        yield "unknown", 1 - len(told) / len(sampled)
        yield "boxed", fmean(signals.boxed(one.text, truncated=one.cut) for one in sampled)
        yield "copied", fmean(signals.copied(one.text, one.question) for one in sampled)
        yield "repeated", fmean(signals.repeated(one.text) for one in sampled)
        yield "cut", fmean(one.cut for one in sampled)
        yield from self._seen_by_others(sampled, verdicts)

    def _seen_by_others(
        self, sampled: Sequence[Sampled], verdicts: Sequence[Verdict]
    ) -> Iterator[tuple[str, float]]:
        """What other graders make of some of them, spread over the batch."""
        apart = max(1, len(sampled) // max(1, self._settings.graded_most))
        some = list(zip(sampled, verdicts, strict=True))[::apart][: self._settings.graded_most]
        theirs = [
            (other.grade(one.text, one.answer).verdict, verdict)
            for one, verdict in some
            for other in self._others
        ]
        both = [(a == "correct", b == "correct") for a, b in theirs if "ungraded" not in (a, b)]
        if both:
            yield "graders_right", fmean(a for a, _ in both)
            yield "graders_agree", fmean(a == b for a, b in both)


def graders(names: str) -> tuple[Preset, ...]:
    """The graders of these names, with commas between.

    Raises:
        UsageError: there is none of a name.
    """
    return tuple(presets.get(name.strip()) for name in names.split(",") if name.strip())


def question_of(messages: Sequence[Mapping[str, str]]) -> str:
    """What the last message of a prompt says."""
    return messages[-1]["content"]


def over(tokens: int, settings: SamplingSettings) -> float:
    """How far a completion is from `length_from` tokens to the limit, from 0 to 1.

    A soft punishment of length, as DAPO has it (arXiv:2503.14476, section 3.4).
    """
    most = settings.completion_length
    begin = settings.length_from or most // 2
    return min(1.0, max(0.0, (tokens - begin) / max(1, most - begin)))
