"""The files against the seal: has what was written once or appended been changed since?"""

from __future__ import annotations

from collections.abc import Iterator

from math500 import seal as room
from math500.errors import RunDamaged
from math500.plural import counted
from math500.records import RunCheck, Seal
from math500.rundir import RunDir
from math500.verify.folder import differs, left_out, note, ok

ABOUT = "seal"
RESTORE = "Take the folder from a copy; what these files say now is not what was written."


def check(run: RunDir, expected: str) -> Iterator[RunCheck]:
    """The seal, and its fingerprint where one is expected."""
    made = None
    try:
        made = run.seal()
        yield from _without(run) if made is None else _files(run, made)
    except RunDamaged as e:
        yield differs(ABOUT, e.what, ("seal.json",), e.next_step)
    if expected:
        yield _fingerprint(made, expected)


def _without(run: RunDir) -> Iterator[RunCheck]:
    if what := left_out(run.manifest):
        yield note(ABOUT, f"{what} were left out, so the files are not those that were sealed")
    elif not run.manifest.sealed:
        what = (
            "not sealed: written before folders were sealed; what cannot be derived again is taken as it is"
        )
        yield note(ABOUT, what)
    elif run.summary() is None:
        what = "not sealed yet: the process that wrote it was stopped"
        yield note(ABOUT, what, f"Go on with it: math500 run --resume {run.path}")
    else:
        what = "seal.json is gone, and the run says that it was sealed"
        yield differs(ABOUT, what, ("seal.json",), RESTORE)


def _files(run: RunDir, made: Seal) -> Iterator[RunCheck]:
    if what := left_out(run.manifest):
        next_step = "Put the problems' texts back: math500 unpack the archive where the set can be had."
        yield note(
            ABOUT,
            f"{what} were left out, so the files are not those that were sealed",
            "" if run.manifest.responses_left_out else next_step,
        )
        return
    broken = room.broken(run.path, made)
    if broken:
        where = [f"{name} {how}" for name, how in broken.items()]
        yield differs(ABOUT, f"{len(broken)} of {counted(len(made.files), 'file')} changed", where, RESTORE)
    else:
        last = max((one.sealed for one in made.files.values()), default="never")
        yield ok(ABOUT, f"{counted(len(made.files), 'file')} as sealed, the last at {last}")
    intact = [name for name in run.sealable() if name not in broken]
    if more := room.unsealed(run.path, made, intact):
        where = [f"{name}: {counted(count, 'byte')}" for name, count in more.items()]
        holds = counted(len(more), "file holds", "files hold")
        what = f"{holds} more than was sealed, as after a process that was killed"
        yield note(ABOUT, what, f"Seal them: math500 run --resume {run.path}", where)


def _fingerprint(made: Seal | None, expected: str) -> RunCheck:
    found = "" if made is None else room.fingerprint(made)
    if found and found.startswith(expected.lower()):
        return ok("fingerprint", f"{found[:16]}... is the one expected")
    what = f"{found[:16]}... is not {expected[:16]}..." if found else "there is no seal"
    return differs("fingerprint", what, ("seal.json",), "This is another folder, or it was sealed again.")
