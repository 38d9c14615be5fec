"""The summary of one run as HTML, readable without JavaScript.

A number that stands for samples is a button with `data-filter`: with JavaScript it opens the samples
behind it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from math500 import protocols
from math500.display.money import at_least, dollars, in_no_sample, without_count
from math500.display.tables import between, duration
from math500.failures import MEANING
from math500.plots import svg
from math500.plural import counted, form
from math500.records import Estimate, Factor, Summary
from math500.report import votes
from math500.report.charts import charts
from math500.report.facts import Facts
from math500.report.markup import figure, interval, percent, table, tag, text

HEAT = 10
"""Shades of the heat map; the style sheet has a class for each."""


def run_section(of: Facts, number: int) -> str:
    """All that is said about one run, but for its samples."""
    drawn = {name: figure(picture) for name, picture in charts(of).items()}

    def some(*names: str) -> str:
        return "".join(drawn[name] for name in names if name in drawn)

    parts = [
        _head(of, number),
        tag("div", _score(of, some("levels")), _protocol(of), class_="pair"),
        _card(
            "Where it is right", tag("div", _heat(of, number), some("subjects"), class_="pair wide"), "where"
        ),
        _reasons(of, some("reasons")),
        _card(
            "How they answer",
            tag("div", some("length", "rules", "agreement", "samples"), class_="plots"),
            "length",
        ),
        _gap(of, some("gap")),
        _details(of),
    ]
    return tag("section", *parts, id=f"run-{number}", class_="run", aria_labelledby=f"run-{number}-name")


def _card(title: str, content: str, name: str) -> str:
    if "<table" not in content and "<svg" not in content:
        return ""
    return tag("section", tag("h3", text(title)), content, class_=f"card {name}")


def _head(of: Facts, number: int) -> str:
    made = of.manifest
    when = made.created[:16].replace("T", " ")
    line = f"{made.data.name} · prompt {made.prompt.name} · {made.solver} · {when}"
    return tag(
        "header",
        tag("h2", text(made.model.name), id=f"run-{number}-name"),
        tag("p", text(line), " · ", tag("code", text(made.run_id)), class_="quiet"),
        class_="name",
    )


# -- the score -------------------------------------------------------------------------------


def _score(of: Facts, picture: str) -> str:
    s = of.summary
    if s.score is None:
        big = tag("p", "No score yet", class_="big") + tag("p", "Nothing was graded.", class_="quiet")
    else:
        big = (
            tag("p", f"{100 * s.score.value:.1f}", tag("small", " %"), class_="big")
            + tag(
                "p",
                f"95 % interval {interval(s.score)}, over {counted(s.score.n, 'problem')}",
                class_="quiet",
            )
            + _strip(s.score)
        )
    return tag("section", tag("h3", "Score"), big, _states(s), _warnings(s), picture, class_="card score")


def _strip(score: Estimate) -> str:
    """The score and its interval on a line from 0 to 100."""
    low, high, at = 400 * score.low, 400 * score.high, 400 * score.value
    marks = (
        svg.box(0, 10, 400, 6, colour="line", radius=3)
        + svg.box(low, 8, max(high - low, 3), 10, colour="one", opacity=0.4, radius=5)
        + svg.element("circle", cx=at, cy=13.0, r=6.0, class_="m5-f-one")
        + "".join(
            svg.text(
                400 * v / 100,
                34,
                v,
                colour="muted",
                size=11,
                anchor="start" if v == 0 else "end" if v == 100 else "middle",
            )
            for v in (0, 50, 100)
        )
    )
    return _ornament("strip", "-8 0 416 40", marks, stretch=False)


def _ornament(name: str, view: str, marks: str, *, stretch: bool = True) -> str:
    """A small picture beside words that say the same; it is left out for those who listen."""
    ratio = ' preserveAspectRatio="none"' if stretch else ""
    return f'<svg class="m5-plot {name}" viewBox="{view}"{ratio} aria-hidden="true">{marks}</svg>'


STATES = (
    ("correct", "correct", "good"),
    ("wrong", "wrong", "bad"),
    ("no_answer", "no answer", "two"),
    ("ungraded", "could not be graded", "four"),
    ("failed", "failed", "quiet"),
    ("missing", "not collected", "line"),
)


def _states(s: Summary) -> str:
    """How the samples ended, as a bar and as a list."""
    counts = [(name, words, colour, int(getattr(s, name))) for name, words, colour in STATES]
    total = sum(n for *_, n in counts) or 1
    x, drawn, items = 0.0, "", ""
    for name, words, colour, n in counts:
        if n:
            width = 400 * n / total
            drawn += svg.box(x, 0, width - (1 if width > 2 else 0), 12, colour=colour, radius=0)
            x += width
            dot = _ornament("dot", "0 0 10 10", svg.box(0, 0, 10, 10, colour=colour))
            figure = _opens(f"{n:,}", {"verdict": name}) if name != "missing" else text(f"{n:,}")
            items += tag("li", dot, figure, " ", tag("span", text(words)))
    return _ornament("states", "0 0 400 12", drawn) + tag(
        "ul", items, class_="states", aria_label="How the responses ended"
    )


def _opens(words: str, filters: dict[str, str], label: str | None = None) -> str:
    """A figure that opens its samples; plain text without JavaScript."""
    return tag(
        "button", text(words), type="button", class_="link", data_filter=json.dumps(filters), aria_label=label
    )


def _warnings(s: Summary) -> str:
    """What is not in the number, or bends it."""
    said = []
    if s.truncated:
        said.append(f"{counted(s.truncated, 'response was', 'responses were')} cut off by the token limit.")
    if s.failed or s.missing:
        said.append(
            f"{s.failed:,} failed and {counted(s.missing, 'uncollected sample')} are not in the score."
        )
    if s.ungraded:
        said.append(
            f"{counted(s.ungraded, 'response')} could not be graded and "
            f"{form(s.ungraded, 'is', 'are')} not in the score."
        )
    return tag("ul", *(tag("li", text(words)) for words in said), class_="warn") if said else ""


def _protocol(of: Facts) -> str:
    made, s = of.manifest, of.summary
    rows = dict(protocols.of(made))
    rows["grader"] = of.grader
    least = at_least(s)
    read = (
        f"{least}{s.prompt_tokens:,} read, {s.completion_tokens:,} generated"
        if s.prompt_tokens
        else "not counted"
    )
    rows["tokens"] = f"{read}, in {duration(s.seconds)}" if s.seconds else read
    if s.prompt_tokens and s.uncounted:
        rows["tokens"] += f"; {without_count(s.uncounted)}"
    rows["cost"] = "" if s.cost is None else f"{least}{dollars(s.cost)}"
    rows["in no sample"] = _in_no_sample(s)
    rows["made by"] = f"math500 {made.math500_version}"
    items = "".join(tag("dt", text(name)) + tag("dd", text(value)) for name, value in rows.items() if value)
    prompt = tag(
        "details", tag("summary", "The prompt"), tag("pre", text(made.prompt.template), tabindex="0")
    )
    return tag("section", tag("h3", "Protocol"), tag("dl", items), prompt, class_="card protocol")


def _in_no_sample(s: Summary) -> str:
    """What failed samples, and tries that were begun again, took; empty where they took nothing."""
    prompt, completion = in_no_sample(s)
    if s.paid is None or not (prompt or completion):
        return ""
    money = "" if s.paid.cost is None else f"; {at_least(s)}{dollars(s.paid.cost)} paid in all"
    return f"{prompt:,} tokens read, {completion:,} generated{money}"


# -- where, why, how long ----------------------------------------------------------------------


def _heat(of: Facts, number: int) -> str:
    subjects, levels, cells = of.cells()
    if not subjects or not levels:
        return ""
    top = max((score.value for score in cells.values()), default=0.0) or 1.0
    parts = {p.name: p.score for p in of.summary.by_subject}

    def cell(subject: str, level: str) -> str:
        score = cells.get((subject, level))
        if score is None:
            return tag("td", tag("span", "none", class_="hidden"), class_="h h0")
        filters = {"subject": subject, "level": level}
        said = f"{subject}, level {level}: {percent(score.value)} of {counted(score.n, 'problem')}"
        figure = _opens(f"{100 * score.value:.0f} %", filters, said)
        return tag(
            "td", figure, tag("small", f"n = {score.n}"), class_=f"h h{round(HEAT * score.value / top)}"
        )

    head = "".join(tag("th", text(f"Level {level}"), scope="col") for level in levels)
    rows = "".join(
        tag(
            "tr",
            tag("th", text(s), scope="row"),
            *(cell(s, level) for level in levels),
            tag("td", percent(parts[s].value) if s in parts else "", class_="n all"),
        )
        for s in subjects
    )
    whole = tag(
        "table",
        tag("caption", "Score in %, by subject and level"),
        tag("thead", tag("tr", tag("td"), head, tag("th", "all", scope="col"))),
        tag("tbody", rows),
        class_="heat",
    )
    return tag(
        "div", whole, class_="scroll", tabindex="0", role="region", aria_label=f"Heat map of run {number + 1}"
    )


def _reasons(of: Facts, picture: str) -> str:
    counts = sorted(of.tally.counts, key=lambda c: -c.samples)
    if not counts:
        return ""
    rows = [
        (
            _opens(MEANING[c.why], {"reason": c.why}),
            f"{c.samples:,}",
            f"{percent(c.share.value)} <small>{interval(c.share)}</small>",
            percent(c.upper.value) if c.upper else "",
            percent(c.assumed.value) if c.assumed else "",
        )
        for c in counts
    ]
    head = ("reason", "responses", "share", "score at most", "score assumed")
    said = table(head, rows, caption="Each response that is not correct has one reason", numbers=(1, 2, 3, 4))
    note = tag(
        "p",
        "What the score would be without this reason: <em>at most</em>, if all of them were correct; "
        "<em>assumed</em>, if those without an answer were right as often as the answered ones of their "
        "level, "
        "and those that hold the right value were right.",
        class_="quiet",
    )
    return _card(f"Why {sum(c.samples for c in counts):,} are not correct", picture + said + note, "why")


def _gap(of: Facts, picture: str) -> str:
    if of.gap is None:
        return ""
    found = of.gap
    words = tag("p", text(found.words)) if found.words else ""
    said = _effects(found.factors) + _priors(found.factors)
    return tag("section", tag("h3", "The gap to a published score"), words, picture, said, class_="card gap")


def _effects(factors: Sequence[Factor]) -> str:
    """What this run shows of other settings."""
    rows = [
        (
            text(f.name),
            text(f.setting),
            text(f.kind),
            "" if f.value is None else f"{100 * f.value:+.1f}",
            "" if f.low is None or f.high is None else f"{100 * f.low:+.1f} to {100 * f.high:+.1f}",
        )
        for f in factors
        if f.kind != "prior"
    ]
    head = ("factor", "other setting", "how it is known", "points", "95 % interval")
    return table(head, rows, caption="What other settings are worth here", numbers=(3, 4)) if rows else ""


def _priors(factors: Sequence[Factor]) -> str:
    """What others found, which is no effect of this run and has no interval of ours."""
    rows = [
        (text(f.name), between(f.low, f.high), text(f.detail), text(f.source))
        for f in factors
        if f.kind == "prior"
    ]
    head = ("factor", "points", "what was found", "where")
    said = table(head, rows, caption="What others found on other models", numbers=(1,)) if rows else ""
    return tag("details", tag("summary", "What others found on other models"), said) if said else ""


def _details(of: Facts) -> str:
    """Tables that few look at: how answers were found, votes, parts."""
    s = of.summary
    rules = [(tag("code", text(rule)), f"{n:,}") for rule, n in s.rules.items()]
    said = (
        table(("rule", "responses"), rules, caption="Rules that found the answers", numbers=(1,))
        if rules
        else ""
    )
    parts = [(text(p.name), percent(p.score.value), interval(p.score), str(p.score.n)) for p in s.by_subject]
    parts += [
        (text(f"Level {p.name}"), percent(p.score.value), interval(p.score), str(p.score.n))
        for p in s.by_level
    ]
    head = ("part", "score", "95 % interval", "problems")
    said += table(head, parts, caption="Score by subject and level", numbers=(1, 2, 3)) if parts else ""
    said += _votes(of)
    return tag("details", tag("summary", "All figures"), said, class_="card figures") if said else ""


def _votes(of: Facts) -> str:
    if of.manifest.samples < 2 or not of.main:
        return ""
    counts, passes, majorities = votes.by_k(votes.polls(of))
    rows = [
        (str(k), percent(p.value), interval(p), percent(m.value), interval(m))
        for k, p, m in zip(counts, passes, majorities, strict=True)
    ]
    head = ("samples", "pass@k", "95 % interval", "maj@k", "95 % interval")
    return table(head, rows, caption="What more samples bring", numbers=(1, 2, 3, 4))
