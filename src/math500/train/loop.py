"""A training from what was asked for to what came out: what all trainers have in common.

    training sets ──gate──▶ rows ─┐
    start         ──load──▶ model ├─▶ the task's trainer ──each step──▶ log.jsonl, progress
    settings      ────────────────┘         └─▶ checkpoints/, then model/, then the task's measure

What is trained, and how, is a `Task`: sft.py, reward.py, prm.py. A training that was stopped goes on from its
last checkpoint, with the same rows in the same order, hence on the same curve. Under `accelerate launch` each
process comes through here; the first one alone writes the folder.
"""

from __future__ import annotations

import abc
import contextlib
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Generic

import msgspec

from math500 import __version__, quiet
from math500.display.training import Progress
from math500.errors import Interrupted, ModelError, UsageError
from math500.plural import counted
from math500.records import (
    Measured,
    TrainedOn,
    Training,
    TrainingOutcome,
    TrainingSettings,
    TrainingStart,
    TrainingStep,
)
from math500.synth.dataset import TrainingSet
from math500.train import arguments, log, rows
from math500.train import settings as setting
from math500.train import start as starts
from math500.train.folder import CHECKPOINTS, MODEL, TrainingFolder, TrainingWriter, differing, step_of
from math500.train.rows import R
from math500.train.storing import storing

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


@dataclass(frozen=True)
class Job(Generic[R]):
    """A training that is ready to begin."""

    out: Path
    training: Training
    model: Any
    tokenizer: Any
    rows: list[R]
    held: list[R]
    """Not trained on: for the measure."""

    @property
    def settings(self) -> TrainingSettings:
        """With nothing left open."""
        return self.training.settings

    @property
    def checkpoints(self) -> Path:
        """The folder of the trainer's own."""
        return self.out / CHECKPOINTS

    @property
    def weights(self) -> Path:
        """The folder of what is trained in the end."""
        return self.out / MODEL


class Task(abc.ABC, Generic[R]):
    """One kind of training: what it learns from, with which trainer, and how it is measured."""

    name: str
    """The command's: `sft`, `reward`, ..."""
    kind: type[R]
    """The rows that it learns from."""
    wanted: str
    """Those rows in words."""
    metrics: Mapping[str, str] = {}
    """What the trainer says of a step besides the usual, by its name, to the name in the log."""
    counts_on = False
    """The trainer's own count of tokens goes on after a stop."""

    def load(self, start: TrainingStart, settings: TrainingSettings, say: Say) -> tuple[Any, Any]:  # noqa: ARG002
        """The model that is trained, and its tokenizer: here the start as it is."""
        return starts.load(start, say)

    @abc.abstractmethod
    def length(self, tokenizer: Any, row: R) -> int:  # noqa: ANN401
        """A row's tokens, of the longest text that is made of it."""

    def held_out(self, settings: TrainingSettings) -> float:  # noqa: ARG002
        """The part of the problems that is not trained on."""
        return 0.0

    @abc.abstractmethod
    def trainer(self, job: Job[R], callback: Any) -> Any:  # noqa: ANN401
        """The trainer: with `train`, `save_model` and `args.device`, as transformers' own."""

    def save(self, job: Job[R], trainer: Any) -> None:  # noqa: ANN401
        """Write the weights; on every process."""
        trainer.save_model(str(job.weights))

    def measure(self, job: Job[R], trainer: Any) -> tuple[Measured, ...]:  # noqa: ANN401, ARG002
        """What the model makes of the rows that were held out."""
        return ()


def start(task: Task[R], request: Request, *, say: Say, quiet_: bool = False) -> TrainingOutcome:
    """Train, or go on with a training that was stopped.

    Raises:
        DependencyMissing: the extra `train` is not installed.
        Contaminated: a row holds a problem of the test set.
        DataError: a set, or the start, cannot be used.
        RunError: the folder cannot be used.
        ModelError: the loss became no number, or memory ran out.
        StorageFull: the disk took no more; the last whole checkpoint is kept.
    """
    quiet.require()
    first = arguments.rank() == 0
    say_ = say if first else _nothing
    found = starts.find(request.model, say_)
    sets = [TrainingSet.load(folder) for folder in request.sets]
    _require_different(sets)
    control = TrainingSet.load(request.control) if request.control else None
    with quiet.libraries(hub=found.kind == "hub"):
        outcome = _train(task, sets, found, request.settings, request.out, say_, quiet_)
        if control is None:
            return outcome
        say_(f"The control: the same start, {counted(outcome.steps, 'step')} on {control.path}.")
        as_long = msgspec.structs.replace(request.settings, steps=outcome.steps)
        folder = request.out / CONTROL
        _train(task, [control], found, as_long, folder, say_, quiet_)
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


def _nothing(_: str) -> None:
    pass


def _remember(folder: Path, outcome: TrainingOutcome) -> None:
    writer = TrainingWriter(folder)
    writer.finish(outcome)
    writer.close()


def _train(
    task: Task[R],
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

    every = rows.of_kind(sets, task.kind, task.wanted)
    if wanted.threads:
        torch.set_num_threads(wanted.threads)
    transformers.set_seed(wanted.seed)
    say(f"Loading {begin.name}.")
    model, tokenizer = task.load(begin, wanted, say)
    fitting, too_long = rows.fitting(every, lambda row: task.length(tokenizer, row), wanted.max_length)
    trained, held = rows.parted(fitting, task.held_out(wanted), wanted.seed)
    training = Training(
        task=task.name,
        set=_on(sets, len(trained), too_long, len(held)),
        start=begin,
        settings=setting.settled(wanted, len(trained)),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        math500_version=__version__,
        versions=quiet.versions(),
    )
    if finished := _finished(out, training):
        say(f"{out} is finished already.")
        return finished
    if too_long:
        say(
            f"{counted(too_long, 'row is', 'rows are')} left out, {len(fitting)} kept: over "
            f"{wanted.max_length} tokens."
        )
    return _run(task, Job(out, training, model, tokenizer, trained, held), say, hush=hush)


def _finished(out: Path, training: Training) -> TrainingOutcome | None:
    """The outcome of the same training, if it is there: a control that is owed can still be made."""
    if not (out / "outcome.json").is_file():
        return None
    there = TrainingFolder(out)
    return None if differing(there.training, training) else there.outcome()


def _on(sets: Sequence[TrainingSet], count: int, too_long: int, held_out: int) -> TrainedOn:
    return TrainedOn(
        location=", ".join(str(one.path.resolve()) for one in sets),
        sha256=rows.digest(sets),
        rows=count,
        too_long=too_long,
        held_out=held_out,
        method=" + ".join(one.manifest.method for one in sets),
    )


# -- while it runs -----------------------------------------------------------------------------


@contextlib.contextmanager
def _folder(out: Path, training: Training) -> Iterator[TrainingWriter | None]:
    """The folder to write, on the first process; the others write nothing."""
    if arguments.rank():
        yield None
        return
    writer = TrainingWriter.begin(out, training)
    writer.remove_torn()
    try:
        yield writer
    finally:
        writer.close()


def _run(task: Task[R], job: Job[R], say: Say, *, hush: bool) -> TrainingOutcome:
    import torch  # noqa: PLC0415

    with _folder(job.out, job.training) as writer:
        checkpoint = _last_checkpoint(job.out)
        before = _before(job.out, checkpoint)
        if before:
            say(f"Going on after step {before.step}.")
        with Progress(job.training, before, quiet=hush or writer is None) as progress:
            each = (writer.append, progress) if writer else ()
            trainer = task.trainer(
                job, log.callback(before, *each, metrics=task.metrics, counts_on=task.counts_on)
            )
            try:
                with storing(job.out):
                    trainer.train(resume_from_checkpoint=checkpoint and str(checkpoint))
            except torch.OutOfMemoryError as e:
                raise ModelError(
                    "the GPU's memory ran out", "Give a lower --rows-at-once; the steps stay."
                ) from e
            except KeyboardInterrupt:
                raise _interrupted(job.out) from None
        with storing(job.out):
            task.save(job, trainer)
        outcome = _outcome(job, trainer, task.measure(job, trainer) if writer else ())
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


def _outcome(job: Job[R], trainer: Any, measured: tuple[Measured, ...]) -> TrainingOutcome:  # noqa: ANN401
    import torch  # noqa: PLC0415

    done = TrainingFolder(job.out).steps()
    tenth = max(1, len(done) // TENTHS)
    device = torch.cuda.get_device_name() if trainer.args.device.type == "cuda" else trainer.args.device.type
    return TrainingOutcome(
        task=job.training.task,
        folder=str(job.out),
        steps=done[-1].step,
        rows=job.training.set.rows,
        first_loss=statistics.fmean(step.loss for step in done[:tenth]),
        last_loss=statistics.fmean(step.loss for step in done[-tenth:]),
        tokens=done[-1].tokens,
        seconds=done[-1].seconds,
        device=device,
        processes=arguments.world(),
        measured=measured,
        alarms=tuple(alarm for step in done for alarm in step.alarms),
    )
