"""lm-eval's logs: genuine files of 0.4.13 with invented problems, and our own export read back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from math500 import evaluate, imports
from math500.errors import DataUnreadable, UsageError
from math500.lmeval import logs
from math500.records import Failure, Generation, Manifest, Problem, Sample
from math500.rundir import RunDir, RunWriter
from tests.imports.conftest import CASES

LOGS = CASES / "lm-eval"
HENDRYCKS, MINERVA = (next(LOGS.glob(f"samples_{name}*")) for name in ("hendrycks", "minerva"))


def test_a_harness_log_becomes_a_graded_run(folder: Path) -> None:
    _, summary = imports.into_folder([HENDRYCKS], out=folder)
    run = RunDir.open(folder)
    made = run.manifest
    assert (made.model.name, made.data.name, made.data.verified) == ("acme/tiny-1b", "math500", True)
    assert [p.unique_id for p in run.problems()] == ["known/interval", "known/quotient", "known/plums"]
    assert (summary.correct, summary.no_answer) == (2, 1)
    assert made.decoding.max_tokens == 300
    assert made.prompt.template == "Problem: {problem}\nAnswer:"
    assert made.prompt.stop == ("Problem:",)


def test_its_own_verdicts_are_kept_beside_ours(folder: Path) -> None:
    imports.into_folder([MINERVA], out=folder)
    run = RunDir.open(folder)
    assert run.manifest.origin is not None
    assert run.manifest.origin.graders == ("lm-eval/exact_match", "lm-eval/math_verify")
    assert run.manifest.origin.reported["math_verify,none"] == pytest.approx(2 / 3)
    theirs = evaluate.summarize(run, "lm-eval/math_verify")
    assert (theirs.correct, theirs.wrong) == (2, 1)
    assert (folder / "grades" / "lm-eval-exact_match.jsonl").is_file()


def test_what_the_log_does_not_say_is_unknown(folder: Path) -> None:
    imports.into_folder([HENDRYCKS], out=folder)
    run = RunDir.open(folder)
    origin = run.manifest.origin
    assert origin is not None
    assert {"temperature", "seed", "finish_reason", "tokens", "seconds"} <= set(origin.unknown)
    assert "max_tokens" not in origin.unknown
    assert run.manifest.decoding.temperature is None
    assert any("do_sample=false beside temperature=0.6" in note for note in origin.notes)
    assert any("1 of 3 responses is empty" in note for note in origin.notes)
    assert any("1 of 4 problems of math500 is not in the log" in note for note in origin.notes)
    assert all(s.generations[-1].finish_reason == "" for s in run.samples().values())


def test_worked_examples_are_part_of_the_prompt(folder: Path) -> None:
    imports.into_folder([MINERVA], out=folder)
    made = RunDir.open(folder).manifest
    assert made.origin is not None
    assert made.origin.shots == 4
    assert made.prompt.template.count("Problem:") == 5
    assert made.prompt.template.endswith("Problem:\n{problem}\n\nSolution:")


def test_a_reference_that_minerva_normalised_is_taken_from_the_solution(folder: Path, tmp_path: Path) -> None:
    row = json.loads(MINERVA.read_text().splitlines()[0])
    row["doc"] |= {"problem": "Where is it?", "solution": "$\\boxed{y + 2 = 0}$", "answer": "0"}
    path = tmp_path / "samples_minerva_math500_2026-01-01T00-00-00.1.jsonl"
    path.write_text(json.dumps(row) + "\n")
    imports.into_folder([path], out=folder)
    assert RunDir.open(folder).problems()[0].answer == "y + 2 = 0"


def exported(folder: Path, problems: tuple[Problem, ...], manifest: Manifest) -> tuple[RunDir, Path]:
    """A run of ours with two samples a problem, and its export's samples file."""
    with RunWriter.create(folder, manifest, problems[:3]) as run:
        for problem in problems[:3]:
            for index, text in enumerate((f"So $\\boxed{{{problem.answer}}}$.", "It is $\\boxed{77}$.")):
                generation = Generation(
                    text=text, finish_reason="length" if index else "stop", completion_tokens=4, seconds=0.5
                )
                failed = (problem.unique_id, index) == ("test/2", 1)
                sample = Sample(
                    unique_id=problem.unique_id,
                    index=index,
                    response="" if failed else text,
                    generations=() if failed else (generation,),
                    failure=Failure(kind="filtered", detail="no") if failed else None,
                )
                run.append(sample)
        evaluate.grade(run)
    opened = RunDir.open(folder)
    return opened, logs.write(opened, folder.parent / "out")[1]


def test_our_own_export_comes_back_with_the_same_score(
    folder: Path, tmp_path: Path, problems: tuple[Problem, ...], manifest_of: Callable[..., Manifest]
) -> None:
    ours, samples = exported(folder, problems, manifest_of(samples=2))
    back, summary = imports.into_folder([samples], data_set="none", out=tmp_path / "back")
    before, run = evaluate.summarize(ours), RunDir.open(back)
    for name in ("score", "correct", "wrong", "failed", "truncated", "completion_tokens", "by_subject"):
        assert getattr(summary, name) == getattr(before, name)
    assert evaluate.summarize(run, "lm-eval/pass@1").score == before.score
    assert run.problems() == ours.problems()
    made = run.manifest
    assert (made.prompt.name, made.decoding.max_tokens, made.decoding.temperature) == ("bare", 64, 0.0)
    assert run.samples()["test/2", 1].failure == Failure(kind="filtered", detail="no")
    assert run.samples()["test/0", 0].generations[0].seconds == 0.5


def test_each_filter_of_a_task_is_a_grader_of_its_own(folder: Path, tmp_path: Path) -> None:
    row = json.loads(HENDRYCKS.read_text().splitlines()[0])
    strict = row | {"filter": "strict-match", "exact_match": 0, "filtered_resps": ["[invalid]"]}
    flexible = row | {"filter": "flexible-extract", "exact_match": 1, "filtered_resps": ["84"]}
    path = tmp_path / "samples_x_2026-01-01T00-00-00.1.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in (strict, flexible)))
    imports.into_folder([path], out=folder)
    run = RunDir.open(folder)
    assert len(run.samples()) == 1
    kept = run.grades("lm-eval/exact_match,flexible-extract")["known/plums", 0].grade
    assert (kept.verdict, kept.extracted) == ("correct", "84")
    assert run.grades("lm-eval/exact_match,strict-match")["known/plums", 0].grade.verdict == "wrong"


def test_a_file_that_was_appended_to_itself_counts_once(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "samples_x_2026-01-01T00-00-00.1.jsonl"
    path.write_text(HENDRYCKS.read_text() * 2)
    imports.into_folder([path], out=folder)
    made = RunDir.open(folder).manifest
    assert made.samples == 1
    assert made.origin is not None
    assert any("same row as an earlier one; it was left out (3 rows)" in note for note in made.origin.notes)


def test_a_metric_of_several_responses_is_not_given_to_one(folder: Path, tmp_path: Path) -> None:
    row = json.loads(HENDRYCKS.read_text().splitlines()[0])
    row |= {"resps": [["a", "b"]], "filtered_resps": ["voted"], "exact_match": 1}
    path = tmp_path / "samples_x_2026-01-01T00-00-00.1.jsonl"
    path.write_text(json.dumps(row) + "\n")
    imports.into_folder([path], out=folder)
    made = RunDir.open(folder).manifest
    assert (made.samples, made.origin is not None and made.origin.graders) == (2, ())


def test_older_logs_keep_the_request_as_a_list(folder: Path, tmp_path: Path) -> None:
    row = json.loads(HENDRYCKS.read_text().splitlines()[0])
    del row["metrics"], row["filter"]
    row["arguments"] = [["Problem: " + row["doc"]["problem"], {"max_gen_toks": 9, "do_sample": False}]]
    path = tmp_path / "samples_x.jsonl"
    path.write_text(json.dumps(row) + "\n")
    imports.into_folder([path], out=folder)
    made = RunDir.open(folder).manifest
    assert (made.decoding.max_tokens, made.decoding.temperature, made.model.name) == (9, 0.0, "unknown")
    assert made.prompt.template == "Problem: {problem}"
    assert made.origin is not None
    assert made.origin.graders == ("lm-eval/exact_match",)


def test_a_chat_is_read_out_of_its_json(folder: Path, tmp_path: Path) -> None:
    row = json.loads(HENDRYCKS.read_text().splitlines()[0])
    turns = [{"role": "system", "content": "Be exact."}, {"role": "user", "content": row["doc"]["problem"]}]
    row["arguments"]["gen_args_0"]["arg_0"] = json.dumps(turns)
    path = tmp_path / "samples_x.jsonl"
    path.write_text(json.dumps(row) + "\n")
    imports.into_folder([path], out=folder)
    made = RunDir.open(folder).manifest
    assert (made.prompt.system, made.prompt.template) == ("Be exact.", "{problem}")


def test_worked_examples_as_turns_are_no_template(folder: Path, tmp_path: Path) -> None:
    row = json.loads(HENDRYCKS.read_text().splitlines()[0])
    turns = [{"role": r, "content": "x"} for r in ("user", "assistant")]
    row["arguments"]["gen_args_0"]["arg_0"] = json.dumps([*turns, {"role": "user", "content": "y"}])
    path = tmp_path / "samples_x.jsonl"
    path.write_text(json.dumps(row) + "\n")
    imports.into_folder([path], out=folder)
    made = RunDir.open(folder).manifest
    assert made.origin is not None
    assert "prompt" in made.origin.unknown


def test_a_folder_with_two_tasks_asks_which(folder: Path) -> None:
    with pytest.raises(UsageError, match="holds 2 lm-eval logs"):
        imports.into_folder([LOGS], out=folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text[: len(text) // 2], "line 2 is not readable as JSON .* cut off"),
        (lambda text: text.replace('"resps"', '"respones"', 2), "is no log that is known|no `resps`"),
        (lambda text: text.replace('"resps": [["Seven', '"resps": [[7, "Seven'), "responses are no texts"),
        (lambda _: "", "is empty"),
    ],
)  # fmt: skip
def test_a_damaged_log_ends_in_one_line_with_file_and_row(
    folder: Path, tmp_path: Path, change: Callable[[str], str], message: str
) -> None:
    path = tmp_path / "samples_x_2026-01-01T00-00-00.1.jsonl"
    path.write_text(change(HENDRYCKS.read_text()))
    with pytest.raises(DataUnreadable, match=message) as caught:
        imports.into_folder([path], out=folder)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not folder.exists()
