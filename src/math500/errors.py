"""What can go wrong, as one tree.

    Math500Error                     exit  what it means
    ├── UsageError                      2  the command cannot be carried out as typed
    ├── DataError                       3  a problem set or file cannot be used
    │   ├── DataNotFound                   no source had it
    │   ├── DataMismatch                   it was found, and is not the set it should be
    │   ├── DataUnreadable                 it was found, and cannot be read
    │   ├── Contaminated                   training rows hold problems of the test set
    │   └── CacheUnwritable                it cannot be kept: the cache folder refuses writing
    ├── ModelError                      4  the model cannot be used: the whole run stops
    │   ├── EndpointUnreachable            no connection, or no answer, for too long
    │   ├── KeyRejected                    no key, or a key that the endpoint refuses
    │   ├── ModelNotFound                  the endpoint does not know the model
    │   ├── QuotaExhausted                 paid quota or the user's own budget is used up
    │   └── RequestRejected                the endpoint refuses every request of this shape
    ├── RunError                        5  a run folder cannot be used
    │   ├── RunNotFound                    nothing there, or not a run folder
    │   ├── RunDamaged                     its files contradict each other
    │   ├── RunLocked                      another process is writing it
    │   └── RunMismatch                    it was made with other settings than asked for now
    ├── DependencyMissing               6  an optional extra is not installed
    ├── SandboxUnavailable              9  model-written code cannot be kept in here
    ├── StorageFull                     7  the disk took no more; what is written is intact
    ├── CheckFailed                     8  a check found a difference (selftest, verify)
    ├── PluginBroken                   10  what another package brings cannot be used
    ├── ClusterUnavailable            11  Ray cannot be started or reached, or loses its workers
    ├── Interrupted                   130  Ctrl-C or SIGTERM stopped a run that can go on
    └── SampleFailed                    -  one request is given up; the run goes on

Exit 0 is success, 1 an unexpected fault (a bug: it keeps its traceback), 130 Ctrl-C or SIGTERM anywhere.

Each error holds two sentences: what happened (to which file, problem or model) and what to do
next. A command prints them as one line and exits with the class's code; no traceback is shown
for these.

`SampleFailed` never leaves the collecting loop: it becomes a `records.Failure` on its sample,
which is kept out of the score and owed again on resume.
"""

from __future__ import annotations

import errno
from typing import ClassVar


class Math500Error(Exception):
    """The root: everything a user can mend.

    Args:
        what: what happened, naming the file, problem, model or option.
        next_step: what to do about it; an imperative sentence.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, next_step: str = "") -> None:
        super().__init__(what, next_step)
        self.what = what
        self.next_step = next_step

    def __str__(self) -> str:
        """Both sentences on one line."""
        what = self.what.rstrip(" .")
        return f"{what}. {self.next_step}" if self.next_step else f"{what}."


class UsageError(Math500Error):
    """The command cannot be carried out as typed."""

    exit_code = 2


class DataError(Math500Error):
    """A problem set or file cannot be used."""

    exit_code = 3


class DataNotFound(DataError):
    """No source had the problem set."""


class DataMismatch(DataError):
    """The problem set was found and is not what it should be."""


class DataUnreadable(DataError):
    """The file was found and cannot be read as problems."""


class Contaminated(DataError):
    """Training rows hold problems of a set that must never train."""


class CacheUnwritable(DataError):
    """The cache folder refuses writing (a full disk is `StorageFull`)."""


class ModelError(Math500Error):
    """The model cannot be used; the whole run stops and can be resumed."""

    exit_code = 4


class EndpointUnreachable(ModelError):
    """No connection, or no answer, for too long."""


class KeyRejected(ModelError):
    """No key, or a key that the endpoint refuses."""


class ModelNotFound(ModelError):
    """The endpoint does not know the model."""


class QuotaExhausted(ModelError):
    """The paid quota, or the user's own budget, is used up."""


class RequestRejected(ModelError):
    """The endpoint refuses every request of this shape."""


class RunError(Math500Error):
    """A run folder cannot be used."""

    exit_code = 5


class RunNotFound(RunError):
    """Nothing is there, or it is not a run folder."""


class RunDamaged(RunError):
    """The folder's files contradict each other."""


class RunLocked(RunError):
    """Another process is writing the folder."""


class RunMismatch(RunError):
    """The folder was made with other settings than those asked for now."""


class DependencyMissing(Math500Error):
    """An optional extra is not installed."""

    exit_code = 6


class SandboxUnavailable(Math500Error):
    """This machine cannot keep model-written code in as well as is asked for."""

    exit_code = 9


class StorageFull(Math500Error):
    """The disk took no more; what is written is intact."""

    exit_code = 7


def why(error: Exception) -> str:
    """What an error says; of the system's own the words alone, since who tells it names the path."""
    return getattr(error, "strerror", None) or str(error)


def disk_is_full(error: OSError) -> bool:
    """Whether nothing more can be written: no space, or the user's or a file's limit."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class CheckFailed(Math500Error):
    """A check found a difference."""

    exit_code = 8


class PluginBroken(Math500Error):
    """What another package brings cannot be used."""

    exit_code = 10


class ClusterUnavailable(Math500Error):
    """Ray cannot be started or reached, or loses its workers."""

    exit_code = 11


class Interrupted(Math500Error):
    """Ctrl-C stopped a run that can go on."""

    exit_code = 130


class SampleFailed(Math500Error):
    """One request is given up; the run goes on and owes this sample.

    Args:
        kind: one word out of the client's table of answers (`filtered`, `rejected`, `empty`, ...).
        what: what the endpoint said, in a few words.
        attempts: requests that were sent for it.
    """

    def __init__(self, kind: str, what: str, attempts: int = 1) -> None:
        super().__init__(what)
        self.kind = kind
        self.attempts = attempts
