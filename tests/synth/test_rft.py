"""Rows out of runs: what is kept, what is not and why, and that it is the same each time."""

from __future__ import annotations

import multiprocessing
import shutil
from pathlib import Path

import pytest

from math500.errors import Contaminated, UsageError
from math500.records import CompletionRow, DataSource, Execution, Failure, PreferenceRow, Problem, Sample
from math500.rundir import RunDir
from math500.synth import TrainingSet, dataset, rft
from math500.synth.rft import Settings
from tests.synth.conftest import TESTS, MakeRun, ran, sample


def problem(number: int, answer: int, level: int | None = 1) -> Problem:
    return Problem(
        problem=f"There are {answer - 1} cups and one more is bought. How many are on table {number}?",
        answer=str(answer),
        unique_id=f"train/{number}",
        level=level,
        subject="Cups",
    )


EIGHT, NINE = problem(0, 8), problem(1, 9, level=3)
SAMPLES = [
    sample("train/0", "We add $7 + 1 = 8$. The answer is $\\boxed{8}$.", 0),
    sample("train/0", "Adding gives 1 + 7 = 8, so the answer is $\\boxed{8}$.", 1),
    sample("train/0", "$\\boxed{8}$", 2),
    sample("train/0", "It is $7 - 1 = 6$, so $\\boxed{6}$.", 3),
    sample("train/0", "It is $9 - 1 = 8$, so $\\boxed{8}$.", 4),
    sample("train/1", "So $8 + 1 = 9$ and the answer is $\\boxed{9}$.", 0),
    sample("train/1", "I do not know.", 1),
    Sample(unique_id="train/1", index=2, response="", failure=Failure(kind="timeout", detail="x")),
]


@pytest.fixture
def run(make_run: MakeRun) -> RunDir:
    return make_run("sampled", [EIGHT, NINE], SAMPLES)


def reasons(made: TrainingSet) -> dict[tuple[str, int | None], str]:
    return {(left.problem_id, left.sample): left.reason for left in dataset.left_out_of(made.path)}


def test_correct_samples_become_rows_and_the_others_have_a_reason(run: RunDir, tmp_path: Path) -> None:
    made = rft.make([run], tmp_path / "set")
    kept = {(row.problem_id, row.sample) for row in made.rows}
    left = reasons(made)
    (same,) = {("train/0", 0), ("train/0", 1)} - kept
    assert kept == {("train/0", 0), ("train/0", 1), ("train/0", 4), ("train/1", 0)} - {same}
    assert left == {
        same: "same_calculation",
        ("train/0", 2): "no_working",
        ("train/0", 3): "wrong",
        ("train/1", 1): "no_answer",
        ("train/1", 2): "failed",
    }
    assert len(kept) + len(left) == len(SAMPLES)


def test_a_row_asks_as_the_run_asked(run: RunDir, tmp_path: Path) -> None:
    first = rft.make([run], tmp_path / "set").rows[0]
    assert [(m.role, m.content) for m in first.prompt] == [("user", EIGHT.problem)]
    assert (first.parent, first.level, first.subject, first.method) == ("sampled", 1, "Cups", "rft")
    other = rft.make([run], tmp_path / "other", Settings(prompt="boxed")).rows[0]
    assert "\\boxed" in other.prompt[-1].content


def test_the_manifest_names_the_parent_and_its_files(run: RunDir, tmp_path: Path) -> None:
    (parent,) = rft.make([run], tmp_path / "set").manifest.parents
    assert (parent.run, parent.samples, parent.model.name) == ("sampled", 5, "stub")
    assert (parent.samples_sha256, parent.grades_sha256) == run.hashes(parent.grader)


def test_the_yield_is_told_by_level_and_by_rate(run: RunDir, tmp_path: Path) -> None:
    by_level = rft.make([run], tmp_path / "a").manifest.levels
    assert [(y.level, y.samples, y.correct, y.usable, y.rows) for y in by_level] == [
        ("1", 5, 4, 2, 2),
        ("3", 3, 1, 1, 1),
    ]
    by_rate = rft.make([run], tmp_path / "b", Settings(balance="rate")).manifest.levels
    assert [y.level for y in by_rate] == ["solved 21-40 %", "solved 61-80 %"]


def test_limits_leave_out_with_their_reason(run: RunDir, tmp_path: Path) -> None:
    capped = rft.make([run], tmp_path / "a", Settings(per_problem=1))
    assert list(reasons(capped).values()).count("per_problem") == 1
    few = rft.make([run], tmp_path / "b", Settings(rows=2))
    assert {row.problem_id for row in few.rows} == {"train/0", "train/1"}
    assert list(reasons(few).values()).count("balance") == 1


def test_runs_pool_in_any_order(make_run: MakeRun, run: RunDir, tmp_path: Path) -> None:
    more = make_run("again", [EIGHT], [sample("train/0", "Half of 16: $16 / 2 = 8$. So $\\boxed{8}$.")])
    one = rft.make([run, more], tmp_path / "a")
    other = rft.make([more, run], tmp_path / "b")
    assert {row.parent for row in one.rows} == {"sampled", "again"}
    for path in one.path.iterdir():
        assert path.read_bytes() == (other.path / path.name).read_bytes(), path.name


def test_the_seed_decides_which_of_two_is_kept(run: RunDir, tmp_path: Path) -> None:
    kept = set()
    for seed in range(12):
        made = rft.make([run], tmp_path / str(seed), Settings(seed=seed))
        kept |= {row.sample for row in made.rows if row.problem_id == "train/0"}
    assert kept == {0, 1, 4}


def test_preference_rows_put_a_wrong_one_beside_a_right_one(run: RunDir, tmp_path: Path) -> None:
    made = rft.make([run], tmp_path / "set", Settings(kind="preference"))
    (row,) = made.rows
    assert isinstance(row, PreferenceRow)
    assert row.problem_id == "train/0"
    assert (row.rejected_parent, row.rejected_sample) == ("sampled", 3)
    assert "\\boxed{8}" in row.chosen[0].content
    assert "\\boxed{6}" in row.rejected[0].content
    left = reasons(made)
    assert ("train/0", 3) not in left
    assert list(left.values()).count("no_wrong") == 2


def test_a_solution_with_code_is_one_message(make_run: MakeRun, tmp_path: Path) -> None:
    solved = ran(
        "train/0",
        "Let us run it.\n```python\nprint(7 + 1)\n",
        Execution(code="print(7 + 1)", output="8\n"),
        "So $\\boxed{8}$.",
    )
    made = rft.make([make_run("coded", [EIGHT], [solved], solver="tools")], tmp_path / "set")
    (row,) = made.rows
    assert isinstance(row, CompletionRow)
    assert row.completion[0].content == (
        "Let us run it.\n```python\nprint(7 + 1)\n```\n```output\n8\n```\nSo $\\boxed{8}$."
    )


def test_a_run_over_the_test_set_is_refused(make_run: MakeRun, tmp_path: Path) -> None:
    source = DataSource(name="math500", place="cache", location="", rows=3, sha256="", verified=True)
    made = make_run(
        "leak", [TESTS[0]], [sample("test/algebra/1.json", "$17 + 5 = 22$, $\\boxed{22}$")], data=source
    )
    with pytest.raises(Contaminated, match="run over MATH-500"):
        rft.make([made], tmp_path / "set")
    hidden = make_run("hidden", [TESTS[0]], [sample("test/algebra/1.json", "$17 + 5 = 22$, $\\boxed{22}$")])
    with pytest.raises(Contaminated, match=r"test/algebra/1\.json"):
        rft.make([hidden], tmp_path / "set")
    assert not (tmp_path / "set").exists()


def test_a_test_problem_under_another_id_is_dropped(make_run: MakeRun, tmp_path: Path) -> None:
    renamed = Problem(problem=TESTS[0].problem, answer="22", unique_id="mine/1")
    run = make_run(
        "mixed", [renamed, EIGHT], [sample("mine/1", "$17 + 5 = 22$, so $\\boxed{22}$."), SAMPLES[0]]
    )
    made = rft.make([run], tmp_path / "set")
    assert reasons(made) == {("mine/1", 0): "contaminated"}
    assert made.manifest.decontamination.by_rule == {"exact": 1}


@pytest.mark.parametrize("solver", ["vote:cot", "review", "selfcheck"])
def test_solvers_without_single_solutions_are_refused(make_run: MakeRun, tmp_path: Path, solver: str) -> None:
    run = make_run("voted", [EIGHT], [SAMPLES[0]], solver=solver)
    with pytest.raises(UsageError, match="not one solution each"):
        rft.make([run], tmp_path / "set")


def test_two_runs_of_one_name_are_refused(run: RunDir, tmp_path: Path) -> None:
    shutil.copytree(run.path, tmp_path / "copy" / "sampled")
    with pytest.raises(UsageError, match="two runs are called sampled"):
        rft.make([run, RunDir.open(tmp_path / "copy" / "sampled")], tmp_path / "set")


def test_one_that_was_killed_is_made_again_to_the_letter(run: RunDir, tmp_path: Path) -> None:
    whole = rft.make([run], tmp_path / "whole")

    class Killed(BaseException):
        pass

    def die(*_: object) -> None:
        raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dataset, "_parquet", die)
        with pytest.raises(Killed):
            rft.make([run], tmp_path / "set")
    assert not (tmp_path / "set").exists()
    again = rft.make([run], tmp_path / "set")
    for path in whole.path.iterdir():
        assert path.read_bytes() == (again.path / path.name).read_bytes(), path.name


def test_it_starts_no_process_for_a_few_rows(run: RunDir, tmp_path: Path) -> None:
    rft.make([run], tmp_path / "set")
    assert multiprocessing.active_children() == []
