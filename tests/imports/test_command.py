"""`math500 import`: what a person types and sees, and what the other commands do with the folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from math500 import cli, running
from math500.errors import RunError
from tests.imports.conftest import CASES

LOG = next((CASES / "lm-eval").glob("samples_minerva*"))


def typed(*arguments: str) -> str:
    result = CliRunner().invoke(cli.cli, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_the_score_stands_beside_the_harness_own(folder: Path) -> None:
    shown = typed("import", str(LOG), "--out", str(folder), "--model", "acme/renamed")
    assert "acme/renamed" in shown
    assert "imported from lm-eval 0.4.13" in shown
    assert "not in the log: temperature" in shown
    assert "lm-eval/exact_match" in shown
    assert "temperature unknown, at most 300 tokens" in shown


def test_json_holds_the_origin_and_every_graders_summary(folder: Path) -> None:
    said = json.loads(typed("import", str(LOG), "--out", str(folder), "--json"))
    assert said["folder"] == str(folder)
    assert said["origin"]["harness"] == "lm-eval"
    assert [s["grader"] for s in said["summaries"]][1:] == ["lm-eval/exact_match", "lm-eval/math_verify"]


def test_show_and_export_take_the_folder(folder: Path) -> None:
    typed("import", str(LOG), "--out", str(folder))
    assert "imported from lm-eval" in typed("show", str(folder))
    results, samples = typed("export", str(folder)).splitlines()
    assert Path(results).is_file()
    assert len(Path(samples).read_text().splitlines()) == 3


def test_there_is_nothing_to_resume(folder: Path) -> None:
    typed("import", str(LOG), "--out", str(folder))
    with pytest.raises(RunError, match="imported from lm-eval: there is nothing to resume"):
        running.resume(folder, concurrency=None, say=print)


def test_failed_requests_are_not_offered_for_resuming(folder: Path) -> None:
    shown = typed("import", str(CASES / "inspect" / "failed.eval"), "--out", str(folder))
    assert "2 samples failed" in shown
    assert "--resume" not in shown


def test_the_folder_is_not_overwritten(folder: Path) -> None:
    typed("import", str(LOG), "--out", str(folder))
    with pytest.raises(RunError, match="exists and is not empty"):
        typed("import", str(LOG), "--out", str(folder))
