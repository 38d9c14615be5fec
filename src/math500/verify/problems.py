"""The problems of a run against the data set that its manifest names.

A known set's rows are compared in full where a verified copy is in the cache; MATH-500's else by the hashes
that come with math500. Nothing is fetched. A set of the user's own is compared by its hash when the run is
about all of it, else with its file while that is there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from math500 import data
from math500.data import KnownSet, rows
from math500.data import verify as reference
from math500.errors import DataError, DependencyMissing, UsageError
from math500.plural import counted, form
from math500.records import Problem, RunCheck
from math500.verify.folder import Folder, differs, either, note, ok

DATA, PROBLEMS, SELECTION = "data", "problems", "selection"
FIELDS = ("problem", "answer", "solution", "subject", "level")
RESTORE = "Do not use this folder's score: take problems.jsonl from a copy, then math500 verify again."


def check(folder: Folder) -> Iterator[RunCheck]:
    """The set's hash, the problems' rows, the selection."""
    twice = [i for i, count in Counter(p.unique_id for p in folder.problems).items() if count > 1]
    if twice:
        yield differs(
            PROBLEMS,
            f"{counted(len(twice), 'id stands', 'ids stand')} twice in problems.jsonl",
            twice,
            RESTORE,
        )
    known = {one.name: one for one in data.known_sets()}.get(folder.made.data.name)
    if known is not None:
        yield _hash(folder, known)
    if folder.made.texts_left_out:
        yield note(PROBLEMS, "their texts were left out", f"Have them: math500 data {folder.made.data.name}")
        return
    if folder.made.reshaped:
        yield note(PROBLEMS, "they were made out of the set's problems for this run, and are not compared")
        return
    yield from _of_known(folder, known) if known is not None else _of_own(folder)


def _hash(folder: Folder, known: KnownSet) -> RunCheck:
    said = folder.made.data
    wrong = [
        f"{name}: {ours} instead of {theirs}"
        for name, ours, theirs in (
            ("sha256", said.sha256[:16], known.sha256[:16]),
            ("rows", said.rows, known.rows),
            ("verified", said.verified, True),
        )
        if ours != theirs
    ]
    good = f"{known.name}, sha256 {known.sha256[:16]}..., {counted(known.rows, 'problem')}"
    bad = (
        f"field of the manifest is not that of {known.name}",
        f"fields of the manifest are not those of {known.name}",
    )
    return either(DATA, good, bad, wrong, "Take manifest.json from a copy: the run was not made on this set.")


def _of_known(folder: Folder, known: KnownSet) -> Iterator[RunCheck]:
    if data.where(known.name).state == "ready":
        whole = data.load(known.name).problems
        yield _rows(folder, {p.unique_id: p for p in whole})
        yield _selection(folder, whole)
    elif known.name == "math500":
        yield _by_hashes(folder)
        yield _count(folder)
    else:
        what = f"{known.name} is not in the cache, so that the problems are not compared"
        yield note(PROBLEMS, what, f"Fetch it, then verify again: math500 data {known.name}")
        yield _count(folder)


def _rows(folder: Folder, whole: Mapping[str, Problem]) -> RunCheck:
    """Every field of every problem."""
    where, name = [], folder.made.data.name
    for problem in folder.problems:
        there = whole.get(problem.unique_id)
        if there is None:
            where.append(f"{problem.unique_id}: no such problem in the set")
        elif changed := [f for f in FIELDS if getattr(problem, f) != getattr(there, f)]:
            where.append(f"{problem.unique_id}: {', '.join(changed)}")
    good = f"{counted(len(folder.problems), 'problem is that', 'problems are those')} of {name}, every field"
    return either(
        PROBLEMS,
        good,
        (f"problem is not that of {name}", f"problems are not those of {name}"),
        where,
        RESTORE,
    )


def _by_hashes(folder: Folder) -> RunCheck:
    found, _ = reference.compare(folder.problems, reference.math500_reference())
    where = [f"{unique_id}: {', '.join(fields)}" for unique_id, fields in found.changed.items()]
    where += [f"{unique_id}: no such problem in the set" for unique_id in found.unknown]
    good = (
        f"{counted(len(folder.problems), 'problem is that', 'problems are those')} of "
        "math500, by the hashes of their fields"
    )
    return either(
        PROBLEMS,
        good,
        ("problem is not that of math500", "problems are not those of math500"),
        where,
        RESTORE,
    )


def _selection(folder: Folder, whole: tuple[Problem, ...]) -> RunCheck:
    """The same filters over the set give the same problems."""
    if folder.imported:
        return _count(folder)
    asked = folder.made.selection
    try:
        chosen, _ = data.select(
            whole,
            limit=asked.limit,
            subjects=asked.subjects,
            levels=asked.levels,
            ids=asked.ids,
            shuffle_seed=asked.shuffle_seed,
        )
    except UsageError as e:
        return differs(SELECTION, e.what, ("manifest.json",), RESTORE)
    ours, theirs = [p.unique_id for p in folder.problems], [p.unique_id for p in chosen]
    where = [f"{i}: not in the run" for i in theirs if i not in folder.by_id]
    where += [f"{i}: not selected" for i in ours if i not in set(theirs)]
    if not where and (ours != theirs or asked.count != len(ours)):
        where = [f"another order or number: {asked.count} said, {len(theirs)} selected, {len(ours)} there"]
    good = (
        f"the selection gives {form(len(ours), 'this', 'these')} "
        f"{counted(len(ours), 'problem')} in this order"
    )
    return either(
        SELECTION,
        good,
        ("problem is not as the manifest selects it", "problems are not as the manifest selects them"),
        where,
        RESTORE,
    )


def _count(folder: Folder) -> RunCheck:
    said, there = folder.made.selection.count, len(folder.problems)
    where = [f"{said} said, {there} there"] if said != there else []
    return either(
        SELECTION,
        f"{counted(there, 'problem')}, as many as selected",
        ("number differs", "numbers differ"),
        where,
        RESTORE,
    )


def _of_own(folder: Folder) -> Iterator[RunCheck]:
    """A set of the user's own: by its hash, or beside its file."""
    source = folder.made.data
    asked = folder.made.selection
    filtered = asked.limit or asked.subjects or asked.levels or asked.ids
    if not folder.imported and not filtered and asked.shuffle_seed is None:
        found = rows.digest(folder.problems)
        where = (
            [f"sha256 {found[:16]}... instead of {source.sha256[:16]}..."] if found != source.sha256 else []
        )
        yield either(
            DATA, f"{source.name}, sha256 {found[:16]}...", ("hash differs", "hashes differ"), where, RESTORE
        )
        yield _count(folder)
        return
    whole = None
    try:
        if Path(source.location).is_file():
            whole = data.load(source.location)
    except (DataError, DependencyMissing):
        whole = None
    if whole is None or whole.source.sha256 != source.sha256:
        yield note(DATA, f"{source.name} is not known to math500, and its file is not at hand: not compared")
        yield _count(folder)
        return
    yield ok(DATA, f"{source.name}, its file at hand has sha256 {source.sha256[:16]}...")
    yield _rows(folder, {p.unique_id: p for p in whole.problems})
    yield _selection(folder, whole.problems)
