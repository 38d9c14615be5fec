"""A gap as a waterfall: from the measured score, factor by factor, to the published one."""

from __future__ import annotations

from math500 import plots
from math500.plural import counted
from math500.records import Gap

SHOWN = 9
"""Factors with a bar of their own; the smaller ones share one."""


def steps(gap: Gap) -> list[plots.Step]:
    """The bars, from the first total to the last; the shares by size."""
    m = gap.measured
    found = [plots.Step("measured", m.value, m.low, m.high, "total", f"n = {m.n:,}")]
    shared = [(f"{f.name}: {f.setting}", f.share) for f in gap.factors if f.share is not None]
    shared.sort(key=lambda named: -abs(named[1].value))
    found += [plots.Step(name, s.value, s.low, s.high) for name, s in shared[:SHOWN]]
    if rest := shared[SHOWN:]:
        found.append(plots.Step(counted(len(rest), "smaller factor"), sum(s.value for _, s in rest)))
    if gap.published is not None and gap.remainder is not None:
        r = gap.remainder
        found.append(plots.Step("remainder", r.value, r.low, r.high, "rest"))
        label = gap.published.reporter if gap.published.of_run else f"published: {gap.published.reporter}"
        found.append(plots.Step(label.removesuffix(": "), gap.published.score, kind="total"))
    elif gap.explained is not None:
        total = m.value + gap.explained.value
        found.append(plots.Step("with all other settings", total, kind="total"))
    return found


def waterfall(gap: Gap) -> str:
    """The figure as SVG."""
    data = f" on {gap.data}" if gap.data else ""
    return plots.waterfall(f"{gap.model}{data}", steps(gap), width=760)
