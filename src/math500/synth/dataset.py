"""A training set: a folder that TRL and `datasets.load_dataset` read as it is.

    FOLDER/
      rows.jsonl      the rows; appended while the set is made, one whole line a row
      left_out.jsonl  what did not become a row, and why; appended
      draft.json      while it is made: how, so that a stopped command goes on with the same settings
      train.parquet   the same rows; written at the end
      README.md       the data card
      manifest.json   written last: a folder without it is not finished

Every row passes the gate (`decontaminate`) when it is appended, and again when the set is loaded; there is
no other way in or out.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, TypeVar

import msgspec

from math500 import __version__, formats
from math500.errors import (
    Contaminated,
    DataMismatch,
    DataNotFound,
    DataUnreadable,
    DependencyMissing,
    RunError,
    RunMismatch,
    UsageError,
)
from math500.plural import counted
from math500.records import (
    CompletionRow,
    LeftOut,
    LevelYield,
    Match,
    Parent,
    Plan,
    PreferenceRow,
    QuestionRow,
    Record,
    StepRow,
)
from math500.records import TrainingSet as Manifest
from math500.rundir import Journal, lock, replace, storage_error
from math500.synth import card
from math500.synth.decontaminate import Gatekeeper

R = TypeVar("R", bound=Record)
Kind = Literal["prompt-completion", "preference", "stepwise", "prompt-only"]
Row = CompletionRow | PreferenceRow | StepRow | QuestionRow
KINDS: dict[Kind, type[Row]] = {
    "prompt-completion": CompletionRow,
    "preference": PreferenceRow,
    "stepwise": StepRow,
    "prompt-only": QuestionRow,
}
CONTAMINATED = "contaminated"
"""The reason of rows that the gate did not let in."""


class TrainingSet:
    """A finished training set, verified."""

    def __init__(self, path: Path, manifest: Manifest, rows: tuple[Row, ...]) -> None:
        self.path = path
        self.manifest = manifest
        self.rows = rows

    @property
    def parquet(self) -> Path:
        """The rows as a Parquet file."""
        return self.path / "train.parquet"

    @classmethod
    def load(cls, folder: str | os.PathLike[str], *, against: Sequence[str] = ()) -> TrainingSet:
        """Read a training set, with everything that must hold before anything trains on it.

        The rows have the manifest's hash, and pass the gate again: against MATH-500, the known sets that they
        were checked against when they were made, and those named here.

        Raises:
            DataNotFound: there is no finished training set.
            DataMismatch: its rows are not those that the manifest is about.
            Contaminated: a row is of MATH-500, or holds a problem of one of the sets.
            DataError: MATH-500 itself could not be had.
        """
        path = Path(folder)
        manifest = _manifest(path)
        data = _bytes(path / "rows.jsonl")
        if hashlib.sha256(data).hexdigest() != manifest.sha256:
            raise DataMismatch(
                f"{path / 'rows.jsonl'} was changed after the set was made", "Make the set again."
            )
        rows = tuple(_decode(data, KINDS[manifest.kind], path / "rows.jsonl"))
        known = [one.name for one in manifest.decontamination.against if one.known]
        keeper = Gatekeeper.of(dict.fromkeys([*known, *against]))
        if matches := [match for _, match in keeper.check_all(rows) if match]:
            raise Contaminated(
                f"{path} holds {counted(len(matches), 'row')} with test problems in them "
                f"({match_in_words(matches[0])})",
                "Make the set again.",
            )
        return cls(path, manifest, rows)


class Draft:
    """A training set that is being made, by this process alone; a context manager.

    Args:
        folder: where the set will be; a draft there, begun by the same plan, is gone on with.
        plan: how it is made.

    Raises:
        RunError: something else is in the folder, or it cannot be written.
        RunMismatch: the draft there was begun by another plan.
        RunLocked: another process makes it.
        DataError: MATH-500, or another set to check against, could not be had.
    """

    def __init__(self, folder: Path, plan: Plan) -> None:
        self.path = folder
        self.plan = plan
        self.keeper = Gatekeeper.of(plan.against)
        _begin(folder, plan)
        self._lock = lock(folder)
        self._rows = Journal(folder / "rows.jsonl")
        self._left_out = Journal(folder / "left_out.jsonl")

    def rows(self) -> Iterator[Row]:
        """The rows so far."""
        path = self.path / "rows.jsonl"
        return _decode(_bytes(path), KINDS[self.plan.kind], path)

    def left_out(self) -> Iterator[LeftOut]:
        """What was left out so far."""
        path = self.path / "left_out.jsonl"
        return _decode(_bytes(path), LeftOut, path)

    def append(self, row: Row) -> bool:
        """Write one row unless a test problem is in it; when this returns, a killed process keeps it.

        Returns:
            whether it became a row; otherwise it is among the left out.

        Raises:
            Contaminated: its problem is one of MATH-500's.
        """
        match = self.keeper.check(row)
        if match is None:
            self._rows.append(row)
        else:
            self.leave_out(contaminated(row, match))
        return match is None

    def leave_out(self, left_out: LeftOut) -> None:
        """Write what did not become a row, and why."""
        self._left_out.append(left_out)

    def finish(
        self,
        *,
        parents: Iterable[Parent] = (),
        levels: Iterable[LevelYield] = (),
        sources: Iterable[str] = (),
        notes: Iterable[str] = (),
    ) -> TrainingSet:
        """Write the Parquet file, the card and, last, the manifest; the draft is the set then.

        Args:
            parents: the runs that the rows come from.
            levels: what their problems brought, by difficulty.
            sources: the problem sets of the rows, each with its licence, in words.
            notes: what a reader of the card has to know besides.

        Raises:
            DependencyMissing: pyarrow is not installed.
            UsageError: there is no row.
        """
        rows, left_out = tuple(self.rows()), tuple(self.left_out())
        if not rows:
            raise UsageError(
                f"no sample became a row ({_counted(left_out)})", "Sample more often, or easier problems."
            )
        manifest = Manifest(
            kind=self.plan.kind,
            method=self.plan.method,
            settings=self.plan.settings,
            seed=self.plan.seed,
            parents=tuple(parents),
            rows=len(rows),
            problems=len({row.problem_id for row in rows}),
            left_out=dict(sorted(Counter(one.reason for one in left_out).items())),
            decontamination=self.keeper.report(len(rows), [one.match for one in left_out if one.match]),
            levels=tuple(levels),
            sha256=hashlib.sha256(_bytes(self.path / "rows.jsonl")).hexdigest(),
            math500_version=__version__,
            sources=tuple(sources),
            notes=tuple(notes),
        )
        _parquet(rows, self.path / "train.parquet")
        _store(self.path / "README.md", card.write(manifest, rows).encode())
        _store(self.path / "manifest.json", _pretty(manifest))
        (self.path / "draft.json").unlink()
        return TrainingSet(self.path, manifest, rows)

    def close(self) -> None:
        """Ask the disk to keep what is written, and let others go on with the draft."""
        self._rows.close()
        self._left_out.close()
        os.close(self._lock)
        (self.path / "lock").unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def write(
    folder: Path,
    plan: Plan,
    rows: Iterable[Row],
    left_out: Iterable[LeftOut] = (),
    *,
    parents: Iterable[Parent] = (),
    levels: Iterable[LevelYield] = (),
    sources: Iterable[str] = (),
    notes: Iterable[str] = (),
) -> TrainingSet:
    """Write a training set whose rows are all at hand: the whole folder, or none.

    Raises:
        RunError: the folder exists and is not empty, or cannot be written.
        Contaminated: a row's problem is one of MATH-500's.
        DataError: MATH-500, or another set to check against, could not be had.
        DependencyMissing: pyarrow is not installed.
        UsageError: no row is left.
    """
    refuse_taken(folder)
    making = folder.with_name(f".{folder.name}.{os.getpid()}")
    try:
        with Draft(making, plan) as draft:
            for one in left_out:
                draft.leave_out(one)
            for row in rows:
                draft.append(row)
            made = draft.finish(parents=parents, levels=levels, sources=sources, notes=notes)
        making.replace(folder)
    except OSError as e:
        raise storage_error(e, folder) from e
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return TrainingSet(folder, made.manifest, made.rows)


def left_out_of(folder: Path) -> tuple[LeftOut, ...]:
    """What did not become a row of a set, and why."""
    path = folder / "left_out.jsonl"
    return tuple(_decode(_bytes(path), LeftOut, path))


# -- the folder's files ------------------------------------------------------------------------


def _begin(folder: Path, plan: Plan) -> None:
    """Make the draft's folder, or see that the draft in it was begun by this plan."""
    if (folder / "draft.json").is_file():
        begun = next(_decode(_bytes(folder / "draft.json"), Plan, folder / "draft.json"))
        if begun != plan:
            raise RunMismatch(
                f"the set in {folder} was begun with other settings", "Use those again, or another --out."
            )
        return
    refuse_taken(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise storage_error(e, folder) from e
    _store(folder / "draft.json", msgspec.json.encode(plan) + b"\n")


def refuse_taken(folder: Path) -> None:
    """Do nothing if a set may be made in a folder.

    Raises:
        RunError: something is in it, or it is inside of a run's folder, where no set is looked for, and which
            an archive of the run would leave out.
    """
    for above in folder.absolute().parents:
        if (above / "manifest.json").is_file() and (above / "samples.jsonl").is_file():
            raise RunError(f"{folder} is inside of the run folder {above}", "Give an --out beside it.")
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise RunError(f"{folder} exists and is not empty", "Give another --out.")


def contaminated(row: Row, match: Match) -> LeftOut:
    """That a row was not let in, and the test problem that was found in it."""
    return LeftOut(
        problem_id=row.problem_id,
        parent=row.parent,
        sample=row.sample,
        reason=CONTAMINATED,
        evidence=match_in_words(match),
        match=match,
    )


def match_in_words(match: Match) -> str:
    """Which test problem was found where, and by which rule."""
    share = f"{100 * match.share:.0f} %"
    return f"{match.set} {match.unique_id} in the {match.field}, found by {match.rule} ({share})"


def _counted(left_out: Iterable[LeftOut]) -> str:
    counted = Counter(one.reason for one in left_out)
    return ", ".join(f"{reason} {n}" for reason, n in counted.most_common()) or "there was none"


def _manifest(folder: Path) -> Manifest:
    path = folder / "manifest.json"
    if formats.kind(folder) == formats.A_RUN:
        raise DataNotFound(
            f"{folder} is a run, not a training set", f"Make one: math500 synth rft {folder} --out SET"
        )
    if not path.is_file():
        what = "is not finished: start its command again" if (folder / "draft.json").is_file() else ""
        raise DataNotFound(
            f"{folder} {what or 'is no training set'}", "A training set is what `math500 synth` made."
        )
    content = _bytes(path)
    formats.require(content, formats.TRAINING_SET, path, DataUnreadable)
    return next(_decode(content.replace(b"\n", b" ") + b"\n", Manifest, path))


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as e:
        raise DataNotFound(f"there is no {path}", "Restore the folder from a copy, or make it again.") from e
    except OSError as e:
        raise DataUnreadable(f"{path} cannot be read ({e.strerror})", "Check the file's permissions.") from e


def _decode(data: bytes, kind: type[R], path: Path) -> Iterator[R]:
    """The records of a JSONL file's bytes."""
    decoder = msgspec.json.Decoder(kind)
    for number, line in enumerate(data.split(b"\n")[:-1], 1):
        try:
            yield decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as e:
            raise DataUnreadable(
                f"{path}, line {number} cannot be read ({e})",
                "Restore it from a copy, or make the set again.",
            ) from e


def _store(path: Path, content: bytes) -> None:
    try:
        replace(path, content)
    except OSError as e:
        raise storage_error(e, path) from e


def _pretty(record: Record) -> bytes:
    return msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n"


def _parquet(rows: Sequence[Row], path: Path) -> None:
    """The rows as Parquet; the same rows give the same bytes."""
    try:
        import pyarrow as pa  # noqa: PLC0415 - optional, and slow to import
        import pyarrow.parquet as pq  # noqa: PLC0415
    except ImportError as e:
        raise DependencyMissing(
            "a training set is written as Parquet, and pyarrow is not installed",
            "Run `pip install 'math500[parquet]'`.",
        ) from e
    message = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
    types = {"sample": pa.int64(), "rejected_sample": pa.int64(), "level": pa.int64()}
    types |= {"completions": pa.list_(pa.string()), "labels": pa.list_(pa.bool_())}
    types |= {"soft": pa.list_(pa.float64()), "rollouts": pa.list_(pa.int64())}
    talks = {"prompt", "completion", "chosen", "rejected"}
    first = (*talks, "completions", "labels")
    names = sorted(rows[0].__struct_fields__, key=lambda name: name not in first)
    schema = pa.schema([(n, message if n in talks else types.get(n, pa.string())) for n in names])
    table = pa.Table.from_pylist(msgspec.to_builtins(rows), schema=schema)
    try:
        pq.write_table(table, path)
    except OSError as e:
        raise storage_error(e, path) from e
