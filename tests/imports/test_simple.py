"""Plain JSONL in the shapes that people write."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from math500 import imports
from math500.errors import DataMismatch, DataUnreadable, UsageError
from math500.rundir import RunDir

PLUMS = "A crate holds $7$ trays with $12$ plums each. How many plums are in it?"


def brought_in(folder: Path, *rows: dict[str, Any], **options: Any) -> RunDir:
    folder.parent.mkdir(exist_ok=True)
    path = folder.parent / "mine.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    imports.into_folder([path], out=folder, **options)
    return RunDir.open(folder)


def test_prompt_response_answer(folder: Path) -> None:
    run = brought_in(folder, {"prompt": f"Solve this.\n{PLUMS}", "response": "\\boxed{84}", "answer": "84"})
    assert run.manifest.data.name == "math500"
    assert run.manifest.prompt.template == "Solve this.\n{problem}"
    assert run.grades(run.manifest.grader)["known/plums", 0].grade.verdict == "correct"


def test_problems_of_no_known_set_are_the_users_own(folder: Path) -> None:
    row = {"question": "What is $1+1$?", "completion": "2", "gold": "2", "id": 17}
    run = brought_in(folder, row, {"question": "What is $1+2$?", "completion": "4", "gold": "3"})
    assert [p.unique_id for p in run.problems()] == ["17", "mine/1"]
    assert (run.manifest.data.name, run.manifest.data.verified) == ("mine", False)
    assert [g.grade.verdict for g in run.grades(run.manifest.grader).values()] == ["correct", "wrong"]


def test_rows_of_the_same_problem_are_its_samples(folder: Path) -> None:
    rows = [{"problem": PLUMS, "response": f"\\boxed{{{n}}}"} for n in (84, 83, 84)]
    once = {"problem": "Give the exact quotient of $3$ and $8$.", "response": "3/8"}
    run = brought_in(folder, *rows, once)
    assert run.manifest.samples == 3
    assert [key for key in run.samples() if key[0] == "known/plums"] == [("known/plums", i) for i in range(3)]
    assert run.manifest.origin is not None
    assert any("1 problem (known/plums) on more rows" in note for note in run.manifest.origin.notes)


def test_simple_evals_refused_requests_are_failures(folder: Path) -> None:
    run = brought_in(folder, {"problem": PLUMS, "response": "No response (bad request).", "score": 0.0})
    assert run.samples()["known/plums", 0].failure is not None
    assert run.manifest.origin is not None
    assert run.manifest.origin.graders == ()


def test_qwens_lists_and_nemos_names_are_known(folder: Path, tmp_path: Path) -> None:
    qwen: dict[str, Any] = {
        "question": PLUMS,
        "gt": "84",
        "answer": "84",
        "code": ["\\boxed{84}", "\\boxed{8}"],
    }
    qwen |= {"pred": ["84", "8"], "score": [True, False]}
    run = brought_in(folder, qwen)
    graded = run.grades("jsonl/score")
    assert [graded["known/plums", i].grade.verdict for i in (0, 1)] == ["correct", "wrong"]
    assert graded["known/plums", 1].grade.extracted == "8"
    nemo: dict[str, Any] = {
        "problem": PLUMS,
        "expected_answer": "84",
        "generation": "\\boxed{84}",
        "predicted_answer": "84",
    }
    nemo |= {"symbolic_correct": True, "num_generated_tokens": 12}
    run = brought_in(tmp_path / "nemo" / "run", nemo)
    assert run.samples()["known/plums", 0].generations[0].completion_tokens == 12
    assert run.grades("jsonl/symbolic_correct")["known/plums", 0].grade.verdict == "correct"


def test_a_request_that_failed_is_no_wrong_answer(folder: Path) -> None:
    run = brought_in(
        folder,
        {"problem": PLUMS, "response": "", "error": "429 Too Many Requests", "correct": False},
        {"problem": "Give the exact quotient of $3$ and $8$.", "response": "3/8", "finish_reason": "length"},
    )
    failed = run.samples()["known/plums", 0]
    assert failed.failure is not None
    assert failed.failure.detail == "429 Too Many Requests"
    assert ("known/plums", 0) not in run.grades("jsonl/correct")
    summary = run.summary()
    assert summary is not None
    assert (summary.failed, summary.truncated) == (1, 1)


def test_chat_messages_and_shared_settings(folder: Path) -> None:
    asked = [{"role": "system", "content": "Be exact."}, {"role": "user", "content": f"{PLUMS} Go."}]
    row = {"prompt": asked, "response": "84", "temperature": 0.6, "max_tokens": 99, "model": "acme/x"}
    made = brought_in(folder, row).manifest
    assert (made.prompt.system, made.prompt.template) == ("Be exact.", "{problem} Go.")
    assert (made.decoding.temperature, made.decoding.max_tokens, made.model.name) == (0.6, 99, "acme/x")


def test_an_id_alone_proves_nothing(folder: Path) -> None:
    row = {"problem": "Another text", "response": "1", "answer": "1", "unique_id": "known/plums"}
    run = brought_in(folder, row, {"problem": PLUMS, "response": "84"})
    assert not run.manifest.data.verified
    assert [p.unique_id for p in run.problems()] == ["known/plums", "mine/0"]
    assert len(run.samples()) == 2


def test_a_short_problem_inside_somebody_elses_is_told_by_its_answer(folder: Path) -> None:
    row = {"problem": f"{PLUMS} Halve that.", "response": "42", "answer": "42"}
    assert not brought_in(folder, row).manifest.data.verified


def test_a_reference_answer_that_differs_is_reported(folder: Path) -> None:
    run = brought_in(folder, {"problem": PLUMS, "response": "84", "answer": "85"})
    assert run.problems()[0].answer == "84"
    assert run.manifest.origin is not None
    assert any(
        "another than math500's own for 1 problem (known/plums)" in n for n in run.manifest.origin.notes
    )


def test_a_set_that_is_named_keeps_its_own_problems_only(folder: Path, tmp_path: Path) -> None:
    other = {"problem": "What is $1+1$?", "response": "2", "answer": "2"}
    run = brought_in(folder, {"problem": PLUMS, "response": "84"}, other, data_set="math500")
    assert [p.unique_id for p in run.problems()] == ["known/plums"]
    with pytest.raises(DataMismatch, match="of the log's 1 problem none is in math500"):
        brought_in(tmp_path / "b" / "run", other, data_set="math500")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"problem": "a", "response": "b"}\n', "line 1: no reference answer"),
        ('{"problem": "a", "answer": "b"}\n', "no log that is known: .* the fields problem, answer"),
        ('{"problem": "a", "answer": "1", "response": "b"}\n{"problem": "a"}\n', "line 2: no response"),
        ('{"problem": "a", "answer": "1", "response": {"x": 1}}\n', "line 1: `response` is no text"),
        ("[1, 2]\n", "line 1 is a JSON list, not an object"),
        ('{"problem": "a", "answer": "1", "response": "b"}\n{"problem": "a", "answ', "line 2 .* cut off"),
        ('{"problem": "\xff"}\n', "line 1 is not UTF-8"),
    ],
)  # fmt: skip
def test_a_bad_file_ends_in_one_line_that_names_it(
    folder: Path, tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises((DataUnreadable, DataMismatch), match=message) as caught:
        imports.into_folder([path], out=folder)
    assert str(path) in str(caught.value)
    assert not folder.exists()


def test_a_format_that_is_none_is_refused(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text("{}\n")
    with pytest.raises(UsageError, match="no log format 'tarot'"):
        imports.into_folder([path], log_format="tarot", out=folder)


def test_half_a_surrogate_does_not_stop_an_import(folder: Path) -> None:
    run = brought_in(folder, {"problem": PLUMS, "response": "\ud800 84"})
    assert run.samples()["known/plums", 0].response == "? 84"
