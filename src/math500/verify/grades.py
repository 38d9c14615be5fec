"""Every grade, given again by the grader that its file names, where that grader is the one at hand.

Another version of a grader may grade otherwise, which is why its name carries one: its grades are counted and
named as such, and never called altered. A harness' own verdicts can only be taken as they were logged.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from math500 import grading, plugins, regrade
from math500.errors import PluginBroken
from math500.grading import presets
from math500.plural import counted
from math500.records import Grade, RunCheck
from math500.verify.folder import Folder, differs, either, left_out, named, note

OWN = grading.GRADER.replace("/", "-")
SHOWN = ("verdict", "extracted", "rule")


def check(folder: Folder) -> Iterator[RunCheck]:
    """Each grader of the folder."""
    names = [name for name in folder.run.graders() if not name.startswith("judge-")]
    for name in names:
        yield from _one(folder, name)
    own = folder.made.grader.replace("/", "-")
    if folder.collected and own not in names and OWN in names:
        yield note(
            "grades", f"none by {folder.made.grader}, with which the run was made; those by {OWN} count"
        )
    elif folder.collected and own not in names:
        next_step = f"Grade it: math500 regrade {folder.run.path}"
        yield differs("grades", f"there are none by the run's grader {folder.made.grader}", (own,), next_step)


def _one(folder: Folder, name: str) -> Iterator[RunCheck]:
    about = f"grades {name}"
    given = folder.run.grades(name)
    anew = f"Move grades/{name}.jsonl away and have it made again: math500 regrade {folder.run.path}"
    strange = [
        f"{named(key)}: graded, and no collected sample" for key in given if key not in folder.collected
    ]
    if name == folder.made.grader.replace("/", "-"):
        strange += [f"{named(key)}: not graded" for key in folder.collected if key not in given]
    if strange:
        yield differs(
            about,
            counted(len(strange), "grade or sample stands alone", "grades and samples do not go together"),
            strange,
            anew,
        )
    grader = _at_hand(name)
    if grader is None:
        yield note(about, f"{counted(len(given), 'grade')} {_why(name)}; taken as they are")
        return
    if what := left_out(folder.made):
        yield note(about, f"{counted(len(given), 'grade needs', 'grades need')} {what}, which were left out")
        return
    if not presets.get(grader).installed:
        needs = presets.get(grader).needs
        yield note(
            about,
            f"{counted(len(given), 'grade needs', 'grades need')} {needs}",
            f"Install it: pip install '{needs}'",
        )
        return
    yield from _again(folder, about, grader, f"grades/{name}.jsonl", anew)


def _again(folder: Folder, about: str, grader: str, file: str, anew: str) -> Iterator[RunCheck]:
    """The grader's verdicts beside those on record.

    What could not be told on a busy machine may be told now; a seal that holds says that nobody made it so.
    """
    given = folder.run.grades(Path(file).stem)
    todo = [folder.collected[key] for key in given if key in folder.collected]
    where, unsure, late = [], [], []
    for done, fresh in enumerate(regrade.graded(grader, todo, folder.by_id), 1):
        folder.on_grade(grader, done, len(todo))
        key = (fresh.unique_id, fresh.index)
        was, now = given[key].grade, fresh.grade
        if now.verdict == "ungraded" and was.verdict != "ungraded":
            unsure.append(f"{named(key)}: {now.reason}")
        elif not (wrong := _difference(was, now)):
            continue
        elif was.verdict == "ungraded" and folder.intact(file):
            late.append(f"{named(key)}: {now.verdict} now; then {was.reason}")
        else:
            where.append(f"{named(key)}: {wrong}")
    counts = Counter(one.grade.verdict for one in given.values())
    words = ", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items()))
    good = f"{len(todo) - len(unsure) - len(late)} given again, the same ({words})"
    yield either(
        about,
        good,
        ("grade is not what the grader gives", "grades are not what the grader gives"),
        where,
        anew,
    )
    if late:
        yield note(about, f"{len(late)} could not be told when they were graded, and can be here", anew, late)
    if unsure:
        yield note(
            about, f"{counted(len(unsure), 'comparison')} did not end in time here", "Verify again.", unsure
        )


def _difference(was: Grade, now: Grade) -> str:
    if was.verdict == now.verdict == "ungraded":
        return ""  # why it could not be told is the machine's matter
    wrong = [name for name in SHOWN if getattr(was, name) != getattr(now, name)]
    return "; ".join(f"{name} {getattr(was, name)!r}, again {getattr(now, name)!r}" for name in wrong)


def _at_hand(name: str) -> str | None:
    """The preset that gave the grades of this file, if it is of the same version here."""
    brought = [one for one in plugins.names("graders") if name.startswith(f"{one}-")]
    with contextlib.suppress(PluginBroken):
        return next((preset for preset in (*presets.names(), *brought) if _kept(preset) == name), None)
    return None


def _kept(preset: str) -> str:
    return regrade.kept_as(preset).replace("/", "-")


def _why(name: str) -> str:
    for preset in presets.names():
        if name.startswith(f"{preset}-") and name.removeprefix(f"{preset}-")[:1].isdigit():
            return f"are by another version of the grader (here: {_kept(preset)})"
    return "are by no grader of this math500: a harness' own, as logged, or a plugin's that is not installed"
