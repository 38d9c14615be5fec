"""A measured score against a published one, and where the difference comes from.

    published.py    what a number can be, and which one it may be compared with
    harnesses.py    what well-known configurations of other harnesses set
    against.py      what a user compares with
    registry.py     the registry of published scores as references
    explain.py      from a run or a bare number to a `records.Gap`
    offline.py      effects that the run's own responses hold
    graders.py      other projects' graders over the same responses
    cut.py          a response under a smaller token limit
    outcomes.py     scores per problem, two of them as one factor
    settings.py     the other setting of each factor
    ablate.py       asking again with one setting changed: the plan, its cost, the runs
    measured.py     the effects of those runs
    attribution.py  Shapley values with bootstrap intervals
    priors.py       sizes that others found
    figure.py       the waterfall
    advice.py       what to try next
    words.py        one paragraph

`of_run` and `of_number` are what the command calls.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from math500 import plots, scores
from math500.errors import RunError, UsageError
from math500.gap import ablate, advice, against, figure, graders, harnesses, settings
from math500.gap.explain import Against, Sources, finished, from_number, from_run, stated_settings
from math500.gap.offline import Responses
from math500.grading.key import doubtful
from math500.models import Private, is_embedded
from math500.plural import counted
from math500.records import Gap
from math500.rundir import RunDir

__all__ = ["Against", "Sources", "ask_again", "draw", "of_number", "of_run", "other_settings"]

Say = Callable[[str], None]


def of_run(folder: Path, *, model: str | None = None, compared_with: str | None = None) -> Gap:
    """The gap of a run, with its advice and its paragraph; it is written into the run's folder.

    A folder that cannot be written is read all the same, and the notes say so.

    Args:
        folder: of the run.
        model: the model's name in the registry; the run's own when None.
        compared_with: a score, a model or another run folder; the model's published scores when None.

    Raises:
        UsageError: the run holds no grades, or what it is compared with is nothing known.
    """
    run = RunDir.open(folder)
    beside = against.resolve(compared_with, model or run.manifest.model.name, typed=model is not None)
    offered = graders.offered(run)
    sources = Sources(
        doubtful=tuple(doubtful()),
        graders=lambda run, responses: graders.effects(run, responses, offered.presets),
        grader_named=lambda name: graders.named(offered.cheap, name),
    )
    found = from_run(run, beside, sources)
    responses = Responses(run.problems(), run.samples(), {})
    options = [*_option("--against", compared_with), *_option("--model", model)]
    gap = finished(found, advice.for_run(run, responses, found, options))
    gap = msgspec.structs.replace(gap, notes=(*gap.notes, *offered.notes(folder)))
    try:
        run.write_gap(gap)
    except RunError as e:
        return msgspec.structs.replace(gap, notes=(*gap.notes, f"It is not kept: {e.what}."))
    return gap


def _option(name: str, value: str | None) -> list[str]:
    return [] if value is None else [name, value]


def of_number(
    measured: str, *, n: int | None, model: str, compared_with: str | None, config: str | None
) -> Gap:
    """The gap of a number without a run.

    Args:
        measured: the score in percent, as printed: its digits say something.
        n: problems behind it, where that is known.
        model: whose score it is.
        compared_with: a score or a model.
        config: the harness configuration that it was measured with.

    Raises:
        UsageError: one of them is nothing known.
    """
    try:
        percent = float(measured)
    except ValueError:
        percent = -1.0
    if not 0 <= percent <= 100:
        raise UsageError(f"{measured!r} is no score", "Give a score in percent, such as --measured 75.16.")
    harness = harnesses.find(config) if config else harnesses.behind(model, percent)
    beside = against.resolve(compared_with, model)
    found = from_number(percent, scores.decimals(measured), n, model, beside, harness)
    if harness is not None and not config:
        taken = f"{measured} of this model is on record as measured with {harness.harness} {harness.name}"
        note = f"{taken}, and is taken for that; --config NAME says another."
        found = msgspec.structs.replace(found, notes=(*found.notes, note))
    return finished(found, advice.for_number(found, harness is not None))


def draw(gap: Gap, file: Path) -> None:
    """Write the waterfall as SVG, or as PNG where the file's name ends so.

    Raises:
        DependencyMissing: PNG needs the extra `plots`.
        RunError: the file cannot be written.
    """
    plots.save(figure.waterfall(gap), file)


def other_settings(pairs: tuple[str, ...]) -> dict[str, str]:
    """`FACTOR=VALUE` as a mapping.

    Raises:
        UsageError: one of them is not of that form, or names no factor.
    """
    found = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or name not in settings.CHANGES:
            raise UsageError(
                f"{pair!r} is no other setting",
                f"Use FACTOR=VALUE with a factor out of {', '.join(settings.CHANGES)}.",
            )
        found[name] = value
    return found


def ask_again(
    folder: Path,
    factors: str,
    *,
    to: Mapping[str, str],
    model: str | None = None,
    toward: str | None = None,
    problems: int | None,
    budget: int | None,
    plan_only: bool,
    crossed: bool = False,
    say: Say,
    quiet: bool,
    private: Private | None = None,
) -> bool:
    """Carry out the ablations of a run, once their cost is told; False when only the plan was wanted.

    With another run's folder as `toward` every factor takes that run's setting, and `all` means those that
    differ between the two. Of a published score the settings that its source states are taken.

    Raises:
        UsageError: a factor cannot be changed, or a model that costs money was to be asked without a budget.
        Math500Error: as for a run.
    """
    run = RunDir.open(folder)
    if run.manifest.origin is not None:
        raise UsageError(
            f"{folder} was imported from {run.manifest.origin.harness}: there is no model to ask again",
            "Leave --ablate out, or make a run of your own with `math500 run` and ablate that.",
        )
    target = against.run_of(toward)
    if target is None:
        beside = against.resolve(toward, model or run.manifest.model.name, typed=model is not None)
        to = stated_settings(run, beside) | dict(to)
    names = settings.names(factors)
    if target is not None and factors == "all":
        names = settings.differing(run.manifest, target)
    plan = ablate.plan(
        run, names, to=to, problems=problems, budget=budget, say=say, crossed=crossed, target=target
    )
    for arm in plan.arms:
        say(f"{arm.name}: {counted(arm.requests, 'request')}, about {arm.tokens:,} tokens ({arm.setting})")
    cost = f"{counted(plan.requests, 'request')} and about {plan.tokens:,} tokens"
    say(f"together {cost}, on {counted(len(plan.problems), 'problem')} of {run.manifest.run_id}")
    if plan_only:
        return False
    if budget is None and not is_embedded(run.manifest.model.name):
        raise UsageError(
            f"the ablations would send {cost} to {run.manifest.model.name}",
            f"Say how many tokens they may take: --budget {advice.budget(run, plan.tokens)}.",
        )
    ablate.carry_out(run, plan, budget=budget, say=say, quiet=quiet, private=private)
    return True
