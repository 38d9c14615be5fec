"""A run under several graders: the scores, how each two agree, and the samples where they do not."""

from __future__ import annotations

from collections.abc import Sequence

from math500.display.tables import table
from math500.display.terminal import paint
from math500.records import Agreement, Disagreement, GraderScore, GraderTable

LONGEST = 40
"""Characters of an extracted answer that are shown."""


def grader_scores(found: GraderTable) -> str:
    """The score under each grader."""
    rows: list[tuple[str, ...]] = [
        ("grader", "score", "95 % interval", "correct", "wrong", "no answer", "could not tell")
    ]
    rows += [_row(score) for score in found.scores]
    return table(rows, right=(1, 3, 4, 5, 6), head=True)


def _row(made: GraderScore) -> tuple[str, ...]:
    value, interval = "-", ""
    if made.score is not None:
        value = f"{100 * made.score.value:.1f}"
        interval = f"{100 * made.score.low:.1f} to {100 * made.score.high:.1f}"
    counts = (made.correct, made.wrong, made.no_answer, made.ungraded)
    return (made.grader, value, interval, *map(str, counts))


def graders(found: GraderTable, most: int) -> str:
    """All of it; of the samples that they do not agree on at most so many."""
    blocks = [paint(f"{found.run}, graded by {found.grader}", "heading"), grader_scores(found)]
    if found.agreement:
        blocks += ["Agreement, in percent of the samples that both decided:", _matrix(found)]
    blocks.append(_disagreements(found.disagreements, most))
    return "\n\n".join(blocks)


def _matrix(found: GraderTable) -> str:
    """The agreement of each two; the columns are numbered, since the names are long."""
    names = [score.grader for score in found.scores]
    pairs = {(a.first, a.second): a for a in found.agreement}
    head = ("", *(str(i) for i in range(1, len(names))))
    rows = [head]
    for i, name in enumerate(names):
        cells = [_share(pairs[other, name]) for other in names[:i]]
        rows.append((f"{i + 1} {name}", *cells, *("" for _ in names[i + 1 :]))[: len(names)])
    return table(rows, right=range(1, len(names)), head=True)


def _share(pair: Agreement) -> str:
    return f"{100 * pair.same / pair.n:.1f}" if pair.n else "-"


def _disagreements(found: Sequence[Disagreement], most: int) -> str:
    if not found:
        return "They agree on every sample."
    lines = [f"They do not agree on {len(found)} samples."]
    for each in found[:most]:
        lines.append("\n" + paint(f"{each.unique_id} [{each.index}], reference {each.answer}", "heading"))
        lines.append(table([(verdict, *_said(each, verdict)) for verdict in _verdicts(each)]))
    if len(found) > most:
        lines.append(f"\n{len(found) - most} more: --list {len(found)}")
    return "\n".join(lines)


def _verdicts(each: Disagreement) -> list[str]:
    order = ("correct", "wrong", "no_answer", "ungraded")
    given = {grade.verdict for grade in each.grades.values()}
    return [verdict for verdict in order if verdict in given]


def _said(each: Disagreement, verdict: str) -> tuple[str, str]:
    """Who gives this verdict, and the answers that they found."""
    theirs = {name: grade for name, grade in each.grades.items() if grade.verdict == verdict}
    answers = dict.fromkeys(grade.extracted or "" for grade in theirs.values())
    shown = [a if len(a) <= LONGEST else a[: LONGEST - 1] + "…" for a in answers if a]
    return ", ".join(theirs), "  |  ".join(shown)
