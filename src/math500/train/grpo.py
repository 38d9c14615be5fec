"""Group relative policy optimisation by TRL's GRPOTrainer, with our grader as the reward.

    questions ──▶ the model writes `generations` of each ──scorer──▶ rewards ──▶ a step
                      └─ greedy on held-out ones now and then ─┐         │
                                                    alarms ◀───┴─────────┘

The method: Shao et al. 2024 (arXiv:2402.03300, section 4). The random numbers of the sampling are
in each checkpoint, and the questions' order is laid down beforehand: TRL's own sampler begins its first round
again when it goes on. So a training that was stopped goes on with the completions it would have had.
"""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Sequence
from typing import Any

from math500 import stats
from math500.errors import DependencyMissing, UsageError
from math500.records import (
    GrpoSettings,
    Measured,
    QuestionRow,
    SamplingSettings,
    TrainingOutcome,
    TrainingSettings,
    TrainingStart,
)
from math500.rewards.texts import plain
from math500.train import alarms, arguments, heldout, loop, scorer, watch
from math500.train.folder import TrainingFolder
from math500.train.loop import Job, Request, Say, Task

__all__ = ["Grpo", "Request", "start"]

OWN = {
    "reward": "reward",
    "reward_std": "reward_spread",
    "frac_reward_zero_std": "groups_alike",
    "completions/mean_length": "length",
    "entropy": "entropy",
    "kl": "kl",
    "clip_ratio/region_mean": "clipped",
    watch.RIGHT: watch.RIGHT,
    watch.START: watch.START,
}
"""TRL's names and ours."""


class Grpo(Task[QuestionRow]):
    """Learn from one's own completions what the grader calls right."""

    name = "grpo"
    kind = QuestionRow
    wanted = "questions with answers, as `math500 train questions` makes them"
    metrics = OWN | {name: name for name in scorer.METRICS}
    counts_on = True

    def __init__(self, say: Say = lambda _: None) -> None:
        self._say = say

    def own(self, settings: TrainingSettings) -> SamplingSettings:
        """The table of the settings that this is about."""
        return settings.grpo or GrpoSettings()

    def load(self, start: TrainingStart, settings: TrainingSettings, say: Say) -> tuple[Any, Any]:
        """See `Task.load`."""
        check(settings, self.own(settings))
        return super().load(start, settings, say)

    def length(self, tokenizer: Any, row: QuestionRow) -> int:  # noqa: ANN401
        """See `Task.length`."""
        asked = tokenizer.apply_chat_template(
            plain(row.prompt), add_generation_prompt=True, tokenize=True, return_dict=False
        )
        return len(asked)

    def held_out(self, settings: TrainingSettings) -> float:
        """See `Task.held_out`."""
        return self.own(settings).held_out

    def trainer(self, job: Job[QuestionRow], callback: Any) -> Any:  # noqa: ANN401
        """See `Task.trainer`."""
        import trl  # noqa: PLC0415 - heavy

        reward = scorer.Scorer(self.own(job.settings), heldout.ends(job.model, job.tokenizer))
        return self.made(trl.GRPOTrainer, job, reward, callback)

    def made(self, kind: Any, job: Job[QuestionRow], reward: Any, callback: Any) -> Any:  # noqa: ANN401
        """A trainer of this class, watched."""
        import datasets  # noqa: PLC0415
        import trl  # noqa: PLC0415
        from transformers import PrinterCallback  # noqa: PLC0415

        wanted = self.own(job.settings)
        rows = [
            {"prompt": plain(row.prompt), "answer": row.answer}
            for row in in_order(job.rows, job.settings, wanted)
        ]
        trainer = kind(
            model=job.model,
            reward_funcs=[reward],
            args=trl.GRPOConfig(**config(job.settings, wanted, job.checkpoints)),
            train_dataset=datasets.Dataset.from_list(rows),
            processing_class=job.tokenizer,
            peft_config=arguments.lora(job.settings, "CAUSAL_LM"),
            callbacks=[self._watch(job), callback],
        )
        trainer.remove_callback(PrinterCallback)
        return trainer

    def _watch(self, job: Job[QuestionRow]) -> Any:  # noqa: ANN401
        wanted = self.own(job.settings)
        some = job.held[: wanted.held_most]
        before = watch.before(job.out)
        rules = alarms.Alarms(wanted, len(some), before)

        def measure(model: Any) -> float | None:  # noqa: ANN401
            return statistics.fmean(self._right(job, model, some)) if some else None

        def begin(model: Any) -> float | None:  # noqa: ANN401
            right = self._right(job, model, some)
            if arguments.rank() == 0:
                TrainingFolder(job.out).keep_held_start(right)
            return statistics.fmean(right) if right else None

        return watch.callback(wanted, rules, self.metrics, begin, measure, self._say)

    def _right(self, job: Job[QuestionRow], model: Any, rows: Sequence[QuestionRow]) -> list[bool]:  # noqa: ANN401
        """Which of these held-out problems the model answers right."""
        at_once, length = job.settings.rows_at_once, self.own(job.settings).completion_length
        return heldout.right(model, job.tokenizer, rows, at_once=at_once, length=length)

    def measure(self, job: Job[QuestionRow], trainer: Any) -> tuple[Measured, ...]:  # noqa: ANN401
        """See `Task.measure`."""
        model = trainer.accelerator.unwrap_model(trainer.model)
        right = self._right(job, model, job.held)
        score = stats.score([[one] for one in right])
        before = TrainingFolder(job.out).held_start()
        moved = stats.paired_difference(before, right[: len(before)]) if before else None
        return (Measured(name="held-out problems right", score=score, difference=moved),) if score else ()


def in_order(
    rows: Sequence[QuestionRow], settings: TrainingSettings, own: SamplingSettings
) -> list[QuestionRow]:
    """The questions as they are asked from the first step to the last: round after round, each shuffled."""
    draw = random.Random(settings.seed)  # noqa: S311 - an order, not a secret
    count = math.ceil((settings.steps or 0) / own.reuse) * settings.batch // own.generations
    found: list[QuestionRow] = []
    while len(found) < count:
        found += draw.sample(rows, len(rows))
    return found[:count]


def check(settings: TrainingSettings, own: SamplingSettings) -> None:
    """Refuse settings that do not go together.

    Raises:
        UsageError: they do not.
        DependencyMissing: vLLM is asked for, and is not installed.
    """
    import importlib.util  # noqa: PLC0415

    scorer.graders(own.graders)
    if own.generations < 2:
        raise UsageError("a group of one completion has nothing to compare", "Give --generations 2 or more.")
    if settings.batch % own.generations:
        raise UsageError(
            f"a batch of {settings.batch} completions is no multiple of {own.generations} generations",
            f"Give a --batch that is a multiple of {own.generations}.",
        )
    if settings.save_every % own.reuse:
        raise UsageError(
            f"a checkpoint every {settings.save_every} steps parts the {own.reuse} on the same completions",
            f"Give a --save-every that is a multiple of {own.reuse}.",
        )
    if own.temperature <= 0 or own.completion_length < 1 or own.reuse < 1 or own.window < 1:
        raise UsageError(
            "temperature, completion_length, reuse and window cannot be 0", "Give a number above 0."
        )
    if own.use_vllm and importlib.util.find_spec("vllm") is None:
        raise DependencyMissing(
            "vLLM is not installed here", "Leave out use_vllm, or run `pip install vllm`."
        )


def config(settings: TrainingSettings, own: SamplingSettings, checkpoints: Any) -> dict[str, Any]:  # noqa: ANN401
    """The settings in TRL's words."""
    return {
        **arguments.common(checkpoints, settings),
        "shuffle_dataset": False,
        "num_generations": own.generations,
        "max_completion_length": own.completion_length,
        "temperature": own.temperature,
        "beta": own.beta,
        "num_iterations": own.reuse,
        "epsilon": own.epsilon,
        "scale_rewards": getattr(own, "scale", "none"),
        "use_vllm": own.use_vllm,
    }


def start(request: Request, *, say: Say, quiet_: bool = False) -> TrainingOutcome:
    """Train by GRPO, or go on with it; see `loop.start`."""
    return loop.start(Grpo(say), request, say=say, quiet_=quiet_)
