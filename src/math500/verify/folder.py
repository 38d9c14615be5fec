"""A run folder read once for all checks, and how a check says what it found."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from math500 import seal
from math500.errors import RunDamaged
from math500.plural import counted
from math500.records import Manifest, Problem, RunCheck, Sample, Seal
from math500.rundir import Key, RunDir

OnGrade = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Folder:
    """What is in a run folder.

    Attributes:
        run: the folder.
        made: its manifest.
        problems: in order.
        by_id: the same by id.
        history: every sample as it was written.
        samples: the accepted one of each key.
        on_grade: told of every grade that is given again: by which grader, how many, of how many.
    """

    run: RunDir
    made: Manifest
    problems: tuple[Problem, ...]
    by_id: dict[str, Problem]
    history: tuple[Sample, ...]
    samples: dict[Key, Sample]
    on_grade: OnGrade

    @classmethod
    def read(cls, run: RunDir, on_grade: OnGrade) -> Folder:
        """All of it.

        Raises:
            RunDamaged: a line of a file cannot be read.
        """
        problems = run.problems()
        by_id = {problem.unique_id: problem for problem in problems}
        return cls(run, run.manifest, problems, by_id, tuple(run.history()), run.samples(), on_grade)

    @property
    def collected(self) -> dict[Key, Sample]:
        """The samples that did not fail and are of a problem of the run."""
        return {k: s for k, s in self.samples.items() if s.failure is None and k[0] in self.by_id}

    def intact(self, name: str) -> bool:
        """This file is as it was sealed."""
        made = seal_of(self.run)
        return made is not None and name in made.files and name not in seal.broken(self.run.path, made)

    @property
    def imported(self) -> bool:
        """The run was asked elsewhere."""
        return self.made.origin is not None


def seal_of(run: RunDir) -> Seal | None:
    """The seal, if there is one that can be read."""
    with contextlib.suppress(RunDamaged):
        return run.seal()
    return None


def left_out(made: Manifest) -> str:
    """What was left out of the folder when it was packed, in words; empty for nothing."""
    parts = {"the problems' texts": made.texts_left_out, "the responses": made.responses_left_out}
    return " and ".join(name for name, out in parts.items() if out)


def ok(about: str, what: str) -> RunCheck:
    """Derived again, the same."""
    return RunCheck(about=about, state="ok", what=what)


def note(about: str, what: str, next_step: str = "", where: Iterable[str] = ()) -> RunCheck:
    """Not derived here, or no matter of the score."""
    return RunCheck(about=about, state="note", what=what, where=tuple(where), next_step=next_step)


def differs(about: str, what: str, where: Iterable[str], next_step: str) -> RunCheck:
    """Derived again, and not the same."""
    return RunCheck(about=about, state="differs", what=what, where=tuple(where), next_step=next_step)


def either(about: str, good: str, bad: tuple[str, str], where: Sequence[str], next_step: str) -> RunCheck:
    """`ok` when nothing is named, else `differs`; `bad` is what one is, and what several are."""
    return differs(about, counted(len(where), *bad), where, next_step) if where else ok(about, good)


def named(key: Key) -> str:
    """A sample's name in words: its problem, and its index where that is not 0."""
    return key[0] if key[1] == 0 else f"{key[0]} #{key[1]}"
