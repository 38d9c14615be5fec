"""Proximal policy optimisation with reward models: WizardMath's last step.

    reward of a completion = value of the question (instruction reward model)
                           x value of the solution's steps, brought to one (process reward model)

Luo et al. 2023 (arXiv:2308.09583); PPO: Schulman et al. 2017 (arXiv:1707.06347). TRL has no trainer for it
any more. Sampling, clipped loss, KL to the start, checkpoints and log are GRPOTrainer's, which takes an
advantage for each token; the critic and its advantages are added (docs/decisions/rl.md). The grader gives no
reward here: it watches.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from math500 import rewards
from math500.errors import UsageError
from math500.records import (
    Aggregate,
    Message,
    PpoSettings,
    QuestionRow,
    SamplingSettings,
    TrainingOutcome,
    TrainingSettings,
    TrainingStart,
    Verdict,
)
from math500.rewards import RewardModel
from math500.train import arguments, critic, grpo, heldout, loop
from math500.train.loop import Job, Request, Say
from math500.train.scorer import METRICS, Sampled, Scorer

__all__ = ["Ppo", "Request", "start"]

OWN = {"question_value": "question_value", "steps_value": "steps_value", "critic_loss": "critic_loss"}


class Ppo(grpo.Grpo):
    """Learn from one's own completions what reward models value."""

    name = "ppo"
    metrics = grpo.OWN | {name: name for name in METRICS} | OWN

    def own(self, settings: TrainingSettings) -> PpoSettings:
        """See `Grpo.own`."""
        return settings.ppo or PpoSettings()

    def load(self, start: TrainingStart, settings: TrainingSettings, say: Say) -> tuple[Any, Any]:
        """See `Task.load`."""
        own = self.own(settings)
        if not own.process_reward:
            raise UsageError(
                "PPO needs a process reward model", "Give --process-reward, as `math500 train prm` makes it."
            )
        if settings.method == "lora" or arguments.world() > 1 or own.use_vllm:
            raise UsageError(
                "PPO trains all weights, in one process, and writes its completions itself",
                "Leave out --lora, --use-vllm and `accelerate launch`, or use `math500 train grpo`.",
            )
        _require(own.process_reward, "process", "--process-reward", "train prm")
        if own.instruction_reward:
            _require(own.instruction_reward, "outcome", "--instruction-reward", "train reward")
        return super().load(start, settings, say)

    def trainer(self, job: Job[QuestionRow], callback: Any) -> Any:  # noqa: ANN401
        """See `Task.trainer`."""
        own = self.own(job.settings)
        instruction = rewards.load(Path(own.instruction_reward)) if own.instruction_reward else None
        scorer = Valued(
            own,
            heldout.ends(job.model, job.tokenizer),
            question=functools.partial(questions, instruction, own.instruction_request),
            steps=functools.partial(solutions, rewards.load(Path(own.process_reward)), own.aggregate),
        )
        return self.made(functools.partial(trainer_class(), own=own, scorer=scorer), job, scorer, callback)

    def save(self, job: Job[QuestionRow], trainer: Any) -> None:  # noqa: ANN401
        """Write the weights without the critic."""
        del trainer.model.critic
        super().save(job, trainer)


def _require(folder: str, kind: str, option: str, command: str) -> None:
    """Refuse a reward model of the other kind: its number would be another thing than what is asked for."""
    if rewards.find(Path(folder))[1].kind != kind:
        raise UsageError(
            f"{folder} is a reward model of another kind", f"Give {option} what `math500 {command}` made."
        )


def questions(model: RewardModel | None, request: str, asked: Sequence[str]) -> list[float]:
    """The value of each question, 0 to 1; 1 without a model."""
    if model is None:
        return [1.0] * len(asked)
    prompt = (Message(role="user", content=request),) if request else ()
    return [rewards.value(one) for one in model.solutions([(prompt, text) for text in asked])]


def solutions(model: RewardModel, how: Aggregate, asked: Sequence[tuple[Any, str]]) -> list[float]:
    """The value of each solution, 0 to 1."""
    return [rewards.value(one, how) for one in model.solutions(asked)]


class Valued(Scorer):
    """The reward of reward models; the grader's verdicts are logged beside it.

    Args:
        settings: of `train ppo`.
        ends: the tokens that end a completion.
        question: questions to values.
        steps: prompts with their completions to values.
    """

    def __init__(
        self,
        settings: SamplingSettings,
        ends: Sequence[int],
        *,
        question: Callable[[Sequence[str]], list[float]],
        steps: Callable[[Sequence[tuple[Any, str]]], list[float]],
    ) -> None:
        super().__init__(settings, ends)
        self._question = question
        self._steps = steps
        self.last: list[float | None] = []
        """The rewards of the last batch, in its order."""

    def __call__(self, *args: Any, **named: Any) -> list[float | None]:  # noqa: ANN401
        """See `Scorer`."""
        self.last = super().__call__(*args, **named)
        return self.last

    def base(
        self,
        asked: Sequence[Sequence[Message]],
        sampled: Sequence[Sampled],
        verdicts: Sequence[Verdict],  # noqa: ARG002
        log_metric: Callable[[str, float], None],
    ) -> list[float | None]:
        """The product of both values."""
        different = list(dict.fromkeys(one.question for one in sampled))
        known = dict(zip(different, self._question(different), strict=True))
        first = [known[one.question] for one in sampled]
        second = self._steps([(prompt, one.text) for prompt, one in zip(asked, sampled, strict=True)])
        log_metric("question_value", fmean(first))
        log_metric("steps_value", fmean(second))
        return [a * b for a, b in zip(first, second, strict=True)]


@functools.cache
def trainer_class() -> Any:  # noqa: ANN401
    """GRPOTrainer with a critic in place of the group."""
    import torch  # noqa: PLC0415 - heavy
    import trl  # noqa: PLC0415

    class PpoTrainer(trl.GRPOTrainer):  # type: ignore[misc]  # trl ships no usable types
        def __init__(self, *args: Any, own: PpoSettings, scorer: Valued, **named: Any) -> None:  # noqa: ANN401
            super().__init__(*args, **named)
            self.own, self.scorer = own, scorer
            critic.attach(self.model)

        def create_optimizer(self, model: Any = None) -> Any:  # noqa: ANN401, ARG002
            if getattr(self, "optimizer", None) is None:
                theirs = {id(p) for p in self.model.critic.parameters()}
                ours = [p for p in self.model.parameters() if id(p) not in theirs]
                kind, given = self.get_optimizer_cls_and_kwargs(self.args, self.model)
                rate = given.pop("lr")
                groups = [
                    {"params": ours, "lr": rate},
                    {"params": list(self.model.critic.parameters()), "lr": rate * self.own.critic_rate},
                ]
                self.optimizer = kind(groups, weight_decay=self.args.weight_decay, **given)
            return self.optimizer

        def _generate_and_score_completions(self, inputs: Any) -> Any:  # noqa: ANN401
            made = super()._generate_and_score_completions(inputs)
            mask = made["completion_mask"]
            with torch.no_grad():
                expected = self._expected(made)
            due = [0.0 if reward is None else reward for reward in self.scorer.last]
            given = torch.tensor(due, device=expected.device, dtype=expected.dtype)
            found = critic.advantages(given, expected, mask, self.own.gae_lambda)
            made["returns"] = (found + expected) * mask
            made["advantages"] = critic.whitened(found, mask)
            return made

        def _expected(self, batch: Any) -> torch.Tensor:  # noqa: ANN401
            ids = torch.cat([batch["prompt_ids"], batch["completion_ids"]], dim=1)
            mask = torch.cat([batch["prompt_mask"], batch["completion_mask"]], dim=1)
            return critic.values(self.model.critic, ids, mask, batch["completion_ids"].shape[1])

        def _compute_loss(self, model: Any, inputs: Any) -> Any:  # noqa: ANN401
            mask = inputs["completion_mask"]
            wrong = (self._expected(inputs) - inputs["returns"]) ** 2
            theirs = (wrong * mask).sum() / mask.sum().clamp(min=1)
            self._metrics["train"]["critic_loss"].append(theirs.item())
            ours = super()._compute_loss(model, inputs)
            if self.state.global_step < self.own.critic_warmup:
                ours = ours * 0.0
            return ours + theirs / self.current_gradient_accumulation_steps

    return PpoTrainer


def start(request: Request, *, say: Say, quiet_: bool = False) -> TrainingOutcome:
    """Train by PPO, or go on with it; see `loop.start`."""
    return loop.start(Ppo(say), request, say=say, quiet_=quiet_)
