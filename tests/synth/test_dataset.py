"""A training set's folder: written whole or gone on with, loaded only when it is what it says."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from math500.errors import (
    Contaminated,
    DataMismatch,
    DataNotFound,
    DependencyMissing,
    RunError,
    RunLocked,
    RunMismatch,
    UsageError,
)
from math500.records import LeftOut, Message, Plan, PreferenceRow, Problem, StepRow
from math500.synth import Draft, TrainingSet, dataset, write
from tests.synth import conftest
from tests.synth.conftest import TESTS, row

PLAN = Plan(kind="prompt-completion", method="rft", settings={"per_problem": 4}, seed=7)
ROWS = [
    row(f"What is ${i} + 1$?", f"It is ${i + 1}$.", f"train/{i}", level=1 + i % 2, subject="Sums")
    for i in range(5)
]


def test_what_is_written_is_loaded(tmp_path: Path) -> None:
    made = write(tmp_path / "set", PLAN, ROWS, [LeftOut(problem_id="train/9", reason="wrong")])
    found = TrainingSet.load(tmp_path / "set")
    assert found.rows == tuple(ROWS) == made.rows
    assert found.manifest.left_out == {"wrong": 1}
    assert (found.manifest.rows, found.manifest.problems, found.manifest.seed) == (5, 5, 7)
    assert found.manifest.decontamination.checked == 5
    names = {"rows.jsonl", "left_out.jsonl", "train.parquet", "README.md", "manifest.json"}
    assert {path.name for path in found.path.iterdir()} == names
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write(tmp_path / name, PLAN, ROWS)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name


def test_datasets_reads_the_folder_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    datasets = pytest.importorskip("datasets")
    write(tmp_path / "set", PLAN, ROWS)
    found = datasets.load_dataset(str(tmp_path / "set"), cache_dir=str(tmp_path / "cache"))
    assert list(found) == ["train"]
    assert found["train"][0]["prompt"] == [{"role": "user", "content": "What is $0 + 1$?"}]
    assert found["train"][0]["completion"] == [{"role": "assistant", "content": "It is $1$."}]
    assert found["train"].column_names[:2] == ["prompt", "completion"]


def test_preference_rows_have_both_answers(tmp_path: Path) -> None:
    pair = PreferenceRow(
        prompt=ROWS[0].prompt,
        chosen=ROWS[0].completion,
        rejected=(Message(role="assistant", content="It is $3$."),),
        problem_id="train/0",
    )
    write(tmp_path / "set", Plan(kind="preference", method="rft"), [pair])
    assert TrainingSet.load(tmp_path / "set").rows == (pair,)


def test_step_rows_have_a_label_for_each_step(tmp_path: Path) -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    steps = StepRow(
        prompt=ROWS[0].prompt,
        completions=("0 + 1 is 2.", "The answer is $2$."),
        labels=(False, False),
        soft=(0.25, 0.0),
        rollouts=(4, 4),
        problem_id="train/0",
    )
    made = write(tmp_path / "set", Plan(kind="stepwise", method="steps"), [steps])
    assert TrainingSet.load(tmp_path / "set").rows == (steps,)
    table = pq.read_table(made.parquet)
    assert set(table.column_names[:3]) == {"prompt", "completions", "labels"}
    assert table["soft"].to_pylist() == [[0.25, 0.0]]
    assert table["rollouts"].to_pylist() == [[4, 4]]


def test_a_contaminated_step_is_found(tmp_path: Path) -> None:
    leaked = StepRow(
        prompt=ROWS[0].prompt,
        completions=("First.", TESTS[0].problem),
        labels=(True, True),
        problem_id="train/0",
    )
    rows = [leaked, msgspec.structs.replace(leaked, completions=("First.", "Second."))]
    made = write(tmp_path / "set", Plan(kind="stepwise", method="steps"), rows)
    assert [row.completions[1] for row in made.rows if isinstance(row, StepRow)] == ["Second."]


def test_a_contaminated_row_is_left_out_and_told(tmp_path: Path) -> None:
    made = write(tmp_path / "set", PLAN, [*ROWS, row(TESTS[0].problem, problem_id="train/8")])
    assert len(made.rows) == 5
    assert made.manifest.decontamination.by_rule == {"exact": 1}
    (left,) = dataset.left_out_of(tmp_path / "set")
    assert left.reason == "contaminated"
    assert left.evidence == "math500 test/algebra/1.json in the prompt, found by exact (100 %)"
    assert "| exact | 1 |" in (tmp_path / "set" / "README.md").read_text()


def test_a_row_of_the_test_set_ends_it_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(Contaminated):
        write(tmp_path / "set", PLAN, [*ROWS, row("Why?", problem_id="test/algebra/1.json")])
    assert not list(tmp_path.iterdir())


def test_changed_rows_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "set", PLAN, ROWS)
    file = tmp_path / "set" / "rows.jsonl"
    file.write_bytes(file.read_bytes().replace(b"It is $1$", b"It is $2$"))
    with pytest.raises(DataMismatch, match="was changed after the set was made"):
        TrainingSet.load(tmp_path / "set")


def test_a_set_that_was_clean_by_another_test_set_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "set", PLAN, ROWS)
    leaked = Problem(problem="What is $4 + 1$?", answer="5", unique_id="test/9")
    monkeypatch.setitem(conftest.SETS, "math500", (leaked,))
    with pytest.raises(Contaminated, match="5 rows with test problems"):
        TrainingSet.load(tmp_path / "set")


def test_a_set_can_be_loaded_against_more(tmp_path: Path) -> None:
    write(tmp_path / "set", PLAN, [row("What is $3 + 4$?")])
    with pytest.raises(Contaminated):
        TrainingSet.load(tmp_path / "set", against=["held"])


def test_a_run_is_no_training_set_and_says_how_to_make_one() -> None:
    run = Path(__file__).parents[1] / "formats" / "2" / "run"
    with pytest.raises(DataNotFound, match="is a run, not a training set. Make one: math500 synth rft"):
        TrainingSet.load(run)


@pytest.mark.parametrize("there", [None, "rows.jsonl", "draft.json"])
def test_what_is_no_finished_set_is_said(tmp_path: Path, there: str | None) -> None:
    if there:
        (tmp_path / there).write_text("{}\n")
    what = "is not finished" if there == "draft.json" else "is no training set"
    with pytest.raises(DataNotFound, match=what):
        TrainingSet.load(tmp_path)


def test_a_stopped_draft_is_gone_on_with(tmp_path: Path) -> None:
    with Draft(tmp_path / "set", PLAN) as draft:
        draft.append(ROWS[0])
        draft.append(row(TESTS[0].problem))
    with (tmp_path / "set" / "rows.jsonl").open("ab") as file:
        file.write(b'{"prompt":[{"ro')  # a torn line, as a full disk leaves it
    with Draft(tmp_path / "set", PLAN) as draft:
        assert list(draft.rows()) == [ROWS[0]]
        for each in ROWS[1:]:
            draft.append(each)
        draft.finish()
    one_go = write(tmp_path / "other", PLAN, [ROWS[0], row(TESTS[0].problem), *ROWS[1:]])
    assert TrainingSet.load(tmp_path / "set").manifest == one_go.manifest


def test_a_draft_is_not_gone_on_with_otherwise(tmp_path: Path) -> None:
    with Draft(tmp_path, PLAN), pytest.raises(RunLocked):
        Draft(tmp_path, PLAN)
    with pytest.raises(RunMismatch, match="begun with other settings"):
        Draft(tmp_path, Plan(kind="prompt-completion", method="rft", seed=8))


def test_a_set_is_not_made_inside_of_a_run(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    for name in ("manifest.json", "samples.jsonl"):
        (run / name).write_text("")
    for inside in (run / "set", run / "sets" / "one"):
        with pytest.raises(RunError, match=r"is inside of the run folder .*/run\. Give an --out beside it"):
            write(inside, PLAN, ROWS)
        assert not inside.exists()


def test_a_taken_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(RunError, match="is not empty"):
        write(tmp_path, PLAN, ROWS)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_no_rows_make_no_set(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="wrong 1"):
        write(tmp_path / "set", PLAN, [], [LeftOut(problem_id="a", reason="wrong")])
    assert not list(tmp_path.iterdir())


def test_without_pyarrow_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(DependencyMissing, match="parquet"):
        write(tmp_path / "set", PLAN, ROWS)


def test_the_card_has_the_header_and_what_it_must_say(tmp_path: Path) -> None:
    made = write(tmp_path / "set", PLAN, ROWS, sources=["math-train: MATH; MIT."], notes=["A note."])
    card = (tmp_path / "set" / "README.md").read_text()
    header = card.split("---\n")[1]
    assert "path: train.parquet" in header
    for said in (
        "5 training rows",
        "| per_problem | 4 |",
        "| seed | 7 |",
        "hash of math500",
        "MIT.",
        "A note.",
    ):
        assert said in card
    assert json.loads((tmp_path / "set" / "manifest.json").read_text())["sha256"] == made.manifest.sha256
