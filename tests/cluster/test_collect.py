from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from math500.client import Event, Spent
from math500.cluster import collect
from math500.cluster.engine import Ray
from math500.cluster.post import Line, stop
from math500.errors import QuotaExhausted, StorageFull
from math500.records import Asking, Manifest, Problem, Sample
from math500.rundir import RunDir, RunWriter

STARTED = "2026-11-26T00:00:00.000+00:00"


def sample_of(problem: Problem) -> Line:
    sample = Sample(
        unique_id=problem.unique_id, index=0, response="", generations=(), started=STARTED, seconds=1
    )
    return Line("sample", msgspec.json.encode(sample))


@pytest.fixture
def collected(
    tmp_path: Path,
    problems: tuple[Problem, ...],
    manifest_of: Callable[..., Manifest],
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., None]:
    """Collects what workers send, and what they send while the work ends."""

    def collect_(
        lines: Iterable[Line], landing: Iterable[Line] = (), on_event: Callable[[Event], None] = print
    ) -> None:
        closed = []

        class Flow:
            def __init__(self, *_given: Any, **_named: Any) -> None:
                pass

            def lines(self, until: float | None = None) -> Iterator[Line]:
                yield from lines if until is None else landing

            def close(self) -> None:
                closed.append(True)

        monkeypatch.setattr(collect, "Flow", Flow)
        monkeypatch.setattr(collect, "joined", lambda _engine: nullcontext())
        opened: Any = SimpleNamespace(asking=Asking(), price=None)
        with RunWriter.create(tmp_path / "run", manifest_of(), list(problems)) as run:
            try:
                collect.collect(
                    run,
                    opened,
                    Ray(),
                    concurrency=4,
                    spent=Spent(),
                    on_sample=lambda _sample, _grade: None,
                    on_event=on_event,
                )
            finally:
                assert closed == [True]

    return collect_


def test_a_full_disk_ends_the_work_and_keeps_what_is_written(
    collected: Callable[..., None],
    tmp_path: Path,
    problems: tuple[Problem, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write = os.write

    def lines() -> Iterator[Line]:
        for number, problem in enumerate(problems):
            if number == 3:
                monkeypatch.setattr(os, "write", lambda fd, content: write(fd, content[:9]))
            yield sample_of(problem)

    with pytest.raises(StorageFull, match="What is written is intact"):
        collected(lines())
    monkeypatch.undo()
    assert len(RunDir.open(tmp_path / "run").samples()) == 3


def test_what_other_workers_had_to_say_lands_after_one_has_stopped(
    collected: Callable[..., None], tmp_path: Path, problems: tuple[Problem, ...]
) -> None:
    wait = Event("waiting", "it answers 429", 1.0)
    empty = stop(QuotaExhausted("the account is empty", "Fill it."))
    told: list[Event] = []
    with pytest.raises(QuotaExhausted, match="the account is empty"):
        collected(
            [sample_of(problems[0]), empty],
            [Line("event", msgspec.json.encode(wait)), empty, sample_of(problems[1])],
            told.append,
        )
    assert told == [wait]
    assert len(RunDir.open(tmp_path / "run").samples()) == 2
