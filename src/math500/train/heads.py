"""A start with a head that values in place of one that speaks, and how it is kept: whole, and described.

Small matrices that were trained beside the weights are merged in, since a reward model is used where it lies:
by votes, by a later training, by a server.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from math500 import __version__, rewards
from math500.records import RewardInfo, TrainingStart
from math500.rewards import RewardModel, problems, texts
from math500.rewards.model import CLASSES
from math500.train import arguments
from math500.train import start as starts
from math500.train.loop import Job, Say
from math500.train.rows import R

Kind = Literal["outcome", "process"]
LABELS = {"outcome": 1, "process": 2}
HEAD = "score"
"""What transformers calls the head of both classes."""


def load(start: TrainingStart, kind: Kind, say: Say) -> tuple[Any, Any]:
    """The start with a new head, and its tokenizer; dropout is off, as TRL has it for reward models."""
    import torch  # noqa: PLC0415 - heavy

    model, tokenizer = starts.load(start, say, head=CLASSES[kind], num_labels=LABELS[kind])
    model.config.pad_token_id = tokenizer.pad_token_id
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    return model, tokenizer


def save(job: Job[R], trainer: Any, kind: Kind) -> None:  # noqa: ANN401
    """Write the model whole, with its tokenizer and what it is."""
    if job.settings.method == "full":
        trainer.save_model(str(job.weights))
    elif arguments.rank() == 0:
        trainer.accelerator.unwrap_model(trainer.model).merge_and_unload().save_pretrained(job.weights)
        job.tokenizer.save_pretrained(job.weights)
    if arguments.rank() == 0:
        path = job.weights / rewards.FILE
        path.write_bytes(msgspec.json.format(msgspec.json.encode(_info(job, kind)), indent=2) + b"\n")
        problems.write(job.weights, (row.problem_id for row in job.rows))


def _info(job: Job[R], kind: Kind) -> RewardInfo:
    return RewardInfo(
        kind=kind,
        name=job.out.name,
        form=texts.FORMS[kind],
        sha256=rewards.weights_hash(job.weights),
        start=job.training.start.name,
        set=job.training.set.method,
        rows=job.training.set.rows,
        math500_version=__version__,
    )


def trained(job: Job[R]) -> RewardModel:
    """What was trained, as it was kept."""
    return rewards.load(job.weights)
