"""PPO: its advantages by hand, a toy whose best reward is known, and both reward models at work."""

from __future__ import annotations

import functools
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from math500.display import training as show
from math500.errors import UsageError
from math500.records import PpoSettings, QuestionRow, TrainingSettings, TrainingStart
from math500.train import critic, grpo, heldout, loop, ppo
from math500.train.folder import TrainingFolder
from math500.train.loop import Job, Request
from tests.test_rerank import described
from tests.train.conftest import nothing

torch = pytest.importorskip("torch", reason="needs the extra `train`")

OWN = PpoSettings(
    generations=2,
    completion_length=8,
    beta=0.0,
    reuse=2,
    held_out=0.1,
    held_every=100,
    graders="",
    process_reward="none",
    critic_rate=1.0,
)
QUICK = TrainingSettings(
    steps=60,
    batch=32,
    rows_at_once=32,
    learning_rate=3e-3,
    save_every=20,
    threads=1,
    schedule="constant",
    ppo=OWN,
)


def test_advantages_by_hand() -> None:
    """Three tokens and a padded text of one; lambda 0.5, reward 1 and 2."""
    expected = torch.tensor([[0.5, 0.25, 0.75], [0.5, 9.0, 9.0]])
    mask = torch.tensor([[1, 1, 1], [1, 0, 0]])
    found = critic.advantages(torch.tensor([1.0, 2.0]), expected, mask, 0.5)
    last = 1.0 - 0.75
    middle = (0.75 - 0.25) + 0.5 * last
    first = (0.25 - 0.5) + 0.5 * middle
    assert found[0].tolist() == pytest.approx([first, middle, last])
    assert found[1].tolist() == pytest.approx([1.5, 0.0, 0.0])


@pytest.mark.parametrize(("reach", "wanted"), [(1.0, [0.5, 0.75, 0.25]), (0.0, [-0.25, 0.5, 0.25])])
def test_lambda_says_whose_word_counts(reach: float, wanted: list[float]) -> None:
    """At 1 each token's is the reward beyond what was expected, at 0 the next expectation beyond this one."""
    expected = torch.tensor([[0.5, 0.25, 0.75]])
    found = critic.advantages(torch.tensor([1.0]), expected, torch.ones(1, 3, dtype=torch.long), reach)
    assert found[0].tolist() == pytest.approx(wanted)


def test_whitening_leaves_out_what_is_behind_a_text() -> None:
    values, mask = torch.tensor([[1.0, 3.0, 99.0]]), torch.tensor([[1, 1, 0]])
    found = critic.whitened(values, mask)
    assert found[0, 2] == 0.0
    assert float(found.sum()) == pytest.approx(0.0, abs=1e-6)


class Digits(ppo.Ppo):
    """The share of a completion's characters that are digits is its reward: at best 1."""

    def load(self, start: TrainingStart, settings: TrainingSettings, say: loop.Say) -> tuple[Any, Any]:
        return grpo.Grpo.load(self, start, settings, say)

    def trainer(self, job: Job[QuestionRow], callback: Any) -> Any:
        own = self.own(job.settings)
        scorer = ppo.Valued(
            own,
            heldout.ends(job.model, job.tokenizer),
            question=lambda asked: [1.0] * len(asked),
            steps=lambda asked: [share(text) for _, text in asked],
        )
        kind = functools.partial(ppo.trainer_class(), own=own, scorer=scorer)
        return self.made(kind, job, scorer, callback)


def share(text: str) -> float:
    return sum(c.isascii() and c.isdigit() for c in text) / max(1, len(text))


def test_a_toy_comes_near_its_optimum_and_its_critic_learns(asked: Path, tiny: Path, tmp_path: Path) -> None:
    request = Request((asked,), str(tiny), tmp_path / "t", QUICK)
    done = loop.start(Digits(), request, say=nothing, quiet_=True)
    assert "math500 train export" in show.outcome(done)
    steps = TrainingFolder(tmp_path / "t").steps()
    rewards = [step.metrics["reward"] for step in steps if "reward" in step.metrics]
    assert statistics.fmean(rewards[:4]) < 0.3
    assert statistics.fmean(rewards[-4:]) > 0.8
    lost = [step.metrics["critic_loss"] for step in steps]
    assert statistics.fmean(lost[-4:]) < statistics.fmean(lost[:4]) + 0.05


def test_the_critic_is_not_in_what_is_kept(asked: Path, tiny: Path, tmp_path: Path) -> None:
    from safetensors import safe_open

    settings = msgspec.structs.replace(QUICK, steps=2, save_every=2)
    loop.start(Digits(), Request((asked,), str(tiny), tmp_path / "t", settings), say=nothing, quiet_=True)
    with safe_open(tmp_path / "t" / "model" / "model.safetensors", "pt") as file:
        assert not [name for name in file.keys() if "critic" in name]  # noqa: SIM118 - it is no dict


def test_a_stopped_training_goes_on_with_its_critic(asked: Path, tiny: Path, tmp_path: Path) -> None:
    settings = msgspec.structs.replace(QUICK, steps=8, save_every=4)
    loop.start(Digits(), Request((asked,), str(tiny), tmp_path / "whole", settings), say=nothing, quiet_=True)

    class Stopped(Digits):
        def trainer(self, job: Job[QuestionRow], callback: Any) -> Any:
            from transformers import TrainerCallback

            class Stop(TrainerCallback):  # type: ignore[misc]  # transformers ships no usable types
                def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
                    if state.global_step == 6:
                        raise RuntimeError("power cut")

            made = super().trainer(job, callback)
            made.add_callback(Stop())
            return made

    request = Request((asked,), str(tiny), tmp_path / "cut", settings)
    with pytest.raises(RuntimeError, match="power cut"):
        loop.start(Stopped(), request, say=nothing, quiet_=True)
    loop.start(Digits(), request, say=nothing, quiet_=True)
    expected, found = TrainingFolder(tmp_path / "whole").steps(), TrainingFolder(tmp_path / "cut").steps()
    for name in ("reward", "critic_loss", "entropy"):
        curve = [step.metrics.get(name, 0.0) for step in expected]
        assert [step.metrics.get(name, 0.0) for step in found] == pytest.approx(curve, abs=1e-3)


class Twice:
    """A reward model that doubles a number in the text."""

    def solutions(self, asked: Sequence[tuple[Any, str]]) -> list[Any]:
        from math500.records import Reward

        return [Reward(steps=(float(text), 0.5)) for _, text in asked]


def test_the_reward_is_the_product() -> None:
    scorer = ppo.Valued(
        OWN,
        [2],
        question=lambda asked: [0.5] * len(asked),
        steps=functools.partial(ppo.solutions, Twice(), "product"),  # type: ignore[arg-type]
    )
    logged: dict[str, float] = {}
    found = scorer(
        prompts=[[{"role": "user", "content": "?"}]] * 2,
        completions=["0.4", "0.8"],
        completion_ids=[[2], [2]],
        answer=["1", "1"],
        log_metric=logged.__setitem__,
    )
    assert found == scorer.last == pytest.approx([0.1, 0.2])
    assert logged["question_value"] == 0.5
    assert logged["steps_value"] == pytest.approx(0.3)
    assert logged["right"] == 0.0


def test_a_question_without_a_model_is_worth_one() -> None:
    assert ppo.questions(None, "", ["a", "b"]) == [1.0, 1.0]


@pytest.mark.parametrize(
    ("changed", "own", "said"),
    [
        ({}, {"process_reward": ""}, "needs a process reward model"),
        ({"method": "lora"}, {}, "trains all weights"),
        ({}, {"use_vllm": True}, "trains all weights"),
    ],
)
def test_what_ppo_cannot_do_is_refused(
    asked: Path, tiny: Path, tmp_path: Path, changed: dict[str, str], own: dict[str, object], said: str
) -> None:
    wanted = msgspec.structs.replace(OWN, **own)
    settings = msgspec.structs.replace(QUICK, ppo=wanted, **changed)
    with pytest.raises(UsageError, match=said):
        ppo.start(Request((asked,), str(tiny), tmp_path / "t", settings), say=nothing, quiet_=True)


@pytest.mark.parametrize(
    ("process_reward", "instruction_reward", "said"),
    [("orm", "", "Give --process-reward what"), ("prm", "prm", "Give --instruction-reward what")],
)
def test_reward_models_stand_in_their_own_places(
    asked: Path, tiny: Path, tmp_path: Path, process_reward: str, instruction_reward: str, said: str
) -> None:
    described(tmp_path / "orm")
    described(tmp_path / "prm", "process")
    given = {"process_reward": process_reward, "instruction_reward": instruction_reward}
    own = msgspec.structs.replace(
        OWN, **{name: str(tmp_path / at) if at else "" for name, at in given.items()}
    )
    settings = msgspec.structs.replace(QUICK, ppo=own)
    with pytest.raises(UsageError, match=said):
        ppo.start(Request((asked,), str(tiny), tmp_path / "t", settings), say=nothing, quiet_=True)
    assert not (tmp_path / "t").exists()
