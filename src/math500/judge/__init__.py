"""A model as a grader: is this answer the reference answer? Asked where the rule cannot tell, or everywhere.

    forms.py      how a judge is asked, and how its reply is read
    quote.py      other people's text inside a request, so that it stays text
    cases.py      which samples it is asked about; the request itself
    ask.py        the pass over a run: ask, write, grade; goes on after a kill
    score.py      a judge that weighs the solutions of a vote, without the reference answer
    agreement.py  the judge beside the rule: scores, kappa, where they differ

`grading.grade` is still the one way to grade: a judge is shown what that rule extracted, and its grades lie
beside the rule's under a name of their own, so that `gap`, `errors` and `compare` take them by that name.
"""

from math500.judge.agreement import kappa, report
from math500.judge.ask import given_up, judge, spent
from math500.judge.cases import Case, Scope, messages, of_run
from math500.judge.forms import FORMS, get, read
from math500.judge.score import Judge, WithJudge

__all__ = [
    "FORMS",
    "Case",
    "Judge",
    "Scope",
    "WithJudge",
    "get",
    "given_up",
    "judge",
    "kappa",
    "messages",
    "of_run",
    "read",
    "report",
    "spent",
]
