"""A process reward model: at the end of each step, is it right? Under transformers' own Trainer.

    question, step 1 ¶ step 2 ¶ ...      a value is read at each ¶ (rewards/texts.py)
    loss = cross entropy between the step's label, or its share of good rollouts, and the model's two classes

Two classes at some tokens is token classification, as in TRL's PRMTrainer, which TRL has given up
(docs/decisions/training.md). Process supervision: Lightman et al. 2023, arXiv:2305.20050; labels out of
rollouts, hard and soft: Wang et al. 2023, Math-Shepherd, arXiv:2312.08935. The rows of some problems are held
out, and what the model makes of them is its measure, the first wrong step above all (as ProcessBench has it,
Zheng et al. 2024, arXiv:2412.06559).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from math500 import stats
from math500.errors import UsageError
from math500.records import Measured, StepRow, TrainingOutcome, TrainingSettings, TrainingStart
from math500.rewards import RewardModel, texts
from math500.train import arguments, heads, loop
from math500.train.loop import Job, Request, Say, Task

NONE = -100.0
"""The label of a token that is no step's end; transformers' own number for that."""
RIGHT = 0.5
"""A step is told right from this probability on."""


class Prm(Task[StepRow]):
    """Learn which steps are right."""

    name = "prm"
    kind = StepRow
    wanted = "labelled steps"

    def load(self, start: TrainingStart, settings: TrainingSettings, say: Say) -> tuple[Any, Any]:  # noqa: ARG002
        """The start with a head of two classes behind each token."""
        return heads.load(start, "process", say)

    def length(self, tokenizer: Any, row: StepRow) -> int:  # noqa: ANN401
        """See `Task.length`."""
        return len(texts.process(tokenizer, row.prompt, row.completions)[0])

    def held_out(self, settings: TrainingSettings) -> float:
        """See `Task.held_out`."""
        return settings.prm.held_out if settings.prm else 0.0

    def trainer(self, job: Job[StepRow], callback: Any) -> Any:  # noqa: ANN401
        """See `Task.trainer`."""
        from transformers import PrinterCallback, TrainingArguments  # noqa: PLC0415 - heavy

        soft = job.settings.prm is not None and job.settings.prm.labels == "soft"
        trainer = _trainer_class()(
            model=_wrapped(job),
            args=TrainingArguments(
                **arguments.common(job.checkpoints, job.settings), remove_unused_columns=False
            ),
            train_dataset=[_labelled(job.tokenizer, row, soft=soft) for row in job.rows],
            data_collator=_collator(job.tokenizer.pad_token_id),
            processing_class=job.tokenizer,
            callbacks=[callback],
        )
        trainer.remove_callback(PrinterCallback)
        return trainer

    def save(self, job: Job[StepRow], trainer: Any) -> None:  # noqa: ANN401
        """See `Task.save`."""
        heads.save(job, trainer, "process")

    def measure(self, job: Job[StepRow], trainer: Any) -> tuple[Measured, ...]:  # noqa: ANN401, ARG002
        """What it makes of the held-out rows."""
        return measure(heads.trained(job), job.held) if job.held else ()


# -- the trainer -------------------------------------------------------------------------------


def _wrapped(job: Job[StepRow]) -> Any:  # noqa: ANN401
    """The model, with small matrices beside its weights where those are trained."""
    matrices = arguments.lora(job.settings, "TOKEN_CLS", (heads.HEAD,))
    if matrices is None:
        return job.model
    import peft  # noqa: PLC0415 - heavy

    return peft.get_peft_model(job.model, matrices)


def _labelled(tokenizer: Any, row: StepRow, *, soft: bool) -> dict[str, list[float]]:  # noqa: ANN401
    """A row's tokens, and at each step's end what it is taught.

    Raises:
        UsageError: shares are to be taught, and the row has none.
    """
    if soft and len(row.soft) != len(row.labels):
        raise UsageError(
            f"a row of {row.problem_id} has no shares of rollouts to teach", "Leave --labels soft out."
        )
    ids, ends = texts.process(tokenizer, row.prompt, row.completions)
    labels = [NONE] * len(ids)
    for end, label in zip(ends, row.soft if soft else row.labels, strict=True):
        labels[end] = float(label)
    return {"input_ids": list(ids), "labels": labels}


def _collator(pad: int) -> Callable[[Sequence[dict[str, list[float]]]], dict[str, Any]]:
    """Rows side by side, filled up at their ends."""
    import torch  # noqa: PLC0415

    def filled(rows: Sequence[dict[str, list[float]]], name: str, with_: float) -> Any:  # noqa: ANN401
        longest = max(len(row[name]) for row in rows)
        return torch.tensor([[*row[name], *[with_] * (longest - len(row[name]))] for row in rows])

    def collate(rows: Sequence[dict[str, list[float]]]) -> dict[str, Any]:
        masks = [{"mask": [1.0] * len(row["input_ids"])} for row in rows]
        return {
            "input_ids": filled(rows, "input_ids", pad).long(),
            "attention_mask": filled(masks, "mask", 0).long(),
            "labels": filled(rows, "labels", NONE).float(),
        }

    return collate


def _trainer_class() -> Any:  # noqa: ANN401 - transformers has no types
    import torch  # noqa: PLC0415
    from transformers import Trainer  # noqa: PLC0415

    class Steps(Trainer):  # type: ignore[misc]  # transformers ships no usable types
        """transformers' Trainer with the loss at the steps' ends, and what its log says of them."""

        loss_is_scaled_for_ga = True

        def __init__(self, **fields: Any) -> None:  # noqa: ANN401
            super().__init__(**fields)
            self.told, self.right, self.tokens = 0, 0, 0

        def compute_loss(
            self,
            model: Any,  # noqa: ANN401
            inputs: dict[str, Any],
            return_outputs: bool = False,
            num_items_in_batch: Any = None,  # noqa: ANN401
        ) -> Any:  # noqa: ANN401
            labels = inputs["labels"]
            outputs = model(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"])
            at = labels != NONE
            logits, wanted = outputs.logits[at].float(), labels[at]
            targets = torch.stack([1 - wanted, wanted], dim=-1)
            loss = torch.nn.functional.cross_entropy(logits, targets, reduction="sum")
            # Over the steps of the whole batch: it is the same however many rows are computed at once.
            loss = loss * self.accelerator.num_processes / num_items_in_batch
            self.count(logits, wanted, inputs["attention_mask"])
            return (loss, outputs) if return_outputs else loss

        def count(self, logits: Any, wanted: Any, mask: Any) -> None:  # noqa: ANN401
            """Remember what was told right since the last line of the log."""
            hits = ((logits[:, 1] > logits[:, 0]) == (wanted >= RIGHT)).sum()
            counts = torch.stack([hits, torch.tensor(len(wanted), device=hits.device), mask.sum()])
            right, told, tokens = self.accelerator.gather(counts[None]).sum(0).tolist()
            self.right, self.told, self.tokens = self.right + right, self.told + told, self.tokens + tokens

        def log(self, logs: dict[str, float], *rest: Any) -> None:  # noqa: ANN401
            if self.told:
                logs |= {"accuracy": self.right / self.told, "num_tokens": self.tokens}
            self.told = self.right = 0
            super().log(logs, *rest)

    return Steps


# -- the measure -------------------------------------------------------------------------------


def measure(model: RewardModel, rows: Sequence[StepRow]) -> tuple[Measured, ...]:
    """What a process reward model makes of labelled rows that it was not trained on.

    Args:
        model: of steps.
        rows: with hard labels, which are compared with.

    Returns:
        The steps told right, beside always guessing what is more frequent; the rows with a wrong step whose
        first one was found exactly, beside guessing a step of the row; the rows without any that were passed.
    """
    values = model.processes([(row.prompt, row.completions) for row in rows])
    told = [tuple(value >= RIGHT for value in each) for each in values]
    pairs = list(zip(rows, told, strict=True))
    labels = [label for row in rows for label in row.labels]
    wrong = [(row, said) for row, said in pairs if not all(row.labels)]
    right = [(row, said) for row, said in pairs if all(row.labels)]
    share = sum(labels) / len(labels)
    found = [
        _measured(
            "steps told right",
            [(row, [a == b for a, b in zip(row.labels, said, strict=True)]) for row, said in pairs],
            max(share, 1 - share),
        ),
        _measured(
            "first wrong step found",
            [(row, [first_wrong(said) == first_wrong(row.labels)]) for row, said in wrong],
            sum(1 / len(row.labels) for row, _ in wrong) / len(wrong) if wrong else None,
        ),
        _measured("right solutions passed", [(row, [all(said)]) for row, said in right], None),
    ]
    return tuple(one for one in found if one is not None)


def first_wrong(labels: Sequence[bool]) -> int | None:
    """The place of the first step that is not right; None where all are."""
    return next((n for n, label in enumerate(labels) if not label), None)


def _measured(
    name: str, hits: Sequence[tuple[StepRow, Sequence[bool]]], chance: float | None
) -> Measured | None:
    """A share with its interval; what is of one problem belongs together."""
    of: dict[str, list[bool]] = {}
    for row, each in hits:
        of.setdefault(row.problem_id, []).extend(each)
    score = stats.score(list(of.values()))
    return None if score is None else Measured(name=name, score=score, chance=chance)


def start(request: Request, *, say: Say, quiet_: bool = False) -> TrainingOutcome:
    """Train a process reward model, or go on with it; see `loop.start`."""
    return loop.start(Prm(), request, say=say, quiet_=quiet_)
