"""Folders of every format are read for good, and a newer format is one line.

    1/first      a run as the first math500 that made runs wrote it: no seal, none of the later fields
    1/run        a run with a judge, a second grader, an ablation, a gap, a batch queue; its archives
    1/votes      a run of votes, with its turns
    1/set        1/pairs, 1/steps: training sets of the three kinds
    1/training   a training
    2/run        a run whose samples' texts stand once; 2/votes, one of votes

They were made once, of invented problems, by the math500 of their time, and are never made again: what they
hold is what users have. A new format gets a folder of its own beside them.
"""

from __future__ import annotations

import gzip
import io
import json
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from math500 import evaluate, formats, pack, records, rundir, verify
from math500.data import ProblemSet
from math500.errors import DataUnreadable, Math500Error, RunError
from math500.records import DataSource, Generation, Problem, Record, Sample
from math500.rundir import RunDir, RunWriter
from math500.synth import TrainingSet, dataset
from math500.train.folder import TrainingFolder

ONE, TWO = (Path(__file__).parent / number for number in "12")
RUNS = ("first", "run", "votes", "run/ablations/temperature=0.0")
SETS = ("set", "pairs", "steps")


@pytest.fixture(autouse=True)
def _invented_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gate checks against an invented problem."""
    source = DataSource(name="math500", place="path", location="", rows=1, sha256="0", verified=True)
    problem = Problem(problem="How many hens are red?", answer="6", unique_id="held/1")
    monkeypatch.setattr("math500.data.load", lambda _: ProblemSet(source, (problem,)))


@pytest.fixture
def one(tmp_path: Path) -> Path:
    """A copy to write in."""
    shutil.copytree(ONE, tmp_path / "1")
    return tmp_path / "1"


# -- an older format -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("folder", "samples", "graded", "correct"),
    [
        *((ONE / "first", 6, 5, 3), (ONE / "run", 24, 24, 12), (ONE / "votes", 12, 12, 12)),
        *((ONE / RUNS[3], 12, 12, 6), (TWO / "run", 24, 24, 12), (TWO / "votes", 12, 12, 12)),
    ],
)
def test_a_run_is_read(folder: Path, samples: int, graded: int, correct: int) -> None:
    run = RunDir.open(folder)
    assert len(run.samples()) == samples
    grades = run.grades(run.graders()[-1]).values()
    assert (len(grades), sum(one.grade.verdict == "correct" for one in grades)) == (graded, correct)
    summary = run.summary()
    assert summary is not None
    assert summary.correct == correct


def test_all_else_of_a_run_is_read() -> None:
    run = RunDir.open(ONE / "run")
    assert [(part.number, part.stage) for part in run.batches()] == [(1, "fetched")]
    judging = run.judging(run.judges()[0])
    assert judging is not None
    assert judging.form.name == "equality"
    assert sum(map(len, run.judgements(run.judges()[0]).values())) > 0
    assert run.ablations() == ("temperature=0.0",)
    gap = run.gap()
    assert gap is not None
    assert gap.measured.n == 12
    assert run.seal() is not None
    assert sum(map(len, RunDir.open(ONE / "votes").turns().values())) == 48


@pytest.mark.parametrize("folder", [*(ONE / name for name in RUNS), TWO / "run", TWO / "votes"])
def test_its_figures_are_derived_again(folder: Path) -> None:
    assert [one for one in verify.verify(folder).checks if one.state == "differs"] == []


def test_what_is_added_to_a_folder_is_in_its_own_format(one: Path) -> None:
    for name, there in (("first", True), ("new", False)):
        if not there:
            RunWriter.create(one / name, RunDir.open(one / "first").manifest, ()).close()
        with RunWriter(one / name) as run:
            run.append(Sample(unique_id="x", index=9, response="r", generations=(Generation(text="r"),)))
        last = json.loads((one / name / "samples.jsonl").read_text().splitlines()[-1])
        assert ("response" in last) == there


def test_an_old_run_is_gone_on_with(one: Path) -> None:
    with RunWriter(one / "first") as run:
        evaluate.grade(run)
        run.write_summary(evaluate.summarize(run))
    assert RunDir.open(one / "first").summary() is not None
    assert verify.verify(one / "first").differs == 0


@pytest.mark.parametrize("name", ["run", "no-texts"])
def test_an_archive_is_taken_out(name: str, tmp_path: Path) -> None:
    pack.unpack(ONE / f"{name}.tar.gz", tmp_path / "out")
    sample = "test/0", 0
    assert RunDir.open(tmp_path / "out").samples()[sample] == RunDir.open(ONE / "run").samples()[sample]


@pytest.mark.parametrize(("name", "rows"), [("set", 3), ("pairs", 1), ("steps", 1)])
def test_a_training_set_is_read(name: str, rows: int) -> None:
    found = TrainingSet.load(ONE / name)
    assert len(found.rows) == rows == found.manifest.rows
    assert sum(1 for _ in dataset.left_out_of(ONE / name)) == sum(found.manifest.left_out.values())


def test_a_training_is_read() -> None:
    found = TrainingFolder(ONE / "training")
    assert found.training.settings.method == "lora"
    assert [step.step for step in found.steps()] == [1, 2, 3, 4]
    assert found.finished().steps == 4


HOLD: dict[str, type[Record]] = {
    "manifest.json": records.Manifest,
    "summary.json": records.Summary,
    "gap.json": records.Gap,
    "seal.json": records.Seal,
    "problems.jsonl": records.Problem,
    "samples.jsonl": rundir._Line,
    "turns.jsonl": records.Turn,
    "batches.jsonl": records.BatchPart,
    "grades": records.SampleGrade,
    "judges.json": records.Judging,
    "judges.jsonl": records.Judgement,
    "set/manifest.json": records.TrainingSet,
    "left_out.jsonl": records.LeftOut,
    "set/rows.jsonl": records.CompletionRow,
    "pairs/rows.jsonl": records.PreferenceRow,
    "steps/rows.jsonl": records.StepRow,
    "training.json": records.Training,
    "outcome.json": records.TrainingOutcome,
    "log.jsonl": records.TrainingStep,
}
"""What each file holds, by its name, its folder's name, or both."""


def _kind(path: Path) -> type[Record]:
    folder = "set" if path.parent.name in SETS and path.name == "manifest.json" else path.parent.name
    names = (f"{folder}/{path.name}", path.name, f"{folder}{path.suffix}", folder)
    return next(HOLD[name] for name in names if name in HOLD)


FILES = sorted(path for folder in (ONE, TWO) for path in folder.rglob("*.json*") if path.stat().st_size)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ONE.parent)))
def test_no_field_of_it_was_renamed(path: Path) -> None:
    """What is written is read to the last field: nothing that the file says is passed over."""
    content = path.read_bytes()
    for line in content.splitlines() if path.suffix == ".jsonl" else [content]:
        read = msgspec.to_builtins(msgspec.json.decode(line, type=_kind(path)), str_keys=True)
        assert _lost(json.loads(line), read) == []


def _lost(said: Any, read: Any, where: str = "") -> list[str]:
    """The fields that a file has and its record has not."""
    if isinstance(said, dict):
        gone = [f"{where}.{key}" for key in said if key not in read]
        return gone + [
            x for key in said if key in read for x in _lost(said[key], read[key], f"{where}.{key}")
        ]
    if isinstance(said, list):
        return [x for a, b in zip(said, read, strict=True) for x in _lost(a, b, where)]
    return [] if said == read else [where]


# -- a newer format --------------------------------------------------------------------------------

NEWER: list[tuple[str, type[Math500Error], Callable[[Path], object]]] = [
    ("run/manifest.json", RunError, lambda one: RunDir.open(one / "run")),
    ("run/manifest.json", RunError, lambda one: RunWriter(one / "run")),
    ("run/gap.json", RunError, lambda one: RunDir.open(one / "run").gap()),
    (
        "run/judges/judge-stub-equality-1.json",
        RunError,
        lambda one: RunDir.open(one / "run").judging("judge-stub-equality-1"),
    ),
    ("set/manifest.json", DataUnreadable, lambda one: TrainingSet.load(one / "set")),
    ("training/training.json", DataUnreadable, lambda one: TrainingFolder(one / "training")),
]


@pytest.mark.parametrize(("name", "error", "read"), NEWER, ids=[name for name, *_ in NEWER])
def test_a_newer_format_is_one_line(
    one: Path, name: str, error: type[Math500Error], read: Callable[[Path], object]
) -> None:
    """Also where nothing else in the file is as it was."""
    (one / name).write_text('{"format": 7, "math500_version": "9.1", "all": "different"}')
    with pytest.raises(
        error, match=r"newer math500 \(9\.1\), in format 7.*reads up to format [12]\. Upgrade"
    ):
        read(one)


def test_a_newer_archive_is_one_line(tmp_path: Path) -> None:
    content = b'{"format": 7, "math500_version": "9.1", "members": []}'
    entry = tarfile.TarInfo("run/pack.json")
    entry.size = len(content)
    with gzip.open(tmp_path / "a.tar.gz", "wb") as zipped, tarfile.open(fileobj=zipped, mode="w") as archive:
        archive.addfile(entry, io.BytesIO(content))
    with pytest.raises(RunError, match=r"newer math500 \(9\.1\), in format 7"):
        pack.unpack(tmp_path / "a.tar.gz", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_damaged_file_is_not_called_newer(one: Path) -> None:
    (one / "run" / "manifest.json").write_text('{"format": "seven"}')
    with pytest.raises(RunError, match=r"manifest\.json cannot be read"):
        RunDir.open(one / "run")


def test_what_is_written_is_in_the_newest_format() -> None:
    newest = {
        records.Manifest: 1,  # of a file that says none; a new folder has the newest
        records.Gap: formats.GAP,
        records.Judging: formats.JUDGE,
        records.TrainingSet: formats.TRAINING_SET,
        records.Training: formats.TRAINING,
        records.Packed: formats.ARCHIVE,
    }
    written = {
        kind: field.default
        for kind in vars(records).values()
        if isinstance(kind, type) and issubclass(kind, Record)
        for field in msgspec.structs.fields(kind)
        if field.name == "format"
    }
    assert written == newest
    assert RunDir.open(TWO / "run").manifest.format == formats.RUN


def test_every_format_has_its_folder() -> None:
    newest = max(value for name, value in vars(formats).items() if name.isupper() and isinstance(value, int))
    assert all((ONE.parent / str(number)).is_dir() for number in range(1, newest + 1))
