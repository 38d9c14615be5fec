from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from math500 import cli, display, evaluate, regrade
from math500.errors import DependencyMissing, UsageError
from math500.grading import GRADER, presets
from math500.records import Failure, Generation, Manifest, Problem, Sample, SampleGrade
from math500.rundir import RunDir, RunWriter


@pytest.fixture
def run(folder: Path, manifest_of: Callable[..., Manifest], problems: tuple[Problem, ...]) -> RunDir:
    """Twelve samples: six boxed and right, three right without a box, two wrong, one failed."""
    with RunWriter.create(folder, manifest_of(run_id="twelve", grader=GRADER), problems) as writer:
        for i, p in enumerate(problems):
            text = (
                f"$\\boxed{{{p.answer}}}$"
                if i < 6
                else f"The answer is ${p.answer}$."
                if i < 9
                else "It is $99$."
            )
            failure = Failure(kind="empty", detail="nothing") if i == 11 else None
            generations = () if failure else (Generation(text=text, finish_reason="stop"),)
            writer.append(
                Sample(
                    unique_id=p.unique_id,
                    index=0,
                    response="" if failure else text,
                    generations=generations,
                    failure=failure,
                )
            )
        evaluate.grade(writer)
        writer.write_summary(evaluate.summarize(writer))
    return RunDir.open(folder)


def test_a_preset_grades_what_was_answered(run: RunDir) -> None:
    with RunWriter(run.path) as writer:
        made = regrade.regrade(writer, "hendrycks")
    assert len(made) == 11
    assert sum(g.grade.verdict == "correct" for g in made.values()) == 6
    assert run.grades("hendrycks-1") == made
    assert (run.path / "grades" / "hendrycks-1.jsonl").is_file()


def test_the_runs_own_grades_and_summary_stay(run: RunDir) -> None:
    before = ((run.path / "summary.json").read_bytes(), run.grades(GRADER))
    with RunWriter(run.path) as writer:
        regrade.regrade(writer, "hendrycks")
        regrade.regrade(writer, "math500")
    assert ((run.path / "summary.json").read_bytes(), run.grades(GRADER)) == before


def test_what_is_graded_is_not_graded_again(run: RunDir, monkeypatch: pytest.MonkeyPatch) -> None:
    with RunWriter(run.path) as writer:
        once = regrade.regrade(writer, "hendrycks")
        monkeypatch.setattr(presets.Preset, "grade", lambda *_, **__: pytest.fail("graded again"))
        assert regrade.regrade(writer, "hendrycks") == once


def test_a_stopped_regrading_goes_on(run: RunDir) -> None:
    class Stop(Exception):
        pass

    def stop(done: int, of: int) -> None:
        if done == 4:
            raise Stop

    with RunWriter(run.path) as writer:
        with pytest.raises(Stop):
            regrade.regrade(writer, "hendrycks", stop)
        assert len(run.grades("hendrycks-1")) == 4
        counted: list[tuple[int, int]] = []
        regrade.regrade(writer, "hendrycks", lambda done, of: counted.append((done, of)))
    assert counted[-1] == (7, 7)
    assert len((run.path / "grades" / "hendrycks-1.jsonl").read_text().splitlines()) == 11


def test_several_processes_grade_as_one_does(run: RunDir) -> None:
    problems = {p.unique_id: p for p in run.problems()}
    with RunWriter(run.path) as writer:
        made = regrade.regrade(writer, "math-verify")
    for key, sample in run.samples().items():
        if sample.failure is None:
            alone = presets.get("math-verify").grade(sample.response, problems[key[0]].answer)
            assert (made[key].grade.verdict, made[key].grade.extracted) == (alone.verdict, alone.extracted)


def test_a_grader_whose_extra_is_missing_says_which(run: RunDir, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presets.Preset, "installed", False)
    with (
        RunWriter(run.path) as writer,
        pytest.raises(DependencyMissing, match=r"pip install 'math500\[graders\]'"),
    ):
        regrade.regrade(writer, "prm800k")


def test_an_unknown_grader_writes_nothing(run: RunDir) -> None:
    with RunWriter(run.path) as writer, pytest.raises(UsageError):
        regrade.regrade(writer, "nobody")
    assert run.graders() == (GRADER.replace("/", "-"),)


def test_graders_side_by_side(run: RunDir) -> None:
    with RunWriter(run.path) as writer:
        regrade.regrade(writer, "hendrycks")
    found = regrade.table(run, [GRADER, "hendrycks-1"])
    ours, theirs = found.scores
    assert ours.score is not None
    assert theirs.score is not None
    assert (ours.score.n, ours.correct, theirs.correct, theirs.no_answer) == (11, 9, 6, 5)
    (pair,) = found.agreement
    assert (pair.n, pair.same, pair.first_only, pair.second_only) == (11, 8, 3, 0)
    assert [each.unique_id for each in found.disagreements] == ["test/6", "test/7", "test/8"]
    assert {name: g.verdict for name, g in found.disagreements[0].grades.items()} == {
        GRADER: "correct",
        "hendrycks-1": "no_answer",
    }
    shown = display.graders(found, 2)
    assert "do not agree on 3 samples" in shown
    assert "1 more: --list 3" in shown
    assert "27.3" in shown


def test_a_dozen_graders_fit_into_a_terminal(run: RunDir, monkeypatch: pytest.MonkeyPatch) -> None:
    with RunWriter(run.path) as writer:
        for number in range(12):
            for key, graded in run.grades(GRADER).items():
                verdict = "wrong" if key[0] == f"test/{number}" else graded.grade.verdict
                changed = msgspec.structs.replace(graded.grade, verdict=verdict)
                one = SampleGrade(unique_id=key[0], index=key[1], grade=changed)
                writer.append_grade(f"grader-of-another-{number}", one)
    monkeypatch.setenv("COLUMNS", "80")
    shown = display.fitted(display.graders(regrade.table(run), 3))
    assert max(map(len, shown.splitlines())) <= 80
    (row,) = (line for line in shown.splitlines() if line.split()[:1] == ["12"] and len(line.split()) == 12)
    assert "9.1" in row.split()


def test_what_could_not_be_told_is_in_no_agreement(run: RunDir) -> None:
    key = next(iter(run.samples()))
    with RunWriter(run.path) as writer:
        regrade.regrade(writer, "hendrycks")
        grade = presets.Decision("", None, reason="no")
        unsure = presets.Preset("a", "1", "", lambda *_: grade, "").grade("", "")
        writer.append_grade("hendrycks-1", SampleGrade(unique_id=key[0], index=key[1], grade=unsure))
    found = regrade.table(run, [GRADER, "hendrycks-1"])
    assert (found.agreement[0].n, found.scores[1].ungraded) == (10, 1)


def typed(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int | str | None:
    monkeypatch.setattr(sys, "argv", ["math500", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code


def test_regrade_prints_the_score(
    run: RunDir, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not typed(monkeypatch, "regrade", str(run.path), "--grader", "hendrycks", "--json")
    (score,) = json.loads(capsys.readouterr().out)
    assert (score["grader"], score["correct"]) == ("hendrycks-1", 6)


def test_kept_grades_nothing(
    run: RunDir, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not typed(monkeypatch, "graders", str(run.path), "--kept")
    assert GRADER.replace("/", "-") in capsys.readouterr().out
    assert run.graders() == (GRADER.replace("/", "-"),)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("--grader", "hendricks"), 2, "'hendricks' is no grader. Choose out of math500, hendrycks"),
        ((), 2, "--grader"),
    ],
)
def test_mistakes_end_in_one_line(
    run: RunDir,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    code: int,
    says: str,
) -> None:
    assert typed(monkeypatch, "regrade", str(run.path), *arguments) == code
    assert says in capsys.readouterr().err


def test_no_run_no_grades(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert typed(monkeypatch, "graders", str(tmp_path / "nothing")) == 5
    assert "does not exist" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["graders", "regrade"])
def test_a_folder_that_is_written_elsewhere_or_read_only_is_read_where_nothing_is_to_be_graded(
    run: RunDir, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    with RunWriter(run.path) as writer:  # nobody else can write
        assert typed(monkeypatch, command, str(run.path), "--grader", "hendrycks") == 5
        assert "in use by another process" in capsys.readouterr().err
        regrade.regrade(writer, "hendrycks")
        assert not typed(monkeypatch, command, str(run.path), "--grader", "hendrycks")
        assert "hendrycks-1" in capsys.readouterr().out
