"""PRM800K's files, written by hand in the form that its README describes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from math500.errors import DataNotFound, DataUnreadable, UsageError
from math500.records import StepRow
from math500.synth.dataset import left_out_of
from math500.synth.prm800k import Settings, labels, make
from tests.synth.conftest import TESTS

QUESTION = "How many edges do a cube and a square pyramid have together?"
Json = dict[str, Any]


def step(
    *rated: tuple[str, int | None], chosen: int | None = 0, human: str | None = None, **more: Any
) -> Json:
    written = None
    if human is not None:
        written = {
            "text": human,
            "rating": None,
            "source": "human",
            "flagged": False,
            "corrected_rating": None,
        }
    return {
        "completions": [{"text": text, "rating": rating, "flagged": None} | more for text, rating in rated],
        "human_completion": written,
        "chosen_completion": chosen,
    }


def line(
    *steps: Json, problem: str = QUESTION, finish: str = "solution", phase: int = 2, **more: Any
) -> Json:
    return {
        "labeler": "5d3c0a5c-0000-0000-0000-000000000000",
        "timestamp": "2023-01-01T00:00:00.000000",
        "generation": None if phase == 1 else 4,
        "is_quality_control_question": False,
        "is_initial_screening_question": False,
        "question": {
            "problem": problem,
            "ground_truth_solution": "$12 + 8 = \\boxed{20}$",
            "ground_truth_answer": "20",
            "pre_generated_steps": None,
            "pre_generated_answer": None,
            "pre_generated_verifier_score": None,
        },
        "label": {"steps": list(steps), "total_time": 9000, "finish_reason": finish},
    } | more


RIGHT = line(
    step(("A cube has $12$.", 1)), step(("I count on.", 0)), step(("In all 20.\n\n# Answer\n\n20", 1))
)
ENDED = line(
    step(("A cube has $12$.", 1)),
    step(("A pyramid has $5$.", -1), ("It has a square below.", 0), ("It has $8$.", 1), chosen=None),
    finish="found_error",
)
PHASE1 = line(
    step(("A cube has $6$.", -1), ("A cube has $8$.", -1), chosen=None, human="A cube has $12$."),
    step(("A pyramid has $9$.", -1), ("A pyramid has $8$.", 1), chosen=1),
    step(("So 20.\n\n# Answer\n\n20", 1)),
    phase=1,
)


def file_of(folder: Path, *lines: Json) -> Path:
    path = folder / "phase2_train.jsonl"
    path.write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in lines))
    return path


def rows_of(folder: Path, *lines: Json, **settings: Any) -> list[StepRow]:
    made = make([file_of(folder, *lines)], folder / "set", Settings(**settings))
    return [row for row in made.rows if isinstance(row, StepRow)]


def test_a_solution_is_its_chosen_steps(tmp_path: Path) -> None:
    (row,) = rows_of(tmp_path, RIGHT)
    assert row.completions == ("A cube has $12$.\n", "I count on.\n", "In all 20.\n\n# Answer\n\n20")
    assert row.labels == (True, True, True)
    assert (row.prompt[0].content, row.method, row.rollouts) == (QUESTION, "prm800k", ())


def test_it_ends_with_the_first_wrong_step(tmp_path: Path) -> None:
    (row,) = rows_of(tmp_path, ENDED)
    assert row.completions == ("A cube has $12$.\n", "A pyramid has $5$.")
    assert row.labels == (True, False)


def test_a_step_that_a_labeller_wrote_is_right(tmp_path: Path) -> None:
    (row,) = rows_of(tmp_path, PHASE1)
    assert row.completions[:2] == ("A cube has $12$.\n", "A pyramid has $8$.\n")
    assert row.labels == (True, True, True)


def test_candidates_that_were_not_chosen_end_rows_of_their_own(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, ENDED, PHASE1, alternatives=True)
    ends = {row.completions[-1]: row.labels for row in rows}
    assert ends == {
        "It has a square below.": (True, True),
        "It has $8$.": (True, True),
        "A pyramid has $5$.": (True, False),
        "A cube has $6$.": (False,),
        "A cube has $8$.": (False,),
        "A pyramid has $9$.": (True, False),
        "So 20.\n\n# Answer\n\n20": (True, True, True),
    }


def test_a_neutral_step_counts_as_the_user_says(tmp_path: Path) -> None:
    (row,) = rows_of(tmp_path, RIGHT, neutral="wrong")
    assert row.labels == (True, False, True)


def test_solutions_with_a_neutral_step_can_be_left_out(tmp_path: Path) -> None:
    assert len(rows_of(tmp_path, RIGHT, ENDED, neutral="leave-out")) == 1
    (left,) = left_out_of(tmp_path / "set")
    assert (left.reason, left.evidence) == ("neutral", "phase2_train.jsonl, line 1")


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (RIGHT | {"is_quality_control_question": True}, "quality_control"),
        (RIGHT | {"is_initial_screening_question": True}, "quality_control"),
        (line(step(("A cube.", 1)), finish="bad_problem"), "bad_problem"),
        (line(step(("A cube.", 1), flagged=True)), "flagged"),
        (line(step(("A cube.", None))), "unrated"),
        (line(step((" ", 1))), "empty_step"),
    ],
)
def test_what_is_no_row(tmp_path: Path, bad: Json, reason: str) -> None:
    assert len(rows_of(tmp_path, bad, ENDED)) == 1
    assert [one.reason for one in left_out_of(tmp_path / "set")] == [reason]


def test_the_same_solution_labelled_twice_is_one_row(tmp_path: Path) -> None:
    assert len(rows_of(tmp_path, RIGHT, RIGHT)) == 1


def test_what_is_of_the_test_set_is_dropped(tmp_path: Path) -> None:
    of_test = line(step(("They have $17$ and $5$.", 1)), problem=TESTS[0].problem)
    assert [row.prompt[0].content for row in rows_of(tmp_path, of_test, RIGHT)] == [QUESTION]
    (left,) = left_out_of(tmp_path / "set")
    assert left.match is not None
    assert left.match.unique_id == "test/algebra/1.json"


def test_a_test_file_leaves_nothing(tmp_path: Path) -> None:
    of_test = line(step(("They have $17$ and $5$.", 1)), problem=TESTS[0].problem)
    with pytest.raises(UsageError, match="contaminated 1"):
        rows_of(tmp_path, of_test)


def test_what_is_no_file_of_prm800k_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataNotFound, match="there is no"):
        make([tmp_path / "none.jsonl"], tmp_path / "set")
    pointer = tmp_path / "phase1_train.jsonl"
    pointer.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    with pytest.raises(DataNotFound, match="git lfs pull"):
        make([pointer], tmp_path / "set")
    other = tmp_path / "other.jsonl"
    other.write_text('\n{"problem": "1+1?"}\n')
    with pytest.raises(DataUnreadable, match="line 2 is no line of PRM800K"):
        make([other], tmp_path / "set")


@given(st.lists(st.sampled_from([-1, 0, 1])), st.sampled_from(["right", "wrong", "leave-out"]))
def test_behind_a_wrong_step_everything_is_wrong(ratings: list[int], neutral: Any) -> None:
    found = labels(ratings, neutral)
    first = ratings.index(-1) if -1 in ratings else len(ratings)
    assert not any(found[first:])
    assert all(label for label, rating in zip(found[:first], ratings, strict=False) if rating == 1)
