"""Several runs side by side: the scores, what differs in how they were made, the problems that flipped."""

from __future__ import annotations

from collections.abc import Sequence

from math500 import plots
from math500.compare import compare
from math500.errors import UsageError
from math500.plural import counted
from math500.records import Comparison
from math500.report.facts import Facts
from math500.report.markup import figure, interval, percent, table, tag, text

FLIPS = 60
"""Flipped problems that are listed; the samples below can be filtered for all of them."""
OPEN = 10
"""So many are shown at once; a longer list is folded, or the runs themselves would stand far below it."""


def versus(runs: Sequence[Facts]) -> str:
    """The comparison with the first run; empty for one run."""
    if len(runs) < 2:
        return ""
    return tag(
        "section",
        tag("h2", "Comparison"),
        _scores(runs),
        *(_pair(runs[0], other, i) for i, other in enumerate(runs[1:], 1)),
        id="comparison",
        class_="comparison",
    )


def names(runs: Sequence[Facts]) -> list[str]:
    """A name for each run that tells it from the others: its model's, its folder's, or its id."""
    ids = [of.manifest.run_id for of in runs]
    for called in ([of.manifest.model.name for of in runs], [of.run.path.resolve().name for of in runs]):
        if len(set(called)) == len(called):
            return called
    return ids


def _scores(runs: Sequence[Facts]) -> str:
    called = names(runs)
    bars, rows = [], []
    for name, of in zip(called, runs, strict=True):
        s = of.summary.score
        if s is not None:
            bars.append(plots.Bar(name, s.value, s.low, s.high, f"n = {s.n}"))
        made = of.manifest
        rows.append(
            (
                text(name),
                percent(s.value) if s else "none",
                interval(s) if s else "",
                text(made.prompt.name),
                str(made.samples),
                f"{of.summary.truncated:,}",
            )
        )
    head = ("run", "score", "95 % interval", "prompt", "samples", "cut off")
    picture = figure(plots.bars("Scores", bars, width=640)) if bars else ""
    said = table(head, rows, caption="The runs", numbers=(1, 2, 4, 5))
    return tag("section", picture, said, class_="card")


def _pair(first: Facts, second: Facts, number: int) -> str:
    title = tag("h3", text(f"{names([first, second])[1]} against {names([first, second])[0]}"))
    try:
        found = compare(first.run, second.run)
    except UsageError as e:
        return tag("section", title, tag("p", text(str(e))), class_="card")
    return tag("section", title, _difference(found), _settings(found), _flips(found, number), class_="card")


def _difference(found: Comparison) -> str:
    words = "The runs have no problem in common."
    if found.difference is not None:
        d = found.difference
        words = (
            f"{100 * d.value:+.1f} points, 95 % interval {100 * d.low:+.1f} to {100 * d.high:+.1f}, over "
            f"{counted(found.n, 'problem')} that both runs graded (p = {found.p_value:.2g}, {found.test}). "
            f"{found.gained} gained, {found.lost} lost; this comparison would show a difference of "
            f"{100 * found.smallest:.1f} points in four of five cases."
        )
    return tag("p", text(words), class_="words") + "".join(
        tag("p", text(n), class_="quiet") for n in found.notes
    )


def _settings(found: Comparison) -> str:
    rows = [
        (text(c.field), text(c.ours), text(c.theirs), text(c.state))
        for c in found.comparability
        if c.state != "same"
    ]
    if not rows:
        return tag("p", "Both were made with the same settings.", class_="quiet")
    return table(("setting", "first", "second", ""), rows, caption="What differs in how they were made")


def _flips(found: Comparison, number: int) -> str:
    rows = [
        (
            tag(
                "button",
                text(f.unique_id),
                type="button",
                class_="link",
                data_open=f.unique_id,
                data_run=number,
            ),
            text(f.subject),
            "" if f.level is None else str(f.level),
            f"{100 * f.before:.0f} %",
            f"{100 * f.after:.0f} %",
            tag("code", text((f.extracted[0] or "none")[:60])),
            tag("code", text((f.extracted[1] or "none")[:60])),
        )
        for f in found.flips[:FLIPS]
    ]
    if not rows:
        return tag("p", "No problem flipped.", class_="quiet")
    of = len(found.flips)
    title = f"Problems that flipped{f' (the first {FLIPS} of {of})' if of > FLIPS else ''}"
    head = ("problem", "subject", "level", "first", "second", "first answer", "second answer")
    listed = table(head, rows, caption=title, numbers=(2, 3, 4))
    return listed if of <= OPEN else tag("details", tag("summary", f"The {of} problems that flipped"), listed)
