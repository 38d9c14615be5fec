"""Is a run folder what its samples say? Every figure in it is derived again, and no model is asked.

    folder.py    the folder read once, for all checks; how a check says what it found
    sealed.py    the files against the seal
    problems.py  the problems against the data set, the selection among them
    protocol.py  the manifest against itself: prompt, worked examples, names, command
    samples.py   each sample belongs to a problem, is there once and whole; tokens, times
    parts.py     turns, votes, code and verification against the samples
    grades.py    every grade, given again by the grader that it names
    judges.py    every judgement, read again out of the judge's replies
    summary.py   the score and its parts, the gap's own copy of it

A check has three outcomes. `ok`: derived again, the same. `differs`: derived again, and not the same; the
files, samples or fields are named. `note`: it could not be derived here (another version of a grader, a set
that is not in the cache), or it says nothing about the score. docs/verify.md says what cannot be caught.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator

import msgspec

from math500 import seal as room
from math500.errors import CheckFailed, RunDamaged, UsageError
from math500.records import RunCheck, Verified
from math500.rundir import RunDir
from math500.verify import grades, judges, parts, problems, protocol, samples, sealed, summary
from math500.verify.folder import Folder, OnGrade, differs, seal_of

__all__ = ["elsewhere", "require_same", "verify"]

CHECKS: tuple[Callable[[Folder], Iterable[RunCheck]], ...] = (
    problems.check,
    protocol.check,
    samples.check,
    parts.check,
    grades.check,
    judges.check,
    summary.check,
)

SHORTEST = 8
"""Digits of a fingerprint that say which one it is."""


def _nothing(_grader: str, _done: int, _of: int) -> None:
    pass


def verify(path: str | os.PathLike[str], *, seal: str = "", on_grade: OnGrade = _nothing) -> Verified:
    """Derive every figure of a run folder again.

    Args:
        path: the folder.
        seal: the fingerprint that its seal must have, or the beginning of it; empty for any.
        on_grade: told of every grade that is given again: by which grader, how many, of how many.

    Raises:
        UsageError: the fingerprint is too short to mean this seal.
        RunNotFound: there is no run folder at this path.
        RunDamaged: its manifest cannot be read.
    """
    if seal and len(seal) < SHORTEST:
        raise UsageError(f"{seal!r} says too little of a fingerprint", f"Give {SHORTEST} digits or more.")
    run = RunDir.open(path, whole=False)
    checks = tuple(_of(run, seal, on_grade))
    made = seal_of(run)
    return Verified(
        run=run.manifest.run_id,
        seal="" if made is None else room.fingerprint(made),
        checks=checks,
        differs=sum(one.state == "differs" for one in checks),
    )


def elsewhere(result: Verified, folder: str, name: str) -> Verified:
    """The same of a folder that is there for a while only: what to do names it as it is to be called."""
    checks = [
        msgspec.structs.replace(one, next_step=one.next_step.replace(folder, name)) for one in result.checks
    ]
    return msgspec.structs.replace(result, checks=tuple(checks))


def require_same(result: Verified) -> None:
    """Do nothing if nothing differs.

    Raises:
        CheckFailed: something does.
    """
    if result.differs:
        about = ", ".join(one.about for one in result.checks if one.state == "differs")
        raise CheckFailed(f"{result.run} is not what its samples say: {about}", "See above what to do.")


def _of(run: RunDir, seal: str, on_grade: OnGrade) -> Iterator[RunCheck]:
    """All checks of a folder, then those of its ablations under their names."""
    yield from sealed.check(run, seal)
    try:
        folder = Folder.read(run, on_grade)
        for check in CHECKS:
            yield from check(folder)
    except RunDamaged as e:
        yield differs("files", e.what, (), e.next_step)
    for name in run.ablations():
        for one in _of(RunDir.open(run.ablation(name), whole=False), "", on_grade):
            yield msgspec.structs.replace(one, about=f"ablations/{name}: {one.about}")
