"""The archive: what is in it, and that a spreadsheet runs nothing out of it."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from math500 import failures
from math500.errors import RunError
from math500.failures import export
from math500.records import Execution
from math500.rundir import RunDir
from tests.failures.conftest import LIMIT, MakeRun, problem, sample

NASTY = '=HYPERLINK("http://127.0.0.1")\n```\n<script>alert(1)</script>\x00 中文 \u202e'


@pytest.fixture
def run(make_run: MakeRun) -> RunDir:
    problems = [problem(name, "7") for name in "abc"]
    samples = [sample("a", r"$\boxed{312}$"), sample("b", NASTY, finish=LIMIT), sample("c", r"$\boxed{7}$")]
    return make_run(problems, samples)


def archive_of(run: RunDir, path: Path, **more: bytes) -> dict[str, bytes]:
    reasons = failures.explain(run)
    export.write(run, reasons, failures.tally(run, reasons), path, more=more)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_what_is_in_it(run: RunDir, tmp_path: Path) -> None:
    files = archive_of(run, tmp_path / "below" / "wrong.zip", page=b"<html>")
    assert set(files) == {
        "README.txt",
        "wrong.jsonl",
        "wrong.csv",
        "wrong.md",
        "reasons.json",
        "manifest.json",
        "summary.json",
        "page",
    }
    rows = [json.loads(line) for line in files["wrong.jsonl"].splitlines()]
    # In the order of the reasons: cut off before wrong.
    assert [(row["unique_id"], row["why"]) for row in rows] == [("b", "cut_off"), ("a", "wrong")]
    assert rows[0]["response"] == NASTY
    assert rows[1]["extracted"] == "312"
    assert json.loads(files["manifest.json"])["run_id"] == run.manifest.run_id
    assert json.loads(files["summary.json"])["wrong"] == 1
    assert [c["why"] for c in json.loads(files["reasons.json"])["counts"]] == ["cut_off", "wrong"]
    assert all(name in files["README.txt"].decode() for name in files if name != "page")


def test_the_same_failures_give_the_same_bytes(run: RunDir, tmp_path: Path) -> None:
    archive_of(run, tmp_path / "1.zip")
    archive_of(run, tmp_path / "2.zip")
    assert (tmp_path / "1.zip").read_bytes() == (tmp_path / "2.zip").read_bytes()


def test_the_table_is_read_by_a_spreadsheet(run: RunDir, tmp_path: Path) -> None:
    content = archive_of(run, tmp_path / "wrong.zip")["wrong.csv"]
    assert content.startswith(b"\xef\xbb\xbf")
    head, *rows = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    assert all(len(row) == len(head) for row in rows)
    response = rows[0][head.index("response")]
    assert response.startswith("'=HYPERLINK")
    assert "中文" in response
    assert "\x00" not in response


@settings(deadline=None)
@given(st.text(max_size=80))
def test_no_cell_is_a_formula(text: str) -> None:
    made = export.cell(text)
    assert re.fullmatch(r"-?\d+(\.\d+)?", made) or not made.lstrip().startswith(tuple("=+-@＝＋－＠"))
    made.encode()


@pytest.mark.parametrize(
    ("value", "cell"), [("-7", "-7"), (-3, "-3"), ("-x", "'-x"), (None, ""), (" =1", "' =1")]
)
def test_cells(value: object, cell: str) -> None:
    assert export.cell(value) == cell


def test_a_long_cell_is_cut_and_says_so() -> None:
    made = export.cell("a" * 100_000)
    assert len(made) == export.CELL
    assert made.endswith("[cut: 100000 characters, whole in wrong.jsonl]")


def test_the_text_to_read_keeps_model_text_in_its_fence(run: RunDir, tmp_path: Path) -> None:
    text = archive_of(run, tmp_path / "wrong.zip")["wrong.md"].decode()
    start = text.index("=HYPERLINK")
    assert text[:start].endswith("````\n")
    assert "\n````" in text[start:]


def test_a_long_response_is_shortened_in_the_middle(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run([problem("a", "7")], [sample("a", "x" * 9000 + " the end", finish=LIMIT)])
    text = archive_of(run, tmp_path / "wrong.zip")["wrong.md"].decode()
    assert "[... 5008 characters, whole in wrong.jsonl ...]" in text
    assert "the end" in text


def test_code_that_was_run_is_shown_with_what_came_of_it(make_run: MakeRun, tmp_path: Path) -> None:
    runs = (
        Execution(code="print(1 + 1)\n", output="2\n"),
        Execution(code="while 1: pass", ended="time"),
        Execution(code='{"code": "print(', error="The arguments are not JSON."),
    )
    ran = msgspec.structs.replace(sample("a", r"$\boxed{312}$"), executions=runs)
    files = archive_of(make_run([problem("a", "7")], [ran]), tmp_path / "w.zip")
    (row,) = [json.loads(line) for line in files["wrong.jsonl"].splitlines()]
    assert row["code"].startswith("```\nprint(1 + 1)\n```\n```\n2\n```")
    for words in ("print(1 + 1)", "(ended the session: time)", "The arguments are not JSON."):
        assert words in row["code"]
        assert words in files["wrong.md"].decode()


def test_it_is_written_whole_or_not_at_all(run: RunDir, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot be written"):
        archive_of(run, tmp_path / "file" / "wrong.zip")
    (tmp_path / "folder").mkdir()
    with pytest.raises(RunError, match="cannot be written"):
        archive_of(run, tmp_path / "folder")
    assert sorted(p.name for p in tmp_path.iterdir() if p.name.startswith(".")) == []
