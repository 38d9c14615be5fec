"""A training while it goes, and what came out."""

from __future__ import annotations

from collections.abc import Sequence

from math500.display.compare import points
from math500.display.live import Live
from math500.display.tables import duration, percent, table
from math500.records import Exported, Measured, Training, TrainingOutcome, TrainingStep

LATELY = 0.9
"""How much of the shown loss is what was shown before: a single step's jumps about."""


VALUES = ("reward", "prm")
"""Trainings whose model values solutions; that of every other writes them."""
RERANK = "math500 rerank RUN --reward {folder}"
ASKED = "NAME is the prompt that the training rows were made with: others were not trained on."
EXPORT = "math500 train export {folder} --to gguf --out {folder}.gguf"


class Progress(Live):
    """A training's live progress; it is called with each step."""

    def __init__(self, training: Training, before: TrainingStep | None, *, quiet: bool = False) -> None:
        self._before = self._now = before or TrainingStep(step=0, loss=0.0, learning_rate=0.0)
        self._loss: float | None = None
        # Shown all the same: the training libraries' own bars are switched off by the environment.
        steps = training.settings.steps or 0
        super().__init__(steps, self._before.step, quiet=quiet, unit="step", disable=False)

    def __call__(self, step: TrainingStep) -> None:
        """Show one step."""
        self._loss = step.loss if self._loss is None else LATELY * self._loss + (1 - LATELY) * step.loss
        self._now = step
        self._step()

    def _is_last(self) -> bool:
        return self._now.step == self._total

    def _place(self) -> str:
        return f"step {self._now.step}/{self._total}"

    def _state(self) -> str:
        speed = (self._now.tokens - self._before.tokens) / self._seconds()
        return f"loss {self._loss:.3f}, {speed:,.0f} tok/s"

    def _left(self) -> float:
        done = max(1, self._now.step - self._before.step)
        return self._seconds() / done * (self._total - self._now.step)

    def _seconds(self) -> float:
        return max(self._now.seconds - self._before.seconds, 1e-9)


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
    control = f"\nand: {EXPORT.format(folder=done.control)}" if done.control else ""
    return f"{facts}\n\nNext: {then.format(folder=done.folder)}{control}"


def measured(found: Sequence[Measured]) -> str:
    """What a reward model was measured at."""
    return table([(one.name, _measured(one)) for one in found])


def _measured(one: Measured) -> str:
    said = [percent(one.score)]
    if one.chance is not None:
        said.append(f"chance is {100 * one.chance:.1f} %")
    if one.difference is not None:
        said.append(f"to the start, in pairs, {points(one.difference)}")
    return "; ".join(said)


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
        return f"{facts}\n\nNext: math500 run --model embedded:{made.location} --prompt NAME\n{ASKED}"
    how = "serve the folder, for example by vLLM, and give --base-url and --prompt NAME to math500 run."
    return f"{facts}\n\nNext: {how}\n{ASKED}"
