from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from math500 import evaluate, grading
from math500.gap.measured import Effects, effects
from math500.gap.offline import Responses, Transform
from math500.records import Failure, Generation, Manifest, Problem, Sample
from math500.rundir import RunDir, RunWriter

Write = Callable[..., RunDir]


@pytest.fixture
def write(manifest_of: Callable[..., Manifest], problems: tuple[Problem, ...]) -> Write:
    """A run in which the problems of these numbers were right, some failed, some not asked."""

    def make(
        folder: Path,
        run_id: str,
        right: Iterable[int],
        failed: Iterable[int] = (),
        missing: Iterable[int] = (),
    ) -> RunDir:
        good, bad, gone = set(right), set(failed), set(missing)
        made = manifest_of(run_id=run_id, grader=grading.GRADER)
        with RunWriter.create(folder, made, problems) as run:
            for i, p in enumerate(problems):
                if i in gone:
                    continue
                text = "" if i in bad else f"$\\boxed{{{p.answer if i in good else 77}}}$ says {run_id}"
                failure = Failure(kind="empty", detail="") if i in bad else None
                generation = Generation(text=text, finish_reason="stop", completion_tokens=20)
                sample = Sample(
                    unique_id=p.unique_id, index=0, response=text, generations=(generation,), failure=failure
                )
                run.append(sample)
                if failure is None:
                    run.append_grade(grading.GRADER, evaluate.named(sample, evaluate.grade_sample(sample, p)))
        return RunDir.open(folder)

    return make


def shares(found: Effects) -> dict[str, float]:
    return {f.name: f.share.value for f in found.factors if f.share is not None}


def test_each_arm_is_a_factor_with_its_share(write: Write, folder: Path) -> None:
    run = write(folder, "r", range(4))
    write(run.ablation("prompt-x"), "r+prompt", range(8))
    write(run.ablation("limit-x"), "r+limit", range(2, 4))
    found = effects(run, Responses.of_run(run), {})
    assert {f.name: (f.gained, f.lost) for f in found.factors} == {"prompt": (4, 0), "token limit": (0, 2)}
    assert shares(found) == pytest.approx({"prompt": 4 / 12, "token limit": -2 / 12})
    assert found.total is not None
    assert found.total.value == pytest.approx(2 / 12)
    assert "1 combination of settings was not asked" in found.notes[1]


def test_all_of_them_together_was_asked_too(write: Write, folder: Path) -> None:
    run = write(folder, "r", range(4))
    write(run.ablation("prompt-x"), "r+prompt", range(8))
    write(run.ablation("limit-x"), "r+limit", range(4))
    write(run.ablation("together-x"), "r+prompt+limit", range(12))
    found = effects(run, Responses.of_run(run), {})
    assert found.factors[-1].name == "together"
    assert shares(found) == pytest.approx({"prompt": 6 / 12, "token limit": 2 / 12})
    assert "combinations" not in " ".join(found.notes)


def test_noise_takes_no_part_in_the_attribution(write: Write, folder: Path) -> None:
    run = write(folder, "r", range(4))
    write(run.ablation("repeat-x"), "r+repeat", range(1, 6))
    found = effects(run, Responses.of_run(run), {})
    (factor,) = found.factors
    assert (factor.name, factor.share, found.total) == ("repeat", None, None)
    assert factor.changed == 12


def test_failed_samples_are_left_out_of_the_pairs(write: Write, folder: Path) -> None:
    run = write(folder, "r", range(4))
    write(run.ablation("template-x"), "r+template", range(4), failed=(0, 1, 11))
    (factor,) = effects(run, Responses.of_run(run), {}).factors
    assert (factor.n, factor.value) == (9, 0.0)
    assert factor.detail.endswith("3 failed and are left out")


def test_an_arm_that_is_not_finished_is_no_factor(write: Write, folder: Path) -> None:
    run = write(folder, "r", range(4))
    write(run.ablation("prompt-x"), "r+prompt", range(4), missing=(7,))
    write(run.ablation("limit-x"), "r+limit", (), failed=range(12))
    assert effects(run, Responses.of_run(run), {}).factors == ()


def test_what_can_be_recomputed_is_crossed_with_every_arm(write: Write, folder: Path) -> None:
    run = write(folder, "r", range(4))
    write(run.ablation("prompt-x"), "r+prompt", range(12))
    cut = {"token limit": Transform("1 tokens", limit=1)}
    found = effects(run, Responses.of_run(run), cut)
    assert shares(found) == pytest.approx({"prompt": 4 / 12, "token limit": -8 / 12})
    assert found.total is not None
    assert found.total.value == pytest.approx(-4 / 12)
    assert len(found.notes) == 1
