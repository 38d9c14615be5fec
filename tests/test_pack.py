"""Archives of run folders: what goes in comes out, the same bytes each time, and nothing hostile."""

from __future__ import annotations

import errno
import gzip
import hashlib
import io
import os
import shutil
import subprocess
import tarfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from math500 import evaluate, pack, prompts, verify
from math500.errors import DataMismatch, RunDamaged, RunError, StorageFull
from math500.records import (
    Execution,
    Generation,
    Grade,
    Manifest,
    Packed,
    PackedFile,
    Problem,
    Sample,
    SampleGrade,
    Score,
    Shot,
    ToolCall,
    Turn,
)
from math500.rundir import RunDir, RunWriter


@pytest.fixture
def long(problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """The twelve, told at such length that nobody writes them by chance; one holds what JSON escapes."""
    more = 'A tale of "many" words\nwith a \\frac{1}{2} and 中文 in it, that nobody writes by chance: '
    return tuple(msgspec.structs.replace(p, problem=more + p.problem) for p in problems)


@pytest.fixture
def run(folder: Path, long: tuple[Problem, ...], manifest_of: Callable[..., Manifest]) -> RunDir:
    """Every response repeats its problem."""
    with RunWriter.create(folder, manifest_of(), long) as writer:
        for problem in long:
            text = f"The problem: {problem.problem}\nSo $\\boxed{{{problem.answer}}}$."
            generations = (Generation(text=text, finish_reason="stop"),)
            writer.append(
                Sample(unique_id=problem.unique_id, index=0, response=text, generations=generations)
            )
        evaluate.grade(writer)
        writer.write_summary(evaluate.summarize(writer))
    (folder / "report.html").write_text("a page")
    return RunDir.open(folder)


def contents(folder: Path) -> dict[str, bytes]:
    left_out = ("lock", "report.html")
    files = (p for p in folder.rglob("*") if p.is_file() and p.name not in left_out)
    return {str(p.relative_to(folder)): p.read_bytes() for p in files}


def test_what_goes_in_comes_out(run: RunDir, tmp_path: Path) -> None:
    packed = pack.pack(run, tmp_path / "a.tar.gz")
    assert not packed.texts_left_out
    pack.unpack(tmp_path / "a.tar.gz", tmp_path / "out")
    assert contents(tmp_path / "out") == contents(run.path)


@pytest.mark.parametrize("texts", [True, False])
@pytest.mark.parametrize("responses", [True, False])
def test_a_line_of_a_file_is_in_memory_at_a_time(
    run: RunDir, tmp_path: Path, texts: bool, responses: bool
) -> None:
    size = 16 << 20  # of which an unpacker holds a few blocks
    first = (run.path / "samples.jsonl").read_bytes()
    (run.path / "samples.jsonl").write_bytes(first * (size // len(first)))

    def peak(work: Callable[[], object]) -> int:
        tracemalloc.start()
        try:
            work()
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    archive = tmp_path / "a.tar.gz"
    assert peak(lambda: pack.pack(run, archive, texts=texts, responses=responses)) < size / 2
    assert peak(lambda: pack.unpack(archive, tmp_path / "out", lambda _: run.problems())) < size / 2


def test_what_could_not_be_unpacked_is_not_packed(
    run: RunDir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pack, "MOST", 1000)
    with pytest.raises(RunError, match="another tool"):
        pack.pack(run, tmp_path / "out" / "a.tar.gz")
    assert list((tmp_path / "out").iterdir()) == []


def test_the_same_folder_gives_the_same_bytes(run: RunDir, tmp_path: Path) -> None:
    pack.pack(run, tmp_path / "a.tar.gz")
    os.utime(run.path / "samples.jsonl", (1, 1))
    (tmp_path / "x").mkdir()
    pack.pack(run, tmp_path / "x/a.tar.gz")
    first = (tmp_path / "a.tar.gz").read_bytes()
    assert first == (tmp_path / "x/a.tar.gz").read_bytes()
    said = (tmp_path / "a.tar.gz.sha256").read_text()
    assert said == f"{hashlib.sha256(first).hexdigest()}  a.tar.gz\n"
    subprocess.run(["sha256sum", "-c", "--status", "a.tar.gz.sha256"], cwd=tmp_path, check=True)


def test_plain_tar_reads_it(run: RunDir, tmp_path: Path) -> None:
    pack.pack(run, tmp_path / "a.tar.gz")
    subprocess.run(["tar", "xzf", "a.tar.gz"], cwd=tmp_path, check=True)
    assert RunDir.open(tmp_path / "a").summary() == run.summary()


def test_without_texts_none_is_in_it_and_they_come_back(
    run: RunDir, long: tuple[Problem, ...], tmp_path: Path
) -> None:
    packed = pack.pack(run, tmp_path / "a.tar.gz", texts=False)
    assert packed.texts_left_out
    plain = gzip.decompress((tmp_path / "a.tar.gz").read_bytes())
    assert b"A tale of" not in plain
    assert b"It is $" not in plain, "a worked solution"
    pack.unpack(tmp_path / "a.tar.gz", tmp_path / "marked")
    assert RunDir.open(tmp_path / "marked").manifest.texts_left_out
    pack.unpack(tmp_path / "a.tar.gz", tmp_path / "back", lambda _: long)
    assert contents(tmp_path / "back") == contents(run.path)


def test_what_has_no_texts_is_verified_as_far_as_it_goes_and_not_written_to(
    run: RunDir, tmp_path: Path
) -> None:
    pack.pack(run, tmp_path / "a.tar.gz", texts=False)
    with pack.opened(tmp_path / "a.tar.gz") as folder:
        found = verify.verify(folder)
        assert found.differs == 0
        assert {one.about for one in found.checks if one.state == "note"} >= {"seal", "problems"}
        with pytest.raises(RunError, match="without the problems' texts"):
            RunWriter(folder)


def test_texts_of_another_set_are_not_put_in_their_place(
    run: RunDir, long: tuple[Problem, ...], tmp_path: Path
) -> None:
    pack.pack(run, tmp_path / "a.tar.gz", texts=False)
    other = [msgspec.structs.replace(p, problem=p.problem + "!") for p in long]
    with pytest.raises(DataMismatch, match="not as it was"):
        pack.unpack(tmp_path / "a.tar.gz", tmp_path / "out", lambda _: other)
    assert not (tmp_path / "out").exists()


def test_worked_examples_out_of_a_set_are_left_out_too(
    tmp_path: Path, folder: Path, long: tuple[Problem, ...], manifest_of: Callable[..., Manifest]
) -> None:
    first = long[0]
    shots = (Shot(problem=first.problem, solution=first.solution, answer=first.answer),)
    prompt = msgspec.structs.replace(prompts.MINERVA, shots=shots, shot_keys=(prompts.key(first.problem),))
    RunWriter.create(folder, manifest_of(prompt=prompt), long).close()
    pack.pack(RunDir.open(folder), tmp_path / "a.tar.gz", texts=False)
    assert b"A tale of" not in gzip.decompress((tmp_path / "a.tar.gz").read_bytes())
    pack.unpack(tmp_path / "a.tar.gz", tmp_path / "back", lambda _: long)
    assert contents(tmp_path / "back") == contents(folder)


def test_without_responses_no_word_of_the_model_is_in_it_and_the_score_is_derived_again(
    run: RunDir, long: tuple[Problem, ...], tmp_path: Path
) -> None:
    packed = pack.pack(run, tmp_path / "a.tar.gz", texts=False, responses=False)
    assert packed.responses_left_out
    plain = gzip.decompress((tmp_path / "a.tar.gz").read_bytes())
    assert b"A tale of" not in plain
    assert b"The problem:" not in plain
    pack.unpack(tmp_path / "a.tar.gz", tmp_path / "back", lambda _: long)
    back = RunDir.open(tmp_path / "back", whole=False)
    assert back.problems() == long, "texts come back where the set is at hand"
    words = next(iter(run.samples().values())).response
    sha256 = hashlib.sha256(words.encode()).hexdigest()
    assert next(iter(back.samples().values())).response == pack.HASHED.format(count=len(words), sha256=sha256)
    assert evaluate.summarize(back) == run.summary()
    pack.unpack(tmp_path / "a.tar.gz", tmp_path / "marked")
    found = verify.verify(tmp_path / "marked")
    assert not found.differs
    states = {one.about.partition(" ")[0]: one.state for one in found.checks}
    assert states["grades"] == states["seal"] == "note"
    assert states["summary"] == states["responses"] == "ok"


def test_without_responses_its_ablations_are_verified_too(run: RunDir, tmp_path: Path) -> None:
    shutil.copytree(run.path, tmp_path / "inner")
    shutil.copytree(tmp_path / "inner", run.ablation("prompt-bare"))
    pack.pack(run, tmp_path / "a.tar.gz", texts=False, responses=False)
    pack.unpack(tmp_path / "a.tar.gz", tmp_path / "back")
    found = verify.verify(tmp_path / "back")
    assert not found.differs
    assert "ablations/prompt-bare: summary" in {one.about for one in found.checks}


def test_without_responses_no_path_of_the_machine_is_in_it(
    folder: Path, long: tuple[Problem, ...], manifest_of: Callable[..., Manifest], tmp_path: Path
) -> None:
    made = manifest_of()
    data = msgspec.structs.replace(made.data, location="/home/ann/.cache/math500/math500.jsonl")
    made = msgspec.structs.replace(made, data=data, command=("run", "--out", "/home/ann/runs/one"))
    with RunWriter.create(folder, made, long):
        pass
    pack.pack(RunDir.open(folder), tmp_path / "a.tar.gz", responses=False)
    pack.unpack(tmp_path / "a.tar.gz", tmp_path / "b")
    found = RunDir.open(tmp_path / "b", whole=False).manifest
    assert found.command == ("run", "--out", "one")
    assert found.data.location == "math500.jsonl"
    assert found.prompt == made.prompt
    assert "ann" not in (tmp_path / "b" / "manifest.json").read_text()


def test_without_responses_an_altered_grade_is_found(run: RunDir, tmp_path: Path) -> None:
    pack.pack(run, tmp_path / "a.tar.gz", texts=False, responses=False)
    pack.unpack(tmp_path / "a.tar.gz", tmp_path / "back")
    (grades,) = (tmp_path / "back/grades").iterdir()
    grades.write_text(grades.read_text().replace('"correct"', '"wrong"', 1))
    assert [c.about for c in verify.verify(tmp_path / "back").checks if c.state == "differs"] == ["summary"]


def test_marks_are_nobodys_answers(run: RunDir, tmp_path: Path) -> None:
    pack.pack(run, tmp_path / "a.tar.gz", responses=False)
    pack.unpack(tmp_path / "a.tar.gz", tmp_path / "back")
    for read in (RunDir.open, RunWriter):
        with pytest.raises(RunError, match="without the model's responses"):
            read(tmp_path / "back")


def test_every_kind_of_word_is_left_out(
    tmp_path: Path, folder: Path, problems: tuple[Problem, ...], manifest_of: Callable[..., Manifest]
) -> None:
    """Thinking, tool calls, code, its output and its errors, a judge's replies."""
    said = Generation(
        text="secret",
        reasoning="secret",
        tool_calls=(ToolCall(id="1", name="python", arguments='{"code": "secret"}'),),
    )
    ran = Execution(code="secret", output="secret", error="secret")
    sample = Sample(
        unique_id=problems[0].unique_id,
        index=0,
        response=said.text,
        generations=(said,),
        executions=(ran,),
        scores=(Score(voter=0, value=0.5, generations=(said,)),),
    )
    with RunWriter.create(folder, manifest_of(), problems[:1]) as writer:
        writer.append(sample)
        writer.append_turn(Turn(unique_id=sample.unique_id, index=0, request="0", generation=said))
        long = Grade(verdict="wrong", extracted="secret of more than forty characters in a row")
        short = Grade(verdict="wrong", extracted="42")
        for grader, grade in (("a/1", long), ("b/1", short)):
            writer.append_grade(grader, SampleGrade(unique_id=sample.unique_id, index=0, grade=grade))
    (folder / "turns.jsonl").write_bytes((folder / "turns.jsonl").read_bytes() + b'{"unique_id": "secret')
    pack.pack(RunDir.open(folder), tmp_path / "a.tar.gz", responses=False)
    plain = gzip.decompress((tmp_path / "a.tar.gz").read_bytes())
    assert b"secret" not in plain
    assert plain.count(b"left out by math500") == 13
    assert b'"extracted":"42"' in plain


def test_an_older_manifest_comes_back_as_it_was(
    run: RunDir, long: tuple[Problem, ...], tmp_path: Path
) -> None:
    path = run.path / "manifest.json"
    path.write_text(path.read_text().replace(',\n  "texts_left_out": false', ""))
    assert "texts_left_out" not in path.read_text()
    pack.pack(RunDir.open(run.path), tmp_path / "a.tar.gz", texts=False)
    pack.unpack(tmp_path / "a.tar.gz", tmp_path / "marked")
    assert RunDir.open(tmp_path / "marked").manifest.texts_left_out
    pack.unpack(tmp_path / "a.tar.gz", tmp_path / "back", lambda _: long)
    assert contents(tmp_path / "back") == contents(run.path)


def test_a_damaged_archive_is_told_by_its_checksum(run: RunDir, tmp_path: Path) -> None:
    path = tmp_path / "a.tar.gz"
    pack.pack(run, path)
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(RunDamaged, match=r"not what a\.tar\.gz\.sha256 says"):
        pack.unpack(path, tmp_path / "out")
    (tmp_path / "a.tar.gz.sha256").unlink()
    with pytest.raises(RunDamaged):
        pack.unpack(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_nothing_is_written_over(run: RunDir, tmp_path: Path) -> None:
    pack.pack(run, tmp_path / "a.tar.gz")
    with pytest.raises(RunError, match="exists"):
        pack.unpack(tmp_path / "a.tar.gz", run.path)
    with pytest.raises(RunError, match=r"ends in \.tar\.gz"):
        pack.pack(run, tmp_path / "a.zip")


# -- hostile archives ------------------------------------------------------------------------

GOOD = b'{"a": 1}\n'


def listed(**files: bytes) -> bytes:
    made = {
        name: PackedFile(size=len(content), sha256=hashlib.sha256(content).hexdigest())
        for name, content in files.items()
    }
    return msgspec.json.encode(Packed(run_id="r", math500_version="0", texts_left_out=False, files=made))


def archive(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as made:
        for member, content in members:
            if member.isreg():
                member.size = len(content)
            made.addfile(member, io.BytesIO(content))
    return path


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, target
    return made


HEAD = (member("r/pack.json"), listed(**{"gap.json": GOOD}))
HOSTILE: dict[str, list[tuple[tarfile.TarInfo, bytes]]] = {
    "a path upwards": [HEAD, (member("r/../../gap.json"), GOOD)],
    "a path upwards among ablations": [HEAD, (member("r/ablations/../gap.json"), GOOD)],
    "an absolute path": [HEAD, (member("/gap.json"), GOOD)],
    "a name of another kind": [HEAD, (member("r/.bashrc"), GOOD)],
    "a program": [HEAD, (member("r/grades/x.py"), GOOD)],
    "a symbolic link": [HEAD, (member("r/gap.json", tarfile.SYMTYPE, "/etc/passwd"), b"")],
    "a hard link": [HEAD, (member("r/gap.json", tarfile.LNKTYPE, "r/pack.json"), b"")],
    "a device": [HEAD, (member("r/gap.json", tarfile.CHRTYPE), b"")],
    "a folder": [HEAD, (member("r/grades", tarfile.DIRTYPE), b"")],
    "no list": [(member("r/gap.json"), GOOD)],
    "a list that is none": [(member("r/pack.json"), b"[]")],
    "a file that is not listed": [HEAD, (member("r/gap.json"), GOOD), (member("r/seal.json"), GOOD)],
    "a file twice": [HEAD, (member("r/gap.json"), GOOD), (member("r/gap.json"), GOOD)],
    "a file that is missing": [HEAD],
    "other content": [HEAD, (member("r/gap.json"), b'{"a": 2}\n')],
    "more content": [HEAD, (member("r/gap.json"), GOOD * 100_000)],
    "nothing at all": [],
}


@pytest.mark.parametrize("members", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_archive_is_refused(tmp_path: Path, members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    path = archive(tmp_path / "a.tar.gz", *members)
    with pytest.raises(RunDamaged, match="is refused"):
        pack.unpack(path, tmp_path / "out")
    assert [p.name for p in tmp_path.iterdir()] == ["a.tar.gz"]


def test_a_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pack, "MOST", 1 << 20)
    content = b"0" * (2 << 20)
    path = archive(
        tmp_path / "a.tar.gz",
        (member("r/pack.json"), listed(**{"gap.json": content})),
        (member("r/gap.json"), content),
    )
    with pytest.raises(RunDamaged, match="unpacks to more"):
        pack.unpack(path, tmp_path / "out")


def test_a_header_that_claims_gigabytes_is_refused_before_they_are_read(tmp_path: Path) -> None:
    header = member("r/pack.json", tarfile.XHDTYPE)
    header.size = 6 << 30
    path = tmp_path / "a.tar.gz"
    path.write_bytes(gzip.compress(header.tobuf(tarfile.GNU_FORMAT) + b"0" * 4096))
    with pytest.raises(RunDamaged, match="cannot be read as an archive"):
        pack.unpack(path, tmp_path / "out")


@pytest.mark.parametrize("content", [b"", b"not an archive", gzip.compress(b"x" * 100, mtime=0)])
def test_what_is_no_archive_is_said_not_to_be_one(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.tar.gz").write_bytes(content)
    with pytest.raises(RunDamaged):
        pack.unpack(tmp_path / "a.tar.gz", tmp_path / "out")
    with pytest.raises(RunError, match="no archive"):
        pack.unpack(tmp_path / "b.tar.gz", tmp_path / "out")


def chained(kind: bytes, content: bytes) -> bytes:
    header = member("r/x", kind)
    header.size = len(content)
    return (header.tobuf(tarfile.GNU_FORMAT) + content.ljust(512, b"\0")) * 3_000


@pytest.mark.parametrize("content", [chained(tarfile.XHDTYPE, b"9 a=bcde\n"), chained(b"L", b"a\0")])
def test_headers_before_headers_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.tar.gz").write_bytes(gzip.compress(content))
    with pytest.raises(RunDamaged, match="cannot be read as an archive"):
        pack.unpack(tmp_path / "a.tar.gz", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_bad_number_in_a_header_is_refused(tmp_path: Path) -> None:
    bad = member("r/pack.json")
    bad.pax_headers = {"GNU.sparse.map": "a,b", "GNU.sparse.size": "1"}
    with pytest.raises(RunDamaged, match="cannot be read as an archive"):
        pack.unpack(archive(tmp_path / "a.tar.gz", (bad, HEAD[1])), tmp_path / "out")


def test_brackets_in_brackets_are_refused(tmp_path: Path) -> None:
    deep = b'{"run_id": "r", "z": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    with pytest.raises(RunDamaged, match="is refused"):
        pack.unpack(archive(tmp_path / "a.tar.gz", (member("r/pack.json"), deep)), tmp_path / "out")


def test_an_archive_without_a_manifest_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(RunDamaged, match="lacks manifest.json"):
        pack.unpack(archive(tmp_path / "a.tar.gz", HEAD, (member("r/gap.json"), GOOD)), tmp_path / "out")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES])
def test_a_disk_that_takes_nothing_is_no_fault_of_the_archive(
    run: RunDir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    pack.pack(run, tmp_path / "a.tar.gz")

    def full(*_: object, **__: object) -> None:
        raise OSError(number, "no")

    monkeypatch.setattr(pack, "_one", full)
    kind = StorageFull if number == errno.ENOSPC else RunError
    with pytest.raises(kind) as error:
        pack.unpack(tmp_path / "a.tar.gz", tmp_path / "out")
    assert not isinstance(error.value, RunDamaged)
    assert not (tmp_path / "out").exists()


def test_a_link_to_nowhere_is_something_there(run: RunDir, tmp_path: Path) -> None:
    pack.pack(run, tmp_path / "a.tar.gz")
    (tmp_path / "out").symlink_to(tmp_path / "nowhere")
    with pytest.raises(RunError, match="exists"):
        pack.unpack(tmp_path / "a.tar.gz", tmp_path / "out")
