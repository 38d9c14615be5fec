"""How a model is trained, as one readable TOML file.

    the user's file, and options over it ──read──▶ TrainingSettings ──settled──▶ nothing left open
                                                                        └─text──▶ FOLDER/training.toml

The file in the folder has every setting with its meaning; it can be given to another training as it is.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from math500.errors import DataUnreadable, UsageError, why
from math500.records import GrpoSettings, PpoSettings, PrmSettings, Record, RewardSettings, TrainingSettings

LEARNING_RATE = {"full": 2e-5, "lora": 2e-4}
"""LoRA's matrices start from zero and want about ten times the rate (docs/train.md)."""
SAMPLED = 1 / 20
"""Of that, where the model writes its rows itself: 1e-6, TRL's own for all weights, and 1e-5 for LoRA."""
TABLES: dict[str, type[Record]] = {
    "reward": RewardSettings,
    "prm": PrmSettings,
    "grpo": GrpoSettings,
    "ppo": PpoSettings,
}
"""What a kind of training has of its own: a table of the file, by the name of its command."""
MEANING = {
    "method": "full trains every weight, lora small matrices beside them",
    "steps": "optimizer steps",
    "epochs": "times that every row is seen; steps, where given, come first",
    "batch": "rows per step, over all devices",
    "rows_at_once": "rows that a device computes at once; lower it when memory runs out",
    "learning_rate": "the highest",
    "schedule": "how it falls: cosine, linear, constant",
    "warmup": "part of the steps in which it rises from zero",
    "weight_decay": "of AdamW",
    "clip": "the gradient's norm at most",
    "max_length": "tokens; longer rows are left out",
    "precision": "auto, float32 or bfloat16; auto is bfloat16 on a GPU that has it",
    "checkpointing": "compute activations twice to spare memory",
    "save_every": "steps between checkpoints",
    "threads": "of the CPU; 0 leaves it to torch",
    "seed": "of the rows' order, of LoRA's first values and of dropout",
    "rank": "of the small matrices",
    "alpha": "what they add is scaled by alpha / rank",
    "dropout": "of their input",
    "targets": "the matrices that get some: all-linear, or names with commas between",
    "held_out": "part of the problems that is not trained on, but measured with",
    "centre": "how strongly a pair's rewards are drawn to a sum of zero",
    "labels": "hard: right or wrong; soft: the share of rollouts that came out right",
    "generations": "completions of a question; batch counts completions, and is a multiple",
    "completion_length": "tokens of a completion at most",
    "temperature": "of the sampling",
    "beta": "how strongly the model is held to where it began (KL)",
    "reuse": "steps that are made on the same completions",
    "epsilon": "how far a token's probability may move before its gradient is cut off",
    "instruction_reward": "folder of a model that values the question; empty for 1",
    "instruction_request": "its training set's prompt; empty for none",
    "process_reward": "folder of a model that values the solution's steps",
    "aggregate": "how the steps' values become one: min, product, last, mean",
    "gae_lambda": "how far a reward reaches back over the tokens",
    "critic_rate": "the critic's learning rate, as a multiple",
    "critic_warmup": "steps in which the critic alone learns",
    "scale": "whose standard deviation divides the advantages: group, batch, none",
    "format_weight": "added to the reward of a completion with a finished box",
    "length_weight": "taken from the reward at the token limit, less from length_from on",
    "length_from": "tokens; 0 for half of completion_length",
    "grade_seconds": "that one symbolic comparison may take",
    "use_vllm": "let vLLM, on the same GPU, write the completions",
    "held_every": "steps between measures on what is held out",
    "held_most": "held-out problems of such a measure; the last one takes all",
    "graders": "other projects' graders that watch and give no reward",
    "graded_most": "completions of a step that they grade",
    "on_alarm": "warn or stop",
    "window": "steps that the watch takes the mean over; the first are its baseline",
    "length_ratio": "how many times longer, or shorter, completions may get",
    "share_fall": "how far the shares right, boxed and graded alike may fall",
    "share_rise": "how far the shares copied and repeated may rise",
    "unknown_rise": "how far the share that could not be told may rise",
    "held_fall": "how far held-out accuracy may fall under the start's",
}


def read(file: Path | None, options: Mapping[str, Any], task: str = "sft") -> TrainingSettings:
    """The settings of a file, with the options that were given over them.

    Args:
        file: TOML; the defaults when None.
        options: settings by name, with those of the task's own table; None where one was not given.
        task: the command that trains.

    Raises:
        DataUnreadable: the file cannot be read, or is no TOML.
        UsageError: a setting is not known, or its value cannot be used.
    """
    typed = {name: value for name, value in options.items() if value is not None}
    found = _file(file) if file else {}
    if {"steps", "epochs"} <= typed.keys():
        raise UsageError("steps and epochs are two ways to say how long", "Give one of them.")
    if "epochs" in typed:
        found.pop("steps", None)
    if others := sorted((TABLES.keys() - {task}) & found.keys()):
        raise UsageError(
            f"{file} has settings of `train {others[0]}`, and this is `train {task}`",
            f"Leave out its table [{others[0]}].",
        )
    if task in TABLES:
        own = {name: typed.pop(name) for name in TABLES[task].__struct_fields__ if name in typed}
        found[task] = {**found.get(task, {}), **own}
    try:
        settings = msgspec.convert({**found, **typed}, TrainingSettings)
    except msgspec.ValidationError as e:
        raise UsageError(
            f"the settings{f' of {file}' if file else ''} cannot be used ({e})",
            f"There are {', '.join(_names())}.",
        ) from e
    _check(settings)
    return settings


def _file(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as e:
        raise DataUnreadable(
            f"{file} cannot be read ({why(e)})", "Give a TOML file; see docs/train.md."
        ) from e


def _names() -> tuple[str, ...]:
    return TrainingSettings.__struct_fields__


def _check(settings: TrainingSettings) -> None:
    """Refuse numbers that no training can have."""
    positive = ("batch", "rows_at_once", "max_length", "save_every", "epochs", "clip")
    for name in positive:
        if getattr(settings, name) <= 0:
            raise UsageError(f"{name} is {getattr(settings, name)}", "Give a number above 0.")
    if settings.steps is not None and settings.steps < 1:
        raise UsageError(f"{settings.steps} steps train nothing", "Give at least 1.")
    if settings.learning_rate is not None and not 0 < settings.learning_rate < 1:
        raise UsageError(f"a learning rate of {settings.learning_rate} cannot be used", "Give one like 2e-5.")
    if not 0 <= settings.warmup < 1:
        raise UsageError(f"a warmup of {settings.warmup} is no part of the steps", "Give 0 to below 1.")
    for table in (settings.reward, settings.prm, settings.grpo, settings.ppo):
        if table and not 0 <= table.held_out < 1:
            raise UsageError(f"{table.held_out} is no part of the problems", "Give 0 to below 1.")


def settled(settings: TrainingSettings, rows: int) -> TrainingSettings:
    """The same with nothing left open, for a set of so many rows."""
    own = settings.grpo or settings.ppo
    each, rate = (own.generations * own.reuse, SAMPLED) if own else (1, 1.0)
    steps = settings.steps or math.ceil(settings.epochs * rows * each / settings.batch)
    return msgspec.structs.replace(
        settings,
        steps=steps,
        epochs=round(steps * settings.batch / (rows * each), 4),
        learning_rate=settings.learning_rate or LEARNING_RATE[settings.method] * rate,
    )


def text(settings: TrainingSettings) -> str:
    """The settings as TOML, each with its meaning."""
    found = {name: getattr(settings, name) for name in _names()}
    tables = {name: value for name, value in found.items() if isinstance(value, Record)}
    lines = [_line(name, value) for name, value in found.items() if name not in tables]
    for name, table in tables.items():
        unused = "  # not used" if name == "lora" and settings.method != "lora" else ""
        lines += ["", f"[{name}]{unused}"]
        lines += [_line(one, getattr(table, one)) for one in table.__struct_fields__]
    return "\n".join(line for line in lines if line is not None) + "\n"


def _line(name: str, value: object) -> str | None:
    if value is None:
        return None
    shown = {True: "true", False: "false"}[value] if isinstance(value, bool) else _quoted(value)
    return f"{name} = {shown}".ljust(29) + f" # {MEANING[name]}"


def _quoted(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)
