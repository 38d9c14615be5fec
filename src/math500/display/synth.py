"""A training set after it was made, and what the gate found."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from math500.display.tables import table
from math500.display.terminal import paint
from math500.plural import counted
from math500.records import Decontamination, LevelYield, Match, TrainingSet

REASONS: Mapping[str, str] = {
    "wrong": "another answer than the reference",
    "no_answer": "no answer was found",
    "ungraded": "the grader could not tell",
    "failed": "no response could be had",
    "truncated": "ended at the token limit",
    "loop": "repeats itself until its end",
    "constant_code": "its code prints a constant",
    "failed_code": "its last code failed",
    "guessed": "says that it guesses",
    "false_step": "holds an equation that is not true",
    "no_working": "an answer and nothing else",
    "unsupported": "the answer comes from nowhere",
    "same_calculation": "calculates as one that is kept",
    "contaminated": "holds a problem of a test set",
    "per_problem": "above the problem's number of rows",
    "balance": "above the set's number of rows",
    "no_wrong": "no wrong sample to go beside it",
    "no_reference": "the problem has no reference solution",
    "no_mask": "no mask was written",
    "mask_shows_answer": "the mask shows the answer",
    "mentions_hint": "speaks of what it was shown",
    "no_steps": "its steps cannot be told",
    "no_mistake": "no answer before the right one was wrong",
    "no_check": "no check was written",
    "check_shows_answer": "the check gives the answer",
    "no_number": "no number of the problem can be asked for",
    "no_problem": "no problem was written, or too long a one",
    "answer_inside": "the new problem holds an answer",
    "names_parent": "the new problem speaks of the old one",
    "no_question": "the new problem asks nothing",
    "several_questions": "the new problem asks several things",
    "like_parent": "the new problem is the old one",
    "like_another": "the new problem is like another one",
    "no_agreement": "too few solutions agree",
    "one_step": "has one step only",
    "untold": "no rollout of a step could be graded",
    "unreadable": "the judge's reply cannot be read",
    "judge_contradicts": "the judge finds no wrong step in a wrong solution",
    "quality_control": "served to every labeller",
    "bad_problem": "the labeller found the problem broken",
    "flagged": "the labeller could not tell",
    "unrated": "a step has no rating",
    "empty_step": "a step is empty",
    "neutral": "a step is rated 0",
    "alone": "there is nothing to rank it with",
    "tie": "a pair of the same quality",
    "order_decides": "a pair whose order of asking decides",
}
"""Each reason of a sample that is no row, in words that fit in a table."""


def training_set(made: TrainingSet, folder: Path) -> str:
    """What was kept, by difficulty, and what was not, by reason."""
    parents = ", ".join(parent.run for parent in made.parents)
    head = (
        f"{paint(str(folder), 'heading')}\n{counted(made.rows, 'row')} over "
        f"{counted(made.problems, 'problem')}, {made.kind}" + (f", from {parents}" if parents else "")
    )
    blocks = [head, _levels(made.levels), _left_out(made.left_out), _checked(made.decontamination)]
    return "\n\n".join(block for block in blocks if block)


def _levels(levels: tuple[LevelYield, ...]) -> str:
    names = ("difficulty", "problems", "samples", "correct", "usable", "rows", "problems with rows")
    rows = [names] + [
        (y.level, *(f"{n:,}" for n in (y.problems, y.samples, y.correct, y.usable, y.rows, y.covered)))
        for y in levels
    ]
    return table(rows, right=range(1, len(names)), head=True) if levels else ""


def _left_out(left_out: Mapping[str, int]) -> str:
    order = [*REASONS, *(reason for reason in left_out if reason not in REASONS)]
    rows = [
        (reason, f"{left_out[reason]:,}", REASONS.get(reason, "")) for reason in order if reason in left_out
    ]
    return table([("left out", "samples", "why"), *rows], right=(1,), head=True) if rows else ""


def _checked(report: Decontamination) -> str:
    sets = ", ".join(f"{one.name} ({counted(one.rows, 'problem')})" for one in report.against)
    return (
        f"{counted(report.checked, 'row was', 'rows were')} checked against {sets}; "
        f"{report.dropped:,} held one of them."
    )


def decontamination(report: Decontamination, most: int) -> str:
    """What the gate found: by rule, and row by row."""
    blocks = [_checked(report)]
    if report.by_rule:
        counted = [(rule, f"{n:,}") for rule, n in report.by_rule.items()]
        blocks.append(table([("found by", "rows"), *counted], right=(1,), head=True))
    if report.matches and most:
        blocks.append(_matches(report.matches, most))
    return "\n\n".join(blocks)


def _matches(matches: tuple[Match, ...], most: int) -> str:
    rows = [("row", "its problem", "in", "holds", "by", "share")]
    rows += [
        (
            "" if m.row is None else str(m.row),
            m.problem_id,
            m.field,
            f"{m.set} {m.unique_id}",
            m.rule,
            f"{100 * m.share:.0f} %",
        )
        for m in matches[:most]
    ]
    left = len(matches) - most
    more = f"\n... and {left} more: --list {len(matches)} shows them." if left > 0 else ""
    return table(rows, head=True) + more
