"""Supervised fine-tuning by TRL's SFTTrainer; the loss is taken over the completions alone."""

from __future__ import annotations

from typing import Any

from math500.records import CompletionRow, TrainingOutcome
from math500.rewards.texts import conversation, plain
from math500.train import arguments, loop
from math500.train.loop import Job, Request, Say, Task

__all__ = ["Request", "Sft", "start"]


class Sft(Task[CompletionRow]):
    """Learn to say a completion after its prompt."""

    name = "sft"
    kind = CompletionRow
    wanted = "prompts and completions"

    def length(self, tokenizer: Any, row: CompletionRow) -> int:  # noqa: ANN401
        """See `Task.length`."""
        return len(conversation(tokenizer, (*row.prompt, *row.completion)))

    def trainer(self, job: Job[CompletionRow], callback: Any) -> Any:  # noqa: ANN401
        """See `Task.trainer`."""
        import datasets  # noqa: PLC0415 - heavy
        import trl  # noqa: PLC0415
        from transformers import PrinterCallback  # noqa: PLC0415

        rows = [{"prompt": plain(row.prompt), "completion": plain(row.completion)} for row in job.rows]
        common = arguments.common(job.checkpoints, job.settings)
        trainer = trl.SFTTrainer(
            model=job.model,
            args=trl.SFTConfig(**common, completion_only_loss=True, max_length=None, packing=False),
            train_dataset=datasets.Dataset.from_list(rows),
            processing_class=job.tokenizer,
            peft_config=arguments.lora(job.settings, "CAUSAL_LM"),
            callbacks=[callback],
        )
        trainer.remove_callback(PrinterCallback)
        return trainer


def start(request: Request, *, say: Say, quiet_: bool = False) -> TrainingOutcome:
    """Fine-tune, or go on with it; see `loop.start`."""
    return loop.start(Sft(), request, say=say, quiet_=quiet_)
