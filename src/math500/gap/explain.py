"""From a run, or a bare number, to a `records.Gap`.

The order is the order of the page that comes out: what the numbers are, whether they may be subtracted, how
much of the difference is noise, what the factors are worth, what is left, and what to try next. Nothing is
subtracted from a number of another model or another set of problems.
"""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

import math500
from math500 import compare, evaluate, grading, protocols, scores, stats
from math500.errors import UsageError
from math500.gap import measured, offline, priors, published, words
from math500.gap.cut import CHARACTERS_PER_TOKEN, counted
from math500.gap.harnesses import Harness
from math500.gap.offline import Regrade, Responses, Transform
from math500.gap.settings import FIELD
from math500.records import Advice, Compared, Difference, Estimate, Factor, Gap, Reference
from math500.rundir import RunDir

SHOTS = 4
"""Worked examples that there are."""
BLOCKING = ("model", "data")
"""Fields in which a difference makes a subtraction meaningless."""


@dataclass(frozen=True)
class Against:
    """What is compared with, and what the registry holds about the model."""

    claimed: Reference | None = None
    rows: tuple[Reference, ...] = ()
    """Published scores of the model that was measured."""
    owners: tuple[Reference, ...] = ()
    """Published scores of any model that equal the claimed number."""
    model: str = ""
    """The model's name in the registry; empty when it is not in it."""
    outcome: compare.Outcome | None = None
    """Of a run that is compared with: what it got right, problem by problem."""


@dataclass(frozen=True)
class Sources:
    """Where a run's effects may come from besides its own responses."""

    graders: Callable[[RunDir, Responses], Sequence[Factor]] = lambda _run, _responses: ()
    """Effects of other projects' graders over the same responses."""
    grader_named: Callable[[str], Regrade | None] = lambda _name: None
    """The grader of that name; None where it is none of ours."""
    doubtful: Iterable[str] = ()
    """Ids of problems whose reference answer is known to be doubtful."""


def from_number(
    percent: float, places: int, n: int | None, model: str, against: Against, harness: Harness | None
) -> Gap:
    """The gap of a number without a run.

    Args:
        percent: the measured score.
        places: digits behind the point with which it was given.
        n: problems; guessed from the number itself when None.
        model: as typed.
        against: what it is compared with.
        harness: the configuration that it was measured with, where that is known.
    """
    size, data = _size(percent, places, n, harness)
    score = published.estimate(percent, size)
    ours = {"model": against.model or model, "data": data, "problems": f"{size}"}
    ours |= {} if harness is None else harness.protocol | {"data": data or harness.protocol["data"]}
    gap = _assemble(
        Gap(run="", model=model, data=ours["data"], measured=score),
        ours,
        against,
        findings=_numbers(percent, places, n, against, against.model or model),
        harness=harness,
    )
    return _with_remainder(gap, None)


def from_run(run: RunDir, against: Against, sources: Sources | None = None) -> Gap:
    """The gap of a run, with every factor that its responses and its ablations hold.

    Raises:
        UsageError: the run holds no answered problem.
    """
    given = sources or Sources()
    responses = Responses.of_run(run)
    right = evaluate.right_by_problem(responses.problems.values(), responses.grades)
    score = stats.score(list(right.values()))
    if score is None:
        raise UsageError(f"{run.path} has no answered problem", f"Finish it: math500 run --resume {run.path}")
    data = published.RUN_DATA.get(run.manifest.data.name, run.manifest.data.name)
    recomputed = offline.factors(responses, data, given.doubtful)
    graders = (*offline.logged(run, responses), *given.graders(run, responses))
    ours = protocols.of(run.manifest) | {"data": data, "grader": grading.GRADER}
    ours |= {"model": against.model or ours.get("model", "")}
    reference = _reference(against, ours)
    found = measured.effects(run, responses, _transforms(ours, reference, given))
    base = Gap(
        run=run.manifest.run_id,
        model=run.manifest.model.name,
        data=data,
        measured=score,
        factors=(*found.factors, *graders, *recomputed),
        explained=found.total,
        notes=(*_notes(responses), *found.notes),
    )
    gap = _assemble(base, ours, against, findings=_claimed(against, ours["model"]), harness=None)
    if gap.published is not None and (pairs := _pairs(responses, right, against.outcome)):
        gap = _in_pairs(gap, *pairs)
    return _with_remainder(gap, found.half_width)


def _pairs(
    responses: Responses, right: Mapping[str, Sequence[bool]], other: compare.Outcome | None
) -> tuple[list[float], list[float]] | None:
    """The shares of right samples in the other run and in this; None where they graded other problems."""
    if other is None:
        return None
    ours = {name: sum(verdicts) / len(verdicts) for name, verdicts in right.items() if verdicts}
    if ours.keys() != other.right.keys():
        return None
    if not all(compare.same(responses.problems[name], other.problems[name]) for name in ours):
        return None
    return [other.share(name) for name in ours], list(ours.values())


def _in_pairs(gap: Gap, before: Sequence[float], after: Sequence[float]) -> Gap:
    """The gap between two runs over the same problems: a problem that is hard for both cancels out."""
    found = stats.paired_difference(before, after)
    smallest = stats.smallest_difference(stats.difference_sd(before, after), found.n)
    return msgspec.structs.replace(gap, gap=found, smallest=smallest)


def stated_settings(run: RunDir, against: Against) -> dict[str, str]:
    """What the published protocol states otherwise than the run, as `settings.change` takes it.

    Only what is a number or a name is taken: a limit, the decoding, worked examples or none.
    """
    ours = protocols.of(run.manifest)
    ours |= {"data": published.RUN_DATA.get(run.manifest.data.name, run.manifest.data.name)}
    ours |= {"model": against.model or ours.get("model", "")}
    reference = _reference(against, ours)
    theirs = {} if reference is None else reference.protocol
    found = {}
    if theirs.get("token limit", "").isdigit():
        found["limit"] = theirs["token limit"]
    if theirs.get("shots", "").isdigit() and int(theirs["shots"]) <= SHOTS:
        found["shots"] = theirs["shots"]
    if (decoding := _decoding(theirs.get("decoding", ""))) is not None:
        found["decoding"] = decoding
    return {
        name: to
        for name, to in found.items()
        if theirs[FIELD.get(name, name)] != ours.get(FIELD.get(name, name))
    }


def _decoding(words: str) -> str | None:
    """`temperature 0.6, top-p 0.95` as `0.6/0.95`; None for what is said in other words."""
    if words == "greedy":
        return words
    found = re.fullmatch(r"temperature ([\d.]+)(?:, top-p ([\d.]+))?", words)
    return None if found is None else "/".join(part for part in found.groups() if part)


def _size(percent: float, places: int, n: int | None, harness: Harness | None) -> tuple[int, str]:
    """Problems behind the number and the name of their set; the smallest set that it fits when not given."""
    named = {size: name for name, size in published.SETS.items()}
    if n is not None:
        return n, named.get(n, "")
    if harness is not None and "data" in harness.protocol:
        return published.SETS[harness.protocol["data"]], harness.protocol["data"]
    fits = [s for s in published.SETS.values() if scores.right_of(percent, places, s) is not None]
    size = fits[0] if fits else max(published.SETS.values())
    return size, named[size]


def _assemble(
    base: Gap, ours: dict[str, str], against: Against, *, findings: Sequence[str], harness: Harness | None
) -> Gap:
    reference = _reference(against, ours)
    claimed = against.claimed
    beside = reference or claimed
    rows = _side_by_side(ours, beside)
    difference = None if reference is None else _difference(base.measured, reference)
    said = [*findings, *_like(reference, claimed, base, difference), *_configured(harness)]
    if claimed is None and not against.rows and base.data in published.SETS:
        said.append(
            f"No published score of {base.model} is on record: --model NAME is how `math500 scores` calls "
            "it; --against takes a score, a model or a run."
        )
    return msgspec.structs.replace(
        base,
        claimed=claimed,
        published=reference,
        others=tuple(row for row in against.rows if row != reference),
        gap=difference,
        smallest=stats.smallest_difference(_sd(base.measured), base.measured.n),
        comparability=rows,
        factors=(*base.factors, *_priors(rows, base.factors)),
        findings=tuple(said),
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        math500_version=math500.__version__,
    )


def _reference(against: Against, ours: dict[str, str]) -> Reference | None:
    """The number that may be subtracted: the claimed one where nothing stands against it, else the best."""
    claimed = against.claimed
    if claimed is not None and not any(row.blocks for row in _side_by_side(ours, claimed)):
        of_model = published.same_score(against.rows, 100 * claimed.score)
        known = next((row for row in of_model if row.data == ours["data"]), None)
        if known is not None:
            return known
        # Whose number it is can only be told of a model that is on record.
        if not against.owners or not against.rows:
            return claimed
    return published.like_for_like(against.rows, ours["data"])


def _side_by_side(ours: dict[str, str], theirs: Reference | None) -> tuple[Compared, ...]:
    if theirs is None:
        return ()
    stated = {"model": theirs.model, "data": theirs.data} | theirs.protocol
    if theirs.n or theirs.data in published.SETS:
        stated["problems"] = str(theirs.n or published.SETS[theirs.data])
    # A source tells in a sentence how it asked; a prompt of ours has a name.
    described = [field for field in ("prompt", "samples") if " " in stated.get(field, "")]
    known = {field: value for field, value in stated.items() if value}
    return protocols.side_by_side(ours, known, blocking=BLOCKING, described=described)


def _difference(score: Estimate, reference: Reference) -> Difference:
    """Measured minus published."""
    other = published.as_estimate(reference)
    if other is not None:
        return stats.difference(other, score)
    return Difference(
        value=score.value - reference.score,
        low=score.low - reference.score,
        high=score.high - reference.score,
        n=score.n,
        method="the measured score's interval alone; how many problems the other has is not known",
    )


def _sd(score: Estimate) -> float:
    """Per problem, of the difference of two independent scores like this one."""
    error = (score.high - score.low) / (2 * stats.Z95)
    return error * math.sqrt(2 * score.n)


def _numbers(percent: float, places: int, n: int | None, against: Against, model: str) -> list[str]:
    return [*_claimed(against, model), *published.possible(percent, places, n)]


def _claimed(against: Against, model: str) -> list[str]:
    """Whose number the claimed one is."""
    claimed = against.claimed
    if claimed is None or published.same_score(against.rows, 100 * claimed.score):
        return []
    shown = f"{100 * claimed.score:g}"
    if against.owners:
        first = against.owners[0]
        others = sorted({row.model for row in against.owners[1:]} - {first.model})
        more = f" (also of {', '.join(others[:3])})" if others else ""
        whose = f"it is {first.model}'s on {first.data}{more}, reported by {first.reporter}"
        if not against.rows:
            return [
                f"No published score of {model or 'the model'} is on record; {shown} is on record: {whose}."
            ]
        return [f"{shown} is not a published score of {model}: {whose} ({first.source})."]
    return [f"{shown} is no published score of {model} that is on record."] if against.rows else []


def _like(
    reference: Reference | None, claimed: Reference | None, base: Gap, difference: Difference | None
) -> list[str]:
    if reference is None or difference is None:
        return []
    if reference.of_run:
        score = f"{100 * reference.score:.1f} on {reference.data or base.data}"
        return [f"Compared with {reference.reporter}: {score}."]
    if not reference.model:
        return [
            "The number given is compared as it stands: whose it is, and of which problems, is not known."
        ]
    by = f", by {reference.reporter}" if reference.reporter else ""
    other = ""
    if claimed is not None and abs(claimed.score - reference.score) > 1e-9:
        other = f" and not {100 * abs(claimed.score - base.measured.value):.1f}"
    value = f"{100 * reference.score:.1f} on {reference.data or base.data}{by}"
    gap = f"{100 * abs(difference.value):.1f} points{other}"
    return [f"The like-for-like published value is {value}; the gap is {gap}.", *_doubt(reference)]


def _doubt(reference: Reference) -> list[str]:
    """How the published number was had, where nobody has seen it in its source."""
    told = {
        published.MEMORY: "is on record from memory and was not looked up: see its source first",
        "secondary": "is on record as another source quotes it",
    }
    said = told.get(reference.confidence)
    return [f"{100 * reference.score:.4g} {said} ({reference.source})."] if said else []


def _configured(harness: Harness | None) -> list[str]:
    if harness is None:
        return []
    limit = harness.protocol.get("token limit")
    capped = f"caps answers at {int(limit):,} tokens" if limit else "is on record"
    name = f"{harness.harness} {harness.name}"
    return [f"The configuration used, {name}, {capped}: {harness.note} ({harness.source})."]


def _priors(rows: Sequence[Compared], factors: Sequence[Factor]) -> tuple[Factor, ...]:
    """What others found of each factor that differs, is unknown, or was measured here."""
    names = {row.field for row in rows if row.state != "same"} | {f.name for f in factors}
    return priors.of(names | {"seed", "noise"})


def _transforms(ours: dict[str, str], theirs: Reference | None, sources: Sources) -> dict[str, Transform]:
    """Settings of the published protocol that the responses can be recomputed for."""
    stated = {} if theirs is None else theirs.protocol
    found = {}
    limit, own = stated.get("token limit", ""), ours.get("token limit", "")
    if limit.isdigit() and (not own or int(limit) < int(own)):
        found["token limit"] = Transform(f"{int(limit):,} tokens", limit=int(limit))
    if (grade := sources.grader_named(stated.get("grader", ""))) is not None:
        found["grader"] = Transform(stated["grader"], grade=grade)
    return found


def _notes(responses: Responses) -> tuple[str, ...]:
    if counted(responses.samples.values()):
        return ("Smaller token limits keep the share of each text that the endpoint's token count says.",)
    taken = f"{CHARACTERS_PER_TOKEN:g} characters were taken as one"
    return (f"The endpoint counted no tokens for some responses: {taken}.",)


def _with_remainder(gap: Gap, half_width: float | None) -> Gap:
    """Published minus measured minus what the factors explain; all of it where nothing was attributed."""
    if gap.gap is None or gap.published is None:
        return gap
    if gap.explained is None or half_width is None:
        d = gap.gap
        rest = Difference(value=0.0 - d.value, low=0.0 - d.high, high=0.0 - d.low, n=d.n, method=d.method)
        return msgspec.structs.replace(gap, remainder=rest)
    value = -gap.gap.value - gap.explained.value
    half = math.hypot(_half(gap.published), half_width)
    n, method = gap.explained.n, "normal, over problems, and the published score's own"
    rest = Difference(value=value, low=value - half, high=value + half, n=n, method=method)
    return msgspec.structs.replace(gap, remainder=rest)


def _half(reference: Reference) -> float:
    other = published.as_estimate(reference)
    return 0.0 if other is None else (other.high - other.low) / 2


def finished(gap: Gap, advice: Sequence[Advice]) -> Gap:
    """The gap with its advice and its paragraph."""
    advised = msgspec.structs.replace(gap, advice=tuple(advice))
    return msgspec.structs.replace(advised, words=words.paragraph(advised))
