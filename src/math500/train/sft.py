"""Supervised fine-tuning by TRL's SFTTrainer, told what the settings say.

    training set ──gate──▶ rows ─┐
    start        ──load──▶ model ├─▶ SFTTrainer ──each step──▶ log.jsonl, progress
    settings     ──────▶ SFTConfig                └─────────▶ checkpoints/, then model/

The loss is taken over the completions alone. A training that was stopped goes on from its last checkpoint,
with the same rows in the same order, hence on the same curve. Under `accelerate launch` each process comes
through here; the first one alone writes the folder.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from math500 import __version__
from math500.display.training import Progress
from math500.errors import DataMismatch, Interrupted, ModelError, UsageError
from math500.records import (
    CompletionRow,
    Message,
    TrainedOn,
    Training,
    TrainingOutcome,
    TrainingSettings,
    TrainingStart,
    TrainingStep,
)
from math500.synth.dataset import TrainingSet
from math500.train import quiet, watch
from math500.train import settings as setting
from math500.train import start as starts
from math500.train.folder import CHECKPOINTS, MODEL, TrainingFolder, TrainingWriter, differing, step_of

Say = Callable[[str], None]
CONTROL = "control"
TENTHS = 10


@dataclass(frozen=True)
class Request:
    """A training, as the user asks for it."""

    sets: tuple[Path, ...]
    """Training sets, whose rows are trained on together."""
    model: str
    out: Path
    settings: TrainingSettings
    control: Path | None = None
    """Another training set: the same start is trained on it as long, into OUT/control."""


def start(request: Request, *, say: Say, quiet_: bool = False) -> TrainingOutcome:
    """Train, or go on with a training that was stopped.

    Raises:
        DependencyMissing: the extra `train` is not installed.
        Contaminated: a row holds a problem of the test set.
        DataError: a set, or the start, cannot be used.
        RunError: the folder cannot be used.
        ModelError: the loss became no number, or memory ran out.
    """
    quiet.require()
    first = _rank() == 0
    say_ = say if first else _nothing
    found = starts.find(request.model, say_)
    sets = [TrainingSet.load(folder) for folder in request.sets]
    _require_different(sets)
    control = TrainingSet.load(request.control) if request.control else None
    with quiet.libraries(hub=found.kind == "hub"):
        outcome = _train(sets, found, request.settings, request.out, say_, quiet_)
        if control is None:
            return outcome
        say_(f"The control: the same start, {outcome.steps} steps on {control.path}.")
        as_long = msgspec.structs.replace(request.settings, steps=outcome.steps)
        folder = request.out / CONTROL
        _train([control], found, as_long, folder, say_, quiet_)
    outcome = msgspec.structs.replace(outcome, control=str(folder))
    if first:
        _remember(request.out, outcome)
    return outcome


def _require_different(sets: Sequence[TrainingSet]) -> None:
    """Refuse the same rows under two names: they would count twice, unsaid."""
    first: dict[str, TrainingSet] = {}
    for one in sets:
        same = first.setdefault(one.manifest.sha256, one)
        if same is not one:
            raise UsageError(
                f"{same.path} and {one.path} hold the same rows, which would be trained on twice as often",
                "Name each set once; to see rows more often, raise `epochs` in the settings.",
            )


def _rank() -> int:
    return int(os.environ.get("RANK", "0"))


def _world() -> int:
    return int(os.environ.get("WORLD_SIZE", "1"))


def _nothing(_: str) -> None:
    pass


def _remember(folder: Path, outcome: TrainingOutcome) -> None:
    writer = TrainingWriter(folder)
    writer.finish(outcome)
    writer.close()


def _train(
    sets: Sequence[TrainingSet],
    begin: TrainingStart,
    wanted: TrainingSettings,
    out: Path,
    say: Say,
    hush: bool,
) -> TrainingOutcome:
    """One training; what is finished is not done again."""
    import torch  # noqa: PLC0415 - heavy
    import transformers  # noqa: PLC0415

    if wanted.threads:
        torch.set_num_threads(wanted.threads)
    transformers.set_seed(wanted.seed)
    say(f"Loading {begin.name}.")
    model, tokenizer = starts.load(begin, say)
    fitting, too_long = _fitting(sets, tokenizer, wanted.max_length)
    settings = setting.settled(wanted, len(fitting))
    training = _training(sets, begin, settings, len(fitting), too_long)
    if finished := _finished(out, training):
        say(f"{out} is finished already.")
        return finished
    if too_long:
        say(f"{too_long} rows are left out, {len(fitting)} kept: over {settings.max_length} tokens.")
    return _run(out, training, _Loaded(model, tokenizer, fitting), say, hush=hush)


def _finished(out: Path, training: Training) -> TrainingOutcome | None:
    """The outcome of the same training, if it is there: a control that is owed can still be made."""
    if not (out / "outcome.json").is_file():
        return None
    there = TrainingFolder(out)
    return None if differing(there.training, training) else there.outcome()


def _fitting(sets: Sequence[TrainingSet], tokenizer: Any, most: int) -> tuple[list[CompletionRow], int]:  # noqa: ANN401
    """The rows that are not too long, and how many are."""
    whole = [row for one in sets for row in _completions(one)]
    texts = (_messages((*row.prompt, *row.completion)) for row in whole)
    fits = [len(_tokens(tokenizer, text)) <= most for text in texts]
    fitting = [row for row, fit in zip(whole, fits, strict=True) if fit]
    if not fitting:
        raise DataMismatch(f"every row has more than {most} tokens", "Give a higher --max-length.")
    return fitting, len(whole) - len(fitting)


def _completions(one: TrainingSet) -> list[CompletionRow]:
    rows = [row for row in one.rows if isinstance(row, CompletionRow)]
    if len(rows) != len(one.rows):
        raise UsageError(f"{one.path} holds preferences", "Give a set of prompts and completions.")
    return rows


def _tokens(tokenizer: Any, messages: list[dict[str, str]]) -> list[int]:  # noqa: ANN401
    return list(tokenizer.apply_chat_template(messages, tokenize=True, return_dict=False))


def _messages(messages: tuple[Message, ...]) -> list[dict[str, str]]:
    return [{"role": one.role, "content": one.content} for one in messages]


def _training(
    sets: Sequence[TrainingSet], begin: TrainingStart, settings: TrainingSettings, count: int, too_long: int
) -> Training:
    return Training(
        set=TrainedOn(
            location=", ".join(str(one.path.resolve()) for one in sets),
            sha256=_hash(sets),
            rows=count,
            too_long=too_long,
            method=" + ".join(one.manifest.method for one in sets),
        ),
        start=begin,
        settings=settings,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        math500_version=__version__,
        versions=quiet.versions(),
    )


def _hash(sets: Sequence[TrainingSet]) -> str:
    """Of the rows: one set's own hash, or that of the hashes of several."""
    hashes = [one.manifest.sha256 for one in sets]
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()


@contextlib.contextmanager
def _folder(out: Path, training: Training) -> Iterator[TrainingWriter | None]:
    """The folder to write, on the first process; the others write nothing."""
    if _rank():
        yield None
        return
    writer = TrainingWriter.begin(out, training)
    writer.remove_torn()
    try:
        yield writer
    finally:
        writer.close()


# -- the trainer -------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Loaded:
    """What the trainer is handed."""

    model: Any
    tokenizer: Any
    rows: list[CompletionRow]


def _run(out: Path, training: Training, loaded: _Loaded, say: Say, *, hush: bool) -> TrainingOutcome:
    import torch  # noqa: PLC0415

    with _folder(out, training) as writer:
        checkpoint = _last_checkpoint(out)
        before = _before(out, checkpoint)
        if before:
            say(f"Going on after step {before.step}.")
        with Progress(training, before, quiet=hush or writer is None) as progress:
            each = (writer.append, progress) if writer else ()
            trainer = _trainer(out, training, loaded, watch.callback(before, *each))
            try:
                trainer.train(resume_from_checkpoint=checkpoint and str(checkpoint))
            except torch.OutOfMemoryError as e:
                raise ModelError(
                    "the GPU's memory ran out", "Give a lower --rows-at-once; the steps stay."
                ) from e
            except KeyboardInterrupt:
                raise _interrupted(out) from None
        trainer.save_model(str(out / MODEL))
        outcome = _outcome(out, training, trainer)
        if writer:
            writer.finish(outcome)
    return outcome


def _last_checkpoint(out: Path) -> Path | None:
    return TrainingFolder(out).checkpoint() if (out / "training.json").is_file() else None


def _before(out: Path, checkpoint: Path | None) -> TrainingStep | None:
    """The logged step that a checkpoint was made after."""
    if checkpoint is None:
        return None
    number = step_of(checkpoint)
    return next((step for step in TrainingFolder(out).steps() if step.step == number), None)


def _interrupted(out: Path) -> Interrupted:
    checkpoint = _last_checkpoint(out)
    begins = (
        f"after step {step_of(checkpoint)}" if checkpoint else "from the start: no checkpoint was made yet"
    )
    return Interrupted("the training was stopped", f"The same command goes on {begins}.")


def _trainer(out: Path, training: Training, loaded: _Loaded, callback: Any) -> Any:  # noqa: ANN401
    import datasets  # noqa: PLC0415
    import trl  # noqa: PLC0415
    from transformers import PrinterCallback  # noqa: PLC0415

    rows = [{"prompt": _messages(r.prompt), "completion": _messages(r.completion)} for r in loaded.rows]
    trainer = trl.SFTTrainer(
        model=loaded.model,
        args=_config(out, training.settings),
        train_dataset=datasets.Dataset.from_list(rows),
        processing_class=loaded.tokenizer,
        peft_config=_lora(training.settings) if training.settings.method == "lora" else None,
        callbacks=[callback],
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


def _config(out: Path, settings: TrainingSettings) -> Any:  # noqa: ANN401
    import torch  # noqa: PLC0415
    import trl  # noqa: PLC0415

    steps = settings.steps or 0
    at_once, turns = shares(settings, devices=_devices())
    return trl.SFTConfig(
        output_dir=str(out / CHECKPOINTS),
        max_steps=steps,
        per_device_train_batch_size=at_once,
        gradient_accumulation_steps=turns,
        learning_rate=settings.learning_rate,
        lr_scheduler_type="constant_with_warmup" if settings.schedule == "constant" else settings.schedule,
        warmup_steps=round(settings.warmup * steps),
        weight_decay=settings.weight_decay,
        max_grad_norm=settings.clip,
        bf16=settings.precision == "bfloat16" or (settings.precision == "auto" and _has_bfloat16()),
        fp16=False,
        gradient_checkpointing=settings.checkpointing,
        seed=settings.seed,
        data_seed=settings.seed,
        completion_only_loss=True,
        max_length=None,
        packing=False,
        logging_steps=1,
        logging_nan_inf_filter=False,
        save_strategy="steps",
        save_steps=settings.save_every,
        save_total_limit=1,
        dataloader_pin_memory=torch.cuda.is_available(),
        report_to="none",
        disable_tqdm=True,
    )


def _lora(settings: TrainingSettings) -> Any:  # noqa: ANN401
    import peft  # noqa: PLC0415

    lora = settings.lora
    return peft.LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=lora.targets.split(",") if "," in lora.targets else lora.targets,
        task_type="CAUSAL_LM",
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


def _devices() -> int:
    """The devices that share a batch: one for each process, or all of this one's."""
    import torch  # noqa: PLC0415

    return _world() if _world() > 1 else max(1, torch.cuda.device_count())


def _has_bfloat16() -> bool:
    import torch  # noqa: PLC0415

    return bool(torch.cuda.is_available() and torch.cuda.is_bf16_supported())


def _outcome(out: Path, training: Training, trainer: Any) -> TrainingOutcome:  # noqa: ANN401
    import torch  # noqa: PLC0415

    done = TrainingFolder(out).steps()
    tenth = max(1, len(done) // TENTHS)
    device = torch.cuda.get_device_name() if trainer.args.device.type == "cuda" else trainer.args.device.type
    return TrainingOutcome(
        folder=str(out),
        steps=training.settings.steps or 0,
        rows=training.set.rows,
        first_loss=statistics.fmean(step.loss for step in done[:tenth]),
        last_loss=statistics.fmean(step.loss for step in done[-tenth:]),
        tokens=done[-1].tokens,
        seconds=done[-1].seconds,
        device=device,
        processes=_world(),
    )
