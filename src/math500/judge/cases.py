"""Which samples a judge is asked about, and what exactly it is asked.

    cascade   only those that the rule could not tell
    wrong     also those that are not correct by the rule, as OpenCompass' CascadeEvaluator does
    all       every sample

OpenCompass: https://github.com/open-compass/opencompass/blob/0a24b2ee563b5fbe57cdd10cecaebe68487b0a5f/opencompass/evaluator/cascade_evaluator.py

The judge sees the answer that the rule extracted, never the reference solution and never the whole response:
what is judged is the same text that the rule judged. Where the rule found none, the form `verdict` shows the
response's end, except of one that was cut off. A sample with nothing to show keeps the rule's grade.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from math500 import evaluate, grading
from math500.grading.visible import visible
from math500.judge import quote
from math500.records import Grade, JudgeForm, Judging, Message, Problem, Sample, Verdict
from math500.rundir import Key, RunDir

Scope = Literal["cascade", "wrong", "all"]
ASKED: dict[Scope, frozenset[Verdict]] = {
    "cascade": frozenset({"ungraded"}),
    "wrong": frozenset({"ungraded", "wrong", "no_answer"}),
    "all": frozenset({"ungraded", "wrong", "no_answer", "correct"}),
}
"""The rule's verdicts on which a judge is asked."""

ANSWER = "The answer to mark"
END = "The end of a solution, which is to be marked by the final answer that it gives"


@dataclass(frozen=True)
class Case:
    """One sample with its grade by the rule."""

    problem: Problem
    sample: Sample
    rule: Grade
    shown: str | None
    """What a judge is shown; None where the rule's grade stands."""
    ending: bool = False
    """That is the response's end, not an extracted answer."""

    @property
    def key(self) -> Key:
        """The sample's name within its run."""
        return self.sample.unique_id, self.sample.index


def of_run(run: RunDir, form: JudgeForm, scope: Scope) -> Iterator[Case]:
    """Every sample that the rule has graded, in the order of the run's problems."""
    samples, grades = run.samples(), run.grades(grading.GRADER)
    for index in range(run.manifest.samples):
        for problem in run.problems():
            key = (problem.unique_id, index)
            sample = samples.get(key)
            if sample is not None and sample.failure is None and key in grades:
                rule = grades[key].grade
                shown, ending = _shown(sample, rule, form) if rule.verdict in ASKED[scope] else (None, False)
                yield Case(problem, sample, rule, shown, ending)


def messages(judging: Judging, case: Case, attempt: int) -> tuple[Message, ...]:
    """The request about one sample; the same one whenever it is made again.

    Args:
        judging: the judge.
        case: has something to show.
        attempt: 1, or 2 after a reply that could not be read.
    """
    around = quote.mark(judging.salt, *case.key, attempt)
    texts = {
        "question": quote.block(quote.plain(case.problem.problem), around),
        "reference": quote.block(quote.plain(case.problem.answer), around),
        "answer": quote.block(case.shown or "", around),
        "shown": END if case.ending else ANSWER,
    }
    # One pass: what stands in the texts themselves is never filled in.
    asked = re.sub(r"\{(\w+)\}", lambda match: texts[match[1]], judging.form.template)
    if attempt > 1:
        asked = f"{asked}\n\n{judging.form.reminder}"
    return (Message(role="user", content=asked),)


def _shown(sample: Sample, rule: Grade, form: JudgeForm) -> tuple[str | None, bool]:
    if rule.extracted is not None:
        return (quote.plain(rule.extracted) if len(rule.extracted) <= quote.LONGEST else None), False
    if not form.ending or evaluate.truncated(sample):
        return None, False
    end = (visible(sample.response) or "").strip()[-quote.ENDING :]
    return (quote.plain(end) or None), True
