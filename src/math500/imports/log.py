"""What a foreign log says, in words that all harnesses share.

A reader (`lmeval`, `simple`, ...) turns files into a `Log`; nothing here knows a harness or a run
folder. None and "" stand for what the log does not say; a reader never fills them with a default of
the harness that is not in the log.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from math500.records import Failure, Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """The verdict of the log's own harness on one response.

    Attributes:
        correct: what it decided; None when it could not.
        extracted: the answer that it took out of the response, where the log keeps it.
        reason: its own words, where the log keeps them.
    """

    correct: bool | None
    extracted: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One response to one problem.

    Attributes:
        text: the response as logged.
        reasoning: what the endpoint returned apart from it.
        finish_reason: `stop`, `length`, ...; "" when the log does not say.
        failure: why there is no response, when the log says that the request failed.
        seconds: from sending the request to its end.
        marks: metric name to the harness' own verdict.
    """

    text: str
    reasoning: str = ""
    finish_reason: str = ""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    reasoning_tokens: int | None = None
    seconds: float | None = None
    model: str = ""
    failure: Failure | None = None
    marks: Mapping[str, Mark] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One problem of a log with its responses.

    Attributes:
        place: the file and row it was read from, for messages.
        problem: the question; "" when the log holds only the whole prompt.
        answer: the reference answer as logged.
        asked: the messages as sent, where the log keeps them.
        answers: the responses, in the order of their sample index.
    """

    place: str
    problem: str
    answer: str
    unique_id: str = ""
    solution: str = ""
    subject: str = ""
    level: int | None = None
    asked: tuple[Message, ...] = ()
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The decoding as far as the log states it; None is unknown, not "left out of the request"."""

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    stop: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """Everything that was read of one evaluation.

    Attributes:
        harness: `lm-eval`, `inspect`, ...; `jsonl` for plain rows.
        version: the harness' version, where logged.
        task: its name for what was evaluated.
        model: the model's name; "" when the log does not say.
        created: ISO 8601, where logged.
        shots: worked examples in the prompt, where logged.
        beside: files that were read besides the log itself, such as lm-eval's results.
        reported: the harness' own totals, by its own names, as fractions or counts.
        notes: what the reader left out or could not attribute, in sentences.
    """

    harness: str
    items: tuple[Item, ...]
    version: str = ""
    task: str = ""
    model: str = ""
    base_url: str = ""
    created: str = ""
    settings: Settings = field(default_factory=Settings)
    shots: int | None = None
    beside: tuple[Path, ...] = ()
    reported: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
