"""The control's rows: the data set's own solutions of the problems that a training set is about.

A model that was trained on sampled solutions is compared with the same start trained as long on these. The
questions are put in the training set's own words (its rows' prompts), so that nothing differs but the
solutions. A problem without a solution in the data set, of which only the answer is known, has no such row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from math500 import data
from math500.errors import UsageError
from math500.records import CompletionRow, LeftOut, Message, Plan, Problem
from math500.synth import dataset
from math500.synth.dataset import TrainingSet

METHOD = "originals"
NO_SOLUTION = "no_solution"


def make(
    folder: Path,
    out: Path,
    *,
    name: str | None = None,
    announce: Callable[[str], None] = lambda _: None,
) -> TrainingSet:
    """Write the control's set for a training set.

    Args:
        folder: the training set.
        out: the new set's folder.
        name: the data set with the solutions, a name or a file; where the training set's runs had their
            problems from when None.
        announce: gets a sentence before a download.

    Raises:
        UsageError: the data set is not known, has no solution of any of the problems, or has another problem
            under the same id.
        DataError: a set cannot be read.
        RunError: `out` is taken.
    """
    of = TrainingSet.load(folder)
    names = (name,) if name else _sources(of)
    known = {p.unique_id: p for one in names for p in data.load(one, announce=announce).problems}
    asked = {row.problem_id: row for row in of.rows}
    rows, without = _rows(asked.values(), known)
    if not rows:
        raise UsageError(
            f"{', '.join(names)} has no solution of the problems of {folder}", "Give another --data."
        )
    return dataset.write(
        out,
        Plan(
            kind="prompt-completion", method=METHOD, settings={"of": of.manifest.sha256, "data": list(names)}
        ),
        rows,
        without,
        parents=of.manifest.parents,
        sources=of.manifest.sources,
        notes=("The solutions are the data set's own; no model wrote them.",),
    )


def _sources(of: TrainingSet) -> tuple[str, ...]:
    """The data sets of the runs that the rows come from."""
    names = (p.data.location if p.data.place == "path" else p.data.name for p in of.manifest.parents)
    found = tuple(dict.fromkeys(names))
    files = [Path(p.data.location) for p in of.manifest.parents if p.data.place == "path"]
    if gone := [file for file in files if not file.is_file()]:
        raise UsageError(
            f"the problems of {of.path} came from {gone[0]}, which is not here", "Name the file with --data."
        )
    if not found:
        raise UsageError(
            f"{of.path} does not say where its problems come from", "Name the data set with --data."
        )
    return found


def _rows(
    asked: Iterable[CompletionRow | dataset.Row], known: dict[str, Problem]
) -> tuple[list[CompletionRow], list[LeftOut]]:
    rows: list[CompletionRow] = []
    without: list[LeftOut] = []
    for row in asked:
        problem = known.get(row.problem_id)
        if problem is None or not problem.solution.strip():
            without.append(LeftOut(problem_id=row.problem_id, reason=NO_SOLUTION))
            continue
        if problem.problem.strip() not in row.prompt[-1].content:
            raise UsageError(
                f"{row.problem_id} of the data is another problem than that of the training set",
                "Give the --data that the set's runs were made with.",
            )
        rows.append(
            CompletionRow(
                prompt=row.prompt,
                completion=(Message(role="assistant", content=problem.solution),),
                problem_id=row.problem_id,
                level=problem.level,
                subject=problem.subject,
                method=METHOD,
            )
        )
    return rows, without
