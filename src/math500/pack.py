"""A run folder as one archive with its checksum, and back.

    RUN.tar.gz
      RUN/pack.json     Packed: each file's size and sha256, what was left out
      RUN/...           the run's files and its ablations'; no page, no lock

The same folder gives the same bytes: names in order, no times, no owners. gzip is in every Python and on
every machine; zstandard is in Python from 3.14 on only.

Without texts: problem texts belong to their data set. Each text and worked solution, wherever it stands word
for word in the files, becomes a mark that names its problem, and manifest.json says so. On unpacking, the
marks become the texts again, out of the verified set, and the files are byte for byte those that were sealed.

Without responses: a response may tell its problem in words of its own. Each text of the model's becomes a
mark with its length and its sha256, for good: nothing puts it back. So does an answer that was taken out of a
response, where it is long enough for a sentence. Of the paths of the machine their last parts stay, since
such an archive is made to be published. Verdicts stay, so the score can be derived again from them.
`math500 show` and `verify` read such a folder; all else refuses it.

A line of a file is in memory at a time. What is packed is first written behind the archive's place, into a
file without a name, since its hashes stand at the archive's beginning.

An archive is other people's data. Only plain files with the names that a run folder has are taken out of it,
at most `MOST` bytes of them, into a folder that is not there yet; a link, a path that leads elsewhere, a name
of another kind and a file that grows beyond its stated size are refused.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import math
import re
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import msgspec

import math500
from math500 import data, formats, prompts
from math500.errors import DataMismatch, RunDamaged, RunError
from math500.records import Manifest, Packed, PackedFile, Problem
from math500.rundir import RunDir, replacing, storage_error, store

ENDING = ".tar.gz"
PACKED = "pack.json"
MOST = 8 << 30
"""Bytes that an archive may unpack to."""
OTHER_TOOL = "That is more than an archive may unpack to: pack the run's files by another tool."
AGAIN = "Give what `math500 pack` wrote; if this is it, fetch it again."
MEMBERS = 5_000
"""Files that an archive may hold."""
SHORTEST_COPY = 40
"""Characters from which on a text is looked for outside of problems.jsonl; shorter ones come by chance."""
AT_ONCE = 4 << 20
"""Bytes that are read in one go; a header that claims more is no header of ours."""
FLAG = b'"texts_left_out": '
OLDER = (b"{\n", b'{\n  "texts_left_out": true,\n')
"""The beginning of a manifest that does not know the flag, and the same with it."""
MARK = "⟦math500 left out the {kind} of {name}⟧"
HASHED = "⟦{count} characters left out by math500, sha256 {sha256}⟧"
WORDS = frozenset(("response", "text", "reasoning", "code", "output", "error", "arguments"))
"""The fields of a sample, a turn and a judgement in which the model's words stand, or its code's."""
ANSWERS = frozenset(("extracted", "answer"))
"""The fields of a grade and a ballot in which an answer stands."""
PLACES = ("command", "data", "model")
"""The parts of a manifest in which paths of the machine stand."""
NAME = re.compile(
    r"(ablations/[\w.+@=,-]+/)*"
    r"((manifest|prices|summary|gap|seal)\.json|(problems|samples|turns|batches)\.jsonl"
    r"|grades/[\w.@+,=-]+\.jsonl|(judges|rewards)/[\w.@+,=-]+\.jsonl?)"
)
"""The files of a run folder, relative to it."""

Texts = Mapping[str, Problem]
"""Problems by their ids, and those of worked examples by their keys."""
Find = Callable[[Manifest], Sequence[Problem]]
"""The problems whose texts were left out of a run, as far as they are to be had."""


class _Line(msgspec.Struct):
    """As much of a line as says whose it is."""

    unique_id: str


# -- in --------------------------------------------------------------------------------------


def pack(run: RunDir, path: Path, *, texts: bool = True, responses: bool = True) -> Packed:
    """Write a run folder as one archive, whole or not at all, and its checksum beside it.

    Args:
        run: the folder.
        path: where to; ends in .tar.gz. The checksum goes to the same name with .sha256 behind it.
        texts: leave the problems' texts in.
        responses: leave the model's words in.

    Raises:
        RunError: the archive cannot be written there, or would be larger than one that is unpacked.
        StorageFull: the disk is full.
    """
    _require_ending(path)
    left_out = None if texts else _texts(run.problems())
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent) as spool:
            listed = {
                name: _spooled(name, source, spool, left_out, responses=responses)
                for name, source in _files(run.path)
            }
            packed = Packed(
                run_id=run.manifest.run_id,
                math500_version=math500.__version__,
                texts_left_out=not texts or run.manifest.texts_left_out,
                responses_left_out=not responses,
                files=listed,
            )
            spool.seek(0)
            _archive(packed, spool, path)
    except OSError as e:
        raise storage_error(e, path) from e
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    store(_checksum(path), f"{sha256}  {path.name}\n".encode())
    return packed


def _spooled(
    name: str, source: Path, spool: IO[bytes], texts: Texts | None, *, responses: bool
) -> PackedFile:
    """A file as it is packed, written behind the others: its hash has to stand before all of them."""
    whole, packed, size = hashlib.sha256(), hashlib.sha256(), 0
    with source.open("rb") as file:
        for part in [file.read()] if _kind(name) == "manifest.json" else file:
            original = part if responses else _without_words(name, part)
            content = original if texts is None else _without(name, original, texts)
            whole.update(original)
            packed.update(content)
            size += spool.write(content)
            if spool.tell() > MOST:
                raise RunError(f"{name} and what is before it are more than {MOST >> 30} GiB", OTHER_TOOL)
    same = whole.digest() == packed.digest()
    return PackedFile(size=size, sha256=packed.hexdigest(), whole="" if same else whole.hexdigest())


def _files(folder: Path) -> list[tuple[str, Path]]:
    """The files that are packed, ablations' included, in order."""
    found = ((path.relative_to(folder).as_posix(), path) for path in folder.rglob("*"))
    return sorted(
        (name, path)
        for name, path in found
        if NAME.fullmatch(name) and path.is_file() and not path.is_symlink()
    )


def _kind(name: str) -> str:
    """A file's name without the ablation that it is of."""
    return name.rsplit("/", maxsplit=1)[-1]


def _texts(problems: Sequence[Problem]) -> Texts:
    return {p.unique_id: p for p in problems} | {prompts.key(p.problem): p for p in problems}


def _archive(packed: Packed, contents: IO[bytes], path: Path) -> None:
    """The list and the files, which stand one behind the other; the same files give the same bytes."""
    folder = path.name.removesuffix(ENDING)
    first = msgspec.json.format(msgspec.json.encode(packed), indent=2)
    with (
        replacing(path) as out,
        gzip.GzipFile(filename="", mode="wb", fileobj=out, mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        archive.addfile(_entry(f"{folder}/{PACKED}", len(first)), io.BytesIO(first))
        for name, file in packed.files.items():
            archive.addfile(_entry(f"{folder}/{name}", file.size), contents)


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o644
    return entry


def _checksum(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


# -- texts -----------------------------------------------------------------------------------


def _without(name: str, part: bytes, texts: Texts) -> bytes:
    """A manifest, or a line of another file, with marks in place of the problems' texts."""
    if MARK[:14].encode() in part:
        raise RunError(f"{name} holds a mark of a text that was left out already", "Pack it with its texts.")
    if _kind(name) == "manifest.json":
        content = _turned(_shots(part), part, back=False)
        flagged = content.replace(FLAG + b"false", FLAG + b"true", 1)
        return flagged if flagged != content else content.replace(*OLDER, 1)
    return _line(part, texts, back=False)


def _without_words(name: str, part: bytes) -> bytes:
    """A manifest, or a line of another file, with hashes in place of the model's words."""
    kind = _kind(name)
    if kind == "manifest.json":
        made = msgspec.json.decode(part)
        placeless = {key: _placeless(made[key]) for key in PLACES if key in made}
        made |= placeless | {"responses_left_out": True}
        return msgspec.json.format(msgspec.json.encode(made), indent=2)
    if kind in ("problems.jsonl", "batches.jsonl") or kind.endswith(".json"):
        return part
    return _words(part)


def _placeless(value: Any) -> Any:  # noqa: ANN401 - any part of a manifest
    """Without the folders of the machine: of a path from the root on, its last part."""
    if isinstance(value, dict):
        return {key: _placeless(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_placeless(one) for one in value]
    is_path = isinstance(value, str) and Path(value).is_absolute()
    return Path(value).name if is_path else value


def _words(line: bytes) -> bytes:
    """A line without words; one that was cut off in a kill is left out, as its readers leave it out."""
    try:
        decoded = msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError):
        return b""
    return msgspec.json.encode(_wordless(decoded)) + b"\n"


def _wordless(value: Any) -> Any:  # noqa: ANN401 - any part of a JSON line
    if isinstance(value, dict):
        return {key: hashed(one) if _telling(key, one) else _wordless(one) for key, one in value.items()}
    return [_wordless(one) for one in value] if isinstance(value, list) else value


def _telling(key: str, value: Any) -> bool:  # noqa: ANN401
    """May this field hold a problem in other words?"""
    shortest = 1 if key in WORDS else SHORTEST_COPY if key in ANSWERS else math.inf
    return isinstance(value, str) and len(value) >= shortest


def hashed(value: str) -> str:
    """What stands in place of a response that is left out."""
    return HASHED.format(count=len(value), sha256=hashlib.sha256(value.encode()).hexdigest())


def _with(name: str, part: bytes, texts: Texts) -> bytes:
    """`_without` the other way round; what is not in `texts` stays a mark."""
    if _kind(name) != "manifest.json":
        return _line(part, texts, back=True)
    plain = part.replace(OLDER[1], OLDER[0], 1)
    plain = plain if plain != part else part.replace(FLAG + b"true", FLAG + b"false", 1)
    return _turned(_known_shots(part, texts), plain, back=True)


def _line(line: bytes, texts: Texts, *, back: bool) -> bytes:
    """One line with the texts of its own problem turned into marks, or back."""
    try:
        problem = texts.get(msgspec.json.decode(line, type=_Line).unique_id)
    except (msgspec.DecodeError, RecursionError):
        return line
    if problem is None:
        return line
    own = line.startswith(b'{"problem":')
    pairs = {
        kind: text
        for kind, text in (("problem", problem.problem), ("solution", problem.solution))
        if text and (own or len(text) >= SHORTEST_COPY)
    }
    return _turned(
        {MARK.format(kind=k, name=problem.unique_id): t for k, t in pairs.items()}, line, back=back
    )


def _shots(content: bytes) -> dict[str, str]:
    """The worked examples' texts by their marks: those that come from a data set."""
    prompt = msgspec.json.decode(content).get("prompt", {})
    shots = prompt.get("shots", ()) if prompt.get("shot_keys") else ()
    return {
        MARK.format(kind=kind, name=f"worked example {number}"): shot[kind]
        for number, shot in enumerate(shots, 1)
        for kind in ("problem", "solution")
    }


def _known_shots(content: bytes, texts: Texts) -> dict[str, str]:
    """The same for a manifest in which marks stand, out of the problems at hand."""
    keys = msgspec.json.decode(content).get("prompt", {}).get("shot_keys", ())
    return {
        MARK.format(kind=kind, name=f"worked example {number}"): getattr(texts[key], kind)
        for number, key in enumerate(keys, 1)
        if key in texts
        for kind in ("problem", "solution")
    }


def from_sets(made: Manifest) -> Sequence[Problem]:
    """The problems out of the run's data set, fetched where it is not in the cache.

    Raises:
        DataError: a set cannot be had.
    """
    return [problem for name in _sets(made) for problem in data.load(name).problems]


def from_cache(made: Manifest) -> Sequence[Problem]:
    """The same without a network; none where a set is not in the cache."""
    ready = all(data.where(name).state == "ready" for name in _sets(made))
    return from_sets(made) if ready else ()


def _sets(made: Manifest) -> list[str]:
    known = {one.name for one in data.known_sets()}
    wanted = [made.data.name, *(["math-train"] if made.prompt.shot_keys else [])]
    return [name for name in wanted if name in known]


def _turned(texts: Mapping[str, str], content: bytes, *, back: bool) -> bytes:
    """JSON text with each text as its mark, or each mark as its text."""
    # A solution may hold the problem's text: the longest goes first.
    for mark, text in sorted(texts.items(), key=lambda pair: -len(pair[1])):
        old, new = _inside(text), _inside(mark)
        content = content.replace(new, old) if back else content.replace(old, new)
    return content


def _inside(text: str) -> bytes:
    """A text as it stands inside a JSON string."""
    return msgspec.json.encode(text)[1:-1]


# -- out -------------------------------------------------------------------------------------


def unpack(path: Path, folder: Path, find: Find | None = None) -> Packed:
    """Take a run folder out of its archive, whole or not at all.

    Args:
        path: the archive. Where its checksum lies beside it, it has to be right.
        folder: where to; must not be there.
        find: gives the problems, so that their texts are put back where they were left out; None leaves the
            marks where they are.

    Raises:
        RunError: there is something at `folder`, or no archive at `path`.
        RunDamaged: the archive is not what `pack` writes, or not what its checksums say.
        DataMismatch: the problems' texts are not those that were left out.
        StorageFull: the disk is full.
    """
    if folder.exists() or folder.is_symlink():
        raise RunError(f"{folder} exists", "Give another --out, or move it away.")
    _require_checksum(path)
    try:
        return _unpack(path, folder, find)
    except OSError as e:
        raise storage_error(e, folder) from e


def _unpack(path: Path, folder: Path, find: Find | None) -> Packed:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as temporary:
        inside = Path(temporary) / "run"
        inside.mkdir()
        packed = _take_out(path, inside)
        if (
            packed.texts_left_out
            and find is not None
            and (problems := find(RunDir.open(inside, whole=False).manifest))
        ):
            _put_back(inside, packed, _texts(problems))
        inside.rename(folder)
    return packed


@contextmanager
def opened(path: Path) -> Iterator[Path]:
    """An archive as a folder for a while, with the texts that the cache has."""
    with tempfile.TemporaryDirectory(prefix="math500-") as temporary:
        folder = Path(temporary) / path.name.removesuffix(ENDING)
        try:
            unpack(path, folder, from_cache)
        except DataMismatch:
            unpack(path, folder)
        yield folder


def folder_of(path: Path) -> Path:
    """Where an archive is unpacked to unless another place is chosen: its name, in the folder of now.

    Raises:
        RunError: its name does not end in .tar.gz.
    """
    _require_ending(path)
    return Path(path.name.removesuffix(ENDING))


def _require_ending(path: Path) -> None:
    if not path.name.endswith(ENDING) or path.name == ENDING:
        raise RunError(f"{path} is no name of an archive", f"Give one that ends in {ENDING}.")


def _require_checksum(path: Path) -> None:
    if not path.is_file():
        raise RunError(f"there is no archive {path}", "Check the path.")
    if _checksum(path).is_file():
        said = _checksum(path).read_text(encoding="utf-8", errors="replace").split(" ")[0].strip()
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if said != found:
            raise RunDamaged(f"{path} is not what {_checksum(path).name} says", "Fetch both again.")


class _Bounded(gzip.GzipFile):
    """An archive's bytes; tarfile reads a long header in one go, however long it says it is."""

    def read(self, size: int | None = -1) -> bytes:
        if size is None or not 0 <= size <= AT_ONCE:
            raise tarfile.ReadError(f"a header of {size} bytes")
        return super().read(size)


def _take_out(path: Path, folder: Path) -> Packed:
    """The archive's files into an empty folder, each checked against its list."""
    packed: Packed | None = None
    left = MOST
    there: set[str] = set()
    try:
        with _Bounded(path) as zipped, tarfile.open(fileobj=zipped, mode="r:") as archive:
            for count, member in enumerate(archive):
                name = _name(member, path, count)
                file = archive.extractfile(member)
                if file is None:
                    raise _refused(path, f"{member.name} is no plain file")
                if packed is None:
                    packed = _list(file, name, path)
                    continue
                left = _one(file, name, packed, folder, left, path, there)
    except OSError as e:
        # An error of the disk has a number, gzip's own has none.
        if e.errno is not None:
            raise
        raise _unreadable(path, e) from e
    except (tarfile.TarError, EOFError, zlib.error, ValueError, RecursionError) as e:
        # tarfile lets a bad number in a header, and a header before a header before ..., through.
        raise _unreadable(path, e) from e
    if packed is None or (missing := ({"manifest.json"} | packed.files.keys()) - there):
        lacks = PACKED if packed is None else ", ".join(sorted(missing)[:3])
        raise _refused(path, f"it lacks {lacks}")
    return packed


def _name(member: tarfile.TarInfo, path: Path, count: int) -> str:
    """A member's name within the run folder, if it may be taken out."""
    if not member.isfile() or member.issparse():
        raise _refused(path, f"{member.name!r} is no plain file")
    top, slash, name = member.name.partition("/")
    if count >= MEMBERS:
        raise _refused(path, f"it holds more than {MEMBERS} files")
    if not (top and slash) or (name != PACKED and not NAME.fullmatch(name)) or ".." in name.split("/"):
        raise _refused(path, f"{member.name!r} is no file of a run folder")
    return name


def _list(file: IO[bytes], name: str, path: Path) -> Packed:
    if name != PACKED:
        raise _refused(path, f"it does not begin with {PACKED}")
    content = file.read(AT_ONCE // 4)
    formats.require(content, formats.ARCHIVE, path, RunError)
    try:
        return msgspec.json.decode(content, type=Packed)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as e:
        raise _refused(path, f"its {PACKED} cannot be read ({e})") from e


def _one(
    file: IO[bytes], name: str, packed: Packed, folder: Path, left: int, path: Path, there: set[str]
) -> int:
    """One file, and how many bytes may still come."""
    said = packed.files.get(name)
    if said is None or name in there:
        raise _refused(path, f"{name} is not in its list, or twice")
    if said.size > left:
        raise _refused(path, f"it unpacks to more than {MOST >> 30} GiB")
    target = folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    hashed, size = hashlib.sha256(), 0
    with target.open("wb") as out:
        while size <= said.size and (block := file.read(AT_ONCE // 4)):
            size += len(block)
            hashed.update(block)
            out.write(block)
    if size != said.size or hashed.hexdigest() != said.sha256:
        raise _refused(path, f"{name} is not what its list says")
    there.add(name)
    return left - said.size


def _unreadable(path: Path, e: Exception) -> RunDamaged:
    return RunDamaged(f"{path} cannot be read as an archive ({e})", AGAIN)


def _refused(path: Path, why: str) -> RunDamaged:
    return RunDamaged(f"{path} is refused: {why}", "Fetch it again, and from whom you trust.")


def _put_back(folder: Path, packed: Packed, texts: Texts) -> None:
    """The texts in their places, if that gives every file as it was.

    Raises:
        DataMismatch: it does not.
    """
    for name, said in packed.files.items():
        whole = hashlib.sha256()
        with (folder / name).open("rb") as file, replacing(folder / name) as out:
            for part in [file.read()] if _kind(name) == "manifest.json" else file:
                content = _with(name, part, texts)
                whole.update(content)
                out.write(content)
        if said.whole and whole.hexdigest() != said.whole:
            raise DataMismatch(
                f"{name} is not as it was with the texts of this problem set put back",
                "Leave the texts out: math500 unpack --without-texts.",
            )
