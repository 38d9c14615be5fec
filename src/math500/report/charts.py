"""The plots of a run, by the name of their file; what has nothing to show is left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from math500 import plots
from math500.failures import MEANING
from math500.plural import counted
from math500.records import Estimate, Gap, Part
from math500.report import votes
from math500.report.facts import Facts

WIDTH = 480


def charts(of: Facts) -> dict[str, str]:
    """File name without its ending, to SVG."""
    made: Mapping[str, Callable[[Facts], str]] = {
        "subjects": subjects,
        "levels": levels,
        "subject-by-level": heat,
        "reasons": reasons,
        "length": length,
        "rules": rules,
        "agreement": agreement,
        "samples": by_k,
        "gap": gap,
    }
    drawn = {name: draw(of) for name, draw in made.items()}
    return {name: svg for name, svg in drawn.items() if svg}


def subjects(of: Facts) -> str:
    """The score of each subject."""
    return _parts("Score by subject", of.summary.by_subject)


def levels(of: Facts) -> str:
    """The score of each level."""
    named = tuple(Part(name=f"Level {part.name}", score=part.score) for part in of.summary.by_level)
    return _parts("Score by level", named)


def _parts(title: str, parts: tuple[Part, ...]) -> str:
    if len(parts) < 2:
        return ""
    rows = [
        plots.Bar(p.name, p.score.value, p.score.low, p.score.high, f"n = {p.score.n}")
        for p in parts
        if p.name
    ]
    return plots.bars(title, rows, width=WIDTH)


def heat(of: Facts) -> str:
    """Subject by level."""
    rows, columns, cells = of.cells()
    if len(rows) < 2 or len(columns) < 2:
        return ""
    grid = [
        [
            plots.Cell(cells[row, column].value, f"n = {cells[row, column].n}")
            if (row, column) in cells
            else None
            for column in columns
        ]
        for row in rows
    ]
    return plots.heat_map("Score by subject and level, in %", rows, [f"Level {c}" for c in columns], grid)


def reasons(of: Facts) -> str:
    """Why samples are not correct."""
    counts = sorted(of.tally.counts, key=lambda c: -c.samples)
    if not counts:
        return ""
    rows = [
        plots.Bar(MEANING[c.why], c.share.value, c.share.low, c.share.high, f"n = {c.samples:,}")
        for c in counts
    ]
    return plots.bars("Why responses are not correct", rows, width=640)


def length(of: Facts) -> str:
    """Tokens generated, by whether the response was correct."""
    groups: dict[bool, list[float]] = {True: [], False: []}
    for key, grade in of.main.items():
        tokens = generated(of, key)
        if tokens and grade.verdict != "ungraded":
            groups[grade.verdict == "correct"].append(tokens)
    if not groups[True] and not groups[False]:
        return ""
    limit = of.manifest.decoding.max_tokens
    return plots.histogram(
        "Length of responses",
        [plots.Group("correct", groups[True], "good"), plots.Group("not correct", groups[False], "bad")],
        x_label="tokens generated",
        y_label="responses",
        marks=[plots.Mark(limit, f"limit {limit:,}")] if limit else [],
        width=WIDTH,
    )


def generated(of: Facts, key: tuple[str, int]) -> int:
    """Tokens that all generations of a sample took; 0 where the endpoint did not count."""
    return sum(g.completion_tokens or 0 for g in of.samples[key].generations)


def rules(of: Facts) -> str:
    """Which rules found the answers."""
    found = of.summary.rules
    total = sum(found.values())
    if not total:
        return ""
    rows = [plots.Bar(rule, n / total, note=f"n = {n:,}") for rule, n in list(found.items())[:10]]
    return plots.bars(f"How {counted(total, 'answer was', 'answers were')} found, by rule", rows, width=WIDTH)


def agreement(of: Facts) -> str:
    """How often the most frequent answer is right, by how many of the samples give it."""
    bins = votes.calibration(votes.polls(of)) if of.manifest.samples > 1 else []
    if not bins:
        return ""
    most = max(b.n for b in bins)
    points = [plots.Point(b.agreement, b.right, *b.bounds, f"{b.n}", b.n / most) for b in bins]
    return plots.scatter(
        "Is agreement a sign of being right?",
        [plots.Series("problems", points)],
        x_label="share of samples that give the most frequent answer (figures: problems)",
        y_label="share of problems where that answer is right",
        x_form="percent",
        diagonal=True,
        width=WIDTH,
    )


def by_k(of: Facts) -> str:
    """pass@k and maj@k."""
    if of.manifest.samples < 2 or not of.main:
        return ""
    counts, passes, majorities = votes.by_k(votes.polls(of))
    if len(counts) < 2:
        return ""

    def series(name: str, scores: list[Estimate]) -> plots.Series:
        points = [plots.Point(k, e.value, e.low, e.high) for k, e in zip(counts, scores, strict=True)]
        return plots.Series(name, points)

    return plots.curves(
        "What more samples bring",
        [series("at least one of k right (pass@k)", passes), series("vote of k right (maj@k)", majorities)],
        x_label="k, samples a problem",
        y_label="share of problems",
        doubling=True,
        width=WIDTH,
    )


def gap(of: Facts) -> str:
    """From the measured score to the published one."""
    return "" if of.gap is None else _waterfall(of.gap)


def _waterfall(found: Gap) -> str:
    if found.published is None:
        return ""
    measured, published = found.measured, found.published
    steps = [plots.Step("measured", measured.value, measured.low, measured.high, "total")]
    steps += [
        plots.Step(f"{f.name}: {f.setting}", f.share.value, f.share.low, f.share.high)
        for f in found.factors
        if f.share is not None
    ]
    if found.remainder is not None:
        r = found.remainder
        steps.append(plots.Step("not explained", r.value, r.low, r.high, "rest"))
    steps.append(plots.Step(published.called, published.score, published.low, published.high, "total"))
    other = "other one" if published.of_run else "published one"
    return plots.waterfall(f"From the measured score to the {other}", steps, width=640)
