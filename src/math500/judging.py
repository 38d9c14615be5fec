"""A judging from what was typed to what is shown: grade by the rule, open the judge, ask, compare."""

from __future__ import annotations

import asyncio
import datetime
import os
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

import math500
from math500 import display, estimate, evaluate, grading, models
from math500 import judge as room
from math500.client import Event, forms, prices
from math500.display import Progress
from math500.errors import Interrupted, ModelError, RunMismatch
from math500.judge import Case, Scope
from math500.plural import counted, form
from math500.records import (
    Asking,
    Decoding,
    Grade,
    Judgement,
    JudgeReport,
    Judging,
    ModelInfo,
    Price,
    Sample,
    SampleGrade,
)
from math500.rundir import RunWriter

EMBEDDED_MAX_TOKENS = 32
"""The embedded model does not think before it says its word."""
SHORTEST_REPLY = 1
"""Token."""
NAME_LENGTH = 100
"""Characters of a model's name in the names of files."""

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the user asked for; each field is an option of `math500 judge`."""

    run: Path
    model: str
    form: str = "equality"
    scope: Scope = "cascade"
    base_url: str | tuple[str, ...] | None = None
    asking: Asking = field(default_factory=Asking)
    private: models.Private = field(default_factory=models.Private)
    price: Price | None = None
    decoding: Decoding = field(default_factory=Decoding)
    concurrency: int | None = None
    limit: int | None = None
    """Samples that are judged now at most."""


def judge_name(model: str, form: str) -> str:
    """A judge's name in a run folder, such as `judge-openai-gpt-4o-mini-equality/1`."""
    if models.is_embedded(model) and ":" in model:
        model = f"{models.EMBEDDED}-{Path(model.partition(':')[2]).stem}"
    slug = re.sub(r"[^\w.-]+", "-", model).strip(".-")[:NAME_LENGTH]
    return f"judge-{slug}-{form}/{room.get(form).version}"


def grader_name(model: str, form: str, scope: Scope) -> str:
    """The name of a judge's grades, such as `judge-openai-gpt-4o-mini-equality-cascade/1.1`.

    The version is the form's and the rule's, since both decide a grade.
    """
    name, _, version = judge_name(model, form).partition("/")
    return f"{name}-{scope}/{version}.{grading.GRADER.partition('/')[2]}"


def start(request: Request, *, say: Say, quiet: bool = False) -> JudgeReport:
    """Judge a run, or go on with it, and compare the judge with the rule.

    However it ends, what was judged is in the folder.

    Raises:
        RunMismatch: this judge was asked with other settings before.
        RunLocked: another process writes the run.
        Math500Error: see `errors`; the same command goes on with what was stopped.
    """
    form = room.get(request.form)
    request = _with_limit(request)
    forms.require(request.asking.api, request.decoding, None, ())
    grader = grader_name(request.model, request.form, request.scope)
    with RunWriter(request.run) as run:
        evaluate.grade(run)
        every = list(room.of_run(run, form, request.scope))
        graded = run.grades(grader)
        owed = [case for case in every if case.key not in graded]
        judging = run.judging(judge_name(request.model, request.form))
        say(_plan(every, owed, request))
        if any(case.shown is not None for case in owed):
            judging = _judge(run, request, grader, owed, judging, say=say, quiet=quiet)
        else:
            _take_over(run, grader, owed)
        price = request.price or (judging.price if judging is not None else None)
        return room.report(
            run,
            judging,
            grader,
            every,
            scope=request.scope,
            model=request.model,
            form=request.form,
            price=price,
        )


def _with_limit(request: Request) -> Request:
    """A judge that runs in this process has a token limit."""
    if request.decoding.max_tokens is not None or not models.is_embedded(request.model):
        return request
    limited = msgspec.structs.replace(request.decoding, max_tokens=EMBEDDED_MAX_TOKENS)
    return Request(**{**vars(request), "decoding": limited})


def _take_over(run: RunWriter, grader: str, owed: Sequence[Case]) -> None:
    """Write the rule's grade where it stands."""
    for case in owed:
        if case.shown is None:
            named = SampleGrade(unique_id=case.key[0], index=case.key[1], grade=case.rule)
            run.append_grade(grader, named)


def _judge(
    run: RunWriter,
    request: Request,
    grader: str,
    owed: Sequence[Case],
    before: Judging | None,
    *,
    say: Say,
    quiet: bool,
) -> Judging:
    """Open the judge, ask it about what it still has to judge, and return how it is asked."""
    todo = [case for case in owed if case.shown is not None][: request.limit]
    concurrency = min(request.concurrency or models.default_concurrency(request.model), len(todo))
    draft = before or _draft(request)
    asked = [room.messages(draft, case, 1) for case in todo]
    with models.open_model(
        request.model,
        base_url=request.base_url,
        concurrency=concurrency,
        max_tokens=request.decoding.max_tokens,
        asked=[room.messages(draft, case, 2) for case in todo],
        asking=request.asking,
        private=request.private,
        price=request.price,
        environ=os.environ,
        announce=say,
    ) as opened:
        judging = msgspec.structs.replace(
            draft, model=opened.info, asking=opened.asking, price=opened.price, decoding=request.decoding
        )
        if before is None:
            run.write_judging(judging)
        else:
            _require_same(before, judging, run.path)
        if not models.is_embedded(request.model):
            expected = estimate.of_messages(
                asked,
                shortest=SHORTEST_REPLY,
                max_tokens=request.decoding.max_tokens,
                price=opened.price,
            )
            say(display.estimate(expected, opened.price))
        _take_over(run, grader, owed)
        _ask(run, judging, grader, todo, opened, concurrency, quiet=quiet)
    return judging


def _draft(request: Request) -> Judging:
    """A new judge, whose model is not open yet."""
    return Judging(
        name=judge_name(request.model, request.form),
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        math500_version=math500.__version__,
        model=ModelInfo(name=request.model, served_name=request.model, base_url=""),
        form=room.get(request.form),
        decoding=request.decoding,
        salt=secrets.token_hex(16),
    )


def _require_same(was: Judging, now: Judging, folder: Path) -> None:
    """One judge's replies are all asked for alike; only the address may change."""
    differing = [name for name in ("form", "decoding") if getattr(was, name) != getattr(now, name)]
    if was.asking.api != now.asking.api:
        differing.append("form of asking")
    keys = ("sha256", "engine")
    before, after = ((j.model.name, j.model.served_name, *map(j.model.detail.get, keys)) for j in (was, now))
    if before != after:
        differing.append("model")
    if differing:
        stem = was.name.replace("/", "-")
        raise RunMismatch(
            f"{folder} was judged by {was.name} with another {' and '.join(differing)}",
            f"Give the settings in judges/{stem}.json, or move that file, judges/{stem}.jsonl and the "
            f"grades/{was.name.partition('/')[0]}-* away to judge anew.",
        )


def _ask(
    run: RunWriter,
    judging: Judging,
    grader: str,
    todo: Sequence[Case],
    opened: models.Opened,
    concurrency: int,
    *,
    quiet: bool,
) -> None:
    told: set[str] = set()
    again = "Then judge on with the same command; what was judged is kept."

    def tell(event: Event) -> None:
        if event.kind not in ("retry", "stopped") and event.what not in told:
            told.add(event.what)
            progress.note(f"{event.kind}: {event.what}")

    def done(case: Case, replies: Sequence[Judgement], grade: Grade | None) -> None:
        progress(_as_sample(case, replies), grade)

    async def ask() -> None:
        used = room.spent(run, judging.name)
        given_up = room.given_up(run, judging.name)
        client = opened.client(concurrency=concurrency, on_event=tell, spent=used, given_up=given_up)
        async with client:
            await room.judge(run, judging, grader, todo, client, concurrency=concurrency, on_judged=done)

    try:
        with _progress(run, judging, grader, len(todo), opened.price, quiet=quiet) as progress:
            asyncio.run(ask())
    except KeyboardInterrupt:
        raise Interrupted("stopped", "Judge on with the same command; what was judged is kept.") from None
    except ModelError as e:
        raise type(e)(e.what, f"{e.next_step} {again}") from e


def _as_sample(case: Case, replies: Sequence[Judgement]) -> Sample:
    """The replies as progress counts them."""
    return Sample(
        unique_id=case.key[0],
        index=case.key[1],
        response="",
        generations=tuple(r.generation for r in replies if r.generation is not None),
        failure=next((r.failure for r in replies if r.failure is not None), None),
    )


def _progress(
    run: RunWriter, judging: Judging, grader: str, count: int, price: Price | None, *, quiet: bool
) -> Progress:
    """The live progress: the samples of this pass, the tokens and money of this judge, its running score."""
    used = room.spent(run, judging.name)
    before = msgspec.structs.replace(
        evaluate.summarize(run, grader),
        samples=count,
        missing=count,
        failed=0,
        prompt_tokens=used.prompt_tokens,
        completion_tokens=used.completion_tokens,
        cost=None if price is None else prices.cost(price, used.prompt_tokens, used.completion_tokens),
    )
    return Progress(before, quiet=quiet, price=price)


def _plan(every: Sequence[Case], owed: Sequence[Case], request: Request) -> str:
    """What will be asked, in a sentence."""
    asked, left = (sum(case.shown is not None for case in each) for each in (every, owed))
    if not asked:
        return (
            f"Of {counted(len(every), 'graded sample')} none is for the judge "
            f"({request.scope}); nothing is asked."
        )
    now = left if request.limit is None else min(left, request.limit)
    return (
        f"{asked} of {counted(len(every), 'graded sample')} {form(asked, 'is', 'are')} for the "
        f"judge ({request.scope}): {asked - left} {form(asked - left, 'is', 'are')} judged, "
        f"{now} {form(now, 'is', 'are')} asked about now."
    )
