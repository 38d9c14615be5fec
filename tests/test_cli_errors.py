"""`math500 errors` as a person types it."""

from __future__ import annotations

import json
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from math500 import cli, evaluate
from math500.grading import GRADER
from math500.records import Generation, Manifest, Problem, Sample
from math500.rundir import RunWriter

Typed = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(folder: Path, problems: tuple[Problem, ...], manifest_of: Callable[..., Manifest]) -> Path:
    """Twelve samples: four right, four one too large, four cut off."""
    responses = ("$\\boxed{%d}$", "$\\boxed{%d}$", "First we write %d")
    with RunWriter.create(folder, manifest_of(), list(problems)) as writer:
        for i, problem in enumerate(problems):
            text = responses[i % 3] % (int(problem.answer) + i % 3)
            finish = "length" if i % 3 == 2 else "stop"
            generation = Generation(text=text, finish_reason=finish, completion_tokens=9)
            writer.append(
                Sample(unique_id=problem.unique_id, index=0, response=text, generations=(generation,))
            )
        evaluate.grade(writer)
    return folder


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Typed:
    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["math500", "errors", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    return call


def test_the_reasons_are_counted(typed: Typed, run: Path) -> None:
    code, out, _ = typed(run)
    assert code == 0
    assert f"33.3 % (95 % interval 13.8 to 60.9, n = 12) by {GRADER}; 8 of 12 samples are not correct" in out
    rows = {
        line.split()[0]: line.split()[1:] for line in out.splitlines() if line.startswith(("near", "cut"))
    }
    assert rows["near_miss"][-1] == "4"
    assert "off_by_one" in out
    assert "evidence" not in out


def test_chosen_ones_are_listed_with_their_evidence(typed: Typed, run: Path) -> None:
    out = typed(run, "--reason", "near_miss/off_by_one", "--list", 2)[1]
    assert "3 for 2: one too large" in out
    assert "... and 2 more" in out
    assert "cut_off" not in out.split("evidence")[1]


def test_subject_and_level_count_within_them(typed: Typed, run: Path) -> None:
    found = json.loads(typed(run, "--subject", "geometry", "--level", 2, "--json")[1])
    assert found["tally"]["samples"] == 1
    assert [r["unique_id"] for r in found["reasons"]] == ["test/1"]


def test_the_archive_holds_what_was_chosen(typed: Typed, run: Path, tmp_path: Path) -> None:
    archive = tmp_path / "wrong.zip"
    code, _, err = typed(run, "--reason", "cut_off", "--export", archive)
    assert code == 0
    assert f"4 failures written to {archive}" in err
    with zipfile.ZipFile(archive) as opened:
        assert len(opened.read("wrong.jsonl").splitlines()) == 4
        assert b": cut_off." in opened.read("README.txt")


def test_a_run_against_itself_has_nothing_new(typed: Typed, run: Path) -> None:
    found = json.loads(typed(run, "--against", run, "--json")[1])
    assert {c["change"] for c in found["changes"]} == {"same"}
    assert typed(run, "--against", run)[0] == 0


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--reason", "lop"), 2, "there is no reason 'lop'"),
        (("--subject", "optics"), 2, "no subject in this run"),
        (("--grader", "other/1"), 2, "has no grades by other/1"),
        (("--against", "RUN", "--export", "x.zip"), 2, "Leave out one"),
        (("--against", "nowhere"), 5, "nowhere does not exist"),
    ],
)
def test_mistakes_end_in_one_line(
    typed: Typed, run: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    ended, out, err = typed(run, *(str(run) if a == "RUN" else a for a in arguments))
    assert (ended, out) == (code, "")
    assert words in err
    assert len(err.strip().splitlines()) == 1
