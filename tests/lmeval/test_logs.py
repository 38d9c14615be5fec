from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from math500.errors import RunError
from math500.grading import GRADER
from math500.lmeval import logs, scoring
from math500.lmeval.response import Response
from math500.records import Failure, Generation, Grade, Manifest, Problem, Sample, SampleGrade
from math500.rundir import RunDir, RunWriter


def made(folder: Path, problems: tuple[Problem, ...], manifest: Manifest) -> RunDir:
    """Two samples a problem: the first right, the second wrong; one failed, one cut off."""
    with RunWriter.create(folder, manifest, problems[:3]) as run:
        for problem in problems[:3]:
            for index, said in enumerate((problem.answer, "no")):
                generation = Generation(
                    text=said, finish_reason="length" if index else "stop", completion_tokens=4
                )
                run.append(
                    Sample(unique_id=problem.unique_id, index=index, response=said, generations=(generation,))
                    if (problem.unique_id, index) != ("test/2", 1)
                    else Sample(
                        unique_id=problem.unique_id,
                        index=index,
                        response="",
                        failure=Failure(kind="empty", detail="nothing came"),
                    )
                )
                verdict = Grade(verdict="wrong" if index else "correct", extracted=said, rule="boxed")
                run.append_grade(GRADER, SampleGrade(unique_id=problem.unique_id, index=index, grade=verdict))
    return RunDir.open(folder)


def test_the_files_hold_what_lm_eval_writes(
    folder: Path, tmp_path: Path, problems: tuple[Problem, ...], manifest_of: Callable[..., Manifest]
) -> None:
    results, samples = logs.write(made(folder, problems, manifest_of(samples=2)), tmp_path / "out")
    scored = json.loads(results.read_text())["results"]["math500_bare"]
    assert scored["pass@1,none"] == pytest.approx((0.5 + 0.5 + 1.0) / 3)
    assert scored["maj@2,none"] == pytest.approx((0.5 + 0.5 + 1.0) / 3)
    assert (scored["failed,none"], scored["truncated,none"], scored["samples,none"]) == (1, 2, 6)
    rows = [json.loads(line) for line in samples.read_text().splitlines()]
    assert [row["doc_id"] for row in rows] == [0, 1, 2]
    assert set(rows[0]) == {
        *("doc_id", "doc", "target", "arguments", "resps", "filtered_resps", "filter", "metrics"),
        *("doc_hash", "prompt_hash", "target_hash", *rows[0]["metrics"]),
    }
    assert rows[2]["samples"][1]["failure"] == {"kind": "empty", "detail": "nothing came", "attempts": 1}
    assert rows[0]["samples"][1]["finish_reason"] == "length"
    assert rows[0]["samples"][0]["max_tokens"] == 64


def test_a_row_is_the_one_that_the_task_would_have_logged() -> None:
    generation = Generation(text="$\\boxed{4}$", finish_reason="stop", completion_tokens=3)
    doc = {"problem": "What is $2 + 2$?", "answer": "4"}
    live = scoring.detail(Response(generation.text, generation, max_tokens=64), doc, 0)
    grade = Grade(verdict=live["verdict"], **{k: live[k] for k in ("extracted", "rule", "stage", "reason")})
    key = ("a", 0)
    sample = Sample(unique_id="a", index=0, response=generation.text, generations=(generation,))

    class Made:
        class decoding:  # noqa: N801 - stands for a manifest's field
            max_tokens = 64

    graded = {key: SampleGrade(unique_id="a", index=0, grade=grade)}
    assert logs._detail(sample, graded, Made) == live  # type: ignore[arg-type]


def test_an_empty_run_has_nothing_to_export(
    folder: Path, problems: tuple[Problem, ...], manifest_of: Callable[..., Manifest]
) -> None:
    RunWriter.create(folder, manifest_of(), problems).close()
    with pytest.raises(RunError, match="holds no sample yet"):
        logs.write(RunDir.open(folder), folder / "out")
