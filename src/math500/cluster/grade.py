"""Grading through Ray: the grades of `regrade`, made by as many workers as are asked for."""

from __future__ import annotations

import contextlib

import msgspec

from math500 import regrade as room
from math500.cluster.engine import STORE, Ray, joined
from math500.cluster.flow import Flow
from math500.cluster.grader import Grader
from math500.errors import ClusterUnavailable
from math500.plural import counted
from math500.records import SampleGrade
from math500.rundir import Key, RunWriter

SIZE = 1000
"""Samples in a call."""
ROOM = 3
"""The object store is made so many times as large as what is handed out, where Ray is started here."""


def regrade(
    run: RunWriter, grader: str, engine: Ray, on_grade: room.OnGrade | None = None
) -> dict[Key, SampleGrade]:
    """As `regrade.regrade`, in Ray's workers.

    Raises:
        UsageError: there is no such preset.
        DependencyMissing: it needs an extra that is not installed, or Ray is not installed.
        ClusterUnavailable: Ray cannot be started, or loses its workers before they grade anything.
        StorageFull: the disk is full; the grades that were written are intact.
    """
    name, todo = room.to_grade(run, grader)
    if todo:
        rows = {key: msgspec.json.encode(sample) for key, sample in todo.items()}
        with joined(engine, max(STORE, ROOM * sum(map(len, rows.values())))):
            _grade(run, grader, engine, rows, on_grade)
    return room.of_collected(run, name)


def _grade(
    run: RunWriter, grader: str, engine: Ray, rows: dict[Key, bytes], on_grade: room.OnGrade | None
) -> None:
    """One pass after the other; what a lost worker had is left for the next one."""
    problems = run.by_id()
    name, of = room.kept_as(grader), len(rows)
    while rows:
        before = len(rows)
        size = min(SIZE, -(-before // engine.workers))
        flow = Flow(list(rows.values()), Grader, (grader, problems), engine, size=size)
        with contextlib.closing(flow):
            for line in flow.lines():
                made = msgspec.json.decode(line.body, type=SampleGrade)
                if rows.pop((made.unique_id, made.index), None) is not None:
                    run.append_grade(name, made)
                    if on_grade is not None:
                        on_grade(of - len(rows), of)
        if len(rows) == before:
            raise ClusterUnavailable(
                f"Ray's workers ended before any of {counted(before, 'sample')} was graded",
                "See the logs in /tmp/ray/session_latest/logs, or leave --engine ray out.",
            )
