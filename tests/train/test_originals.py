from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from math500.errors import UsageError
from math500.records import CompletionRow, DataSource, Manifest, Parent, Problem
from math500.synth import dataset
from math500.synth.dataset import TrainingSet, left_out_of
from math500.train import originals
from tests.train.conftest import PLAN
from tests.train.conftest import row as a_sum


def _data(path: Path, count: int) -> str:
    """Problems of which every second one has a solution."""
    problems = (
        Problem(problem="?", answer="1", unique_id=f"tiny/{i}", solution="It is 1." if i % 2 else "", level=2)
        for i in range(count)
    )
    path.write_bytes(b"".join(msgspec.json.encode(p) + b"\n" for p in problems))
    return str(path)


def test_same_questions_and_the_sets_own_solutions(rows: Path, tmp_path: Path) -> None:
    made = originals.make(rows, tmp_path / "originals", name=_data(tmp_path / "d.jsonl", 50))
    sampled = {row.problem_id: row for row in TrainingSet.load(rows).rows}
    assert len(made.rows) == 20
    for row in made.rows:
        assert isinstance(row, CompletionRow)
        assert row.prompt == sampled[row.problem_id].prompt
        assert (row.completion[0].content, row.level) == ("It is 1.", 2)
    assert {one.reason for one in left_out_of(made.path)} == {originals.NO_SOLUTION}


def test_without_a_solution_there_is_no_control(rows: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has no solution"):
        originals.make(rows, tmp_path / "originals", name=_data(tmp_path / "d.jsonl", 1))


def test_a_set_of_unknown_source_needs_the_data_named(rows: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--data"):
        originals.make(rows, tmp_path / "originals")


def test_another_problem_of_the_same_id_lends_no_solution(rows: Path, tmp_path: Path) -> None:
    other = Problem(problem="What is 2+2?", answer="4", unique_id="tiny/1", solution="It is 4.")
    file = tmp_path / "other.jsonl"
    file.write_bytes(msgspec.json.encode(other) + b"\n")
    with pytest.raises(UsageError, match="tiny/1 of the data is another problem"):
        originals.make(rows, tmp_path / "originals", name=str(file))
    assert not (tmp_path / "originals").exists()


def test_a_file_of_problems_that_is_gone_is_named(
    gated: None, tmp_path: Path, manifest_of: Callable[..., Manifest]
) -> None:
    gone = DataSource(
        name="train.jsonl", place="path", location="gone/train.jsonl", rows=1, sha256="0", verified=False
    )
    made = manifest_of(data=gone)
    parent = Parent(
        run="sampled",
        run_id="1",
        samples_sha256="0",
        grades_sha256="0",
        grader="math500/3",
        model=made.model,
        data=gone,
        prompt=made.prompt,
        decoding=made.decoding,
        solver=made.solver_settings,
        samples=1,
    )
    dataset.write(tmp_path / "set", PLAN, [a_sum(1)], parents=[parent])
    with pytest.raises(UsageError, match=r"came from gone/train.jsonl, which is not here"):
        originals.make(tmp_path / "set", tmp_path / "originals")
