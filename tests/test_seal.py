from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from math500 import seal
from math500.records import Seal, SealedFile

NAME = "samples.jsonl"


def sealed(folder: Path, before: Seal | None = None, fresh: tuple[str, ...] = ()) -> Seal:
    return seal.make(folder, [NAME], before, fresh, "now")


def test_a_file_that_grows_is_sealed_further(tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_bytes(b"one\n")
    first = sealed(tmp_path)
    path.write_bytes(b"one\ntwo\n")
    assert seal.broken(tmp_path, first) == {}
    assert seal.unsealed(tmp_path, first, [NAME]) == {NAME: 4}
    second = sealed(tmp_path, first)
    assert second.files[NAME].sha256 == hashlib.sha256(b"one\ntwo\n").hexdigest()
    assert seal.unsealed(tmp_path, second, [NAME]) == {}


@pytest.mark.parametrize("content", [b"ona\n", b"on", b"ona\nand more\n"])
def test_what_was_altered_keeps_its_old_entry(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / NAME
    path.write_bytes(b"one\n")
    first = sealed(tmp_path)
    path.write_bytes(content)
    again = sealed(tmp_path, first)
    assert again == first
    assert NAME in seal.broken(tmp_path, again)


def test_what_was_made_anew_gets_a_new_entry(tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_bytes(b"one\n")
    first = sealed(tmp_path)
    path.write_bytes(b"other\n")
    assert seal.broken(tmp_path, sealed(tmp_path, first, (NAME,))) == {}


def test_a_file_that_is_gone_is_missed(tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_bytes(b"one\n")
    first = sealed(tmp_path)
    path.unlink()
    assert seal.broken(tmp_path, seal.make(tmp_path, [], first, (), "now")) == {NAME: "is gone"}


def test_the_fingerprint_is_of_what_is_sealed_and_not_of_when(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"one\n")
    first = seal.make(tmp_path, [NAME], None, (), "now")
    then = seal.make(tmp_path, [NAME], None, (), "then")
    assert seal.fingerprint(first) == seal.fingerprint(then)
    (tmp_path / NAME).write_bytes(b"one\ntwo\n")
    assert seal.fingerprint(sealed(tmp_path)) != seal.fingerprint(first)


@settings(deadline=None)  # the disk of a busy machine
@given(st.binary(max_size=64), st.binary(max_size=64), st.sampled_from([1, 3, 1 << 20]))
def test_any_growth_is_told_from_any_change(
    tmp_path_factory: pytest.TempPathFactory, begin: bytes, more: bytes, block: int
) -> None:
    folder = tmp_path_factory.mktemp("run")
    path = folder / NAME
    begin += b"\n"  # what is sealed are whole lines
    path.write_bytes(begin)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(seal, "BLOCK", block)
        first = sealed(folder)
        path.write_bytes(begin + more)
        assert seal.broken(folder, sealed(folder, first)) == {}
        path.write_bytes(bytes([begin[0] ^ 1]) + begin[1:] + more)
        assert NAME in seal.broken(folder, sealed(folder, first))


def test_half_a_line_is_not_sealed(tmp_path: Path) -> None:
    """A power cut leaves one; the next writer cuts it off, which is no alteration."""
    path = tmp_path / NAME
    path.write_bytes(b"one\nhal")
    first = sealed(tmp_path)
    assert first.files[NAME].size == 4
    path.write_bytes(b"one\n")
    assert seal.broken(tmp_path, first) == {}
    assert sealed(tmp_path, first) == first


@given(st.lists(st.binary(max_size=9), max_size=5), st.integers(1, 7), st.integers(0, 40))
def test_the_whole_lines_are_hashed_wherever_the_blocks_end(
    tmp_path_factory: pytest.TempPathFactory, parts: list[bytes], block: int, upto: int
) -> None:
    folder = tmp_path_factory.mktemp("blocks")
    content = b"\n".join(parts)
    (folder / NAME).write_bytes(content)
    whole = content[: content.rfind(b"\n") + 1]
    upto = min(upto, len(whole))
    before = seal.make(folder, [], None, (), "then")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(seal, "BLOCK", block)
        first = seal.make(folder, [NAME], before, (), "now").files[NAME]
        old = SealedFile(size=upto, sha256=hashlib.sha256(content[:upto]).hexdigest(), sealed="then")
        second = seal.make(folder, [NAME], Seal(files={NAME: old}), (), "now").files[NAME]
    assert (first.size, first.sha256) == (len(whole), hashlib.sha256(whole).hexdigest())
    assert (second.size, second.sha256) == (first.size, first.sha256)
