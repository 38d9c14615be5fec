from __future__ import annotations

import asyncio
import zlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest

from math500 import crew, evaluate, grading, solve
from math500.errors import ModelError, QuotaExhausted, SampleFailed, StorageFull
from math500.records import (
    Decoding,
    Extras,
    Generation,
    Grade,
    Manifest,
    Message,
    Problem,
    Prompt,
    Sample,
    SolverInfo,
)
from math500.rundir import RunDir, RunWriter
from math500.solve import Cot

PROMPT = Prompt(name="bare", template="{problem}", source="test")


@dataclass
class Stub:
    """A model that adds, and does as it is told: fails for some questions, stops at some request."""

    fails: Mapping[str, Exception] = field(default_factory=dict)
    cut: frozenset[str] = frozenset()
    delay: float = 0.0
    asked: list[tuple[str, int | None]] = field(default_factory=list)
    flying: int = 0
    most: int = 0

    async def generate(
        self,
        messages: Sequence[Message],
        decoding: Decoding,
        *,
        seed: int | None = None,
        stop: Sequence[str] = (),
        extras: Extras | None = None,
    ) -> Generation:
        question = messages[-1].content
        self.asked.append((question, seed))
        self.flying += 1
        self.most = max(self.most, self.flying)
        await asyncio.sleep(self.delay)
        self.flying -= 1
        if question in self.fails:
            raise self.fails[question]
        first = int(question.split("$")[1].split(" ")[0])
        reason = "length" if question in self.cut else "stop"
        text = f"I add. $\\boxed{{{2 * first}}}$" if reason == "stop" else "I add and add"
        return Generation(text=text, finish_reason=reason, prompt_tokens=10, completion_tokens=5)


def collect(run: RunWriter, model: Stub, concurrency: int = 4, **options: object) -> None:
    solver = Cot(PROMPT, run.manifest.decoding)
    asyncio.run(evaluate.collect(run, solver, model, concurrency=concurrency, **options))  # type: ignore[arg-type]


@pytest.fixture
def make_run(
    folder: Path, problems: tuple[Problem, ...], manifest_of: Callable[..., Manifest]
) -> Callable[..., RunWriter]:
    def make(**fields: object) -> RunWriter:
        return RunWriter.create(folder, manifest_of(**fields), problems)

    return make


def test_a_run_collects_grades_and_sums_up(make_run: Callable[..., RunWriter]) -> None:
    with make_run() as run:
        collect(run, Stub())
        result = evaluate.summarize(run)
    assert result.score is not None
    assert (result.score.value, result.score.n) == (1.0, 12)
    assert (result.correct, result.failed, result.missing, result.ungraded) == (12, 0, 0, 0)
    assert (result.prompt_tokens, result.completion_tokens) == (120, 60)
    assert [(p.name, p.score.n) for p in result.by_subject] == [
        ("Algebra", 4),
        ("Geometry", 4),
        ("Number Theory", 4),
    ]
    assert result.rules == {"boxed": 12}


def test_a_fault_beside_the_asking_stops_the_run(make_run: Callable[..., RunWriter]) -> None:
    """The workers wait for room where samples are graded: they would wait for ever."""

    def fail(_sample: Sample, _grade: Grade | None) -> None:
        raise BrokenPipeError

    with make_run(samples=4) as run:
        with pytest.raises(BrokenPipeError):
            asyncio.run(asyncio.wait_for(_collected(run, fail), 20))
        assert 0 < len(run.samples()) < 48


async def _collected(run: RunWriter, on_sample: evaluate.OnSample) -> None:
    await evaluate.collect(
        run, Cot(PROMPT, run.manifest.decoding), Stub(delay=0.01), concurrency=1, on_sample=on_sample
    )


def first_seed(number: int) -> int:
    """Of problem `number`, in a run with seed 100."""
    return (100 + zlib.crc32(f"test/{number}".encode())) % 2**30


def test_each_sample_of_each_problem_sends_its_own_seed(make_run: Callable[..., RunWriter]) -> None:
    model = Stub()
    with make_run(samples=3, decoding=Decoding(temperature=1.0, seed=100)) as run:
        collect(run, model)
        assert evaluate.owed(run) == []
    sent = Counter(seed for _, seed in model.asked)
    assert sent == {first_seed(number) + index: 1 for number in range(12) for index in range(3)}


def test_no_vote_of_one_sample_has_the_seed_of_another_ones(make_run: Callable[..., RunWriter]) -> None:
    model = Stub()
    settings = SolverInfo(name="vote:cot", votes=4)
    with make_run(samples=3, decoding=Decoding(temperature=1.0, seed=100), solver_settings=settings) as run:
        asyncio.run(
            evaluate.collect(run, solve.make(settings, PROMPT, run.manifest.decoding), model, concurrency=2)
        )
    sent = Counter(seed for _, seed in model.asked)
    assert sent == {first_seed(number) + vote: 1 for number in range(12) for vote in range(12)}


def test_a_vote_with_a_request_that_failed_keeps_the_others(make_run: Callable[..., RunWriter]) -> None:
    settings = SolverInfo(name="vote:cot", votes=4)
    second = {first_seed(number) + 1 for number in range(12)}

    class Refuses(Stub):
        async def generate(self, *args: Any, seed: int | None = None, **options: Any) -> Generation:
            if seed in second:
                raise SampleFailed("filtered", "the endpoint refused")
            await asyncio.sleep(0.01)
            return await super().generate(*args, seed=seed, **options)

    with make_run(decoding=Decoding(temperature=1.0, seed=100), solver_settings=settings) as run:
        vote = solve.make(settings, PROMPT, run.manifest.decoding)
        asyncio.run(evaluate.collect(run, vote, Refuses(), concurrency=12))
        assert len(evaluate.owed(run)) == 12
        again = Stub()
        asyncio.run(evaluate.collect(run, vote, again, concurrency=12))
    assert Counter(seed for _, seed in again.asked) == dict.fromkeys(second, 1)


def test_concurrency_is_kept(make_run: Callable[..., RunWriter]) -> None:
    model = Stub(delay=0.01)
    with make_run() as run:
        collect(run, model, concurrency=3)
    assert model.most == 3


def test_a_failed_request_is_not_a_wrong_answer_and_is_owed_again(
    make_run: Callable[..., RunWriter], problems: tuple[Problem, ...]
) -> None:
    bad = problems[5].problem
    with make_run() as run:
        collect(run, Stub(fails={bad: SampleFailed("filtered", "the endpoint refused")}))
        result = evaluate.summarize(run)
        assert result.score is not None
        assert (result.score.value, result.score.n, result.failed, result.wrong) == (1.0, 11, 1, 0)
        assert [p.problem for p, _ in evaluate.owed(run)] == [bad]
        again = Stub()
        collect(run, again)
        assert [q for q, _ in again.asked] == [bad]
        assert evaluate.summarize(run).correct == 12


def test_when_the_run_must_stop_nothing_more_is_sent_and_what_was_paid_for_stays(
    make_run: Callable[..., RunWriter], problems: tuple[Problem, ...]
) -> None:
    model = Stub(fails={problems[5].problem: QuotaExhausted("quota used up", "Pay.")}, delay=0.02)
    with make_run() as run:
        with pytest.raises(QuotaExhausted, match=r"quota used up\. Pay\."):
            collect(run, model, concurrency=4)
        kept = len(run.samples())
        assert len(model.asked) <= 5 + 4
        assert kept == len(model.asked) - 1, "answers in flight land before the run stops"
        assert len(run.grades(grading.GRADER)) == kept
        rest = Stub()
        collect(run, rest)
        assert len(rest.asked) == 12 - kept


def test_an_answer_that_takes_too_long_does_not_hold_up_a_stop(
    make_run: Callable[..., RunWriter], problems: tuple[Problem, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "GRACE_SECONDS", 0.05)

    class Slow(Stub):
        async def generate(self, messages: Sequence[Message], decoding: Decoding, **_: object) -> Generation:
            if messages[-1].content == problems[0].problem:
                raise ModelError("down", "Wait.")
            await asyncio.sleep(60)
            raise AssertionError

    with make_run() as run, pytest.raises(ModelError):
        collect(run, Slow())


def test_a_disk_that_fills_up_stops_the_run(
    make_run: Callable[..., RunWriter], monkeypatch: pytest.MonkeyPatch
) -> None:
    with make_run() as run:
        append = run.append

        def full(sample: Sample) -> None:
            if len(run.samples()) >= 3:
                raise StorageFull("the disk is full")
            append(sample)

        monkeypatch.setattr(run, "append", full)
        with pytest.raises(StorageFull):
            collect(run, Stub(), concurrency=1)
        assert len(RunDir.open(run.path).samples()) == 3


def test_a_grade_that_cannot_be_written_stops_the_run(
    make_run: Callable[..., RunWriter], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StorageFull("the disk is full")

    with make_run() as run:
        monkeypatch.setattr(run, "append_grade", full)
        with pytest.raises(StorageFull):
            collect(run, Stub(delay=0.01), concurrency=1)
        assert len(run.samples()) < 12


def test_a_bug_is_not_hidden(make_run: Callable[..., RunWriter], problems: tuple[Problem, ...]) -> None:
    with make_run() as run, pytest.raises(ZeroDivisionError):
        collect(run, Stub(fails={problems[3].problem: ZeroDivisionError()}))


def test_cancelling_leaves_a_run_that_goes_on(make_run: Callable[..., RunWriter]) -> None:
    async def interrupt(run: RunWriter, model: Stub) -> None:
        solver = Cot(PROMPT, run.manifest.decoding)
        task = asyncio.create_task(evaluate.collect(run, solver, model, concurrency=2))
        while len(run.samples()) < 4:  # noqa: ASYNC110 - the folder is what tells
            await asyncio.sleep(0.005)
        task.cancel()
        await asyncio.wait({task})

    with make_run() as run:
        asyncio.run(interrupt(run, Stub(delay=0.02)))
        kept = len(run.samples())
        assert 4 <= kept < 12
        rest = Stub()
        collect(run, rest)
        assert len(rest.asked) == 12 - kept


def test_grades_can_be_made_again_from_the_samples(make_run: Callable[..., RunWriter]) -> None:
    with make_run() as run:
        collect(run, Stub())
        before = evaluate.summarize(run)
    (run.path / "grades" / "math500-4.jsonl").unlink()
    with RunWriter(run.path) as again:
        assert evaluate.summarize(again).ungraded == 12
        evaluate.grade(again)
        after = evaluate.summarize(again)
        assert after == before


def test_the_current_graders_grades_count_or_those_of_the_runs_own(
    make_run: Callable[..., RunWriter], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run()
    assert evaluate.graded(run) == (grading.GRADER, {})
    collect(run, Stub())
    own, grades = evaluate.graded(run)
    assert (own, len(grades)) == (grading.GRADER, 12)
    assert evaluate.graded(run, "other/1") == ("other/1", {})
    monkeypatch.setattr(grading, "GRADER", "math500/99")
    run.manifest = msgspec.structs.replace(run.manifest, grader=own)
    assert evaluate.graded(run) == (own, grades)
    evaluate.grade(run)
    assert evaluate.graded(run)[0] == "math500/99"


def test_a_truncated_response_is_counted_and_is_no_answer(
    make_run: Callable[..., RunWriter], problems: tuple[Problem, ...]
) -> None:
    with make_run() as run:
        collect(run, Stub(cut=frozenset(p.problem for p in problems[:3])))
        result = evaluate.summarize(run)
    assert (result.truncated, result.no_answer, result.correct) == (3, 3, 9)


def test_every_sample_is_reported_with_its_grade(
    make_run: Callable[..., RunWriter], problems: tuple[Problem, ...]
) -> None:
    seen: list[tuple[Sample, Grade | None]] = []
    with make_run() as run:
        failing = {problems[0].problem: SampleFailed("empty", "nothing came")}
        collect(run, Stub(fails=failing), on_sample=lambda s, g: seen.append((s, g)))
    assert len(seen) == 12
    assert [g for s, g in seen if s.failure] == [None]
    assert all(g is not None and g.verdict == "correct" for s, g in seen if not s.failure)


def test_seconds_count_only_the_time_in_which_something_was_asked() -> None:
    def at(start: str, seconds: float) -> Sample:
        return Sample(unique_id="x", index=0, response="", started=start, seconds=seconds)

    samples = [
        at("2026-01-01T00:00:00+00:00", 10),
        at("2026-01-01T00:00:05+00:00", 2),
        at("2026-01-01T00:00:08+00:00", 4),
        at("2026-01-02T00:00:00+00:00", 1),
    ]
    assert evaluate._busy_seconds(samples) == pytest.approx(13)
