"""What the methods that ask a model are tested with: problems, a scripted model, an invented test set."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from math500 import data, evaluate, running
from math500.data import ProblemSet
from math500.records import DataSource, Decoding, Generation, Manifest, Problem, Sample, SolverInfo
from math500.rundir import RunDir, RunWriter
from math500.running import Request
from math500.synth.stage import Stages
from tests.faulty_server import Act, FaultyServer, chat
from tests.faulty_server import Request as Sent

HELD_OUT = Problem(
    problem="A farmer has $17$ red hens and $5$ grey hens. How many hens does the farmer have in all?",
    answer="22",
    unique_id="test/algebra/1.json",
)
TRAIN = (
    Problem(
        problem=(
            "A baker fills 12 trays with 15 rolls each and burns 30 of the rolls. How many good rolls remain?"
        ),
        solution=(
            "There are $12 \\cdot 15 = 180$ rolls. Without the burnt ones $180 - 30 = \\boxed{150}$ remain."
        ),
        answer="150",
        unique_id="train/rolls",
        subject="Prealgebra",
        level=2,
    ),
    Problem(
        problem="Find the larger solution of $x^2 - 11x + 28 = 0$.",
        solution="We factor $x^2 - 11x + 28 = (x - 4)(x - 7)$, so the larger solution is $\\boxed{7}$.",
        answer="7",
        unique_id="train/roots",
        subject="Algebra",
        level=3,
    ),
    Problem(
        problem="How many integers from 1 to 60 are multiples of 4 or of 6?",
        solution="There are 15 multiples of 4, 10 of 6 and 5 of 12, so $15 + 10 - 5 = \\boxed{20}$.",
        answer="20",
        unique_id="train/multiples",
        subject="Number Theory",
        level=4,
    ),
)
Script = Callable[[str], str]
"""What the model says to the last message."""


@pytest.fixture
def train(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of problems, and a MATH-500 of one invented problem."""
    return prepared(tmp_path, monkeypatch.setattr)


def prepared(folder: Path, put: Callable[[str, Any], None]) -> Path:
    file = folder / "train.jsonl"
    file.write_bytes(b"".join(msgspec.json.encode(problem) + b"\n" for problem in TRAIN))
    real = data.find.load

    def load(name: str = "math500", **more: Any) -> ProblemSet:
        if name != "math500":
            return real(name, **more)
        source = DataSource(name=name, place="cache", location="x", rows=1, sha256="0", verified=True)
        return ProblemSet(source, (HELD_OUT,))

    put("math500.data.load", load)
    return file


@contextmanager
def scripted(script: Script, before: Callable[[Sent], Act | None] = lambda _: None) -> Iterator[FaultyServer]:
    """A server whose model follows a script; `before` may answer a request itself."""

    def plan(request: Sent) -> Act:
        if act := before(request):
            return act
        said = script(request.body["messages"][-1]["content"])
        finish = "length" if said.endswith("[cut]") else "stop"
        return Act(body=chat(said.removesuffix("[cut]"), finish))

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = FaultyServer(plan)
    asyncio.run_coroutine_threadsafe(server.start(), loop).result(10)
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


def stages(url: str, train: Path, **fields: Any) -> Stages:
    base: dict[str, Any] = {
        "model": "m",
        "base_url": url,
        "data": str(train),
        "samples": 2,
        "decoding": Decoding(temperature=0.7, seed=0),
        "concurrency": 2,
    }
    folder = train.parent
    return Stages(Request(**base | fields), folder / "set", folder / "runs", lambda _: None, quiet=True)


def run_of(
    folder: Path, manifest: Manifest, texts: dict[str, list[str]], problems: tuple[Problem, ...] = TRAIN
) -> RunDir:
    """A graded run with these responses, by problem; a response of several turns is parted by `|||`."""
    k = max(len(responses) for responses in texts.values())
    manifest = msgspec.structs.replace(manifest, samples=k)
    with RunWriter.create(folder, manifest, problems) as run:
        for unique_id, responses in texts.items():
            for index, response in enumerate(responses):
                turns = response.split("|||")
                made = tuple(Generation(text=turn, finish_reason="stop") for turn in turns)
                run.append(Sample(unique_id=unique_id, index=index, response=turns[-1], generations=made))
        evaluate.grade(run)
    return RunDir.open(folder)


def source(train: Path) -> DataSource:
    return data.find.load(str(train)).source


def solved_by(name: str) -> dict[str, Any]:
    return {"solver": name, "solver_settings": SolverInfo(name=name)}


__all__ = ["TRAIN", "prepared", "run_of", "running", "scripted", "solved_by", "source", "stages", "train"]
