"""The driver of a run: hand out what is owed, write what comes, and again until nothing is owed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

import msgspec

import math500
from math500 import client, crew, errors, evaluate, grading, models
from math500.client import Event, Spent
from math500.cluster import purse
from math500.cluster.asker import Asker, Job, Owed
from math500.cluster.engine import Ray, joined
from math500.cluster.flow import Flow
from math500.cluster.post import Line, Stop
from math500.engine import cores
from math500.errors import ClusterUnavailable, Math500Error, UsageError
from math500.plural import counted
from math500.records import Asking, Grade, Sample, SampleGrade, Turn, Weigh
from math500.rundir import Key, RunWriter

SIZE = 8
"""Samples in a call, at most: few, so that workers end together; several, so that Ray's own work is small."""


def require(asking: Asking, private: models.Private | None, *, weigh: Weigh) -> None:
    """Do nothing if a run can be asked by Ray's workers.

    Raises:
        UsageError: it needs what workers do not have.
    """
    refused = {
        "--batch, which asks once for all,": asking.batch,
        "--header, whose value is not sent to other processes,": bool(private and private.headers),
        "a --proxy with a password, which is not sent to other processes,": bool(
            private and private.proxy and private.proxy != client.without_credentials(private.proxy)
        ),
        "--weigh judge": weigh == "judge",
        "--weigh reward, whose model lies on this machine,": weigh == "reward",
    }
    for what, given in refused.items():
        if given:
            raise UsageError(f"{what} does not go with --engine ray", "Leave out one of the two.")


def collect(
    run: RunWriter,
    opened: models.Opened,
    engine: Ray,
    *,
    concurrency: int,
    spent: Spent,
    on_sample: evaluate.OnSample,
    on_event: Callable[[Event], None],
) -> None:
    """Ask for every owed sample in Ray's workers; write, grade and report each as it comes.

    Args:
        run: the folder.
        opened: the model, as this process would ask it.
        engine: how the work is spread.
        concurrency: requests in flight at most, at each address, of all workers together.
        spent: what the run has used up before.
        on_sample: called for each finished sample.
        on_event: told of waits and stops.

    Raises:
        ModelError: the run has to stop; answers in flight were waited for up to crew.GRACE_SECONDS.
        ClusterUnavailable: Ray cannot be started, or loses its workers before they answer anything.
        StorageFull: the disk is full; what is written is intact.
    """
    with joined(engine):
        _Collection(run, opened, engine, concurrency, spent, on_sample, on_event).carry_out()


class _Collection:
    """One pass after the other over what a run owes."""

    def __init__(
        self,
        run: RunWriter,
        opened: models.Opened,
        engine: Ray,
        concurrency: int,
        spent: Spent,
        on_sample: evaluate.OnSample,
        on_event: Callable[[Event], None],
    ) -> None:
        self._run = run
        self._problems = run.problems()
        self._by_id = {p.unique_id: (place, p) for place, p in enumerate(self._problems)}
        self._todo = {(p.unique_id, index): None for p, index in evaluate.owed(run)}
        """In the order in which they are asked."""
        self._ungraded: dict[Key, Sample] = {}
        self._turns = run.turns()
        self._engine = engine
        self._each = max(1, concurrency // engine.workers)
        self._on_sample = on_sample
        self._on_event = on_event
        embedded = models.is_embedded(run.manifest.model.name)
        self._job = Job(
            version=math500.__version__,
            made=run.manifest,
            problems=self._problems,
            asking=opened.asking,
            price=opened.price,
            concurrency=self._each,
            threads=max(1, cores() // engine.workers) if embedded and engine.local else None,
            given_up=evaluate.given_up(run),
            local=engine.local,
            purse=purse.shared(opened.asking.budget, opened.price, spent),
        )

    def carry_out(self) -> None:
        while self._todo:
            before = len(self._todo)
            self._pass()
            if len(self._todo) == before:
                raise ClusterUnavailable(
                    f"Ray's workers ended before any of {counted(before, 'sample')} was there",
                    "See the logs in /tmp/ray/session_latest/logs; memory is the usual reason: "
                    "use fewer --workers.",
                )
            if self._todo:
                again = len(self._todo)
                self._on_event(
                    Event(
                        "lost",
                        f"a worker; {counted(again, 'sample is', 'samples are')} asked in another pass",
                    )
                )
        for sample in self._ungraded.values():  # its worker was lost between the sample and its grade
            self._graded(sample, evaluate.grade_sample(sample, self._by_id[sample.unique_id][1]))
        self._ungraded.clear()

    def _pass(self) -> None:
        size = min(SIZE, self._each, -(-len(self._todo) // self._engine.workers))
        at_once = -(-self._each // size) + 1
        flow = Flow(
            [msgspec.msgpack.encode(self._row(key)) for key in self._todo],
            Asker,
            (self._job,),
            self._engine,
            at_once=at_once,
            size=size,
        )
        try:
            for line in flow.lines():
                self._take(line)
        except (Math500Error, KeyboardInterrupt):
            # An answer that is nearly here is paid for: let it land, but not for long.
            self._land(flow.lines(time.monotonic() + crew.GRACE_SECONDS))
            raise
        finally:
            flow.close()

    def _row(self, key: Key) -> Owed:
        return Owed(self._by_id[key[0]][0], key[1], tuple(self._turns.get(key, ())))

    def _land(self, lines: Iterable[Line]) -> None:
        """Take what still comes; another worker's stop says what is known, its wait may say why."""
        for line in lines:
            if line.kind not in ("stop", "crash"):
                self._take(line)

    def _take(self, line: Line) -> None:
        match line.kind:
            case "sample":
                self._sample(msgspec.json.decode(line.body, type=Sample))
            case "grade":
                made = msgspec.json.decode(line.body, type=SampleGrade)
                sample = self._ungraded.pop((made.unique_id, made.index), None)
                if sample is not None:
                    self._graded(sample, made.grade)
            case "turn":
                turn = msgspec.json.decode(line.body, type=Turn)
                self._run.append_turn(turn)
                self._turns.setdefault((turn.unique_id, turn.index), []).append(turn)
            case "event":
                self._on_event(msgspec.json.decode(line.body, type=Event))
            case "stop":
                raise _error(msgspec.json.decode(line.body, type=Stop))
            case _:
                raise RuntimeError(line.body.decode())

    def _sample(self, sample: Sample) -> None:
        key = (sample.unique_id, sample.index)
        if key not in self._todo:
            return
        self._run.append(sample)
        del self._todo[key]
        if sample.failure is None:
            self._ungraded[key] = sample
        else:
            self._on_sample(sample, None)

    def _graded(self, sample: Sample, grade: Grade) -> None:
        self._run.append_grade(grading.GRADER, evaluate.named(sample, grade))
        self._on_sample(sample, grade)


def _error(stop: Stop) -> Math500Error:
    kind: type[Math500Error] = getattr(errors, stop.name)
    return kind(stop.what, stop.next_step)
