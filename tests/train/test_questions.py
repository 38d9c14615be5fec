"""Questions for reinforcement learning: through the gate, and put as a run puts them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from math500.errors import Contaminated, UsageError
from math500.records import QuestionRow
from math500.synth import dataset
from math500.synth.dataset import TrainingSet
from math500.train import questions


def problems(path: Path, *texts: str, unique_id: str = "own/{i}") -> Path:
    rows = [
        {"problem": text, "answer": str(i), "solution": "", "unique_id": unique_id.format(i=i), "level": 2}
        for i, text in enumerate(texts)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_a_file_becomes_rows_with_answers(gated: None, tmp_path: Path) -> None:
    made = questions.make(str(problems(tmp_path / "p.jsonl", "What is 0?", "What is 1?")), tmp_path / "q")
    found = TrainingSet.load(tmp_path / "q").rows
    assert made.manifest.kind == "prompt-only"
    assert [row.answer for row in found if isinstance(row, QuestionRow)] == ["0", "1"]
    assert "What is 1?" in found[1].prompt[-1].content
    assert "boxed" in found[1].prompt[-1].content


def test_a_test_problem_becomes_no_row(gated: None, tmp_path: Path) -> None:
    file = problems(tmp_path / "p.jsonl", "How many zeros does the number $25!$ end with?", "What is 1?")
    made = questions.make(str(file), tmp_path / "q")
    assert [row.problem_id for row in made.rows] == ["own/1"]
    assert [one.reason for one in dataset.left_out_of(made.path)] == ["contaminated"]


def test_an_id_of_the_test_set_is_refused(gated: None, tmp_path: Path) -> None:
    file = problems(tmp_path / "p.jsonl", "What is 0?", unique_id="held/1")
    with pytest.raises(Contaminated):
        questions.make(str(file), tmp_path / "q")


def test_data_is_made_into_a_set_once(gated: None, tmp_path: Path) -> None:
    file = str(problems(tmp_path / "p.jsonl", "What is 0?", "What is 1?"))
    first = questions.chosen((), file, tmp_path / "t")
    assert questions.chosen((), file, tmp_path / "t") == first == (tmp_path / "t-questions",)
    with pytest.raises(UsageError, match="was made with"):
        questions.chosen((), file, tmp_path / "t", prompt="bare")


def test_sets_or_data_but_not_both(tmp_path: Path) -> None:
    assert questions.chosen((tmp_path,), None, tmp_path / "t") == (tmp_path,)
    for sets, name in (((), None), ((tmp_path,), "math-train")):
        with pytest.raises(UsageError, match="one of the two"):
            questions.chosen(sets, name, tmp_path / "t")
