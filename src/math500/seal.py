"""The seal of a run folder: what its append-only files held when the last process that wrote them was done.

    seal.json   Seal: each file's size and sha256

Files grow, so a file is sealed up to a size: what a killed process wrote after that is named as unsealed and
is no contradiction. Sealing again reads every file once and takes over what was sealed before: where a file
no longer begins with what was sealed, its old entry stays, so that a later command on an altered folder does
not put the alteration under a new seal. A file that this process made anew (grades that were deleted) gets a
new entry. Half a line at the end of a file of lines is not sealed: the next writer cuts it off.

summary.json, gap.json and pages are not sealed: they are derived, and `math500 verify` derives them again.

The seal's fingerprint is the sha256 of its entries. Someone who rewrites everything can seal it again,
but not under the same fingerprint: written down elsewhere (a paper, a commit), it binds the folder.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import msgspec

from math500.records import Seal, SealedFile

BLOCK = 1 << 20
"""Bytes that are read at a time."""


def make(folder: Path, names: Iterable[str], before: Seal | None, fresh: Collection[str], when: str) -> Seal:
    """The seal of a folder as it is now.

    Args:
        folder: the run folder.
        names: the files to seal, relative to it.
        before: the seal that is there.
        fresh: files that the process that seals has made itself.
        when: now, as ISO 8601.
    """
    known = {} if before is None else before.files
    entries = dict(known)
    for name in names:
        old = None if name in fresh else known.get(name)
        entry = _entry(folder / name, old, when)
        if entry is not None:
            entries[name] = entry
    return Seal(files=dict(sorted(entries.items())))


def fingerprint(seal: Seal) -> str:
    """The sha256 of a seal's entries, times left out."""
    lines = (f"{name}\0{one.size}\0{one.sha256}\n" for name, one in sorted(seal.files.items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def broken(folder: Path, seal: Seal) -> dict[str, str]:
    """The files that do not begin with what was sealed, each with how it differs."""
    found = {}
    for name, one in seal.files.items():
        path = folder / name
        if not path.is_file():
            found[name] = "is gone"
        elif path.stat().st_size < one.size:
            found[name] = f"has {path.stat().st_size} bytes; {one.size} were sealed"
        elif _hashed(path, one.size)[0] != one.sha256:
            found[name] = f"is not what was sealed at {one.sealed}"
    return found


def unsealed(folder: Path, seal: Seal, names: Iterable[str]) -> dict[str, int]:
    """The files that hold more than was sealed, each with how many bytes."""
    sizes: Mapping[str, int] = {name: one.size for name, one in seal.files.items()}
    grown = ((name, (folder / name).stat().st_size - sizes.get(name, 0)) for name in names)
    return {name: more for name, more in grown if more > 0}


def _entry(path: Path, old: SealedFile | None, when: str) -> SealedFile | None:
    """The new entry of a file, or None where the old one has to stay."""
    lines = path.suffix == ".jsonl"
    before, whole, size = _hashed(path, 0 if old is None else old.size, lines=lines)
    if old is None:
        return SealedFile(size=size, sha256=whole, sealed=when)
    if size < old.size or before != old.sha256:
        return None
    return old if size == old.size else msgspec.structs.replace(old, size=size, sha256=whole, sealed=when)


def _hashed(path: Path, upto: int, *, lines: bool = False) -> tuple[str, str, int]:
    """The sha256 of the first `upto` bytes and of the whole, and the size, in one pass.

    Of a file of lines the whole is its whole lines.
    """
    running, before, done = hashlib.sha256(), hashlib.sha256(), 0
    whole, size = running.copy(), 0
    with path.open("rb") as file:
        while block := file.read(min(BLOCK, upto - done) if done < upto else BLOCK):
            end = block.rfind(b"\n") + 1 if lines else len(block)
            running.update(block[:end])
            if end:
                whole, size = running.copy(), done + end
            running.update(block[end:])
            done += len(block)
            if done == upto:
                before = running.copy()
    return before.hexdigest(), whole.hexdigest(), size
