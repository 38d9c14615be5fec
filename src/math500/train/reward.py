"""A reward model of whole solutions, or of instructions, by TRL's RewardTrainer: which of two is better.

    loss = -log sigmoid(reward of the chosen - reward of the rejected)     (Bradley and Terry)

One number is read behind the last token (Ouyang et al. 2022, arXiv:2203.02155). Trained on right and wrong
solutions it is an outcome reward model (as Cobbe et al. 2021, arXiv:2110.14168, have one), on ranked
instructions WizardMath's instruction reward model (Luo et al. 2023, arXiv:2308.09583). The pairs of some
problems are held out: how many of them it ranks as they were is its measure.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from math500 import stats
from math500.records import Measured, PreferenceRow, TrainingOutcome, TrainingSettings, TrainingStart
from math500.rewards import RewardModel, texts
from math500.train import arguments, heads, loop
from math500.train.loop import Job, Request, Say, Task


class Rewards(Task[PreferenceRow]):
    """Learn which of two answers is preferred."""

    name = "reward"
    kind = PreferenceRow
    wanted = "preferences"
    metrics = {"margin": "margin", "mean_reward": "reward"}  # noqa: RUF012 - never written to

    def load(self, start: TrainingStart, settings: TrainingSettings, say: Say) -> tuple[Any, Any]:  # noqa: ARG002
        """The start with a head of one number."""
        return heads.load(start, "outcome", say)

    def length(self, tokenizer: Any, row: PreferenceRow) -> int:  # noqa: ANN401
        """See `Task.length`."""
        return max(len(ids) for ids in _ids(tokenizer, row).values())

    def held_out(self, settings: TrainingSettings) -> float:
        """See `Task.held_out`."""
        return settings.reward.held_out if settings.reward else 0.0

    def trainer(self, job: Job[PreferenceRow], callback: Any) -> Any:  # noqa: ANN401
        """See `Task.trainer`."""
        import datasets  # noqa: PLC0415 - heavy
        import trl  # noqa: PLC0415
        from transformers import PrinterCallback  # noqa: PLC0415

        centre = job.settings.reward.centre if job.settings.reward else 0.0
        common = arguments.common(job.checkpoints, job.settings)
        trainer = trl.RewardTrainer(
            model=job.model,
            args=trl.RewardConfig(**common, max_length=None, center_rewards_coefficient=centre or None),
            train_dataset=datasets.Dataset.from_list([_ids(job.tokenizer, row) for row in job.rows]),
            processing_class=job.tokenizer,
            peft_config=arguments.lora(job.settings, "SEQ_CLS", (heads.HEAD,)),
            callbacks=[callback],
        )
        trainer.remove_callback(PrinterCallback)
        return trainer

    def save(self, job: Job[PreferenceRow], trainer: Any) -> None:  # noqa: ANN401
        """See `Task.save`."""
        heads.save(job, trainer, "outcome")

    def measure(self, job: Job[PreferenceRow], trainer: Any) -> tuple[Measured, ...]:  # noqa: ANN401, ARG002
        """How many of the held-out pairs are ranked as they were."""
        return measure(heads.trained(job), job.held) if job.held else ()


def _ids(tokenizer: Any, row: PreferenceRow) -> dict[str, list[int]]:  # noqa: ANN401
    """A pair as the trainer's own names for tokens."""
    return {
        "chosen_ids": texts.outcome(tokenizer, row.prompt, row.chosen[-1].content),
        "rejected_ids": texts.outcome(tokenizer, row.prompt, row.rejected[-1].content),
    }


def measure(model: RewardModel, rows: Sequence[PreferenceRow]) -> tuple[Measured, ...]:
    """How many pairs a reward model ranks as they were; pairs of one problem are one problem's.

    Args:
        model: of whole solutions.
        rows: that it was not trained on.
    """
    chosen = model.outcomes([(row.prompt, row.chosen[-1].content) for row in rows])
    rejected = model.outcomes([(row.prompt, row.rejected[-1].content) for row in rows])
    right: dict[str, list[bool]] = {}
    for row, better, worse in zip(rows, chosen, rejected, strict=True):
        right.setdefault(row.problem_id, []).append(better > worse)
    score = stats.score(list(right.values()))
    return () if score is None else (Measured(name="pairs ranked right", score=score, chance=0.5),)


def start(request: Request, *, say: Say, quiet_: bool = False) -> TrainingOutcome:
    """Train a reward model, or go on with it; see `loop.start`."""
    return loop.start(Rewards(), request, say=say, quiet_=quiet_)
