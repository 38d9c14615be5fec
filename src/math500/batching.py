"""A run through a vendor's batch queue: the same samples, at half the price, within a day.

    owed samples ──> parts of a file each ──> uploaded ──> created ──> ... ended ──> fetched ──> samples

The folder's batches.jsonl holds how far each part is, and a stage is written before the next one begins. So
a run that is killed anywhere goes on where it was:

    before `uploaded` is written    the file is uploaded again, which costs nothing
    before `created` is written     the vendor's list is searched for the batch of that file
    before `fetched` is written     the answers are fetched again; samples that are written stay

What a part leaves out (a request that failed, or expired with its batch) is owed, like any failed sample.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from math500 import evaluate, prompts, solve
from math500.client.batch import BatchQueue, Result, State
from math500.client.budget import Limit, Purse, Spent
from math500.client.waits import Clock
from math500.errors import QuotaExhausted, RequestRejected
from math500.models import Opened
from math500.plural import counted
from math500.records import BatchPart, Failure, Problem, Sample
from math500.rundir import Key, RunWriter

LARGEST_PART = 1000
"""Requests in one file. The queue takes 50,000, but answers come only when a whole file has ended."""
FIRST_POLL = 5.0
LONGEST_POLL = 60.0

Say = Callable[[str], None]


async def collect(
    run: RunWriter, opened: Opened, *, say: Say, spent: Spent | None = None, clock: Clock | None = None
) -> None:
    """Ask for every owed sample through the batch queue, and write what comes.

    Args:
        run: the folder.
        opened: the model.
        say: told what is going on.
        spent: what the run has used up before.
        clock: the time; tests run it faster.

    Raises:
        QuotaExhausted: the user's own limit leaves no room for a single request.
        ModelError: the queue refuses the batch, or does not answer for too long.
    """
    clock = clock or Clock()
    queue = BatchQueue(opened.endpoint, opened.asking.api, clock)
    try:
        await _Collection(run, opened, queue, say, clock).carry_out(spent or Spent())
    finally:
        await queue.close()


class _Collection:
    """One pass over what a run owes."""

    def __init__(self, run: RunWriter, opened: Opened, queue: BatchQueue, say: Say, clock: Clock) -> None:
        self._run = run
        self._opened = opened
        self._queue = queue
        self._say = say
        self._clock = clock
        self._problems = run.problems()
        self._place = {problem.unique_id: place for place, problem in enumerate(self._problems)}

    async def carry_out(self, spent: Spent) -> None:
        purse = Purse(self._opened.asking.budget, self._opened.price, spent)
        waiting = [part for part in self._run.batches() if part.stage != "fetched"]
        for part in waiting:
            for key in part.keys:
                self._take(purse, self._problem(key))
        in_queue = {key for part in waiting for key in part.keys}
        owed = [(p, i) for p, i in evaluate.owed(self._run) if (p.unique_id, i) not in in_queue]
        todo, limit = self._affordable(purse, owed)
        if limit is not None and not todo and not waiting:
            raise QuotaExhausted(limit.what, limit.next_step)
        waiting = [await self._created(part) for part in waiting]
        waiting += [await self._submit(part) for part in _parts(todo)]
        await self._fetch_all(waiting)
        if limit is not None:
            raise QuotaExhausted(limit.what, limit.next_step)

    def _affordable(
        self, purse: Purse, owed: Sequence[tuple[Problem, int]]
    ) -> tuple[list[tuple[Problem, int]], Limit | None]:
        """What is owed as far as the user's limits have room, and the limit where there is more."""
        taken: list[tuple[Problem, int]] = []
        for problem, index in owed:
            limit = self._take(purse, problem)
            if limit is not None:
                return taken, limit
            taken.append((problem, index))
        return taken, None

    def _take(self, purse: Purse, problem: Problem) -> Limit | None:
        made = self._run.manifest
        return purse.take_now(prompts.messages(made.prompt, problem.problem), made.decoding)

    # -- in ------------------------------------------------------------------------------------

    async def _submit(self, keys: Sequence[tuple[Problem, int]]) -> BatchPart:
        file_id = await self._queue.upload(b"".join(self._line(p, i) for p, i in keys))
        number = 1 + max((part.number for part in self._run.batches()), default=0)
        names = tuple((problem.unique_id, index) for problem, index in keys)
        part = BatchPart(number=number, stage="uploaded", file_id=file_id, keys=names)
        self._run.append_batch(part)
        return await self._created(part, new=True)

    async def _created(self, part: BatchPart, *, new: bool = False) -> BatchPart:
        """The same part with its batch; one that was made before the run was killed is found again."""
        if part.stage != "uploaded":
            return part
        state = None if new else await self._queue.find(part.file_id)
        if state is None:
            about = {"math500_run": self._run.manifest.run_id[:64], "part": str(part.number)}
            state = await self._queue.create(part.file_id, about)
        part = msgspec.structs.replace(part, stage="created", batch_id=state.id, status=state.status)
        self._run.append_batch(part)
        self._say(
            f"{state.id}: {counted(len(part.keys), 'request is', 'requests are')} in the batch "
            "queue; answers come within a day"
        )
        return part

    def _line(self, problem: Problem, index: int) -> bytes:
        made = self._run.manifest
        return self._queue.line(
            f"p{self._place[problem.unique_id]}-s{index}",
            prompts.messages(made.prompt, problem.problem),
            made.decoding,
            seed=solve.seed_of(made.decoding, made.solver_settings, problem.unique_id, index),
            stop=made.prompt.stop,
        )

    # -- out -----------------------------------------------------------------------------------

    async def _fetch_all(self, parts: Iterable[BatchPart]) -> None:
        left, pause, told = list(parts), FIRST_POLL, dict.fromkeys((p.batch_id for p in parts), "")
        refused = ""
        while left:
            for part in list(left):
                state = await self._queue.state(part.batch_id)
                self._tell(state, told)
                if state.ended:
                    left.remove(part)
                    await self._fetch(part, state)
                    refused = refused or (state.errors if state.status == "failed" else "")
            if left:
                await self._clock.sleep(pause)
                pause = min(LONGEST_POLL, pause * 1.3)
        if refused:
            raise RequestRejected(
                f"{self._opened.endpoint.base_url}: the batch queue refuses the file ({refused})",
                "Compare the run's settings with what the endpoint accepts, or leave --batch out.",
            )

    def _tell(self, state: State, told: dict[str, str]) -> None:
        failed = f", {state.failed} failed" if state.failed else ""
        line = f"{state.id}: {state.status}, {state.done} of {state.total} done{failed}"
        if told.get(state.id) != line:
            told[state.id] = line
            self._say(line)

    async def _fetch(self, part: BatchPart, state: State) -> None:
        """Write what a part came to."""
        asked, have = set(part.keys), self._run.samples()
        for result in await self._queue.results(state):
            key = self._key(result.name)
            if key in asked and (key not in have or have[key].failure is not None):
                sample = _sample(key, result)
                self._run.append(sample)
                have[key] = sample
        self._run.append_batch(msgspec.structs.replace(part, stage="fetched", status=state.status))

    def _key(self, name: str) -> Key | None:
        place, dash, index = name.removeprefix("p").partition("-s")
        if not (dash and place.isdigit() and index.isdigit() and int(place) < len(self._problems)):
            return None
        return self._problems[int(place)].unique_id, int(index)

    def _problem(self, key: Key) -> Problem:
        return self._problems[self._place[key[0]]]


def _parts(keys: Sequence[tuple[Problem, int]]) -> Iterator[Sequence[tuple[Problem, int]]]:
    return (keys[start : start + LARGEST_PART] for start in range(0, len(keys), LARGEST_PART))


def _sample(key: Key, result: Result) -> Sample:
    failure = None
    if result.generation is None:
        failure = Failure(kind=result.kind, detail=result.detail)
    return Sample(
        unique_id=key[0],
        index=key[1],
        response="" if result.generation is None else result.generation.text,
        generations=() if result.generation is None else (result.generation,),
        failure=failure,
        started=datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds"),
    )
