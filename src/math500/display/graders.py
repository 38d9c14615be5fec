"""A run under several graders: the scores, how each two agree, and the samples where they do not."""

from __future__ import annotations

from collections.abc import Sequence

from math500.display.tables import table
from math500.display.terminal import paint
from math500.plural import counted
from math500.records import Agreement, Disagreement, GraderScore, GraderTable

LONGEST = 40
"""Characters of an extracted answer that are shown."""
AGREEMENT = "Agreement: of 100 samples that both decided, how many two graders judge differently (0: none)"


def grader_scores(found: GraderTable) -> str:
    """The score under each grader; the numbers in front are those of the agreement."""
    rows: list[tuple[str, ...]] = [
        ("", "grader", "score", "95 % interval", "correct", "wrong", "none", "ungraded")
    ]
    rows += [(str(number), *_row(score)) for number, score in enumerate(found.scores, 1)]
    return table(rows, right=(0, 2, 4, 5, 6, 7), head=True)


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
        blocks += [AGREEMENT, _matrix(found)]
    blocks.append(_disagreements(found.disagreements, most))
    return "\n\n".join(blocks)


def _matrix(found: GraderTable) -> str:
    """How often each two differ; by numbers, so that a dozen graders fit into a terminal."""
    names = [score.grader for score in found.scores]
    pairs = {(a.first, a.second): a for a in found.agreement}
    rows = [("", *(str(number) for number in range(1, len(names))))]
    for i, name in enumerate(names[1:], 1):
        cells = [_differ(pairs[other, name]) for other in names[:i]]
        rows.append((str(i + 1), *cells, *("" for _ in names[i + 1 :])))
    return table(rows, right=range(len(names)), head=True)


def _differ(pair: Agreement) -> str:
    """The percentage; full agreement stands out as a plain 0."""
    if not pair.n:
        return "-"
    return f"{100 * (pair.n - pair.same) / pair.n:.1f}" if pair.same < pair.n else "0"


def _disagreements(found: Sequence[Disagreement], most: int) -> str:
    if not found:
        return "They agree on every sample."
    lines = [f"They do not agree on {counted(len(found), 'sample')}."]
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
