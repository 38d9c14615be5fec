"""Each step of a training: into the log, onto the screen, and an alarm when the loss is no number.

The trainer calls `on_log` after each step with what it knows. Tokens and seconds go on from the step that a
stopped training goes on from, so that the log reads as if it had not been stopped.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Any

from math500.errors import ModelError
from math500.records import TrainingStep

OnStep = Callable[[TrainingStep], None]


def callback(
    before: TrainingStep | None,
    *on_step: OnStep,
    metrics: Mapping[str, str] | None = None,
    counts_on: bool = False,
) -> Any:  # noqa: ANN401 - transformers has no types
    """A trainer's callback that hands each step on.

    Args:
        before: the step that the training goes on from; None for a new one.
        on_step: called with each step, on the first process alone.
        metrics: what else is kept of what the trainer says, by its name, to the name in the log.
        counts_on: the trainer's own count of tokens goes on after a stop.
    """
    from transformers import TrainerCallback  # noqa: PLC0415 - heavy

    started = time.monotonic()
    counted = before.tokens if before else 0
    first = 0 if counts_on else counted

    class Log(TrainerCallback):  # type: ignore[misc]  # transformers ships no usable types
        tokens = counted

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:  # noqa: ANN401, ARG002
            if not state.is_world_process_zero or "loss" not in logs:
                return
            seconds = time.monotonic() - started + (before.seconds if before else 0.0)
            if "num_tokens" in logs:  # a step on completions that were read before has none
                self.tokens = int(logs["num_tokens"]) + first
            step = _step(state.global_step, logs, self.tokens, seconds, metrics or {})
            for each in on_step:
                each(step)
            _alarm(step)

    return Log()


def _step(
    number: int,
    logs: dict[str, Any],
    tokens: int,
    seconds: float,
    metrics: Mapping[str, str],
) -> TrainingStep:
    accuracy = logs.get("mean_token_accuracy", logs.get("accuracy"))
    norm = logs.get("grad_norm")
    return TrainingStep(
        step=number,
        loss=float(logs["loss"]),
        learning_rate=float(logs.get("learning_rate", 0.0)),
        grad_norm=None if norm is None else float(norm),
        accuracy=None if accuracy is None else round(float(accuracy), 4),
        metrics={
            ours: float(logs[theirs]) for theirs, ours in metrics.items() if logs.get(theirs) is not None
        },
        alarms=tuple(logs.get("alarms", ())),
        tokens=tokens,
        seconds=round(seconds, 3),
    )


def _alarm(step: TrainingStep) -> None:
    if not math.isfinite(step.loss):
        raise ModelError(
            f"the loss is no number at step {step.step}",
            "Train again into another folder with a lower --learning-rate, or --precision float32.",
        )
