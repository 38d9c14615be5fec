"""Effects measured with the model: the same problems asked again with one setting changed.

    baseline   the run's own samples, over a seeded subset of its problems; asked already, so free
    an arm     one run folder, RUN/ablations/NAME, in which one factor has its other setting
    together   one more arm in which all of them have; `crossed` adds every combination

An arm is an ordinary run: it resumes, and `math500 show` and `math500 compare` read it. What it will cost is
estimated from the tokens that the run itself took, before anything is sent, and the client stops at the
budget whatever the estimate said.
"""

from __future__ import annotations

import datetime
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import msgspec

import math500
from math500 import data, paid, prompts, running
from math500.errors import RunNotFound, UsageError
from math500.gap.settings import APART, Train, change
from math500.models import Private
from math500.plural import counted
from math500.records import Budget, Generation, Manifest, Problem, Prompt
from math500.rundir import RunDir

SUBSET = 100
"""Problems of an arm unless told otherwise."""
SEED = 0
"""Of the choice of problems: the same subset each time, so that arms can be added later."""
CHARACTERS_PER_TOKEN = 3.0
"""For prompts that are longer than those of the run: LaTeX and English, roughly."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Arm:
    """One run to make: which factors have their other setting, and what that costs."""

    factors: tuple[str, ...]
    setting: str
    manifest: Manifest
    requests: int
    tokens: int
    """Prompt and completion tokens, estimated."""

    @property
    def name(self) -> str:
        """Its folder's name; two settings of one factor have two folders."""
        if len(self.factors) > 1:
            return "together-" + "-".join(self.factors)
        kept = "".join(c if c.isalnum() else "-" for c in self.setting.lower())
        return "-".join(part for part in f"{self.factors[0]}-{kept}".split("-") if part)[:60]


@dataclass(frozen=True)
class Plan:
    """All arms, the problems they share, and what they cost together."""

    problems: tuple[Problem, ...]
    arms: tuple[Arm, ...]

    @property
    def requests(self) -> int:
        """Requests of all arms."""
        return sum(arm.requests for arm in self.arms)

    @property
    def tokens(self) -> int:
        """Tokens of all arms, estimated."""
        return sum(arm.tokens for arm in self.arms)


@dataclass(frozen=True)
class _Other:
    """Where the other settings come from."""

    to: Mapping[str, str]
    train: Train
    target: Manifest | None


def plan(
    run: RunDir,
    factors: Sequence[str],
    *,
    to: Mapping[str, str],
    problems: int | None,
    budget: int | None,
    say: Say,
    crossed: bool = False,
    target: Manifest | None = None,
) -> Plan:
    """What would be asked, of how many problems, and for how many tokens.

    Args:
        run: the run that is explained; it gives the settings and the problems.
        factors: what to change, one at a time.
        to: other settings than the default ones.
        problems: how many problems each arm asks; as many as the budget allows, 100 at most, when None.
        budget: tokens that all arms together may take; None for no limit.
        say: told where a data set comes from.
        target: another run's settings, which the factors take.
        crossed: ask every combination of the factors, 2^k arms, instead of each alone and all together.

    Raises:
        UsageError: a factor cannot be changed here, or the budget is too small.
    """
    if run.manifest.origin is not None:
        raise UsageError(
            f"{run.path} was imported from {run.manifest.origin.harness} and cannot be asked again",
            "Make a run of the model with `math500 run`, and ablate that.",
        )
    if run.manifest.solver != "cot":
        raise UsageError(
            f"{run.path} was solved by {run.manifest.solver}, and ablations ask once for each problem",
            "Ablate a run without --solver.",
        )
    train = _train(say)
    answered = _answered(run)
    if not answered:
        raise UsageError(f"{run.path} has no answered problem to start from", "Finish the run first.")
    sets = _crossed(factors) if crossed else _alone_and_together(factors)
    whole = _plan(run, answered, sets, _Other(to, train, target))
    if budget is None or not whole.arms:
        return _plan(run, _subset(answered, problems or SUBSET), sets, _Other(to, train, target))
    affordable = int(budget * len(answered) / whole.tokens)
    if affordable < max(1, problems or 1):
        each = whole.tokens / len(answered)
        raise UsageError(
            f"a budget of {budget:,} tokens is enough for {affordable} of "
            f"{counted(problems or 1, 'problem')}",
            f"Give --budget {round(each * (problems or 1) * 1.05):,}".replace(",", "")
            + ", or fewer factors.",
        )
    wanted = min(problems or SUBSET, affordable)
    return _plan(run, _subset(answered, wanted), sets, _Other(to, train, target))


def carry_out(
    run: RunDir,
    made: Plan,
    *,
    budget: int | None,
    say: Say,
    quiet: bool = False,
    private: Private | None = None,
) -> None:
    """Ask every arm; arms that are there already are only finished.

    Raises:
        Math500Error: as for a run; what was collected is kept, and the same command goes on.
    """
    left = budget
    for arm in made.arms:
        folder = run.ablation(arm.name)
        say(f"{arm.name}: {counted(arm.requests, 'request')}")
        before = _spent(folder)
        # A run's budget counts what it used up before.
        limit = None if left is None else Budget(tokens=before + max(left, 1))
        running.again(
            arm.manifest,
            made.problems,
            folder,
            say=lambda _: None,
            quiet=quiet,
            budget=limit,
            private=private,
        )
        if left is not None:
            left -= _spent(folder) - before


def _plan(
    run: RunDir,
    problems: Sequence[Problem],
    sets: Sequence[tuple[str, ...]],
    other: _Other,
) -> Plan:
    cost = _Cost(run)
    arms = []
    for names in sets:
        changed = change(run.manifest, names, other.to, other.train, other.target)
        requests = len(problems) * run.manifest.samples
        tokens = round(requests * cost.of(changed.manifest, problems))
        made = _manifest(changed.manifest, problems, names)
        arms.append(Arm(names, changed.setting, made, requests, tokens))
    return Plan(tuple(problems), tuple(arms))


def _manifest(made: Manifest, problems: Sequence[Problem], factors: tuple[str, ...]) -> Manifest:
    now = datetime.datetime.now(datetime.UTC)
    ids = tuple(p.unique_id for p in problems)
    return msgspec.structs.replace(
        made,
        run_id=f"{made.run_id}+{'+'.join(factors)}",
        created=now.isoformat(timespec="seconds"),
        math500_version=math500.__version__,
        selection=msgspec.structs.replace(made.selection, ids=ids, count=len(ids)),
        packages=running.packages(),
        concurrency=min(made.concurrency, len(ids) * made.samples),
    )


def _alone_and_together(factors: Sequence[str]) -> list[tuple[str, ...]]:
    alone: list[tuple[str, ...]] = [(name,) for name in factors]
    real = tuple(name for name in factors if name not in APART)
    return [*alone, real] if len(real) > 1 else alone


def _crossed(factors: Sequence[str]) -> list[tuple[str, ...]]:
    """Every combination of the factors; those that show noise alone."""
    real = [name for name in factors if name not in APART]
    sets = [some for size in range(1, len(real) + 1) for some in combinations(real, size)]
    return [*sets, *((name,) for name in factors if name in APART)]


class _Cost:
    """Tokens of one request under other settings, from those of the run."""

    def __init__(self, run: RunDir) -> None:
        self._made = run.manifest
        self._generations = [g for s in run.samples().values() for g in s.generations[-1:]]

    def of(self, changed: Manifest, problems: Sequence[Problem]) -> float:
        """Prompt and completion tokens of a mean request."""
        asked, before = (_characters(m.prompt, problems) for m in (changed, self._made))
        longer = max(0.0, (asked - before) / CHARACTERS_PER_TOKEN)
        return _mean([g.prompt_tokens for g in self._generations], before / CHARACTERS_PER_TOKEN) + (
            longer + self._completion(changed.decoding.max_tokens)
        )

    def _completion(self, limit: int | None) -> float:
        """A response that was cut off goes on to the new limit, at the worst."""
        return _mean([_length(g, limit) for g in self._generations], float(limit or 1024))


def _length(generation: Generation, limit: int | None) -> int | None:
    tokens = generation.completion_tokens
    if tokens is None or limit is None:
        return tokens
    return limit if generation.finish_reason == "length" else min(tokens, limit)


def _mean(numbers: Sequence[int | None], otherwise: float) -> float:
    known = [n for n in numbers if n is not None]
    return sum(known) / len(known) if known else otherwise


def _characters(prompt: Prompt, problems: Sequence[Problem]) -> float:
    some = problems[:50]
    lengths = (len(m.content) for p in some for m in prompts.messages(prompt, p.problem))
    return sum(lengths) / len(some)


def _answered(run: RunDir) -> list[Problem]:
    """The problems of which every sample was answered."""
    have = {key for key, sample in run.samples().items() if sample.failure is None}
    wanted = range(run.manifest.samples)
    return [p for p in run.problems() if all((p.unique_id, i) in have for i in wanted)]


def _subset(problems: Sequence[Problem], count: int) -> list[Problem]:
    """A seeded sample, in the run's order; a larger one holds the smaller one."""
    order = list(range(len(problems)))
    random.Random(SEED).shuffle(order)  # noqa: S311 - a choice of problems, not a secret
    return [problems[i] for i in sorted(order[:count])]


def _spent(folder: Path) -> int:
    """Tokens that an arm has used so far."""
    try:
        return paid.in_all(RunDir.open(folder))
    except RunNotFound:
        return 0


def _train(say: Say) -> Train:
    def load() -> Sequence[Problem]:
        return data.load("math-train", announce=say).problems

    return load
