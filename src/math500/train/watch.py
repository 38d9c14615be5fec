"""The callback that watches a training which writes its own rows: held-out answers, alarms, and the stop.

It comes before the one that writes the log, and adds to what the trainer says of the step. A training that an
alarm stops ends as one that is finished: its weights are kept, and the outcome names the alarm.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from math500.records import SamplingSettings
from math500.train.alarms import Alarms
from math500.train.folder import TrainingFolder, step_of

RIGHT, START = "held_right", "held_start"
"""The share of held-out problems that are right: at this step, and before the first one."""

Say = Callable[[str], None]
Measure = Callable[[Any], float | None]
"""A model to the share of held-out problems that it answers right."""


def before(out: Path) -> list[dict[str, float]]:
    """The metrics of the steps that a training goes on from, in order."""
    folder = TrainingFolder(out) if (out / "training.json").is_file() else None
    checkpoint = folder.checkpoint() if folder else None
    if folder is None or checkpoint is None:
        return []
    return [step.metrics for step in folder.steps() if step.step <= step_of(checkpoint)]


def callback(
    settings: SamplingSettings,
    alarms: Alarms,
    names: Mapping[str, str],
    begin: Measure,
    measure: Measure,
    say: Say,
) -> Any:  # noqa: ANN401 - transformers has no types
    """The callback.

    Args:
        settings: of the training.
        alarms: knows the steps before.
        names: the trainer's names of its metrics, to ours.
        begin: asks the start the held-out problems.
        measure: asks them later.
        say: gets each alarm.
    """
    from transformers import TrainerCallback  # noqa: PLC0415 - heavy

    class Watch(TrainerCallback):  # type: ignore[misc]  # transformers ships no usable types
        begun: float | None = None

        def on_train_begin(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:  # noqa: ANN401, ARG002
            if state.global_step == 0:
                self.begun = begin(model)

        def on_log(
            self,
            args: Any,  # noqa: ANN401, ARG002
            state: Any,  # noqa: ANN401
            control: Any,  # noqa: ANN401
            logs: Any = None,  # noqa: ANN401
            model: Any = None,  # noqa: ANN401
            **_: Any,  # noqa: ANN401
        ) -> Any:  # noqa: ANN401
            if "loss" not in logs:
                return control
            if state.global_step == 1 and self.begun is not None:
                logs[START] = self.begun
            if state.global_step % settings.held_every == 0 or state.global_step == state.max_steps:
                logs[RIGHT] = measure(model)
            known = {ours: logs[theirs] for theirs, ours in names.items() if logs.get(theirs) is not None}
            logs["alarms"] = alarms(known)
            for alarm in logs["alarms"]:
                say(f"Alarm at step {state.global_step}, {alarm}.")
            if logs["alarms"] and settings.on_alarm == "stop":
                say("The training stops there; its weights are kept.")
                control.should_training_stop = True
            return control

    return Watch()
