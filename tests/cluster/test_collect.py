from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from math500.client import Spent
from math500.cluster import collect
from math500.cluster.engine import Ray
from math500.cluster.post import Line
from math500.errors import StorageFull
from math500.records import Asking, Manifest, Problem, Sample
from math500.rundir import RunDir, RunWriter

STARTED = "2026-11-26T00:00:00.000+00:00"


def test_a_full_disk_ends_the_work_and_keeps_what_is_written(
    tmp_path: Path,
    problems: tuple[Problem, ...],
    manifest_of: Callable[..., Manifest],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write, closed = os.write, []

    class Flow:
        def __init__(self, *_given: Any, **_named: Any) -> None:
            pass

        def lines(self, until: float | None = None) -> Iterator[Line]:
            for number, problem in enumerate(problems if until is None else ()):
                if number == 3:
                    monkeypatch.setattr(os, "write", lambda fd, content: write(fd, content[:9]))
                sample = Sample(
                    unique_id=problem.unique_id,
                    index=0,
                    response="",
                    generations=(),
                    started=STARTED,
                    seconds=1,
                )
                yield Line("sample", msgspec.json.encode(sample))

        def close(self) -> None:
            closed.append(True)

    monkeypatch.setattr(collect, "Flow", Flow)
    monkeypatch.setattr(collect, "joined", lambda _engine: nullcontext())
    opened: Any = SimpleNamespace(asking=Asking(), price=None)
    with (
        RunWriter.create(tmp_path / "run", manifest_of(), list(problems)) as run,
        pytest.raises(StorageFull, match="What is written is intact"),
    ):
        collect.collect(
            run,
            opened,
            Ray(),
            concurrency=4,
            spent=Spent(),
            on_sample=lambda _sample, _grade: None,
            on_event=lambda _event: None,
        )
    monkeypatch.undo()
    assert closed == [True]
    assert len(RunDir.open(tmp_path / "run").samples()) == 3
