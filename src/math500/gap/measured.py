"""Effects of the arms that were asked, and the attribution over all factors that bear on the published score.

An arm stands for the factors in its run's id (`RUN+prompt`). Two kinds of factors take part in the
attribution: those of the arms, and those that the published protocol states and that the responses can be
recomputed for (a smaller token limit, another project's grader). The second kind costs nothing, so that it is
crossed with every arm.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from math500 import evaluate, stats
from math500.gap.attribution import NONE, Attribution, Coalition, all_coalitions, attribute
from math500.gap.offline import Responses, Transform, transformed
from math500.gap.outcomes import Outcomes, paired_factor
from math500.gap.settings import APART, FIELD, in_words
from math500.plural import counted, form
from math500.records import Difference, Factor
from math500.rundir import RunDir


@dataclass(frozen=True)
class Effects:
    """What the arms show."""

    factors: tuple[Factor, ...] = ()
    total: Difference | None = None
    """The sum of the shares."""
    half_width: float | None = None
    """Half the 95 % interval of the measured score plus that sum."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Arm:
    """An ablation as it lies on disk."""

    factors: Coalition
    run: RunDir
    responses: Responses


def arms(run: RunDir) -> list[Arm]:
    """The finished arms of a run, oldest first."""
    found = []
    for name in run.ablations():
        opened = RunDir.open(run.ablation(name))
        factors = opened.manifest.run_id.removeprefix(run.manifest.run_id).split("+")[1:]
        if not factors or not _finished(opened):
            continue
        found.append(Arm(frozenset(factors), opened, Responses.of_run(opened)))
    return sorted(found, key=lambda arm: arm.run.manifest.created)


def _finished(arm: RunDir) -> bool:
    """Whether every sample was asked for; those that failed are left out of the pairs, and named."""
    summary = evaluate.summarize(arm)
    return summary.failed < summary.samples and not summary.missing


def effects(run: RunDir, responses: Responses, transforms: Mapping[str, Transform]) -> Effects:
    """Every arm as a factor, and the attribution.

    Args:
        run: the run that is explained.
        responses: its own.
        transforms: factors that can be recomputed and whose published setting is known.
    """
    present = arms(run)
    single = [_factor(arm, responses) for arm in present if len(arm.factors) == 1]
    recomputed = [
        paired_factor(name, made.setting, responses.outcomes(), transformed(responses, [made]))
        for name, made in transforms.items()
    ]
    game = _Game(responses, present, transforms)
    if not game.factors:
        return Effects(tuple(single))
    shared = attribute(game.factors, game.measured())
    factors = [_with_share(f, shared) for f in (*single, *recomputed)]
    return Effects(
        factors=tuple(_together(factors, present, responses)),
        total=shared.total,
        half_width=_half_width(responses.outcomes(), shared),
        notes=_notes(shared),
    )


class _Game:
    """The coalitions that were asked, crossed with those that can be recomputed."""

    def __init__(self, base: Responses, present: Sequence[Arm], transforms: Mapping[str, Transform]) -> None:
        self._worlds: dict[Coalition, Responses] = {NONE: base}
        for arm in present:
            named = frozenset(FIELD.get(f, f) for f in arm.factors)
            if not named & set(APART):
                self._worlds.setdefault(named, arm.responses)
        alone = [next(iter(c)) for c in self._worlds if len(c) == 1]
        self._transforms = {n: t for n, t in transforms.items() if n not in alone}
        known = set(alone)
        self._worlds = {c: r for c, r in self._worlds.items() if c <= known}
        self.factors = (*alone, *self._transforms)

    def measured(self) -> dict[Coalition, Outcomes]:
        """The outcomes of every coalition that needs no filling in."""
        return {
            world | free: transformed(responses, [self._transforms[name] for name in sorted(free)])
            for world, responses in self._worlds.items()
            for free in all_coalitions(tuple(self._transforms))
        }


def _factor(arm: Arm, base: Responses) -> Factor:
    (name,) = arm.factors
    before = {k: v for k, v in base.outcomes().items() if k in arm.responses.problems}
    pairs = [(base.samples.get(key), s) for key, s in arm.responses.samples.items() if key[1] == 0]
    changed = sum(a is not None and a.response != b.response for a, b in pairs)
    failed = arm.responses.failed
    left_out = f"; {failed} failed and are left out" if failed else ""
    return paired_factor(
        FIELD.get(name, name),
        in_words(name, arm.run.manifest),
        before,
        arm.responses.outcomes(),
        kind="measured",
        changed=changed,
        source=str(arm.run.path),
        detail=(
            f"{changed} of {counted(len(pairs), 'response')} "
            f"{form(changed, 'differs in its', 'differ in their')} text{left_out}"
        ),
    )


def _with_share(factor: Factor, shared: Attribution) -> Factor:
    share = shared.shares.get(factor.name)
    return factor if share is None else msgspec.structs.replace(factor, share=share)


def _together(factors: Sequence[Factor], present: Sequence[Arm], base: Responses) -> list[Factor]:
    """The factors, and what all of them do at once where that was asked."""
    most = max(present, key=lambda arm: len(arm.factors), default=None)
    if most is None or len(most.factors) < 2:
        return list(factors)
    before = {k: v for k, v in base.outcomes().items() if k in most.responses.problems}
    names = ", ".join(FIELD.get(name, name) for name in sorted(most.factors))
    after, where = most.responses.outcomes(), str(most.run.path)
    return [*factors, paired_factor("together", names, before, after, kind="measured", source=where)]


def _half_width(base: Outcomes, shared: Attribution) -> float:
    """Half the 95 % interval of `measured + sum of the shares`.

    The score is over all N problems of the run, the shares over the n of the arms, which are among them: the
    variance is var(x) / N + var(d) / n + 2 cov(x, d) / N.
    """
    sums = [math.fsum(row) for row in shared.rows]
    scores = [base[key] for key in shared.keys]
    whole, some = len(base), len(sums)
    variance = _covariance(list(base.values()), list(base.values())) / whole
    variance += _covariance(sums, sums) / some + 2 * _covariance(scores, sums) / whole
    return stats.Z95 * math.sqrt(max(variance, 1 / (whole + 2) ** 2))


def _covariance(x: Sequence[float], y: Sequence[float]) -> float:
    if len(x) < 2:
        return 0.0
    mx, my = sum(x) / len(x), sum(y) / len(y)
    return sum((a - mx) * (b - my) for a, b in zip(x, y, strict=True)) / (len(x) - 1)


def _notes(shared: Attribution) -> tuple[str, ...]:
    said = [f"The shares are Shapley values over {counted(shared.total.n, 'problem')}."]
    if shared.unasked:
        said.append(
            f"{counted(shared.unasked, 'combination')} of settings "
            f"{form(shared.unasked, 'was', 'were')} not asked: "
            f"{form(shared.unasked, 'its', 'their')} own interplay is taken as zero."
        )
    return tuple(said)
