from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from math500.errors import UsageError
from math500.records import CompletionRow, Problem
from math500.synth.dataset import TrainingSet, left_out_of
from math500.train import originals


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
