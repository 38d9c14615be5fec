"""A gap in one paragraph of plain words."""

from __future__ import annotations

from math500.plural import counted
from math500.records import Difference, Factor, Gap

LARGE = 0.005
"""Shares from half a point on are told."""


def paragraph(gap: Gap) -> str:
    """What the reader needs to know when they read nothing else."""
    return " ".join(
        part
        for part in (
            _numbers(gap),
            _noise(gap),
            _shares(gap),
            _interplay(gap),
            _rest(gap),
            _again(gap),
            _free(gap),
        )
        if part
    )


def _numbers(gap: Gap) -> str:
    score = f"{gap.model} scores {_score(gap.measured.value)} on {counted(gap.measured.n, 'problem')}"
    score += f" of {gap.data}" if gap.data else ""
    if gap.claimed is not None and gap.published is None:
        return (
            f"{score}. The number it was to be compared with, {_score(gap.claimed.score)}, cannot be "
            "subtracted from it, and no published score of this model on these problems is on record."
            f"{_in_pairs(gap)}"
        )
    if gap.published is None or gap.gap is None:
        return f"{score}. There is no published number beside it."
    side = "below" if gap.gap.value < 0 else "above"
    other = gap.published
    whose = {"other run": f"of {other.reporter}", "published": f"that {other.reporter} reports"}
    number = f"the {_score(other.score)} {whose.get(other.called, 'that was given')}"
    return f"{score}, {_points(abs(gap.gap.value))} {side} {number}."


def _in_pairs(gap: Gap) -> str:
    """What compares two models of the user's own, before and after a training for instance."""
    blocking = {row.field for row in gap.comparability if row.blocks}
    other = gap.claimed.source if gap.claimed is not None else ""
    if blocking != {"model"} or not other or not gap.claimed or not gap.claimed.of_run:
        return ""
    return (
        f" The two models answered the same problems: `math500 compare {other} RUN` compares them in pairs."
    )


def _noise(gap: Gap) -> str:
    d = gap.gap
    if d is None:
        return ""
    if d.low <= 0 <= d.high:
        return "Sampling error alone explains a difference of this size: the interval holds zero."
    low, high = sorted((abs(d.low), abs(d.high)))
    return (
        f"Sampling error does not explain it: the difference is between {100 * low:.1f} and "
        f"{_points(high)} with 95 % confidence."
    )


def _shares(gap: Gap) -> str:
    shared = [(f, f.share) for f in gap.factors if f.share is not None]
    large = sorted(((f, s) for f, s in shared if abs(s.value) >= LARGE), key=lambda fs: -abs(fs[1].value))
    if not shared:
        return ""
    if not large:
        return "None of the measured factors moves the score by half a point."
    told = ", ".join(f"{f.name} ({f.setting}) {_signed(s)}" for f, s in large[:4])
    return f"Of the settings that were changed: {told}."


def _interplay(gap: Gap) -> str:
    """Whether the settings do together what they do alone."""
    alone = {f.name: f.value or 0.0 for f in gap.factors if f.kind == "measured"}
    for factor in gap.factors:
        names = factor.setting.split(", ")
        if factor.name == "together" and all(name in alone for name in names):
            added, asked = sum(alone[name] for name in names), factor.value or 0.0
            low, high = factor.low or 0.0, factor.high or 0.0
            if not low <= added <= high:
                return (
                    f"Changed together, {factor.setting} are worth {100 * asked:+.1f} points and not the "
                    f"{100 * added:+.1f} that they add up to one at a time: they depend on each other."
                )
    return ""


def _rest(gap: Gap) -> str:
    if gap.remainder is None:
        return ""
    r = gap.remainder
    if any(f.share is not None for f in gap.factors):
        sure = "" if r.low <= 0 <= r.high else ", which is more than chance"
        return f"{_signed(r).capitalize()} remain unexplained{sure}."
    return "Nothing of it has been attributed yet."


def _again(gap: Gap) -> str:
    """What the server's batches, or asking again, change by themselves."""
    asked = [f for f in gap.factors if f.kind == "measured" and f.name in ("concurrency", "repeat")]
    told = [
        f"{f.setting}: {f.changed} of {counted(f.n, 'first response')} and "
        f"{counted(f.gained + f.lost, 'grade')} change"
        for f in asked
    ]
    return f"Asked again with nothing else changed, {'; '.join(told)}." if told else ""


def _free(gap: Gap) -> str:
    """The largest effect that the run's own responses show."""
    free = [f for f in gap.factors if f.kind == "recomputed" and f.value is not None and f.share is None]
    if not free:
        return ""
    most = max(free, key=_size)
    if _size(most) < LARGE:
        return "No other grader, smaller token limit or mix of problems moves the score by half a point."
    return (
        f"Over the same responses the largest change comes from {most.name} ({most.setting}): "
        f"{100 * (most.value or 0.0):+.1f} points."
    )


def _size(factor: Factor) -> float:
    return abs(factor.value or 0.0)


def _score(value: float) -> str:
    """In percent, with a second digit only where it says something."""
    return f"{100 * value:.2f}".removesuffix("0")


def _points(value: float) -> str:
    return f"{100 * value:.1f} points"


def _signed(d: Difference) -> str:
    return f"{100 * d.value:+.1f} points ({100 * d.low:+.1f} to {100 * d.high:+.1f})"
