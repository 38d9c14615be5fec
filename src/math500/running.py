"""A run from what was typed to what is shown: find the problems, open the model, collect, sum up."""

from __future__ import annotations

import asyncio
import datetime
import importlib.metadata
import os
import platform
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import msgspec

import math500
from math500 import (
    answering,
    batching,
    cluster,
    data,
    display,
    estimate,
    evaluate,
    grading,
    models,
    paid,
    plugins,
    prompts,
    rewards,
    sandbox,
    shots,
    solve,
)
from math500.client import Event, forms
from math500.cluster import collect as spread
from math500.display import Progress
from math500.errors import (
    ClusterUnavailable,
    DataUnreadable,
    Interrupted,
    ModelError,
    RequestRejected,
    RunError,
    RunMismatch,
    UsageError,
    why,
)
from math500.judge import score
from math500.plural import counted, form
from math500.records import (
    Asking,
    Budget,
    ChooseBy,
    DataSource,
    Decoding,
    Manifest,
    Message,
    ModelInfo,
    Plugin,
    Price,
    Problem,
    Prompt,
    RewardInfo,
    Scoring,
    Selection,
    SolverInfo,
    Walls,
)
from math500.rundir import RunDir, RunWriter, unused

PACKAGES = ("math500", "math-verify", "latex2sympy2_extended", "sympy", "aiohttp", "xllamacpp")
"""Libraries whose version can change a score or how it was collected."""

BOUNDS = {"temperature": (0, 1e6), "top_p": (0, 1), "max_tokens": (1, 1e9)}
"""What can be asked for, by whatever way; nan, which would be sent as null, lies in none of them."""

Count = Annotated[int, msgspec.Meta(ge=1)]
Say = Callable[[str], None]
Change = Callable[[Asking], Asking]


def _unchanged(asking: Asking) -> Asking:
    return asking


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the user asked for; each field is an option of `math500 run`."""

    model: str = models.EMBEDDED
    base_url: str | tuple[str, ...] | None = None
    asking: Asking = field(default_factory=Asking)
    private: models.Private = field(default_factory=models.Private)
    price: Price | None = None
    """The user's own, in place of the list's."""
    data: str = "math500"
    data_path: Path | None = None
    limit: Count | None = None
    shuffle_seed: int | None = None
    subjects: tuple[str, ...] = ()
    levels: tuple[int, ...] = ()
    ids: tuple[str, ...] = ()
    prompt: str = prompts.DEFAULT
    prompt_file: Path | None = None
    system: str | None = None
    no_system: bool = False
    shots: Annotated[int, msgspec.Meta(ge=0)] | None = None
    """Worked examples for each problem; 0 for none at all, None for the prompt's own."""
    choose: ChooseBy | None = None
    """How they are chosen; by subject when None."""
    shots_from: str | None = None
    shots_seed: int | None = None
    decoding: Decoding = field(default_factory=Decoding)
    samples: Count = 1
    solver: SolverInfo = field(default_factory=SolverInfo)
    walls: Walls | None = None
    """Of the sandbox, by name; None for the best that the machine offers."""
    judge_base_url: str | None = None
    """Where the judge of a vote is; the solver's settings name it."""
    judge_key_variable: str | None = None
    judge_price: Price | None = None
    reward_at: rewards.Service | None = None
    """The server of the reward model that weighs a vote; this process when None."""
    concurrency: Count | None = None
    out: Path | None = None
    command: tuple[str, ...] = ()


def _whole(problems: Sequence[Problem]) -> Sequence[Problem]:
    return problems


def check(request: Request) -> None:
    """Do nothing if what was asked for makes sense, as far as that can be said without a model or its data.

    Raises:
        UsageError: options contradict each other, or a number lies outside of what can be asked for.
    """
    solve.check(request.solver)
    _check_decoding(request.decoding)
    if request.asking.batch and request.solver.name != "cot":
        raise UsageError(
            f"a batch asks once for each sample, and the solver {request.solver.name} asks again and again",
            "Leave --batch or --solver out.",
        )
    of_judge = (request.judge_base_url, request.judge_key_variable, request.judge_price)
    if request.solver.judge is None and any(option is not None for option in of_judge):
        raise UsageError(
            "--judge-base-url, --judge-api-key-env and --judge-price are a judge's, and there is none",
            "Say which: --weigh judge --judge MODEL.",
        )
    if request.solver.reward is None and request.reward_at is not None:
        raise UsageError(
            "--reward-base-url is a reward model's, and there is none",
            "Say which: --weigh reward --reward FOLDER.",
        )
    chosen_how = (request.choose, request.shots_from, request.shots_seed)
    if not request.shots and any(option is not None for option in chosen_how):
        raise UsageError(
            "--choose, --shots-from and --shots-seed say which examples are shown, and none are asked for",
            "Say how many, such as --shots 4.",
        )


def _check_decoding(decoding: Decoding) -> None:
    for name, (least, most) in BOUNDS.items():
        value = getattr(decoding, name)
        if value is not None and not least <= value <= most:
            raise UsageError(f"{name} cannot be {value:g}", f"Give a number from {least} to {most:,.0f}.")


def start(
    request: Request,
    *,
    say: Say,
    quiet: bool = False,
    reshape: Callable[[Sequence[Problem]], Sequence[Problem]] = _whole,
    given: Prompt | None = None,
    engine: cluster.Ray | None = None,
) -> Path:
    """Carry out a new run and return its folder.

    However it ends, what was collected is in the folder and its summary is written.

    Args:
        request: what the user asked for.
        say: told what is going on.
        quiet: show no progress.
        reshape: makes what is asked out of the selected problems; they stay whole without it.
        given: a prompt in place of the request's.
        engine: Ray's workers, in place of this process.

    Raises:
        Math500Error: see `errors`; a run that was stopped can be resumed.
    """
    check(request)
    if engine is not None:
        spread.require(request.asking, request.private, weigh=request.solver.weigh)
    protection = sandbox.require(request.walls) if solve.needs_sandbox(request.solver.name) else None
    problem_set = data.load(request.data, path=request.data_path, announce=say)
    say(_source(problem_set.source))
    problems, selection = data.select(
        problem_set.problems,
        limit=request.limit,
        subjects=request.subjects,
        levels=request.levels,
        ids=request.ids,
        shuffle_seed=request.shuffle_seed,
    )
    whole = tuple(problems)
    problems = tuple(reshape(whole))
    prompt = given or prompt_for(request, problems, say)
    decoding = _decoding(request)
    forms.require(request.asking.api, decoding, None, prompt.stop, solve.extras(request.solver))
    tries = request.samples * (request.solver.votes or 1)
    if decoding.temperature == 0 and tries > 1:
        say(f"greedy: {tries} tries at a problem come out alike, or nearly; give a --temperature such as 0.7")
    drafted = _scoring(request)
    reward = _reward(request)
    concurrency = request.concurrency or models.default_concurrency(request.model)
    concurrency = min(concurrency, len(problems) * request.samples * (request.solver.votes or 1))
    messages = [prompts.messages(prompt, p.problem) for p in problems]
    with (
        models.open_model(
            request.model,
            base_url=request.base_url,
            concurrency=concurrency,
            max_tokens=solve.room(request.solver, decoding.max_tokens),
            asked=messages,
            asking=request.asking,
            private=request.private,
            price=request.price,
            environ=os.environ,
            announce=say,
        ) as opened,
        answering.judge(drafted, problems, decoding, concurrency, request.private, say) as judge,
    ):
        _require_price(request.asking.budget, judge)
        asked = msgspec.structs.replace(
            manifest(request, problem_set.source, selection, prompt, opened.info, concurrency),
            asking=opened.asking,
            price=opened.price,
            protection=protection,
            scoring=_as_opened(drafted, judge),
            reward=reward,
            reshaped=problems != whole,
        )
        folder = request.out or unused(asked.run_id)
        with RunWriter.create(folder, asked, problems) as run:
            say(f"{counted(len(problems), 'problem')} of {asked.data.name}, written to {folder}")
            if not models.is_embedded(request.model):
                say(_expected(asked, messages, problems))
            _collect(run, opened, judge, concurrency, quiet=quiet, engine=engine)
    return folder


def again(
    made: Manifest,
    problems: Sequence[Problem],
    folder: Path,
    *,
    say: Say,
    quiet: bool = False,
    budget: Budget | None = None,
    private: models.Private | None = None,
) -> None:
    """Carry out a run with exactly the settings of a manifest; go on where the folder holds it already.

    Raises:
        RunMismatch: the folder holds a run with other settings.
        Math500Error: as for `start`.
    """
    if (folder / "manifest.json").is_file():
        _require_same_settings(made, folder)
    else:
        RunWriter.create(folder, made, problems).close()

    def within(asking: Asking) -> Asking:
        return asking if budget is None else msgspec.structs.replace(asking, budget=budget)

    resume(folder, concurrency=None, say=say, quiet=quiet, change=within, private=private)


def _require_same_settings(made: Manifest, folder: Path) -> None:
    was = RunDir.open(folder).manifest
    names = ("prompt", "decoding", "samples", "concurrency", "solver", "selection")
    differing = [name for name in names if getattr(was, name) != getattr(made, name)]
    if was.asking.api != made.asking.api:
        differing.append("form of asking")
    if differing:
        raise RunMismatch(
            f"{folder} holds a run with another {' and '.join(differing)}", "Move that folder away."
        )


def resume(
    folder: Path,
    *,
    concurrency: int | None,
    say: Say,
    quiet: bool = False,
    change: Change = _unchanged,
    private: models.Private | None = None,
    price: Price | None = None,
    judge_price: Price | None = None,
    engine: cluster.Ray | None = None,
) -> None:
    """Finish a run that was stopped: ask what is owed, grade what is ungraded.

    Args:
        folder: the run.
        concurrency: instead of the manifest's.
        say: told what is going on.
        quiet: show no progress.
        change: turns the way in which the run was asked into the way to ask now.
        private: the secrets, which a manifest does not hold.
        price: what tokens cost, all of this run's; kept in the folder.
        judge_price: the same for the judge.
        engine: Ray's workers, in place of this process.

    Raises:
        UsageError: the run sends headers whose values are not given again, there is a limit on money and a
            judge whose price is not known, or a judge's price and no judge.
        RunMismatch: what the run was made with is not to be had any more.
        RunError: the run was imported; it was asked elsewhere.
    """
    with RunWriter(folder) as run:
        made = run.manifest
        if made.origin is not None:
            raise RunError(
                f"{folder} was imported from {made.origin.harness}: there is nothing to resume",
                f"See it with: math500 show {folder}",
            )
        if judge_price is not None and made.scoring is None:
            raise UsageError("--judge-price is given, and the run has no judge", "Leave it out.")
        if price is not None or judge_price is not None:
            run.write_prices(price, judge_price)
            made = run.manifest
        evaluate.grade(run)
        left, asked = len(evaluate.owed(run)), made.samples * len(run.problems())
        say(f"{left} of {counted(asked, 'sample')} {form(left, 'is', 'are')} owed")
        try:
            if left:
                at_once = min(concurrency or made.concurrency, left * (made.solver_settings.votes or 1))
                asking = change(made.asking)
                if engine is not None:
                    spread.require(asking, private, weigh=made.solver_settings.weigh)
                _require_headers(made, private)
                problems = run.problems()
                with (
                    models.open_model(
                        made.model.name,
                        base_url=_addresses(made, asking),
                        concurrency=at_once,
                        max_tokens=solve.room(made.solver_settings, made.decoding.max_tokens),
                        asked=[prompts.messages(made.prompt, p.problem) for p in problems],
                        asking=asking,
                        private=private,
                        price=made.price,
                        environ=os.environ,
                        announce=say,
                    ) as opened,
                    answering.judge(made.scoring, problems, made.decoding, at_once, private, say) as judge,
                ):
                    models.require_same(made.model, opened.info)
                    if made.scoring is not None and judge is not None:
                        models.require_same(made.scoring.model, judge.info)
                    _require_price(asking.budget, judge)
                    _collect(run, opened, judge, at_once, quiet=quiet, engine=engine)
        finally:
            run.write_summary(evaluate.summarize(run))


def _scoring(request: Request) -> Scoring | None:
    """The judge that was asked for, before it is opened."""
    name = request.solver.judge
    if name is None:
        return None
    asking = Asking(
        base_urls=() if request.judge_base_url is None else (request.judge_base_url,),
        key_variable=request.judge_key_variable,
        proxy=request.asking.proxy,
        ca_file=request.asking.ca_file,
        timeouts=request.asking.timeouts,
    )
    # Who refuses a temperature as a model is not sent one as a judge.
    temperature = None if request.decoding.temperature is None else 0.0
    limit = score.EMBEDDED_MAX_TOKENS if models.is_embedded(name) else None
    return Scoring(
        model=ModelInfo(name=name, served_name=name, base_url=""),
        asking=asking,
        decoding=Decoding(temperature=temperature, max_tokens=limit),
        form=score.FORM,
        salt=secrets.token_hex(16),
        price=request.judge_price,
    )


def _reward(request: Request) -> RewardInfo | None:
    """The reward model that was asked for, with its server where it has one."""
    if request.solver.reward is None:
        return None
    folder, service = Path(request.solver.reward), request.reward_at
    if service is None:
        return rewards.find(folder)[1]
    return rewards.look(service, rewards.described(folder, service)[1])


def _as_opened(scoring: Scoring | None, opened: models.Opened | None) -> Scoring | None:
    """The judge with what is known of it now."""
    if scoring is None or opened is None:
        return None
    return msgspec.structs.replace(
        scoring, model=opened.info, asking=opened.asking, price=opened.price or scoring.price
    )


def _require_price(budget: Budget, judge: models.Opened | None) -> None:
    if judge is None or budget.cost is None or models.is_embedded(judge.info.name):
        return
    if judge.price is None:
        raise UsageError(
            f"--max-cost needs the price of the judge {judge.info.name}, which is not known",
            "Give it in US dollars per million tokens: --judge-price PROMPT,COMPLETION.",
        )


def _collect(
    run: RunWriter,
    opened: models.Opened,
    judge: models.Opened | None,
    concurrency: int,
    *,
    quiet: bool,
    engine: cluster.Ray | None,
) -> None:
    told: set[str] = set()

    def tell(event: Event) -> None:
        # Single retries are the client's business, and the end is told by the error itself.
        if event.kind not in ("retry", "stopped") and event.what not in told:
            told.add(event.what)
            progress.note(f"{event.kind}: {event.what}")

    def spread_out(workers: cluster.Ray) -> None:
        spread.collect(
            run,
            opened,
            workers,
            concurrency=concurrency,
            spent=paid.spent(run),
            on_sample=progress,
            on_event=tell,
        )

    async def collect() -> None:
        if opened.asking.batch:
            await batching.collect(run, opened, say=progress.note, spent=paid.spent(run))
            return
        used = None if judge is None else paid.spent(run, judge=True)
        async with answering.ready(
            run.manifest,
            opened,
            judge,
            concurrency,
            tell,
            spent=paid.spent(run),
            judge_spent=used,
            given_up=evaluate.given_up(run),
        ) as (solver, model):
            at_once = concurrency * (1 + len(opened.others))
            await evaluate.collect(run, solver, model, concurrency=at_once, on_sample=progress)

    judge_price = None if judge is None else judge.price
    try:
        with Progress(
            evaluate.summarize(run), quiet=quiet, price=opened.price, judge_price=judge_price
        ) as progress:
            try:
                asyncio.run(collect()) if engine is None else spread_out(engine)
            finally:
                if opened.asking.batch:
                    evaluate.grade(run, progress)
    except KeyboardInterrupt:
        raise Interrupted("stopped", f"Go on with: math500 run --resume {run.path}") from None
    except (ModelError, ClusterUnavailable) as e:
        # The folder holds what was paid for: say how to get at it.
        so = "Then go on with"
        if isinstance(e, RequestRejected):
            so = "A run keeps its settings: with others start a new run, else go on with"
        raise type(e)(e.what, f"{e.next_step} {so}: math500 run --resume {run.path}") from e
    finally:
        run.write_summary(evaluate.summarize(run))


def _expected(made: Manifest, asked: Sequence[Sequence[Message]], problems: Sequence[Problem]) -> str:
    expected = estimate.estimate(
        asked,
        problems,
        samples=made.samples,
        max_tokens=made.decoding.max_tokens,
        price=made.price,
        solutions=solve.solutions(made.solver_settings),
        replies=solve.replies(made.solver_settings),
    )
    judged = " The judge's requests, one or two for each solution, come on top." if made.scoring else ""
    return display.estimate(expected, made.price) + judged


def _addresses(made: Manifest, asking: Asking) -> tuple[str, ...] | None:
    if models.is_embedded(made.model.name):
        return None
    return asking.base_urls or (made.model.base_url,)


def _require_headers(made: Manifest, private: models.Private | None) -> None:
    given = {name.lower() for name in (private.headers if private is not None else ())}
    missing = [name for name in made.asking.headers if name.lower() not in given]
    if missing:
        raise UsageError(
            f"the run sends the header {', '.join(missing)}, and its value is not kept",
            "Give it again: --header 'NAME: VALUE'.",
        )


def prompt_of(request: Request, say: Say, *, fill: bool = True) -> Prompt:
    """The prompt that was asked for, complete.

    Args:
        request: what the user asked for.
        say: told what is going on.
        fill: get the prompt's own worked examples.

    Raises:
        UsageError: there is no such prompt, or the options contradict each other.
        DataError: the prompt file, or the train split for the worked examples, cannot be had.
    """
    if request.prompt_file is not None:
        try:
            text = request.prompt_file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as e:
            raise DataUnreadable(
                f"the prompt file {request.prompt_file} cannot be read ({why(e)})", "Check it."
            ) from e
        prompt = prompts.from_text(text, name=request.prompt_file.stem)
    else:
        prompt = prompts.get(request.prompt)
    if request.system is not None and request.no_system:
        raise UsageError("--system and --no-system exclude each other", "Leave out one of the two.")
    if request.system is not None:
        prompt = msgspec.structs.replace(prompt, system=request.system)
    elif request.no_system:
        prompt = msgspec.structs.replace(prompt, system=None)
    if prompt.shot_keys and fill:
        prompt = prompts.with_shots(prompt, data.load("math-train", announce=say).problems)
    return prompt


def prompt_for(request: Request, problems: Sequence[Problem], say: Say) -> Prompt:
    """The prompt that was asked for, with the worked examples that it shows these problems.

    Raises:
        UsageError: as for `prompt_of`, or there are not so many examples, or some are of MATH-500.
        DataError: as for `prompt_of`, or the set that the examples come from cannot be had.
    """
    if request.shots is None:
        return prompt_of(request, say)
    prompt = prompt_of(request, say, fill=False)
    if request.shots == 0:
        return prompts.with_chosen(prompt, None)
    by = request.choose or "subject"
    pool = data.load(request.shots_from or shots.POOL, announce=say)
    chosen = shots.choose(problems, pool, by=by, count=request.shots, seed=request.shots_seed or 0)
    passed = (
        f"; {counted(chosen.near, 'near duplicate')} of their question "
        f"{form(chosen.near, 'was', 'were')} passed over"
        if chosen.near
        else ""
    )
    say(f"{counted(chosen.count, 'example')} before each question, by {by}, from {chosen.source}{passed}")
    return prompts.with_chosen(prompt, chosen)


def manifest(
    request: Request,
    source: DataSource,
    selection: Selection,
    prompt: Prompt,
    model: ModelInfo,
    concurrency: int,
) -> Manifest:
    """All that decides the score of the run that was asked for."""
    now = datetime.datetime.now(datetime.UTC)
    name = re.sub(r"[^\w.-]+", "-", Path(request.model.split(":")[-1]).name)
    return Manifest(
        run_id=f"{now:%Y%m%d-%H%M%S}-{name}-{prompt.name}",
        created=now.isoformat(timespec="seconds"),
        math500_version=math500.__version__,
        data=source,
        selection=selection,
        prompt=prompt,
        decoding=_decoding(request),
        samples=request.samples,
        model=model,
        grader=grading.GRADER,
        solver=solve.words(request.solver),
        solver_settings=request.solver,
        concurrency=concurrency,
        command=request.command,
        packages=packages(),
        plugins=_brought(request, prompt),
        platform=f"{platform.platform()}, Python {platform.python_version()}",
    )


def _decoding(request: Request) -> Decoding:
    """As asked for, with the model's own default for a token limit that was left open."""
    limit = request.decoding.max_tokens or models.default_max_tokens(request.model)
    return msgspec.structs.replace(request.decoding, max_tokens=limit)


def _brought(request: Request, prompt: Prompt) -> tuple[Plugin, ...]:
    """What of a run other packages bring."""
    own = prompt.name in prompts.names() or request.prompt_file is not None
    solver = request.solver.name.removeprefix("vote:")
    asked = [] if own else [plugins.known("prompts", prompt.name)]
    if solver not in solve.describe():
        asked.append(plugins.known("solvers", solver))
    if request.data not in {one.name for one in data.known_sets()} and not Path(request.data).exists():
        asked.append(plugins.known("data", request.data))
    return tuple(plugin for plugin in asked if plugin is not None)


def packages() -> dict[str, str]:
    """Versions of the libraries that can change a score."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _source(source: DataSource) -> str:
    """Where the problems came from, each place that was looked at."""
    steps = "; ".join(f"{s.place} {s.location}: {s.outcome}" for s in source.steps)
    proof = "verified" if source.verified else "your own set"
    return f"{source.name}: {counted(source.rows, 'problem')}, {proof} ({steps})"
