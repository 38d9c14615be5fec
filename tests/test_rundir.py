from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from math500 import evaluate
from math500.errors import RunDamaged, RunError, RunLocked, RunNotFound, StorageFull
from math500.records import (
    Difference,
    Estimate,
    Failure,
    Gap,
    Generation,
    Grade,
    Manifest,
    Problem,
    Sample,
    SampleGrade,
)
from math500.rundir import RunDir, RunWriter, unused


def sample(i: int = 0, index: int = 0, response: str = "r", failure: Failure | None = None) -> Sample:
    return Sample(unique_id=f"test/{i}", index=index, response=response, failure=failure)


@pytest.fixture
def writer(folder: Path, problems: tuple[Problem, ...], manifest_of: Callable[..., Manifest]) -> Any:
    with RunWriter.create(folder, manifest_of(), problems) as run:
        yield run


def test_what_is_written_is_read_back(writer: RunWriter, problems: tuple[Problem, ...]) -> None:
    first = Sample(
        unique_id="test/1",
        index=0,
        response="a\nb\u2028c 😀",
        generations=(Generation(text="t", finish_reason="stop", completion_tokens=3),),
    )
    graded = SampleGrade(unique_id="test/1", index=0, grade=Grade(verdict="correct", extracted="2"))
    writer.append(first)
    writer.append_grade("math500/1", graded)
    run = RunDir.open(writer.path)
    assert run.problems() == problems
    assert run.samples() == {("test/1", 0): first}
    assert run.grades("math500/1") == {("test/1", 0): graded}
    assert run.grades("another/2") == {}
    assert run.summary() is None


def test_a_success_replaces_a_failure_and_nothing_replaces_a_success(writer: RunWriter) -> None:
    failed = sample(1, failure=Failure(kind="empty", detail="nothing came"))
    for s in (failed, sample(1, response="first"), sample(1, response="second"), failed):
        writer.append(s)
    assert writer.samples()["test/1", 0].response == "first"


@given(cut=st.integers(0, 200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
def test_a_file_cut_anywhere_owes_only_what_was_cut(writer: RunWriter, cut: int) -> None:
    journal = writer.path / "samples.jsonl"
    writer.close()
    journal.unlink(missing_ok=True)
    with RunWriter(writer.path) as run:
        for i in range(3):
            run.append(sample(i, response="x" * 10 * i))
    whole = journal.read_bytes()
    ends = [i + 1 for i, b in enumerate(whole) if b == ord("\n")]
    journal.write_bytes(whole[:cut])
    kept = sum(end <= cut for end in ends)
    assert len(RunDir.open(writer.path).samples()) == kept
    with RunWriter(writer.path) as run:
        run.append(sample(7))
    assert list(RunDir.open(writer.path).samples()) == [(f"test/{i}", 0) for i in (*range(kept), 7)]


def test_a_bad_line_in_the_middle_is_named_and_not_guessed_at(writer: RunWriter) -> None:
    writer.append(sample(1))
    with (writer.path / "samples.jsonl").open("ab") as file:
        file.write(b'{"half": \n')
    writer.append(sample(2))
    with pytest.raises(RunDamaged, match=r"samples\.jsonl, line 2"):
        writer.samples()


def test_two_writers_cannot_have_one_folder(writer: RunWriter) -> None:
    with pytest.raises(RunLocked, match="in use by another process"):
        RunWriter(writer.path)
    assert RunDir.open(writer.path).samples() == {}
    writer.close()
    RunWriter(writer.path).close()


def test_the_lock_ends_with_a_killed_process(writer: RunWriter) -> None:
    writer.close()
    code = """
        import os, signal, sys
        from pathlib import Path
        from math500.records import Sample
        from math500.rundir import RunWriter
        run = RunWriter(Path(sys.argv[1]))
        run.append(Sample(unique_id="test/1", index=0, response="paid"))
        os.kill(os.getpid(), signal.SIGKILL)
    """
    killed = subprocess.run([sys.executable, "-c", textwrap.dedent(code), writer.path], check=False)
    assert killed.returncode == -9
    with RunWriter(writer.path) as run:
        assert run.samples()["test/1", 0].response == "paid"


def test_a_full_disk_leaves_whole_lines(writer: RunWriter, monkeypatch: pytest.MonkeyPatch) -> None:
    writer.append(sample(1))
    write = os.write

    def half(fd: int, content: bytes) -> int:
        return write(fd, content[: len(content) // 2])

    monkeypatch.setattr(os, "write", half)
    with pytest.raises(StorageFull, match="What is written is intact"):
        writer.append(sample(2))
    monkeypatch.undo()
    writer.append(sample(3))
    assert [key[0] for key in RunDir.open(writer.path).samples()] == ["test/1", "test/3"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_told_from_other_faults(
    writer: RunWriter, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def fail(_fd: int, _content: bytes) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "write", fail)
    with pytest.raises(StorageFull):
        writer.append(sample(2))


def test_a_full_disk_before_the_first_request_leaves_nothing_to_resume(
    folder: Path,
    problems: tuple[Problem, ...],
    manifest_of: Callable[..., Manifest],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(_fd: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StorageFull, match="Nothing was asked yet: .* start again"):
        RunWriter.create(folder, manifest_of(), problems)
    assert list(folder.iterdir()) == []


def test_a_folder_with_something_in_it_is_not_taken(
    folder: Path, problems: tuple[Problem, ...], manifest_of: Callable[..., Manifest]
) -> None:
    folder.mkdir()
    (folder / "thesis.tex").write_text("x")
    with pytest.raises(
        RunError, match=r"exists and is not empty\. Give another --out; .* math500 run --resume"
    ):
        RunWriter.create(folder, manifest_of(), problems)
    assert [p.name for p in folder.iterdir()] == ["thesis.tex"]


def test_runs_of_the_same_second_have_names_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for expected in ("now-model-boxed", "now-model-boxed-2", "now-model-boxed-3"):
        folder = unused("now-model-boxed")
        assert folder == Path("runs") / expected
        folder.mkdir(parents=True)


def test_a_path_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunNotFound, match="does not exist"):
        RunDir.open(tmp_path / "nowhere")
    with pytest.raises(RunNotFound, match="is not a run folder"):
        RunDir.open(tmp_path)
    with pytest.raises(RunNotFound):
        RunWriter(tmp_path / "nowhere")
    (tmp_path / "run.tar.gz").touch()
    with pytest.raises(RunNotFound, match="is a run's archive"):
        RunDir.open(tmp_path / "run.tar.gz")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b'{"run_id": 3}'])
def test_a_manifest_that_cannot_be_read_is_named(writer: RunWriter, content: bytes) -> None:
    writer.close()
    (writer.path / "manifest.json").write_bytes(content)
    with pytest.raises(RunDamaged, match=r"manifest\.json cannot be read"):
        RunDir.open(writer.path)
    with pytest.raises(RunDamaged):
        RunWriter(writer.path)


def test_a_newer_folder_is_not_misread(
    folder: Path, problems: tuple[Problem, ...], manifest_of: Callable[..., Manifest]
) -> None:
    RunWriter.create(folder, manifest_of(), problems).close()
    path = folder / "manifest.json"
    path.write_bytes(path.read_bytes().replace(b'"format": 2', b'"format": 99'))
    with pytest.raises(RunError, match="written by a newer math500"):
        RunWriter(folder)


def test_a_text_stands_once_in_its_line(writer: RunWriter) -> None:
    last = Generation(text="So it is 4.")
    samples = [
        Sample(unique_id="test/1", index=0, response="So it is 4.", generations=(Generation(text="?"), last)),
        Sample(unique_id="test/2", index=0, response="Given. So it is 4.", generations=(last,)),
        Sample(unique_id="test/3", index=0, response="imported, without a completion"),
        Sample(unique_id="test/4", index=0, response="", generations=(Generation(text=""),)),
    ]
    for sample in samples:
        writer.append(sample)
    lines = [json.loads(line) for line in (writer.path / "samples.jsonl").read_text().splitlines()]
    assert ["response" in line for line in lines] == [False, True, True, False]
    assert list(writer.history()) == samples


def test_a_line_that_has_no_text_at_all_is_damaged(writer: RunWriter) -> None:
    (writer.path / "samples.jsonl").write_bytes(b'{"unique_id":"test/1","index":0}\n')
    with pytest.raises(RunDamaged, match=r"samples.jsonl, line 1 .*neither a response nor a completion"):
        writer.samples()


def test_fields_of_a_later_version_are_passed_over(writer: RunWriter) -> None:
    line = b'{"unique_id":"test/1","index":0,"response":"r","invented_later":[1]}\n'
    (writer.path / "samples.jsonl").write_bytes(line)
    assert writer.samples()["test/1", 0].response == "r"


def test_a_folder_that_may_not_be_written_says_so(tmp_path: Path, problems: Any, manifest_of: Any) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot be written"):
        RunWriter.create(tmp_path / "file" / "run", manifest_of(), problems)


def test_a_gap_is_kept_and_replaced(
    folder: Path, problems: tuple[Problem, ...], manifest_of: Callable[..., Manifest]
) -> None:
    RunWriter.create(folder, manifest_of(), problems).close()
    run = RunDir.open(folder)
    assert run.gap() is None
    score = Estimate(value=0.5, low=0.2, high=0.8, n=12)
    for remainder in (0.0, 0.1):
        left = Difference(value=remainder, low=-0.1, high=0.2, n=12)
        run.write_gap(Gap(run="r", model="stub", data="twelve", measured=score, remainder=left))
    found = run.gap()
    assert found is not None
    assert found.remainder is not None
    assert found.remainder.value == 0.1


def test_ablations_are_run_folders_below_the_run(
    folder: Path, problems: tuple[Problem, ...], manifest_of: Callable[..., Manifest]
) -> None:
    RunWriter.create(folder, manifest_of(), problems).close()
    run = RunDir.open(folder)
    assert run.ablations() == ()
    for name in ("prompt", "limit"):
        RunWriter.create(run.ablation(name), manifest_of(run_id=name), problems).close()
    assert run.ablations() == ("limit", "prompt")
    assert RunDir.open(run.ablation("limit")).manifest.run_id == "limit"


OLD_SAMPLE = (
    b'{"unique_id":"test/0","index":0,"response":"4","generations":[{"text":"4","reasoning":"",'
    b'"finish_reason":"stop","prompt_tokens":7,"completion_tokens":1,"reasoning_tokens":null,"seconds":0.1,'
    b'"first_token_seconds":null,"attempts":1,"request_id":"","model":"m"}],"executions":[],'
    b'"ballots":[{"answer":"4","votes":1,"weight":1.0,"voters":[0]}],"verification":"","failure":null,'
    b'"started":"","seconds":0.1}\n'
)
OLD_TURN = (
    b'{"unique_id":"test/1","index":0,"request":"abc","generation":{"text":"4","finish_reason":"stop"}}\n'
)


def test_a_folder_from_before_tool_calls_and_scores_is_read(
    folder: Path, problems: tuple[Problem, ...], manifest_of: Callable[..., Manifest]
) -> None:
    RunWriter.create(folder, manifest_of(), problems).close()
    manifest = json.loads((folder / "manifest.json").read_text())
    for name in ("judge", "pick", "tool_calls"):
        del manifest["solver_settings"][name]
    del manifest["scoring"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "samples.jsonl").write_bytes(OLD_SAMPLE)
    (folder / "turns.jsonl").write_bytes(OLD_TURN)
    run = RunDir.open(folder)
    assert run.manifest.solver_settings.tool_calls == "prompt"
    (sample,) = run.samples().values()
    assert (sample.scores, sample.generations[0].tool_calls, sample.generations[0].logprob) == ((), (), None)
    assert [turn.judge for turn in run.turns()["test/1", 0]] == [False]


def test_a_seal_that_cannot_be_read_stops_no_work(writer: RunWriter) -> None:
    writer.append(sample())
    writer.close()
    (writer.path / "seal.json").write_bytes(b'{"files": {"samp')
    with RunWriter(writer.path) as again:
        again.append(sample(1))
    assert (writer.path / "seal.json").read_bytes() == b'{"files": {"samp'
    assert len(RunDir.open(writer.path).samples()) == 2
    with pytest.raises(RunDamaged, match=r"seal\.json.*delete it"):
        RunDir.open(writer.path).seal()
    RunWriter(writer.path).close()


def test_brackets_in_brackets_are_a_bad_line(writer: RunWriter) -> None:
    deep = b'{"unique_id": "test/1", "index": 0, "z": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n"
    (writer.path / "samples.jsonl").write_bytes(deep)
    with pytest.raises(RunDamaged, match="line 1"):
        RunDir.open(writer.path).samples()


def test_a_disk_that_keeps_nothing_is_said_and_the_folder_is_let_go(
    writer: RunWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer.append(sample())

    def full(_fd: int) -> None:
        raise OSError(errno.ENOSPC, "no")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(StorageFull):
            writer.close()
    assert not (writer.path / "seal.json").exists()
    RunWriter(writer.path).close()


def test_a_process_killed_after_its_summary_has_left_a_seal(writer: RunWriter) -> None:
    """Else the folder would look like one whose seal was taken away."""
    writer.append(sample())
    writer.write_summary(evaluate.summarize(writer))
    sealed = RunDir.open(writer.path).seal()
    assert sealed is not None
    assert {"manifest.json", "samples.jsonl"} <= sealed.files.keys()
