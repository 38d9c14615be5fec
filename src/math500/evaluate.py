"""Collect samples, grade them, sum them up: the three steps of a run.

`collect` asks the model for every sample that the run still owes and writes each one before it
counts; `grade` grades every sample that has no grade yet; `summarize` is made from what is on disk
alone. Each can be stopped anywhere and called again.

A request that failed is written as a sample with a failure: it is not graded, not in the score,
and owed again by the next `collect`.
"""

from __future__ import annotations

import asyncio
import datetime
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping

from math500 import grading, paid, prompts, solve, stats
from math500.client import Spent, prices
from math500.crew import Crew
from math500.errors import SampleFailed
from math500.models import is_embedded
from math500.records import (
    Estimate,
    Failure,
    Generation,
    Grade,
    Manifest,
    Paid,
    Part,
    Problem,
    Sample,
    SampleGrade,
    Summary,
    Turn,
)
from math500.rundir import Key, RunDir, RunWriter
from math500.solve import Model, Replay, Solution, Solver

GRADERS = 2
"""Grades made at the same time; each waits on a process of its own when it needs one."""

NOTHING = Solution(response="", generations=())

OnSample = Callable[[Sample, Grade | None], None]
"""Called for each finished sample with its grade; the grade is None when the sample failed."""


def owed(run: RunDir) -> list[tuple[Problem, int]]:
    """What the run has not collected yet: all first samples, then all second ones, and so on."""
    have = {key for key, sample in run.samples().items() if sample.failure is None}
    problems = run.problems()
    return [(p, i) for i in range(run.manifest.samples) for p in problems if (p.unique_id, i) not in have]


def given_up(run: RunDir) -> int:
    """How many questions the samples that failed, and are owed for it, ask at most before one is answered."""
    failed = {unique_id for (unique_id, _), s in run.samples().items() if s.failure is not None}
    return len(failed) * solve.solutions(run.manifest.solver_settings)[1]


async def collect(
    run: RunWriter, solver: Solver, model: Model, *, concurrency: int, on_sample: OnSample | None = None
) -> None:
    """Ask for every owed sample; write, grade and report each as it comes.

    Raises:
        ModelError: the run has to stop; answers in flight were waited for up to crew.GRACE_SECONDS.
        StorageFull: the disk is full; what is written is intact.
    """
    await _Collection(run, solver, model, on_sample, concurrency).carry_out()


class _Collection:
    """One pass over what a run owes."""

    def __init__(
        self, run: RunWriter, solver: Solver, model: Model, on_sample: OnSample | None, concurrency: int
    ) -> None:
        self._concurrency = concurrency
        self._run = run
        self._solver = solver
        self._model = model
        self._on_sample = on_sample
        self._crew = Crew(owed(run), self._collect)
        self._ungraded: asyncio.Queue[tuple[Problem, Sample] | None] = asyncio.Queue(maxsize=4 * concurrency)
        self._turns = run.turns() if solver.several else {}

    async def carry_out(self) -> None:
        graders = [asyncio.create_task(self._grade_each()) for _ in range(GRADERS)]
        try:
            await self._crew.work(self._concurrency)
        finally:
            for _ in graders:
                await self._ungraded.put(None)
            await asyncio.gather(*graders)
        self._crew.end()

    async def _collect(self, owed: tuple[Problem, int]) -> None:
        problem, index = owed
        sample = await self._ask(problem, index)
        self._run.append(sample)
        await self._ungraded.put((problem, sample))

    async def _ask(self, problem: Problem, index: int) -> Sample:
        model = self._model
        if self._solver.several:
            kept = self._turns.get((problem.unique_id, index), ())
            model = keeping(model, (problem.unique_id, index), kept, self._run.append_turn)
        return await ask(self._run.manifest, self._solver, model, problem, index)

    async def _grade_each(self) -> None:
        """Grade until there is nothing more. Whatever fails stops the run: the workers wait for room here."""
        while (item := await self._ungraded.get()) is not None:
            try:
                await self._grade(*item)
            except Exception as e:
                self._crew.stop(e)

    async def _grade(self, problem: Problem, sample: Sample) -> None:
        grade = None
        if sample.failure is None:
            grade = await asyncio.to_thread(grade_sample, sample, problem)
            self._run.append_grade(grading.GRADER, named(sample, grade))
        if self._on_sample is not None:
            self._on_sample(sample, grade)


async def ask(made: Manifest, solver: Solver, model: Model, problem: Problem, index: int) -> Sample:
    """One sample of a run; a request that was given up is a sample with a failure.

    Raises:
        ModelError: the run has to stop.
    """
    seed = solve.seed_of(made.decoding, made.solver_settings, problem.unique_id, index)
    started, clock = datetime.datetime.now(datetime.UTC), time.perf_counter()
    solution, failure = NOTHING, None
    try:
        solution = await solver.solve(problem.problem, model, seed=seed)
    except SampleFailed as e:
        failure = Failure(kind=e.kind, detail=e.what, attempts=e.attempts)
    return Sample(
        unique_id=problem.unique_id,
        index=index,
        response=solution.response,
        generations=solution.generations,
        executions=solution.executions,
        ballots=solution.ballots,
        scores=solution.scores,
        verification=solution.verification,
        failure=failure,
        started=started.isoformat(timespec="milliseconds"),
        seconds=time.perf_counter() - clock,
    )


def keeping(model: Model, key: Key, kept: Iterable[Turn], keep: Callable[[Turn], None]) -> Model:
    """The model for one solution of several completions: each is kept as it comes, none is asked twice."""

    def note(request: str, generation: Generation, judge: bool) -> None:
        unique_id, index = key
        keep(Turn(unique_id=unique_id, index=index, request=request, generation=generation, judge=judge))

    return Replay(model, kept, note)


def truncated(sample: Sample) -> bool:
    """The response ended at the token limit."""
    return bool(sample.generations) and sample.generations[-1].finish_reason == "length"


def grade_sample(sample: Sample, problem: Problem) -> Grade:
    """The grade of a sample that did not fail."""
    return grading.grade(
        sample.response,
        problem.answer,
        truncated=truncated(sample),
        question=prompts.parted(problem.problem)[0],
        unique_id=problem.unique_id,
    )


def named(sample: Sample, grade: Grade) -> SampleGrade:
    """The grade with its sample's name."""
    return SampleGrade(unique_id=sample.unique_id, index=sample.index, grade=grade)


def grade(run: RunWriter, on_sample: OnSample | None = None) -> None:
    """Grade every sample of the run that this version of the grader has not graded yet."""
    problems = run.by_id()
    graded = run.grades(grading.GRADER)
    for key, sample in run.samples().items():
        if sample.failure is None and key not in graded:
            result = grade_sample(sample, problems[sample.unique_id])
            run.append_grade(grading.GRADER, named(sample, result))
            if on_sample is not None:
                on_sample(sample, result)


def graded(run: RunDir, grader: str | None = None) -> tuple[str, dict[Key, SampleGrade]]:
    """Whose grades count, and these: the current grader's, or the run's own where that one has none.

    Args:
        run: the run.
        grader: whose grades to take instead; there may be none.
    """
    for name in (grader,) if grader else (grading.GRADER, run.manifest.grader):
        if grades := run.grades(name):
            return name, grades
    return grader or grading.GRADER, {}


def summarize(run: RunDir, grader: str = grading.GRADER) -> Summary:
    """The score of a run and its parts, out of its samples and this grader's grades."""
    problems, samples = run.problems(), run.samples()
    ok = {key: s for key, s in samples.items() if s.failure is None}
    grades = {key: g.grade for key, g in run.grades(grader).items() if key in ok}
    verdicts = Counter(g.verdict for g in grades.values())
    asked = len(problems) * run.manifest.samples
    scores = [score for s in samples.values() for score in s.scores]
    used = paid.total(g for s in samples.values() for g in s.generations)
    judged = paid.total(g for s in samples.values() for g in paid.of_judge(s))
    whole, uncounted = _paid(run, samples.values())
    return Summary(
        grader=grader,
        score=_score(problems, grades),
        problems=len(problems),
        samples=asked,
        correct=verdicts["correct"],
        wrong=verdicts["wrong"],
        no_answer=verdicts["no_answer"],
        ungraded=verdicts["ungraded"] + len(ok) - len(grades),
        failed=len(samples) - len(ok),
        missing=asked - len(samples),
        truncated=sum(truncated(s) for s in ok.values()),
        prompt_tokens=used.prompt_tokens,
        completion_tokens=used.completion_tokens,
        seconds=_busy_seconds(samples.values()),
        cost=_cost(run.manifest, used, judged),
        judge_prompt_tokens=judged.prompt_tokens,
        judge_completion_tokens=judged.completion_tokens,
        unscored=sum(score.value is None for score in scores),
        by_subject=_parts(problems, grades, lambda p: p.subject),
        by_level=_parts(problems, grades, lambda p: "" if p.level is None else str(p.level)),
        rules=dict(Counter(g.rule for g in grades.values() if g.extracted is not None).most_common()),
        paid=whole,
        uncounted=uncounted,
    )


def _paid(run: RunDir, samples: Collection[Sample]) -> tuple[Paid, int]:
    """All that the run has taken, and how many completions it leaves out for want of a count."""
    turns = run.turns()
    replies = [g for _, g in paid.completions(samples, turns)]
    scores = [g for _, g in paid.completions(samples, turns, judge=True)]
    used, judged = paid.total(replies), paid.total(scores)
    whole = Paid(
        prompt_tokens=used.prompt_tokens,
        completion_tokens=used.completion_tokens,
        judge_prompt_tokens=judged.prompt_tokens,
        judge_completion_tokens=judged.completion_tokens,
        cost=_cost(run.manifest, used, judged),
    )
    return whole, paid.uncounted(replies + scores)


def _cost(made: Manifest, used: Spent, judged: Spent) -> float | None:
    """US dollars for the model and the judge; None where that is not known, or nothing costs money."""
    bills = [(made.model, made.price, used)]
    if made.scoring is not None:
        bills.append((made.scoring.model, made.scoring.price, judged))
        bills = [row for row in bills if row[1] is not None or not is_embedded(row[0].name)]
    total = 0.0
    for _, price, each in bills:
        if price is None or (each.requests and not each.tokens):
            return None
        total += prices.cost(price, each.prompt_tokens, each.completion_tokens)
    return total if bills else None


def right_by_problem(problems: Iterable[Problem], grades: Mapping[Key, Grade]) -> dict[str, list[bool]]:
    """For each problem which of its graded samples were right; ungraded ones are left out."""
    by_problem: dict[str, list[bool]] = {p.unique_id: [] for p in problems}
    for (unique_id, _), result in grades.items():
        if unique_id in by_problem and result.verdict != "ungraded":
            by_problem[unique_id].append(result.verdict == "correct")
    return by_problem


def _score(problems: Iterable[Problem], grades: dict[Key, Grade]) -> Estimate | None:
    """The mean over problems; ungraded samples are left out, no answer counts as not correct."""
    return stats.score(list(right_by_problem(problems, grades).values()))


def _parts(
    problems: Iterable[Problem], grades: dict[Key, Grade], part_of: Callable[[Problem], str]
) -> tuple[Part, ...]:
    groups: dict[str, list[Problem]] = {}
    for problem in problems:
        groups.setdefault(part_of(problem), []).append(problem)
    scored = ((name, _score(groups[name], grades)) for name in sorted(groups) if name)
    return tuple(Part(name=name, score=score) for name, score in scored if score is not None)


def _busy_seconds(samples: Iterable[Sample]) -> float:
    """Seconds in which at least one sample was being collected, pauses between resumes left out."""
    spans = []
    for s in samples:
        if s.started:
            begin = datetime.datetime.fromisoformat(s.started).timestamp()
            spans.append((begin, begin + s.seconds))
    busy, reached = 0.0, float("-inf")
    for begin, end in sorted(spans):
        busy += max(0.0, end - max(begin, reached))
        reached = max(reached, end)
    return busy
