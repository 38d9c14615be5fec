"""GRPO itself: it learns what is rewarded, a stop changes nothing, and an alarm can end it."""

from __future__ import annotations

import itertools
import os
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from math500.display import training as show
from math500.errors import DependencyMissing, UsageError
from math500.records import GrpoSettings, QuestionRow, TrainingSettings
from math500.synth.dataset import TrainingSet
from math500.train import grpo, heldout
from math500.train.folder import TrainingFolder
from math500.train.loop import Request
from tests.train.conftest import nothing

pytest.importorskip("torch", reason="needs the extra `train`")

# No random answer of the untrained model is right, so what it can learn here is to stop early.
OWN = GrpoSettings(
    generations=4,
    completion_length=12,
    length_weight=1.0,
    length_from=1,
    held_every=4,
    held_out=0.1,
    graders="hendrycks",
    window=3,
)
QUICK = TrainingSettings(
    steps=12,
    batch=16,
    rows_at_once=16,
    learning_rate=3e-3,
    save_every=5,
    threads=1,
    schedule="constant",
    grpo=OWN,
)


def test_what_is_rewarded_is_learnt_and_logged(asked: Path, tiny: Path, tmp_path: Path) -> None:
    done = grpo.start(Request((asked,), str(tiny), tmp_path / "t", QUICK), say=nothing, quiet_=True)
    steps = TrainingFolder(tmp_path / "t").steps()
    rewards = [step.metrics["reward"] for step in steps]
    assert statistics.fmean(rewards[-3:]) > statistics.fmean(rewards[:3]) + 0.1
    assert steps[-1].metrics["length"] < steps[0].metrics["length"]
    wanted = {
        "reward",
        "right",
        "unknown",
        "boxed",
        "copied",
        "repeated",
        "cut",
        "length",
        "entropy",
        "clipped",
    }
    assert all(wanted <= step.metrics.keys() for step in steps)
    assert [step.step for step in steps if "held_right" in step.metrics] == [4, 8, 12]
    assert "held_start" in steps[0].metrics
    assert done.measured[0].name == "held-out problems right"
    assert done.measured[0].score.n == 4
    moved = done.measured[0].difference
    assert moved is not None
    assert (moved.n, moved.value) == (4, done.measured[0].score.value - steps[0].metrics["held_start"])
    assert "to the start, in pairs, +0.0 points (95 % interval -46.2 to +46.2, n = 4)" in show.outcome(done)
    assert done.rows == 36
    assert "math500 train export" in show.outcome(done)


def test_the_end_is_compared_with_the_start_in_pairs(
    asked: Path, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The start is asked two of the four held-out problems, and has none right; one is in the end."""
    answers = iter([[False, False], [True, False], [True, False, True, True]])
    monkeypatch.setattr(heldout, "right", lambda *_, **__: next(answers))
    own = msgspec.structs.replace(OWN, held_every=100, held_most=2)
    settings = msgspec.structs.replace(QUICK, steps=2, grpo=own)
    done = grpo.start(Request((asked,), str(tiny), tmp_path / "t", settings), say=nothing, quiet_=True)
    [found] = done.measured
    assert (found.score.value, found.score.n) == (0.75, 4)
    assert found.difference is not None
    assert (found.difference.value, found.difference.n) == (0.5, 2)


def test_an_alarm_ends_the_training_with_its_weights(asked: Path, tiny: Path, tmp_path: Path) -> None:
    said: list[str] = []
    wanted = msgspec.structs.replace(OWN, on_alarm="stop", length_ratio=1.2)
    settings = msgspec.structs.replace(QUICK, steps=40, learning_rate=5e-3, grpo=wanted)
    done = grpo.start(Request((asked,), str(tiny), tmp_path / "t", settings), say=said.append, quiet_=True)
    assert 3 < done.steps < 40
    assert [alarm.partition(":")[0] for alarm in done.alarms] == ["length"]
    assert TrainingFolder(tmp_path / "t").steps()[-1].alarms == done.alarms
    assert any("Alarm at step" in text for text in said)
    assert done.alarms[0] in show.outcome(done)
    assert list((tmp_path / "t" / "model").glob("*.safetensors"))


def test_the_start_is_held_to_by_beta(asked: Path, tiny: Path, tmp_path: Path) -> None:
    wanted = msgspec.structs.replace(OWN, beta=0.1, reuse=2, held_out=0.0, completion_length=24)
    settings = msgspec.structs.replace(QUICK, steps=6, save_every=2, grpo=wanted)
    done = grpo.start(Request((asked,), str(tiny), tmp_path / "t", settings), say=nothing, quiet_=True)
    steps = TrainingFolder(tmp_path / "t").steps()
    assert steps[0].metrics["kl"] == pytest.approx(0.0, abs=1e-5)
    assert steps[-1].metrics["kl"] > 1e-4
    assert done.measured == ()
    # Only the first step on its completions has shares, and tokens that were not read before.
    assert ["reward" in step.metrics for step in steps] == [True, False] * 3
    assert [a.tokens == b.tokens for a, b in itertools.pairwise(steps)] == [True, False] * 2 + [True]


@pytest.mark.real_data
@pytest.mark.timeout(600)
def test_a_killed_training_goes_on_with_the_same_curve(asked: Path, tiny: Path, tmp_path: Path) -> None:
    grpo.start(Request((asked,), str(tiny), tmp_path / "whole", QUICK), say=nothing, quiet_=True)
    cut = tmp_path / "cut"
    _kill_after(8, cut, [str(asked), "--model", str(tiny), "--out", str(cut)], tmp_path / "s.toml")
    assert TrainingFolder(cut).outcome() is None
    said: list[str] = []
    grpo.start(Request((asked,), str(tiny), cut, QUICK), say=said.append, quiet_=True)
    assert any("Going on after step" in text for text in said)
    expected, found = TrainingFolder(tmp_path / "whole").steps(), TrainingFolder(cut).steps()
    assert [step.tokens for step in found] == [step.tokens for step in expected]
    for name in ("reward", "length", "entropy"):
        curve = [step.metrics[name] for step in expected]
        assert [step.metrics[name] for step in found] == pytest.approx(curve, abs=1e-3)


def _kill_after(step: int, folder: Path, arguments: list[str], config: Path) -> None:
    """Start the training in a process of its own, and kill it without warning after this step."""
    from math500.train import settings

    config.write_text(settings.text(QUICK))
    child = subprocess.Popen(
        [sys.executable, "-m", "math500", "train", "grpo", *arguments, "--config", str(config)]
    )
    log = folder / "log.jsonl"
    try:
        while child.poll() is None and (not log.exists() or log.read_bytes().count(b"\n") < step):
            time.sleep(0.002)
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.wait()


def test_questions_come_in_rounds(asked: Path) -> None:
    rows = [row for row in TrainingSet.load(asked).rows if isinstance(row, QuestionRow)]
    settings = msgspec.structs.replace(QUICK, steps=30)
    found = [row.problem_id for row in grpo.in_order(rows, settings, OWN)]
    assert len(found) == 30 * 4
    rounds = [found[:40], found[40:80], found[80:]]
    assert all(len(set(one)) == 40 for one in rounds)
    assert rounds[0] != rounds[1] != rounds[2]
    reused = msgspec.structs.replace(OWN, reuse=2)
    assert [row.problem_id for row in grpo.in_order(rows, settings, reused)] == found[:60]


@pytest.mark.parametrize(
    ("changed", "own", "said"),
    [
        ({"batch": 18}, {}, "no multiple of 4 generations"),
        ({}, {"generations": 1}, "nothing to compare"),
        ({"save_every": 5}, {"reuse": 2}, "parts the 2"),
        ({}, {"temperature": 0.0}, "cannot be 0"),
        ({}, {"graders": "nobody"}, "is no grader"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(
    changed: dict[str, int], own: dict[str, object], said: str
) -> None:
    settings = msgspec.structs.replace(QUICK, **changed)
    with pytest.raises(UsageError, match=said):
        grpo.check(settings, msgspec.structs.replace(OWN, **own))


def test_vllm_that_is_not_here_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(DependencyMissing, match="vLLM is not installed"):
        grpo.check(QUICK, msgspec.structs.replace(OWN, use_vllm=True))
