"""A training while it goes, and what came out."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from math500.display.progress import PLAIN_SECONDS
from math500.display.tables import duration, table
from math500.records import Exported, Measured, Training, TrainingOutcome, TrainingStep

if TYPE_CHECKING:
    from tqdm import tqdm

LATELY = 0.9
"""How much of the shown loss is what was shown before: a single step's jumps about."""


VALUES = ("reward", "prm")
"""Trainings whose model values solutions; that of every other writes them."""
RERANK = "math500 rerank RUN --reward {folder}"
EXPORT = "math500 train export {folder} --to gguf --out {folder}.gguf"


class Progress:
    """A training's live progress: a bar in a terminal, a line now and then elsewhere.

    It is called with each step.
    """

    def __init__(self, training: Training, before: TrainingStep | None, *, quiet: bool = False) -> None:
        self._total = training.settings.steps or 0
        self._before = before or TrainingStep(step=0, loss=0.0, learning_rate=0.0)
        self._loss: float | None = None
        self._printed = time.monotonic()
        self._quiet = quiet
        self._bar = self._make_bar() if sys.stderr.isatty() and not quiet else None

    def _make_bar(self) -> tqdm[Any]:
        from tqdm import tqdm  # noqa: PLC0415 - only a training with a terminal needs it

        # Said here, since the training libraries' own bars are switched off by the environment.
        return tqdm(
            total=self._total, initial=self._before.step, unit="step", dynamic_ncols=True, disable=False
        )

    def __call__(self, step: TrainingStep) -> None:
        """Show one step."""
        self._loss = step.loss if self._loss is None else LATELY * self._loss + (1 - LATELY) * step.loss
        if self._bar is not None:
            self._bar.set_postfix_str(self._state(step), refresh=False)
            self._bar.update()
        elif not self._quiet and self._is_time(step):
            self._printed = time.monotonic()
            left = self._seconds(step) / self._done(step) * (self._total - step.step)
            text = f"step {step.step}/{self._total}, {self._state(step)}, about {duration(left)} left"
            print(text, file=sys.stderr, flush=True)  # noqa: T201 - this is the terminal's room

    def _is_time(self, step: TrainingStep) -> bool:
        return step.step == self._total or time.monotonic() - self._printed >= PLAIN_SECONDS

    def _done(self, step: TrainingStep) -> int:
        return max(1, step.step - self._before.step)

    def _seconds(self, step: TrainingStep) -> float:
        return max(step.seconds - self._before.seconds, 1e-9)

    def _state(self, step: TrainingStep) -> str:
        speed = (step.tokens - self._before.tokens) / self._seconds(step)
        return f"loss {self._loss:.3f}, {speed:,.0f} tok/s"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()


def outcome(done: TrainingOutcome) -> str:
    """What a training came to, and what to do with it."""
    facts = table(
        [
            ("rows", f"{done.rows:,}"),
            ("steps", f"{done.steps:,}"),
            ("loss", f"{done.first_loss:.3f} at first, {done.last_loss:.3f} at the end"),
            ("tokens", f"{done.tokens:,}"),
            ("time", f"{duration(done.seconds)} on {_devices(done)}"),
            *((one.name, _measured(one)) for one in done.measured),
            *([("control", done.control)] if done.control else []),
            *(("alarm", alarm) for alarm in done.alarms),
        ]
    )
    then = RERANK if done.task in VALUES else EXPORT
    return f"{facts}\n\nNext: {then.format(folder=done.folder)}"


def measured(found: Sequence[Measured]) -> str:
    """What a reward model was measured at."""
    return table([(one.name, _measured(one)) for one in found])


def _measured(one: Measured) -> str:
    score = f"{one.score.value:.1%} ({one.score.low:.1%} to {one.score.high:.1%}) of {one.score.n:,}"
    return score if one.chance is None else f"{score}; chance is {one.chance:.1%}"


def _devices(done: TrainingOutcome) -> str:
    return f"{done.processes} x {done.device}" if done.processes > 1 else done.device


def exported(made: Exported) -> str:
    """What was written, and what to do with it."""
    facts = table(
        [
            ("written", made.location),
            ("form", f"{made.form}, {made.quantization}"),
            ("size", f"{made.bytes / 1e6:,.1f} MB"),
            ("sha256", made.sha256),
        ]
    )
    if made.form == "gguf":
        return f"{facts}\n\nNext: math500 run --model embedded:{made.location}"
    return f"{facts}\n\nNext: serve the folder, for example by vLLM, and give --base-url to math500 run."
