"""The watch over a training that writes its own rows: does the reward still mean what it should?

Each rule compares the mean of the last `window` steps with that of the first ones, and raises once:

    length     the completions are `length_ratio` times longer, or shorter
    right      the share that is right fell by `share_fall` below its best: the training collapses
    boxed      the share with a box fell by `share_fall`
    graders    other projects' graders agree less with the one that rewards, by `share_fall`
    copied     the share that holds the question rose by `share_rise`
    repeated   the share that repeats itself rose by `share_rise`
    unknown    the share that the grader could not tell rose by `unknown_rise`
    held_out   greedy answers to held-out problems fell by `held_fall`, and by more than chance

The means are over hundreds or thousands of completions, so that a limit of a fifth is no matter of noise.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from math500.records import SamplingSettings

Z = 1.96
"""Standard errors that a difference has to pass to be more than chance, at 95 %."""


@dataclass(frozen=True)
class Rule:
    """A metric, and which way it must not go."""

    name: str
    metric: str
    wrong_way: Literal["falls", "rises"]
    limit: str
    """The setting that says how far."""
    about: str
    from_best: bool = False
    """Compared with the best mean so far, in place of the first."""


RULES = (
    Rule("right", "right", "falls", "share_fall", "completions that are right", from_best=True),
    Rule("boxed", "boxed", "falls", "share_fall", "completions with a box"),
    Rule("graders", "graders_agree", "falls", "share_fall", "grades that other graders give as well"),
    Rule("copied", "copied", "rises", "share_rise", "completions that hold the question"),
    Rule("repeated", "repeated", "rises", "share_rise", "completions that repeat themselves"),
    Rule("unknown", "unknown", "rises", "unknown_rise", "completions that the grader could not tell"),
)


class Alarms:
    """The rules over the steps of one training; called with each step's metrics in order.

    Args:
        settings: with the limits.
        held: held-out problems in a measure.
        before: the metrics of the steps that were made before a stop.
    """

    def __init__(
        self, settings: SamplingSettings, held: int = 0, before: Iterable[Mapping[str, float]] = ()
    ) -> None:
        self._settings = settings
        self._held = held
        self._steps: list[Mapping[str, float]] = []
        self._raised: set[str] = set()
        self._best: dict[str, float] = {}
        for metrics in before:
            self(metrics)

    def __call__(self, metrics: Mapping[str, float]) -> tuple[str, ...]:
        """What is raised at this step: sentences, each with its rule's name first."""
        self._steps.append(metrics)
        found = {"held_out": self._held_out(metrics)}
        if len(self._steps) > self._settings.window:
            found |= {"length": self._length()} | {rule.name: self._share(rule) for rule in RULES}
        new = {name: text for name, text in found.items() if text and name not in self._raised}
        self._raised |= new.keys()
        return tuple(f"{name}: {text}" for name, text in new.items())

    def _means(self, metric: str) -> tuple[float, float] | None:
        """Of the first steps and of the last ones; None where it is not known."""
        window = self._settings.window
        first = [step[metric] for step in self._steps[:window] if metric in step]
        last = [step[metric] for step in self._steps[-window:] if metric in step]
        return (fmean(first), fmean(last)) if first and last else None

    def _length(self) -> str:
        if (means := self._means("length")) is None or not means[0]:
            return ""
        ratio, limit = means[1] / means[0], self._settings.length_ratio
        if 1 / limit <= ratio <= limit:
            return ""
        way = "longer" if ratio > 1 else "shorter"
        times = max(ratio, 1 / max(ratio, 1e-9))
        return (
            f"completions have {means[1]:.0f} tokens, {times:.1f} times {way} than the {means[0]:.0f} of the "
            f"first {self._settings.window} steps (limit {limit:g})"
        )

    def _share(self, rule: Rule) -> str:
        if (means := self._means(rule.metric)) is None:
            return ""
        first, last = means
        if rule.from_best:
            first = self._best[rule.name] = max(last, first, self._best.get(rule.name, first))
        limit = getattr(self._settings, rule.limit)
        moved = first - last if rule.wrong_way == "falls" else last - first
        if moved <= limit:
            return ""
        since = "the best before" if rule.from_best else f"the first {self._settings.window} steps"
        return f"{last:.0%} {rule.about}, {first:.0%} in {since} (limit {limit:.0%})"

    def _held_out(self, metrics: Mapping[str, float]) -> str:
        first = next((step["held_start"] for step in self._steps if "held_start" in step), None)
        now = metrics.get("held_right")
        if first is None or now is None or not self._held:
            return ""
        chance = Z * math.sqrt((first * (1 - first) + now * (1 - now)) / self._held)
        if first - now <= max(self._settings.held_fall, chance):
            return ""
        return f"{now:.1%} of the held-out problems are right, {first:.1%} at the start"
