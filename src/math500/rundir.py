"""A run folder: the only file that knows the names inside it.

    RUN/
      manifest.json        what was asked, of whom, with which settings; written once
      problems.jsonl       the problems, in order; written once
      samples.jsonl        appended, one whole line per finished sample, its text once
      turns.jsonl          appended; completions inside solutions of several, only needed to resume
      grades/GRADER.jsonl  appended; can be deleted and made again from the samples
      judges/NAME.json     written once: a model that judges answers, and how it is asked
      judges/NAME.jsonl    appended; its replies, each of which was paid for
      rewards/NAME.json    replaced; a reward model that valued the solutions
      rewards/NAME.jsonl   appended; what it said of each, can be made again
      batches.jsonl        appended; where a run through a batch queue stands
      prices.json          replaced; prices given after the run was begun, in place of the manifest's
      summary.json         replaced; can be made again from samples and grades
      gap.json             replaced; the score against a published one
      seal.json            replaced when the process that writes is done: size and sha256 of what only grows
      ablations/NAME/      run folders in which one setting is another one
      report.html          replaced; the page that `math500 report` makes
      lock                 held (flock) by the process that writes

A sample's line is handed to the kernel in one write before the sample counts as done, so a killed
process loses only what was in flight; the disk is asked to keep it (fsync) at most once a second.
A torn last line, which only a full disk or a power cut can leave, is cut off when the folder is
opened for writing, and its sample is owed again. A bad line anywhere else is never guessed at.

What is written once or appended is sealed (`seal`) when the process that writes is done.
"""

from __future__ import annotations

import contextlib
import datetime
import errno
import fcntl
import hashlib
import itertools
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, TypeVar

import msgspec

from math500 import formats, seal
from math500.errors import (
    Math500Error,
    RunDamaged,
    RunError,
    RunLocked,
    RunNotFound,
    StorageFull,
    disk_is_full,
)
from math500.records import (
    BatchPart,
    Gap,
    Judgement,
    Judging,
    Manifest,
    Price,
    Prices,
    Problem,
    Record,
    RewardInfo,
    Sample,
    SampleGrade,
    SampleReward,
    Seal,
    Summary,
    Turn,
)

FSYNC_SECONDS = 1.0
SEALED = (
    *("manifest.json", "problems.jsonl", "samples.jsonl", "turns.jsonl", "batches.jsonl"),
    *("grades/*.jsonl", "judges/*.json", "judges/*.jsonl"),
)
"""What a seal is about."""
SHORT = 2
"""The format of a folder from which on a response that is its last completion's text stands there alone."""

GIVE_A_RUN = "Give the folder that `math500 run` printed; it holds a manifest.json."
FROM_A_COPY = "Restore the file from a copy."
ASKED_AGAIN = f"{FROM_A_COPY[:-1]}, or delete that line: its sample is then asked again."
JUDGED_AGAIN = f"{FROM_A_COPY[:-1]}, or delete that line: the judge is then asked again."
MADE_AGAIN = "Delete that line: it is made again from the samples, and no model is asked."
"""What to do about a line that cannot be read."""

R = TypeVar("R", bound=Record)
Key = tuple[str, int]
"""A sample's name within a run: the problem's id and the sample's index."""


class RunDir:
    """A run folder opened for reading."""

    def __init__(self, path: Path) -> None:
        self.path = path
        made = _read_one(path / "manifest.json", Manifest, newest=formats.RUN)
        self.manifest = _accounted(made, self.prices())

    @classmethod
    def open(cls, path: str | os.PathLike[str], *, whole: bool = True) -> RunDir:
        """Open an existing run folder for reading.

        Args:
            path: the folder.
            whole: refuse a folder whose responses were left out, since marks would be read as answers.

        Raises:
            RunNotFound: there is no run folder at this path.
            RunDamaged: its manifest cannot be read.
            RunError: its responses were left out.
        """
        folder = Path(path)
        _require_run(folder)
        run = RunDir(folder)
        if whole:
            _require_responses(run)
        return run

    def problems(self) -> tuple[Problem, ...]:
        """The run's problems, in order.

        Raises:
            RunDamaged: their file is gone.
        """
        path = self.path / "problems.jsonl"
        problems = tuple(_read_lines(path, Problem, FROM_A_COPY))
        if not problems and not path.exists():
            raise RunDamaged(f"{path} is gone, and every run has one", FROM_A_COPY)
        return problems

    def by_id(self) -> dict[str, Problem]:
        """The run's problems by their ids; asking for one that is not among them raises RunDamaged."""
        return _ById(self.path, self.problems())

    def samples(self) -> dict[Key, Sample]:
        """The accepted sample of each key: the last one without failure, else the last failure."""
        accepted: dict[Key, Sample] = {}
        for sample in self.history():
            key = (sample.unique_id, sample.index)
            known = accepted.get(key)
            if known is None or known.failure is not None:
                accepted[key] = sample
        return accepted

    def hashes(self, grader: str) -> tuple[str, str]:
        """The sha256 of the samples' file and of this grader's grades, as they are now."""
        found = [
            hashlib.sha256(path.read_bytes() if path.is_file() else b"").hexdigest()
            for path in (self.path / "samples.jsonl", self._grades(grader))
        ]
        return found[0], found[1]

    def turns(self) -> dict[Key, list[Turn]]:
        """The completions that were paid for inside solutions, each solution's in the order they came."""
        found: dict[Key, list[Turn]] = {}
        for turn in _read_lines(self.path / "turns.jsonl", Turn):
            found.setdefault((turn.unique_id, turn.index), []).append(turn)
        return found

    def history(self) -> Iterator[Sample]:
        """Every sample as it was written, failures that were made good included."""
        path = self.path / "samples.jsonl"
        for number, line in enumerate(_read_lines(path, _Line), 1):
            if line.response is None and not line.generations:
                raise _damaged(path, number, "neither a response nor a completion", ASKED_AGAIN)
            yield _whole(line)

    def batches(self) -> list[BatchPart]:
        """The parts of a run through a batch queue, each as it stands now."""
        parts = {
            part.number: part for part in _read_lines(self.path / "batches.jsonl", BatchPart, FROM_A_COPY)
        }
        return [parts[number] for number in sorted(parts)]

    def grades(self, grader: str) -> dict[Key, SampleGrade]:
        """The grades that this grader gave; a later line replaces an earlier one."""
        lines = _read_lines(self._grades(grader), SampleGrade, MADE_AGAIN)
        return {(g.unique_id, g.index): g for g in lines}

    def graders(self) -> tuple[str, ...]:
        """The names of the graders that gave grades, as their files are called (`math500-1`), sorted."""
        return tuple(sorted(path.stem for path in (self.path / "grades").glob("*.jsonl")))

    @property
    def report(self) -> Path:
        """Where the run's page is kept, unless another place is chosen."""
        return self.path / "report.html"

    def judging(self, judge: str) -> Judging | None:
        """How this judge is asked, or None where it never was."""
        path = self._judge(judge, "json")
        return _read_one(path, Judging, newest=formats.JUDGE) if path.is_file() else None

    def judgements(self, judge: str) -> dict[Key, list[Judgement]]:
        """Every reply of this judge, failed requests included, each sample's in the order they came."""
        found: dict[Key, list[Judgement]] = {}
        for reply in _read_lines(self._judge(judge, "jsonl"), Judgement, JUDGED_AGAIN):
            found.setdefault((reply.unique_id, reply.index), []).append(reply)
        return found

    def rewards(self, name: str) -> dict[tuple[str, int, int], SampleReward]:
        """What this reward model said of each solution: problem, sample, and which of its votes."""
        lines = _read_lines(self._reward(name, "jsonl"), SampleReward, MADE_AGAIN)
        return {(one.unique_id, one.index, one.voter): one for one in lines}

    def reward(self, name: str) -> RewardInfo | None:
        """Which reward model it is whose values are kept under this name; None where none are."""
        path = self._reward(name, "json")
        return _read_one(path, RewardInfo) if path.is_file() else None

    def summary(self) -> Summary | None:
        """The summary as last written, or None."""
        path = self.path / "summary.json"
        return _read_one(path, Summary) if path.is_file() else None

    def gap(self) -> Gap | None:
        """The gap as last written, or None."""
        path = self.path / "gap.json"
        return _read_one(path, Gap, newest=formats.GAP) if path.is_file() else None

    def write_gap(self, gap: Gap) -> None:
        """Replace the gap; like a copy it needs no lock, since it is swapped in whole."""
        try:
            replace(self.path / "gap.json", _pretty(gap))
        except OSError as e:
            raise storage_error(e, self.path) from e

    def ablation(self, name: str) -> Path:
        """Where the run with another setting, of this name, is kept."""
        return self.path / "ablations" / name

    def ablations(self) -> tuple[str, ...]:
        """The names of the ablations that are there, sorted."""
        return tuple(sorted(p.parent.name for p in self.path.glob("ablations/*/manifest.json")))

    def judges(self) -> tuple[str, ...]:
        """The judges that were asked, as their files are called, sorted."""
        return tuple(sorted(path.stem for path in (self.path / "judges").glob("*.json")))

    def prices(self) -> Prices:
        """The prices that were given after the run was begun; `manifest` has them already."""
        path = self.path / "prices.json"
        return _read_one(path, Prices) if path.is_file() else Prices()

    def seal(self) -> Seal | None:
        """The seal as last written, or None.

        Raises:
            RunDamaged: it cannot be read.
        """
        path = self.path / "seal.json"
        next_step = (
            "Restore it from a copy. Without one delete it: the next command that writes to the run seals "
            "what is there then, and nothing vouches for the time before."
        )
        return _read_one(path, Seal, next_step) if path.is_file() else None

    def sealable(self) -> tuple[str, ...]:
        """The files that are written once or only grow, as they are called within the folder, sorted."""
        names = (name for pattern in SEALED for name in self.path.glob(pattern))
        return tuple(sorted(str(path.relative_to(self.path)) for path in names))

    def _judge(self, judge: str, ending: str) -> Path:
        return self.path / "judges" / f"{judge.replace('/', '-')}.{ending}"

    def _reward(self, name: str, ending: str) -> Path:
        return self.path / "rewards" / f"{name.replace('/', '-')}.{ending}"

    def _grades(self, grader: str) -> Path:
        return self.path / "grades" / f"{grader.replace('/', '-')}.jsonl"


class _ById(dict[str, Problem]):
    def __init__(self, folder: Path, problems: Sequence[Problem]) -> None:
        super().__init__((problem.unique_id, problem) for problem in problems)
        self._folder = folder

    def __missing__(self, unique_id: str) -> Problem:
        raise RunDamaged(
            f"{self._folder} holds a sample of {unique_id}, which is no problem of this run",
            f"See what else was altered: math500 verify {self._folder}",
        )


class RunWriter(RunDir):
    """A run folder opened for writing by this process alone; a context manager."""

    def __init__(self, path: Path) -> None:
        _require_run(path)
        self._lock = lock(path)
        self._journals: dict[Path, Journal] = {}
        self._fresh: set[Path] = set()
        try:
            super().__init__(path)
            _require_responses(self)
            if self.manifest.texts_left_out:
                raise RunError(
                    f"{path} was packed without the problems' texts, so that nothing can be added to it",
                    "Unpack the archive where the problem set can be had: math500 unpack.",
                )
        except BaseException:
            os.close(self._lock)
            raise

    @classmethod
    def create(cls, path: Path, manifest: Manifest, problems: Sequence[Problem]) -> Self:
        """Make a new run folder.

        Raises:
            RunError: the folder exists and is not empty, or cannot be made.
            StorageFull: the disk is full.
        """
        try:
            if path.exists() and any(path.iterdir()):
                raise RunError(
                    f"{path} exists and is not empty",
                    f"Give another --out; a run that was stopped goes on with: math500 run --resume {path}",
                )
            path.mkdir(parents=True, exist_ok=True)
            lines = b"".join(msgspec.json.encode(p) + b"\n" for p in problems)
            replace(path / "problems.jsonl", lines)
            newest = msgspec.structs.replace(manifest, sealed=True, format=formats.RUN)
            replace(path / "manifest.json", _pretty(newest))
        except OSError as e:
            raise storage_error(e, path, "Nothing was asked yet: free some space, then start again.") from e
        return cls(path)

    def append(self, sample: Sample) -> None:
        """Write one finished sample; when this returns, a killed process does not lose it."""
        line = sample if self.manifest.format < SHORT else _short(sample)
        self._journal(self.path / "samples.jsonl").append(line)

    def append_turn(self, turn: Turn) -> None:
        """Write one completion inside a solution; when this returns, a killed process does not lose it."""
        self._journal(self.path / "turns.jsonl").append(turn)

    def append_batch(self, part: BatchPart) -> None:
        """Write how far a part of a batch run is, and have the disk keep it before anything is paid for."""
        journal = self._journal(self.path / "batches.jsonl")
        journal.append(part)
        journal.sync()

    def append_grade(self, grader: str, grade: SampleGrade) -> None:
        """Write one grade."""
        self._journal(self._grades(grader)).append(grade)

    def write_judging(self, judging: Judging) -> None:
        """Write how a judge is asked, before its first request."""
        path = self._judge(judging.name, "json")
        try:
            path.parent.mkdir(exist_ok=True)
            self._fresh.add(path)
            replace(path, _pretty(judging))
        except OSError as e:
            raise storage_error(e, path) from e

    def append_judgement(self, judge: str, judgement: Judgement) -> None:
        """Write one reply of a judge; when this returns, a killed process does not lose it."""
        self._journal(self._judge(judge, "jsonl")).append(judgement)

    def write_prices(self, model: Price | None, judge: Price | None) -> None:
        """Account the run by these prices, all that it has used up and will; None leaves one as it is."""
        before = self.prices()
        prices = Prices(model=model or before.model, judge=judge or before.judge)
        try:
            replace(self.path / "prices.json", _pretty(prices))
        except OSError as e:
            raise storage_error(e, self.path) from e
        self.manifest = _accounted(self.manifest, prices)

    def write_reward(self, name: str, info: RewardInfo) -> None:
        """Write which reward model it is, before its first value."""
        path = self._reward(name, "json")
        try:
            path.parent.mkdir(exist_ok=True)
            replace(path, _pretty(info))
        except OSError as e:
            raise storage_error(e, path) from e

    def append_reward(self, name: str, reward: SampleReward) -> None:
        """Write what a reward model says of one solution."""
        self._journal(self._reward(name, "jsonl")).append(reward)

    def write_summary(self, summary: Summary) -> None:
        """Replace the summary; before the first one the folder is sealed.

        So a folder that has a summary and no seal has lost its seal, however the process that wrote it ended.
        """
        try:
            if not (self.path / "seal.json").exists():
                for journal in self._journals.values():
                    journal.sync()
                self._seal()
            replace(self.path / "summary.json", _pretty(summary))
        except OSError as e:
            raise storage_error(e, self.path) from e

    def close(self) -> None:
        """Ask the disk to keep what is written, seal it, and let others write the folder.

        Raises:
            StorageFull: the disk does not keep it; then it is not sealed.
        """
        if self._lock < 0:
            return
        try:
            while self._journals:
                self._journals.popitem()[1].close()
            # Without room for a seal the old one stays: it covers less, and what it covers still holds.
            # One that cannot be read stays too: `math500 verify` says so, and the work is done all the same.
            with contextlib.suppress(OSError, RunDamaged):
                self._seal()
        finally:
            os.close(self._lock)
            self._lock = -1

    def _seal(self) -> None:
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        fresh = {str(path.relative_to(self.path)) for path in self._fresh}
        before = self.seal()
        made = seal.make(self.path, self.sealable(), before, fresh, now)
        if made != before:
            replace(self.path / "seal.json", _pretty(made))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _journal(self, path: Path) -> Journal:
        if path not in self._journals:
            path.parent.mkdir(exist_ok=True)
            if not path.exists():
                self._fresh.add(path)
            self._journals[path] = Journal(path)
        return self._journals[path]


class Journal:
    """An append-only JSONL file that never holds half a line for long."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
            self._size = _end_of_last_line(self._fd)
            os.ftruncate(self._fd, self._size)
        except OSError as e:
            raise storage_error(e, path) from e
        self._synced = time.monotonic()

    def append(self, record: Record | dict[str, Any]) -> None:
        """Write one line, whole or not at all."""
        line = msgspec.json.encode(record) + b"\n"
        try:
            written = os.write(self._fd, line)
            if written != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            self._size += written
            if time.monotonic() - self._synced > FSYNC_SECONDS:
                self.sync()
        except OSError as e:
            os.ftruncate(self._fd, self._size)
            raise storage_error(e, self.path) from e

    def close(self) -> None:
        """Sync and close."""
        try:
            self.sync()
        except OSError as e:
            raise storage_error(e, self.path) from e
        finally:
            os.close(self._fd)

    def sync(self) -> None:
        """Have the disk keep what is written."""
        os.fsync(self._fd)
        self._synced = time.monotonic()


def _end_of_last_line(fd: int, block: int = 65536) -> int:
    """The offset just after the file's last newline."""
    end = os.fstat(fd).st_size
    while end > 0:
        start = max(0, end - block)
        found = os.pread(fd, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def _read_lines(path: Path, kind: type[R], next_step: str = ASKED_AGAIN) -> Iterator[R]:
    """The records of a JSONL file; a missing file has none, a torn last line is left out."""
    decoder = msgspec.json.Decoder(kind)
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    except OSError as e:
        raise _unreadable(path, e) from e
    with file:
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n"):
                return
            try:
                yield decoder.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as e:
                raise _damaged(path, number, str(e), next_step) from e


def _damaged(path: Path, number: int, why: str, next_step: str) -> RunDamaged:
    return RunDamaged(f"{path}, line {number} cannot be read ({why})", next_step)


class _Line(Sample, frozen=True, kw_only=True):
    """A sample as it stands in its file."""

    response: str | None = None  # type: ignore[assignment] # left out where it is the last completion's text


def _short(sample: Sample) -> dict[str, Any]:
    """A sample without its response where that stands in its last completion."""
    line = msgspec.structs.asdict(sample)
    if sample.generations and sample.response == sample.generations[-1].text:
        del line["response"]
    return line


def _whole(line: _Line) -> Sample:
    fields = msgspec.structs.asdict(line)
    if line.response is None:
        fields["response"] = line.generations[-1].text
    return Sample(**fields)


def _read_one(
    path: Path,
    kind: type[R],
    next_step: str = "Restore the file from a copy, or start a new run.",
    newest: int | None = None,
) -> R:
    """A file's record; its format is at most `newest`, where it has one."""
    try:
        content = path.read_bytes()
        if newest is not None:
            formats.require(content, newest, path, RunError)
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as e:
        raise RunDamaged(f"{path} cannot be read ({e})", next_step) from e
    except OSError as e:
        raise _unreadable(path, e) from e


def _unreadable(path: Path, e: OSError) -> RunError:
    return RunError(
        f"{path} cannot be read ({e.strerror})", "Check its permissions, and those of its folder."
    )


def _require_responses(run: RunDir) -> None:
    if run.manifest.responses_left_out:
        raise RunError(
            f"{run.path} was packed without the model's responses: nothing can be read in them or added",
            f"math500 show, compare and verify read what is there: math500 show {run.path}",
        )


def _require_run(folder: Path) -> None:
    manifest = folder / "manifest.json"
    try:
        there = manifest.is_file()
    except OSError as e:
        raise _unreadable(manifest, e) from e
    if (kind := formats.kind(folder)) and kind != formats.A_RUN:
        raise RunNotFound(f"{folder} is {kind}", GIVE_A_RUN)
    if not there:
        if folder.is_file() and folder.name.endswith(".tar.gz"):
            raise RunNotFound(f"{folder} is a run's archive", f"Unpack it first: math500 unpack {folder}")
        what = "is not a run folder" if folder.exists() else "does not exist"
        raise RunNotFound(f"{folder} {what}", GIVE_A_RUN)


def _accounted(made: Manifest, prices: Prices) -> Manifest:
    """A manifest with the prices given since, which decide nothing but what the run is said to cost."""
    scoring = made.scoring
    if scoring is not None:
        scoring = msgspec.structs.replace(scoring, price=prices.judge or scoring.price)
    return msgspec.structs.replace(made, price=prices.model or made.price, scoring=scoring)


def unused(name: str) -> Path:
    """`runs/NAME` for a new run; `runs/NAME-2` and so on where a run of the same second has that."""
    names = itertools.chain([name], (f"{name}-{number}" for number in itertools.count(2)))
    return next(folder for folder in map(Path("runs").joinpath, names) if not folder.exists())


def lock(folder: Path) -> int:
    """Take the folder's write lock, which ends with this process however it ends."""
    try:
        fd = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as e:
        raise storage_error(e, folder) from e
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as e:
        os.close(fd)
        raise RunLocked(
            f"{folder} is in use by another process", "Wait for it to end, or stop it, then try again."
        ) from e
    return fd


def store(path: Path, content: bytes) -> None:
    """Write a file that is no part of a run folder, whole or not at all; folders above it are made.

    Raises:
        RunError: it cannot be written there.
        StorageFull: the disk is full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace(path, content)
    except OSError as e:
        raise storage_error(e, path) from e


def replace(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees the old content or the new, never half."""
    with replacing(path) as file:
        file.write(content)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A file to write in that takes the place of another when it is whole."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _pretty(record: Record) -> bytes:
    return msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n"


INTACT = "What is written is intact: free some space, then resume the run."


def storage_error(e: OSError, path: Path, when_full: str = INTACT) -> Math500Error:
    """What a failed write means for the user: a full disk, or a place that cannot be written."""
    if disk_is_full(e):
        return StorageFull(f"the disk is full, writing {path}", when_full)
    return RunError(f"{path} cannot be written ({e.strerror})", "Check the path and its permissions.")
