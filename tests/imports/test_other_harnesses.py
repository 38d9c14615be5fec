"""Inspect, lighteval, evalscope, OpenCompass: files of the harnesses' own code, with invented problems.

Inspect's logs are from inspect_ai 0.3.285 with a stub model (events left out), lighteval's details from 0.13,
evalscope's rows from 1.14; OpenCompass' follow its writer (`openicl/icl_inferencer/icl_base_inferencer.py`).
"""

from __future__ import annotations

import builtins
import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

from math500 import imports
from math500.errors import DataNotFound, DataUnreadable, DependencyMissing, UsageError
from math500.imports import detect
from math500.records import Summary
from math500.rundir import RunDir
from tests.imports.conftest import CASES

INSPECT = CASES / "inspect"
(DETAILS,) = (CASES / "lighteval").rglob("*.parquet")
EVALSCOPE = CASES / "evalscope"
(PREDICTIONS,) = (CASES / "opencompass" / "predictions").rglob("*.json")


def brought_in(log: Path, folder: Path, **options: Any) -> tuple[RunDir, Summary]:
    _, summary = imports.into_folder([log], out=folder, **options)
    return RunDir.open(folder), summary


def theirs(run: RunDir, grader: str) -> list[str]:
    return [grade.grade.verdict for grade in run.grades(grader).values()]


@pytest.mark.parametrize(
    ("log", "name"),
    [
        (INSPECT / "math-tiny.eval", "inspect"),
        (INSPECT / "math-tiny.json", "inspect"),
        (DETAILS, "lighteval"),
        (next(EVALSCOPE.rglob("reviews/*/*.jsonl")), "evalscope"),
        (next(EVALSCOPE.rglob("predictions/*/*.jsonl")), "evalscope"),
        (PREDICTIONS, "opencompass"),
        (next((CASES / "lm-eval").glob("*.jsonl")), "lm-eval"),
    ],
)
def test_the_format_is_told_from_the_content(log: Path, name: str, tmp_path: Path) -> None:
    renamed = tmp_path / "log"
    shutil.copy(log, renamed)
    assert detect.of(renamed).name == name


# -- inspect ---------------------------------------------------------------------------------


@pytest.mark.parametrize("log", ["math-tiny.eval", "math-tiny.json"])
def test_inspect_epochs_are_samples(log: str, folder: Path) -> None:
    run, summary = brought_in(INSPECT / log, folder)
    made = run.manifest
    assert (made.data.name, made.samples, made.model.name) == ("math500", 2, "mockllm/model")
    assert (made.decoding.temperature, made.decoding.max_tokens) == (0.6, 300)
    assert made.prompt.template == "Solve: {problem}\nBox the answer."
    assert (summary.correct, summary.truncated, summary.completion_tokens) == (2, 2, 42)
    assert theirs(run, "inspect/includes").count("correct") == 2
    assert theirs(run, "inspect/match").count("correct") == 4
    assert made.origin is not None
    assert made.origin.version == "0.3.285"
    assert made.origin.reported["match/accuracy"] == pytest.approx(2 / 3)


def test_an_inspect_sample_with_an_error_is_a_failure(folder: Path) -> None:
    run, summary = brought_in(INSPECT / "failed.eval", folder)
    failed = run.samples()["known/interval", 0].failure
    assert failed is not None
    assert "the endpoint is gone" in failed.detail
    assert (summary.failed, summary.samples) == (2, 6)
    assert ("known/interval", 0) not in run.grades("inspect/match")


def test_an_older_archive_is_read_without_pyarrow(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_pyarrow(monkeypatch)
    log = json.loads((INSPECT / "math-tiny.json").read_text())
    path = tmp_path / "old.eval"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for sample in log.pop("samples"):
            archive.writestr(f"samples/{sample['id']}_epoch_{sample['epoch']}.json", json.dumps(sample))
        archive.writestr("header.json", json.dumps(log))
    assert brought_in(path, folder)[1].correct == 2


def without_pyarrow(monkeypatch: pytest.MonkeyPatch) -> None:
    original = builtins.__import__

    def missing(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return original(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", missing)


@pytest.mark.parametrize("log", [INSPECT / "math-tiny.eval", DETAILS])
def test_without_pyarrow_the_message_says_what_to_install(
    log: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_pyarrow(monkeypatch)
    with pytest.raises(DependencyMissing, match=r"math500\[parquet\]"):
        brought_in(log, folder)


def test_content_in_parts_and_attachments_is_put_together(folder: Path, tmp_path: Path) -> None:
    log = json.loads((INSPECT / "math-tiny.json").read_text())
    log["samples"] = [s for s in log["samples"] if s["id"] == "own/plums"][:1]
    sample = log["samples"][0]
    sample["input"] = [{"role": "user", "content": "attachment://abc"}]
    sample["attachments"] = {"abc": "A crate holds $7$ trays with $12$ plums each. How many plums are in it?"}
    parts = [{"type": "reasoning", "reasoning": "7 times 12"}, {"type": "text", "text": "\\boxed{84}"}]
    sample["output"]["choices"][0]["message"]["content"] = parts
    path = tmp_path / "log.json"
    path.write_text(json.dumps(log, indent=2))
    run, summary = brought_in(path, folder)
    (kept,) = run.samples().values()
    assert (kept.response, kept.generations[0].reasoning) == ("\\boxed{84}", "7 times 12")
    assert summary.correct == 1


# -- lighteval -------------------------------------------------------------------------------


def test_lightevals_empty_answer_is_a_failure_and_no_wrong_answer(folder: Path) -> None:
    run, summary = brought_in(DETAILS, folder)
    assert run.manifest.data.name == "math500"
    assert (summary.correct, summary.failed) == (2, 1)
    assert run.samples()["known/quotient", 0].failure is not None
    assert theirs(run, "lighteval/pass@k-k-1-n-1") == ["correct", "wrong"]
    made = run.manifest
    assert (made.model.name, made.decoding.temperature, made.decoding.max_tokens) == ("dummy", 0.0, 300)
    assert made.prompt.template.endswith("\n\n{problem}")
    assert made.origin is not None
    assert made.origin.reported == {"pass@k:k=1&n=1": pytest.approx(1 / 3)}


def test_its_reference_is_the_last_box_of_the_solution(folder: Path) -> None:
    run, _ = brought_in(DETAILS, folder, data_set="none")
    assert [p.answer for p in run.problems()] == ["84", "\\frac{3}{8}", "(4,\\infty)"]
    # The line that all prompts share is not part of the problem.
    assert run.problems()[1].problem == "Give the exact quotient of $3$ and $8$."


@pytest.mark.parametrize("as_text", [False, True])
def test_lightevals_older_details_are_read(as_text: bool, folder: Path, tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {
            "example": f"Solve:\n\n{problem}",
            "full_prompt": f"Solve:\n\n{problem}",
            "predictions": said,
            "cont_tokens": [[[1, 2], [3]]],
            "gold": [f"So it is $\\boxed{{{answer}}}$."],
            "metrics": {"extractive_match": 1.0},
        }
        for problem, said, answer in (
            ("Give the exact quotient of $3$ and $8$.", ["\\boxed{3/8}", "it's 'no'"], "\\frac{3}{8}"),
            ("What is $1+1$?", ["[2]", "2"], "2"),
        )
    ]
    if as_text:
        rows = [{name: str(value) for name, value in row.items()} for row in rows]
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "details_x.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path)
    run, _ = brought_in(path, folder)
    assert [s.response for s in run.samples().values()][:2] == ["\\boxed{3/8}", "it's 'no'"]
    assert run.manifest.prompt.template == "Solve:\n\n{problem}"
    counts = [sample.generations[0].completion_tokens for sample in run.samples().values()]
    assert counts[:2] == ([None, None] if as_text else [2, 1])


# -- evalscope -------------------------------------------------------------------------------


@pytest.mark.parametrize("side", ["reviews", "predictions"])
def test_evalscope_is_read_from_either_side(side: str, folder: Path) -> None:
    run, summary = brought_in(EVALSCOPE / side, folder)
    assert (summary.correct, summary.truncated, summary.prompt_tokens) == (2, 1, 60)
    assert theirs(run, "evalscope/acc").count("correct") == 2
    assert run.manifest.prompt.name == "boxed"
    assert run.samples()["known/plums", 0].generations[0].seconds == 1.5


def test_reviews_alone_are_enough(folder: Path, tmp_path: Path) -> None:
    alone = tmp_path / "reviews.jsonl"
    shutil.copy(next(EVALSCOPE.rglob("reviews/*/*.jsonl")), alone)
    run, summary = brought_in(alone, folder)
    assert summary.correct == 2
    assert run.manifest.origin is not None
    assert "finish_reason" in run.manifest.origin.unknown


def test_the_samples_of_a_group_are_one_problems(folder: Path, tmp_path: Path) -> None:
    first = json.loads(next(EVALSCOPE.rglob("reviews/*/*.jsonl")).read_text().splitlines()[0])
    second = json.loads(json.dumps(first))
    second["index"] = second["sample_score"]["sample_id"] = 9
    second["sample_score"]["generation_index"] = 1
    second["sample_score"]["score"]["prediction"] = "\\boxed{1}"
    path = tmp_path / "r.jsonl"
    path.write_text(json.dumps(second) + "\n" + json.dumps(first) + "\n")
    run, _ = brought_in(path, folder)
    assert run.manifest.samples == 2
    assert run.samples()["known/plums", 1].response == "\\boxed{1}"


# -- opencompass -----------------------------------------------------------------------------


def test_opencompass_predictions_with_their_results(folder: Path) -> None:
    run, summary = brought_in(PREDICTIONS, folder)
    assert (run.manifest.model.name, run.manifest.data.name, summary.correct) == ("acme-1b", "math500", 2)
    assert theirs(run, "opencompass/correct") == ["correct", "wrong", "correct"]
    assert run.manifest.prompt.name == "boxed"
    assert run.manifest.origin is not None
    assert run.manifest.origin.reported["accuracy"] == pytest.approx(66.67, abs=0.01)


def test_verdicts_that_cannot_be_attributed_are_left_out(folder: Path, tmp_path: Path) -> None:
    copied = tmp_path / "oc"
    shutil.copytree(CASES / "opencompass", copied)
    (results,) = (copied / "results").rglob("*.json")
    held = json.loads(results.read_text())
    held["details"].pop()
    results.write_text(json.dumps(held))
    run, _ = brought_in(next((copied / "predictions").rglob("*.json")), folder)
    assert run.manifest.origin is not None
    assert run.manifest.origin.graders == ()
    assert any("2 details for 3 predictions" in note for note in run.manifest.origin.notes)


def test_a_list_of_predictions_is_a_list_of_samples(folder: Path, tmp_path: Path) -> None:
    held = json.loads(PREDICTIONS.read_text())
    held = {"0": held["0"] | {"prediction": ["\\boxed{84}", "\\boxed{85}"]}}
    path = tmp_path / "p.json"
    path.write_text(json.dumps(held))
    run, summary = brought_in(path, folder)
    assert (run.manifest.samples, summary.correct, summary.wrong) == (2, 1, 1)


# -- what is refused -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("log", "keep", "message"),
    [
        (INSPECT / "math-tiny.eval", 0.5, "damaged .eval archive"),
        (INSPECT / "math-tiny.json", 0.5, "cut off"),
        (DETAILS, 0.5, "damaged Parquet file"),
        (PREDICTIONS, 0.5, "cut off"),
        (next(EVALSCOPE.rglob("reviews/*/*.jsonl")), 0.5, "line 2 is not readable"),
    ],
)
def test_a_file_that_was_cut_off_says_so(log: Path, keep: float, message: str, tmp_path: Path) -> None:
    path = tmp_path / log.name
    data = log.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])
    with pytest.raises(DataUnreadable, match=message) as caught:
        imports.into_folder([path], out=tmp_path / "run")
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PK\x03\x04 nonsense", "damaged .eval archive"),
        (b"<html>", "line 1 is not readable as JSON"),
        (b'{"name": "x"}', "no log that is known"),
        (b'[\n {"a": 1}\n]', "no log that is known"),
        (b"   \n", "is empty"),
    ],
)
def test_what_is_no_log_is_refused(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    with pytest.raises(DataUnreadable, match=message):
        imports.into_folder([path], out=tmp_path / "run")


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("lm-eval/results_*.json", "Give the samples_"),
        ("lighteval/results/*/*.json", "Give the details_"),
        ("opencompass/results/*/*.json", "predictions/MODEL/SET.json"),
    ],
)
def test_a_file_of_totals_points_to_the_log_beside_it(pattern: str, message: str, tmp_path: Path) -> None:
    (path,) = CASES.glob(pattern)
    with pytest.raises(DataUnreadable, match=message):
        imports.into_folder([path], out=tmp_path / "run")


def test_a_run_folder_needs_no_import(folder: Path, tmp_path: Path) -> None:
    brought_in(PREDICTIONS, folder)
    with pytest.raises(UsageError, match="is a run folder already"):
        imports.into_folder([folder], out=tmp_path / "again")


def test_a_folder_without_a_log_says_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(DataNotFound, match=r"samples_\*.jsonl \(lm-eval\); \*.eval \(inspect\)"):
        imports.into_folder([tmp_path], out=tmp_path / "run")
    with pytest.raises(DataNotFound, match="there is no file"):
        imports.into_folder([tmp_path / "nothing"], out=tmp_path / "run")


def test_files_of_different_harnesses_are_not_one_run(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="of different formats"):
        imports.into_folder([PREDICTIONS, INSPECT / "math-tiny.json"], out=tmp_path / "run")


def test_an_archive_without_a_header_is_no_log(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme", "hello")
    with pytest.raises(DataUnreadable, match="no Inspect log"):
        imports.into_folder([path], out=tmp_path / "run")


def test_a_wrong_format_by_name_is_told_with_the_row(tmp_path: Path) -> None:
    with pytest.raises(DataUnreadable, match="line 1: no `doc_id`"):
        imports.into_folder(
            [next(EVALSCOPE.rglob("reviews/*/*.jsonl"))], log_format="lm-eval", out=tmp_path / "run"
        )
