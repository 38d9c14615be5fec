from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from math500 import cli, evaluate, grading, seal, solve, verify
from math500.errors import UsageError
from math500.records import (
    Compared,
    Decoding,
    Gap,
    Generation,
    Manifest,
    Problem,
    Sample,
    SolverInfo,
    Summary,
    Turn,
    Verified,
)
from math500.rundir import RunDir, RunWriter
from tests.verify.conftest import written
from tests.verify.test_tamperings import differing, without_seal

OWN = grading.GRADER.replace("/", "-")
Typed = Callable[..., tuple[int, str]]


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Typed:
    def run(*arguments: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["math500", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return int(ended.value.code or 0), capsys.readouterr().out

    return run


def states(folder: Path, about: str) -> list[str]:
    return [one.state for one in verify.verify(folder).checks if one.about == about]


def test_what_nobody_touched_is_in_order(plain: Path, voted: Path) -> None:
    for folder in (plain, voted):
        assert differing(folder) == []
    assert {one.about for one in verify.verify(voted).checks} >= {"turns", "requests", "votes", "seal"}


def test_votes_of_several_samples_have_seeds_of_their_own_and_had_others_before(
    tmp_path: Path,
    made: Callable[..., Manifest],
    problems: tuple[Problem, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = SolverInfo(name="vote:cot", votes=3)
    manifest = made(samples=2, solver="vote:cot, 3 votes", solver_settings=settings)
    assert states(written(tmp_path / "now", manifest, problems), "requests") == ["ok"]

    def before(decoding: Decoding, _info: SolverInfo, _id: str, index: int) -> int:
        return (decoding.seed or 0) + index

    def later(decoding: Decoding, info: SolverInfo, _id: str, index: int) -> int:
        return (decoding.seed or 0) + index * (info.votes or 1)

    for name, older in (("before", before), ("later", later)):
        monkeypatch.setattr(solve, "seed_of", older)
        assert states(written(tmp_path / name, manifest, problems), "requests") == ["ok"]
    monkeypatch.setattr(solve, "seed_of", lambda *_: 77)
    assert states(written(tmp_path / "other", manifest, problems), "requests") == ["differs"]


@pytest.mark.parametrize(
    "altered",
    [
        {"voters": (), "votes": 0},
        {"weights": (0.1, 0.2, 0.9, 0.3, 0.1)},
        {"weights": (0.5,)},
        {"voters": (99, 1, 2, 3)},
    ],
)
def test_ballots_that_make_no_sense_are_a_difference(voted: Path, altered: dict[str, object]) -> None:
    path = voted / "samples.jsonl"
    first, *others = RunDir(voted).history()
    ballot = msgspec.structs.replace(first.ballots[0], **altered)
    broken = msgspec.structs.replace(first, ballots=(ballot,))
    path.write_bytes(b"".join(msgspec.json.encode(s) + b"\n" for s in (broken, *others)))
    assert states(voted, "votes") == ["differs"]


def test_an_older_summary_says_nothing_of_what_was_paid_in_all(voted: Path) -> None:
    path = voted / "summary.json"
    made = msgspec.json.decode(path.read_bytes(), type=Summary)
    with RunWriter(voted) as run:  # a completion that no sample holds
        turn = Turn(
            unique_id="test/0", index=0, request="r", generation=Generation(text="x", prompt_tokens=5)
        )
        run.append_turn(turn)
    assert states(voted, "summary") == ["differs"]
    path.write_bytes(msgspec.json.encode(msgspec.structs.replace(made, paid=None, uncounted=None)))
    assert states(voted, "summary") == ["ok"]


def test_the_command_ends_with_0_or_8_and_names_what_differs(plain: Path, typed: Typed) -> None:
    code, printed = typed("verify", plain)
    assert code == 0
    assert "Its seal's fingerprint" in printed
    (plain / "summary.json").write_text(
        (plain / "summary.json").read_text().replace('"correct": ', '"correct": 1')
    )
    code, printed = typed("verify", plain)
    assert code == 8
    assert "correct: 1" in printed
    code, printed = typed("verify", plain, "--json")
    assert code == 8
    assert msgspec.json.decode(printed, type=Verified).differs == 1


def test_a_fingerprint_binds_a_folder_that_was_sealed_again(plain: Path, typed: Typed) -> None:
    made = RunDir.open(plain).seal()
    assert made is not None
    fingerprint = seal.fingerprint(made)
    assert typed("verify", plain, "--seal", fingerprint[:16])[0] == 0
    manifest = (plain / "manifest.json").read_text().replace('"temperature": 0.7', '"temperature": 0.0')
    (plain / "manifest.json").write_text(manifest)
    (plain / "seal.json").unlink()
    RunWriter(plain).close()
    assert typed("verify", plain)[0] == 0, "sealed again: nothing in the folder shows it"
    assert typed("verify", plain, "--seal", fingerprint[:16])[0] == 8


def test_an_old_folder_is_read_and_said_not_to_be_sealed(plain: Path) -> None:
    without_seal(plain)
    assert states(plain, "seal") == ["note"]


def test_a_seal_that_is_gone_is_missed(plain: Path) -> None:
    (plain / "seal.json").unlink()
    assert differing(plain) == ["seal"]


def test_what_a_killed_process_appended_is_no_contradiction(plain: Path) -> None:
    with (plain / "turns.jsonl").open("x") as file:
        file.write("")
    line = (plain / "samples.jsonl").read_text().splitlines()[0]
    with (plain / "samples.jsonl").open("a") as file:
        file.write(line + "\n")  # the failed try, once more
    assert states(plain, "seal") == ["ok", "note"]
    assert differing(plain) == []
    RunWriter(plain).close()
    assert states(plain, "seal") == ["ok"]


def test_a_run_that_was_stopped_before_its_first_seal(
    folder: Path, made: Callable[..., Manifest], problems: tuple[Problem, ...]
) -> None:
    RunWriter.create(folder, made(), problems).close()
    (folder / "seal.json").unlink()
    assert states(folder, "seal") == ["note"]
    assert states(folder, "summary") == ["note"]
    assert differing(folder) == []


def test_grades_that_are_deleted_and_made_again_are_sealed_anew(plain: Path) -> None:
    (kept,) = (plain / "grades").glob("*.jsonl")
    kept.unlink()
    with RunWriter(plain) as run:
        evaluate.grade(run)
    assert differing(plain) == []


def test_another_version_of_the_grader_is_named_as_such(plain: Path) -> None:
    (kept,) = (plain / "grades").glob("*.jsonl")
    old = plain / "grades" / "math500-1.jsonl"
    old.write_text(kept.read_text().replace('"wrong"', '"correct"'))
    found = [one for one in verify.verify(plain).checks if one.about == "grades math500-1"]
    assert [one.state for one in found] == ["note"]
    assert "another version" in found[0].what


def test_what_a_harness_said_is_taken_as_logged(plain: Path) -> None:
    (kept,) = (plain / "grades").glob("*.jsonl")
    (plain / "grades" / "lm-eval-exact_match.jsonl").write_text(kept.read_text())
    assert states(plain, "grades lm-eval-exact_match") == ["note"]


@pytest.mark.parametrize(("sealed", "state"), [(True, "note"), (False, "differs")])
def test_what_was_too_slow_once_may_be_told_now_if_nobody_wrote_it_so(
    folder: Path, made: Callable[..., Manifest], problems: tuple[Problem, ...], sealed: bool, state: str
) -> None:
    with RunWriter.create(folder, made(), problems) as run:
        for problem in problems:
            text = f"$\\boxed{{{problem.answer}}}$"
            generation = Generation(text=text, finish_reason="stop")
            sample = Sample(unique_id=problem.unique_id, index=0, response=text, generations=(generation,))
            run.append(sample)
            grade = evaluate.grade_sample(sample, problem)
            late = msgspec.structs.replace(grade, verdict="ungraded", reason="took longer than 5 s")
            run.append_grade(run.manifest.grader, evaluate.named(sample, late))
        run.write_summary(evaluate.summarize(run))
    if not sealed:
        without_seal(folder)
    assert state in states(folder, f"grades {OWN}")
    assert bool(differing(folder)) == (state == "differs")


def test_a_line_that_cannot_be_read_is_a_difference(plain: Path) -> None:
    text = (plain / "samples.jsonl").read_text()
    (plain / "samples.jsonl").write_text("{" + text)
    assert "files" in differing(plain)


def test_ablations_are_verified_under_their_names(plain: Path, made: Callable[..., Manifest]) -> None:
    inner = RunDir.open(plain).ablation("prompt-bare")
    inner.parent.mkdir()
    run = RunDir.open(plain)
    RunWriter.create(inner, made(run_id="r+prompt"), run.problems()).close()
    assert differing(plain) == []
    (inner / "problems.jsonl").write_text("")
    assert "ablations/prompt-bare: seal" in differing(plain)


def test_math500s_rows_are_known_without_the_set(
    folder: Path, made: Callable[..., Manifest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from math500 import data
    from math500.records import DataSource, Selection

    monkeypatch.setenv("MATH500_CACHE", str(tmp_path / "empty"))
    (known,) = (one for one in data.known_sets() if one.name == "math500")
    source = DataSource(
        name="math500", place="cache", location="", rows=500, sha256=known.sha256, verified=True
    )
    problem = Problem(
        problem="Invented", answer="1", unique_id="test/precalculus/807.json", subject="Precalculus", level=2
    )
    manifest = made(data=source, selection=Selection(limit=1, count=1))
    RunWriter.create(folder, manifest, (problem,)).close()
    found = [one for one in verify.verify(folder).checks if one.about == "problems"]
    assert [one.state for one in found] == ["differs"]
    assert found[0].where == ("test/precalculus/807.json: problem, solution, answer",)


def test_every_difference_says_what_to_do(plain: Path) -> None:
    (plain / "problems.jsonl").write_text("")
    found = verify.verify(plain).checks
    assert all(one.next_step for one in found if one.state == "differs")
    assert json.loads(msgspec.json.encode(found))


@pytest.mark.parametrize(
    ("grader", "shift", "state"),
    [
        (grading.GRADER, 0.0, "ok"),
        (grading.GRADER, 0.1, "differs"),
        ("math500/0", 0.1, "note"),  # by a grader that this folder was not graded by
    ],
)
def test_a_gap_starts_from_the_runs_score(plain: Path, grader: str, shift: float, state: str) -> None:
    run = RunDir.open(plain)
    score = evaluate.summarize(run).score
    assert score is not None
    run.write_gap(
        Gap(
            run=run.manifest.run_id,
            model="stub",
            data="twelve",
            measured=msgspec.structs.replace(score, value=score.value + shift),
            comparability=(Compared(field="grader", ours=grader, theirs="", state="unknown"),),
        )
    )
    assert states(plain, "gap") == [state]


def test_an_archive_is_read_like_its_folder(plain: Path, typed: Typed, tmp_path: Path) -> None:
    archive = tmp_path / "a.tar.gz"
    assert typed("pack", plain, "--out", archive)[0] == 0
    code, printed = typed("verify", archive)
    assert code == 0
    assert printed.split("\n", maxsplit=1)[1] == typed("verify", plain)[1].split("\n", maxsplit=1)[1]
    (plain / "grades").rename(plain / "gone")
    archive.unlink()
    assert typed("pack", plain, "--out", archive)[0] == 0
    code, printed = typed("verify", archive)
    assert code == 8
    assert "math500 regrade a" in printed
    assert f"{tempfile.gettempdir()}/math500-" not in printed


def test_a_fingerprint_of_a_few_digits_is_refused(plain: Path) -> None:
    with pytest.raises(UsageError, match="too little"):
        verify.verify(plain, seal="52")


def test_a_seal_that_cannot_be_read_is_told_beside_all_else(plain: Path) -> None:
    (plain / "seal.json").write_bytes(b'{"files": {"samp')
    assert differing(plain) == ["seal"]
    assert states(plain, "summary") == ["ok"]
