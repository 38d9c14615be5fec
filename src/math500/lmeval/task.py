"""A math500 task: lm-eval's own configurable task, with what the YAML leaves open filled in.

A task file names a prompt (and a subject); the wording, its stop strings and its worked examples
come from `prompts`, the problems from `data`, the score from `scoring`. Nothing is kept twice.

Two things can be set from outside, through lm-eval's `--metadata`:

    problems=FILE    a user's own problem set in place of math500
    repeats=K        K samples a problem: pass@1 is averaged over them, and maj@K is added
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Mapping
from typing import Any

import msgspec

from math500 import __version__, data, grading, prompts
from math500.errors import UsageError
from math500.lmeval import require, scoring
from math500.records import DataSource, Problem, Prompt

require()
from datasets import Dataset  # noqa: E402 - only after the check, which says what to install
from lm_eval.api.task import ConfigurableTask  # noqa: E402

logger = logging.getLogger("lm_eval")

GENERATION = {"temperature": 0.0, "max_gen_toks": 2048}
"""Greedy, with the limit of Qwen2.5-Math's own evaluation (`max_tokens_per_call`). It leaves a window of
4,096 tokens room for the longest prompt; without that room lm-eval's local models refuse to start, or
cut the prompt's beginning off. A model that thinks needs more: --gen_kwargs max_gen_toks=32768."""
OTHER_LIMITS = ("max_new_tokens", "max_tokens", "max_completion_tokens")
"""lm-eval's other names for max_gen_toks, which would lose against it."""


class Math500Task(ConfigurableTask):  # type: ignore[misc] # lm-eval ships no types
    """One task of the family.

    Args:
        config: the YAML's content. `prompt` and `subject` are ours, the rest is lm-eval's.

    Raises:
        UsageError: the prompt, the subject or `repeats` is not one.
        DataError: the problem set could not be had.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        own = dict(config)
        own.pop("class", None)
        self.asked = _prompt(own.pop("prompt", prompts.DEFAULT))
        metadata = own.get("metadata") or {}
        self.source, self.problems = _problems(metadata.get("problems", "math500"), own.pop("subject", None))
        super().__init__(config=own | self._filled_in(own, metadata))

    def _filled_in(self, config: Mapping[str, Any], metadata: Mapping[str, Any]) -> dict[str, Any]:
        """The parts of lm-eval's configuration that the prompt and the metadata decide."""
        repeats = _repeats(metadata.get("repeats", config.get("repeats", 1)))
        system = self.asked.system
        return {
            "repeats": repeats,
            "description": f"{{% raw %}}{system}{{% endraw %}}" if system else "",
            "doc_to_target": "answer",
            "process_results": scoring.process_results,
            "metric_list": scoring.metric_list(repeats),
            # Pass the list of a problem's responses on as it is; without a filter lm-eval keeps the first.
            "filter_list": [{"name": "none", "filter": []}],
            "generation_kwargs": GENERATION
            | (config.get("generation_kwargs") or {})
            | {"until": list(self.asked.stop)},
            "metadata": {
                # Not the model's arguments, which lm-eval mixes in and records elsewhere.
                "version": metadata.get("version"),
                "config_source": metadata.get("config_source"),
                "prompt": msgspec.to_builtins(self.asked),
                "data": msgspec.to_builtins(self.source),
                "grader": grading.GRADER,
                "math500_version": __version__,
            },
        }

    def download(self, dataset_kwargs: dict[str, Any] | None = None, **_: Any) -> None:  # noqa: ANN401, ARG002
        """Hand the problems over; lm-eval would look for a data set on the hub."""
        rows = [msgspec.to_builtins(problem) for problem in self.problems]
        self.dataset = {"test": Dataset.from_list(rows)}

    def doc_to_text(self, doc: Mapping[str, Any], doc_to_text: object = None) -> str:  # noqa: ARG002
        """The user message; the system message, if any, is lm-eval's `description`."""
        return prompts.messages(self.asked, doc["problem"])[-1].content

    def build_all_requests(self, **options: Any) -> None:  # noqa: ANN401 - lm-eval's own options
        """As lm-eval, once the settings of the command line are in; they are made whole first."""
        sampled = _made_whole(self.config.generation_kwargs)
        if self.config.repeats > 1 and not sampled:
            logger.warning(
                "%s: %d samples a problem at temperature 0 hardly differ; add --gen_kwargs temperature=0.6",
                self.task_name,
                self.config.repeats,
            )
        super().build_all_requests(**options)


@functools.cache
def _prompt(name: str) -> Prompt:
    """The prompt, its worked examples filled in from the MATH train split where it has some there."""
    prompt = prompts.get(name)
    return prompts.with_shots(prompt, data.load("math-train").problems) if prompt.shot_keys else prompt


@functools.cache
def _problems(name: str, subject: str | None) -> tuple[DataSource, tuple[Problem, ...]]:
    found = data.load(name)
    chosen, _ = data.select(found.problems, subjects=(subject,) if subject else ())
    return found.source, chosen


def _made_whole(settings: dict[str, Any]) -> bool:
    """Settle the limit's name and do_sample in place; whether the generations are sampled.

    Raises:
        UsageError: do_sample and the temperature contradict each other.
    """
    for name in OTHER_LIMITS:
        if name in settings:
            settings["max_gen_toks"] = settings.pop(name)
    sampled = float(settings["temperature"]) > 0
    if bool(settings.setdefault("do_sample", sampled)) != sampled:
        raise UsageError(
            f"do_sample={settings['do_sample']} contradicts temperature={settings['temperature']}",
            "Give the temperature alone in --gen_kwargs: 0 is greedy, anything above samples.",
        )
    return sampled


def _repeats(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise UsageError(f"repeats is {value!r}", "Give a whole number from 1 on: --metadata repeats=8.")
    return value
