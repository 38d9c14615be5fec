"""What the settings say in the words of transformers' `TrainingArguments`, which every trainer takes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from math500.errors import UsageError
from math500.records import TrainingSettings


def common(checkpoints: Path, settings: TrainingSettings) -> dict[str, Any]:
    """The arguments that all trainers have in common; the settings are settled.

    Args:
        checkpoints: the folder of the trainer's own.
        settings: with nothing left open.
    """
    import torch  # noqa: PLC0415 - heavy

    steps = settings.steps or 0
    at_once, turns = shares(settings, devices=devices())
    return {
        "output_dir": str(checkpoints),
        "max_steps": steps,
        "per_device_train_batch_size": at_once,
        "gradient_accumulation_steps": turns,
        "learning_rate": settings.learning_rate,
        "lr_scheduler_type": (
            "constant_with_warmup" if settings.schedule == "constant" else settings.schedule
        ),
        "warmup_steps": round(settings.warmup * steps),
        "weight_decay": settings.weight_decay,
        "max_grad_norm": settings.clip,
        "bf16": settings.precision == "bfloat16" or (settings.precision == "auto" and has_bfloat16()),
        "fp16": False,
        "gradient_checkpointing": settings.checkpointing,
        "seed": settings.seed,
        "data_seed": settings.seed,
        "logging_steps": 1,
        "logging_nan_inf_filter": False,
        "save_strategy": "steps",
        "save_steps": settings.save_every,
        "save_total_limit": 1,
        "dataloader_pin_memory": torch.cuda.is_available(),
        "report_to": "none",
        "disable_tqdm": True,
    }


def lora(settings: TrainingSettings, task_type: str, whole: tuple[str, ...] = ()) -> Any:  # noqa: ANN401
    """The configuration of the small matrices; None where all weights are trained.

    Args:
        settings: of the training.
        task_type: peft's name for what the model is, such as `CAUSAL_LM`.
        whole: modules that are trained as they are, such as a new head.
    """
    if settings.method != "lora":
        return None
    import peft  # noqa: PLC0415 - heavy

    wanted = settings.lora
    return peft.LoraConfig(
        r=wanted.rank,
        lora_alpha=wanted.alpha,
        lora_dropout=wanted.dropout,
        target_modules=wanted.targets.split(",") if "," in wanted.targets else wanted.targets,
        task_type=task_type,
        modules_to_save=list(whole) or None,
    )


def shares(settings: TrainingSettings, *, devices: int) -> tuple[int, int]:
    """The rows that a device computes at once, and how often before a step.

    Raises:
        UsageError: the batch cannot be shared out evenly.
    """
    each, left = divmod(settings.batch, devices)
    if left or not each:
        raise UsageError(
            f"a batch of {settings.batch} rows cannot be shared out over {devices} devices",
            f"Give a --batch that is a multiple of {devices}.",
        )
    at_once = max(n for n in range(1, min(settings.rows_at_once, each) + 1) if each % n == 0)
    return at_once, each // at_once


def rank() -> int:
    """Which of the processes of `accelerate launch` this is; 0 writes the folder."""
    return int(os.environ.get("RANK", "0"))


def world() -> int:
    """How many processes train together."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def devices() -> int:
    """The devices that share a batch: one for each process, or all of this one's."""
    import torch  # noqa: PLC0415

    return world() if world() > 1 else max(1, torch.cuda.device_count())


def has_bfloat16() -> bool:
    """Whether this machine's GPU computes in bfloat16."""
    import torch  # noqa: PLC0415

    return bool(torch.cuda.is_available() and torch.cuda.is_bf16_supported())
