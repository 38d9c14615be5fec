"""The judge's pass over a run: ask, write, grade; stopped anywhere, it goes on without asking twice.

Each reply is written before it counts, and the grade after it. So a kill between the two loses nothing: the
next pass makes the grade of the reply that is there. A reply about an answer that is shown otherwise now (a
newer rule extracted another one) does not count.

A request that failed is written with its failure and gives no grade: the sample stays owed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from math500.client import Spent
from math500.crew import Crew
from math500.errors import SampleFailed
from math500.judge import forms
from math500.judge.cases import Case, messages
from math500.records import Failure, Grade, Judgement, Judging, SampleGrade
from math500.rundir import RunDir, RunWriter
from math500.solve import Model

TRIES = 2
"""Replies that are asked for, the second one when the first cannot be read."""
QUOTED = 80
"""Characters of an unreadable reply in a grade's reason."""

OnJudged = Callable[[Case, Sequence[Judgement], Grade | None], None]
"""Told of each judged sample with the replies that came for it now; the grade is None when it is owed."""


async def judge(
    run: RunWriter,
    judging: Judging,
    grader: str,
    todo: Sequence[Case],
    model: Model,
    *,
    concurrency: int,
    on_judged: OnJudged | None = None,
) -> None:
    """Have every case judged.

    Args:
        run: where the replies and grades are written.
        judging: the judge.
        grader: the name of its grades.
        todo: have something to show and no grade by this grader yet.
        model: is asked.
        concurrency: cases at the same time.
        on_judged: told of each.

    Raises:
        ModelError: the judging has to stop; replies in flight were waited for up to crew.GRACE_SECONDS.
        StorageFull: the disk is full; what is written is intact.
    """
    await _Pass(run, judging, grader, todo, model, on_judged).carry_out(concurrency)


def readable(replies: Sequence[Judgement], case: Case) -> list[Judgement]:
    """The replies that were given on what the case shows now."""
    return [r for r in replies if r.generation is not None and r.shown == case.shown]


def grade_of(case: Case, judging: Judging, replies: Sequence[Judgement]) -> Grade | None:
    """The grade that the replies give; None when another one has to be asked for."""
    if not replies or (not replies[-1].said and len(replies) < TRIES):
        return None
    last = replies[-1]
    generation = last.generation
    text = "" if generation is None else " ".join(generation.text.split())
    quoted = text if len(text) <= QUOTED else f"{text[:QUOTED]}..."
    reason = f"{judging.model.name} said: {quoted}"
    if not last.said:
        reason = f"{len(replies)} replies of {judging.model.name} could not be read, the last one: {quoted}"
    return Grade(
        verdict=last.said or "ungraded",
        extracted=case.rule.extracted,
        rule=case.rule.rule,
        stage="judge",
        reason=reason,
        seconds=sum(r.generation.seconds for r in replies if r.generation is not None),
    )


def spent(run: RunDir, judge_name: str) -> Spent:
    """What a judge has used up in this run so far."""
    used = Spent()
    for replies in run.judgements(judge_name).values():
        for reply in replies:
            if reply.failure is not None:
                used.requests += reply.failure.attempts
            elif reply.generation is not None:
                used.requests += reply.generation.attempts
                used.prompt_tokens += reply.generation.prompt_tokens or 0
                used.completion_tokens += reply.generation.completion_tokens or 0
    return used


def given_up(run: RunDir, judge_name: str) -> int:
    """How many answers a judge was asked about last in vain."""
    return sum(replies[-1].failure is not None for replies in run.judgements(judge_name).values())


class _Pass:
    """One pass over what is to be judged."""

    def __init__(
        self,
        run: RunWriter,
        judging: Judging,
        grader: str,
        todo: Sequence[Case],
        model: Model,
        on_judged: OnJudged | None,
    ) -> None:
        self._run = run
        self._judging = judging
        self._grader = grader
        self._todo = todo
        self._model = model
        self._on_judged = on_judged
        self._kept = run.judgements(judging.name)

    async def carry_out(self, concurrency: int) -> None:
        crew = Crew(self._todo, self._decide)
        await crew.work(concurrency)
        crew.end()

    async def _decide(self, case: Case) -> None:
        replies = readable(self._kept.get(case.key, ()), case)
        new: list[Judgement] = []
        while (grade := grade_of(case, self._judging, replies)) is None:
            reply = await self._ask(case, len(replies) + 1)
            self._run.append_judgement(self._judging.name, reply)
            new.append(reply)
            if reply.failure is not None:
                break
            replies.append(reply)
        if grade is not None:
            named = SampleGrade(unique_id=case.key[0], index=case.key[1], grade=grade)
            self._run.append_grade(self._grader, named)
        if self._on_judged is not None:
            self._on_judged(case, new, grade)

    async def _ask(self, case: Case, attempt: int) -> Judgement:
        asked = messages(self._judging, case, attempt)
        generation, failure = None, None
        try:
            generation = await self._model.generate(asked, self._judging.decoding)
        except SampleFailed as e:
            failure = Failure(kind=e.kind, detail=e.what, attempts=e.attempts)
        return Judgement(
            unique_id=case.key[0],
            index=case.key[1],
            attempt=attempt,
            shown=case.shown or "",
            ending=case.ending,
            said="" if generation is None else forms.read(self._judging.form, generation) or "",
            generation=generation,
            failure=failure,
        )
