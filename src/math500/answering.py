"""What answers a run: its solver, and its model and judge ready to be asked.

The process that has the run's folder open uses it, and so does each worker of a cluster.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path

from math500 import judge as room
from math500 import models, rewards, sandbox, solve
from math500.client import Event, Spent
from math500.client.budget import Purse
from math500.errors import RunMismatch
from math500.judge import score
from math500.records import Decoding, Manifest, Problem, Scoring
from math500.solve import Model, Scorer, Solver

Say = Callable[[str], None]
Tell = Callable[[Event], None]


@contextlib.asynccontextmanager
async def ready(
    made: Manifest,
    opened: models.Opened,
    judge: models.Opened | None,
    concurrency: int,
    tell: Tell,
    *,
    spent: Spent | None = None,
    judge_spent: Spent | None = None,
    purse: Purse | None = None,
    given_up: int = 0,
) -> AsyncIterator[tuple[Solver, Model]]:
    """The run's solver and the model that it asks.

    Args:
        made: the run.
        opened: its model.
        judge: the judge of its votes.
        concurrency: requests in flight at most, at each address.
        tell: told of waits, retries and stops.
        spent: what the run has used up before.
        judge_spent: the same for the judge.
        purse: keeps the run's limits, where others ask too.
        given_up: questions that the run gave up before.
    """
    async with contextlib.AsyncExitStack() as stack:
        client = opened.client(
            concurrency=concurrency, on_event=tell, spent=spent, purse=purse, given_up=given_up
        )
        model: Model = await stack.enter_async_context(client)
        if judge is not None:
            asked = judge.client(
                concurrency=concurrency,
                on_event=tell,
                spent=judge_spent,
                beside=client,
                given_up=given_up,
            )
            model = room.WithJudge(model, await stack.enter_async_context(asked))
        yield await stack.enter_async_context(_solver(made)), model


@contextlib.contextmanager
def judge(
    scoring: Scoring | None,
    problems: Sequence[Problem],
    decoding: Decoding,
    concurrency: int,
    private: models.Private | None,
    say: Say,
) -> Iterator[models.Opened | None]:
    """The judge of a vote, ready to be asked; None where there is none."""
    if scoring is None:
        yield None
        return
    # The longest that it can be shown, for an embedded judge's context.
    longest = max((p.problem for p in problems), key=len)
    filler = "step " * min(score.SHOWN // 5, decoding.max_tokens or score.SHOWN)
    with models.open_model(
        scoring.model.name,
        base_url=scoring.asking.base_urls or None,
        concurrency=concurrency,
        max_tokens=scoring.decoding.max_tokens,
        asked=[score.messages(scoring.salt, longest, filler, score.TRIES)],
        asking=scoring.asking,
        private=None if private is None else models.Private(proxy=private.proxy),
        price=scoring.price,
        environ=os.environ,
        announce=say,
    ) as opened:
        yield opened


@contextlib.asynccontextmanager
async def _solver(made: Manifest) -> AsyncIterator[Solver]:
    """The run's solver, with a sandbox while it is used if it runs code."""
    info = made.solver_settings
    scorer = _scorer(made)
    if not solve.needs_sandbox(info.name):
        yield solve.make(info, made.prompt, made.decoding, scorer=scorer)
        return
    walls = None if made.protection is None else made.protection.walls
    async with sandbox.Sandbox(asked=walls) as box:
        yield solve.make(info, made.prompt, made.decoding, box, scorer)


def _scorer(made: Manifest) -> Scorer | None:
    """Who weighs the run's votes: its judge, its reward model, or nobody.

    Raises:
        RunMismatch: the reward model is not the one that the run was begun with.
    """
    if made.scoring is not None:
        return room.Judge(made.scoring)
    info = made.solver_settings
    if info.reward is None:
        return None
    folder, was = Path(info.reward), made.reward
    model = rewards.load(folder) if was is None or was.served is None else rewards.reopen(folder, was)
    if was is not None and model.info.sha256 != was.sha256:
        raise RunMismatch(
            f"{info.reward} holds another reward model than when the run was begun",
            "Put the old one back, or start a new run.",
        )
    return rewards.Weigher(model, made.prompt, info.aggregate)
