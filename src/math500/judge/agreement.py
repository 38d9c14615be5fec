"""The judge beside the rule: both scores, how far they agree, and where they do not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from math500 import evaluate, grading, stats
from math500.client import prices
from math500.judge.ask import spent
from math500.judge.cases import Case, Scope
from math500.records import Difference, Grade, JudgeReport, Judging, Overruled, Price
from math500.rundir import Key, RunDir

Pair = tuple[bool, bool]
"""Correct by the one, correct by the other."""


def report(
    run: RunDir,
    judging: Judging | None,
    grader: str,
    every: Sequence[Case],
    *,
    scope: Scope,
    model: str,
    form: str,
    price: Price | None,
) -> JudgeReport:
    """What a judge made of a run.

    Args:
        run: the run folder.
        judging: the judge; None where it was never needed.
        grader: the name of its grades.
        every: all samples, as `of_run` gives them.
        scope: on which of them the judge is asked.
        model: the judge's name as typed.
        form: how it is asked.
        price: what its tokens cost, where that is known.
    """
    grades = {key: g.grade for key, g in run.grades(grader).items()}
    problems = run.problems()
    rule = {case.key: case.rule for case in every}
    judged = [case for case in every if case.key in grades and grades[case.key].stage == "judge"]
    pairs = [(case, _pair(case.rule, grades[case.key])) for case in judged if _both(case, grades)]
    used = spent(run, judging.name) if judging is not None else None
    low, high = _interval(pairs)
    return JudgeReport(
        grader=grader,
        model=model,
        form=form,
        scope=scope,
        rule=grading.GRADER,
        rule_score=stats.score(list(evaluate.right_by_problem(problems, rule).values())),
        score=stats.score(list(evaluate.right_by_problem(problems, grades).values())),
        difference=_difference(run, rule, grades),
        judged=len(judged),
        unreadable=sum(grades[case.key].verdict == "ungraded" for case in judged),
        owed=sum(case.key not in grades for case in every),
        requests=0 if used is None else used.requests,
        prompt_tokens=0 if used is None else used.prompt_tokens,
        completion_tokens=0 if used is None else used.completion_tokens,
        cost=None
        if price is None or used is None
        else prices.cost(price, used.prompt_tokens, used.completion_tokens),
        compared=len(pairs),
        agreed=sum(a == b for _, (a, b) in pairs),
        kappa=kappa([pair for _, pair in pairs]),
        kappa_low=low,
        kappa_high=high,
        gained=sum(not a and b for _, (a, b) in pairs),
        lost=sum(a and not b for _, (a, b) in pairs),
        overruled=_overruled(judged, grades),
    )


def kappa(pairs: Sequence[Pair]) -> float | None:
    """Cohen's kappa: agreement beyond chance, 1 for full agreement and 0 for what chance gives.

    Cohen 1960, Educational and Psychological Measurement 20:37-46. None where one of the graders gives all
    samples the same verdict as the other gives all of them, so that there is nothing beyond chance.
    """
    return _kappa(list(Counter(pairs).items()))


def _kappa(counted: Sequence[tuple[Pair, int]]) -> float | None:
    n = sum(times for _, times in counted)
    if n == 0:
        return None
    seen = sum(times for (a, b), times in counted if a == b) / n
    first = sum(times for (a, _), times in counted if a) / n
    second = sum(times for (_, b), times in counted if b) / n
    chance = first * second + (1 - first) * (1 - second)
    return None if chance >= 1 else (seen - chance) / (1 - chance)


def _interval(pairs: Sequence[tuple[Case, Pair]]) -> tuple[float | None, float | None]:
    """The bootstrap interval of kappa over problems, whose samples are alike and stay together."""
    together: dict[str, list[Pair]] = {}
    for case, pair in pairs:
        together.setdefault(case.key[0], []).append(pair)
    if kappa([pair for _, pair in pairs]) is None or len(together) < 2:
        return None, None

    def of(drawn: Sequence[tuple[tuple[Pair, ...], int]]) -> float:
        counted = [(pair, times) for each, times in drawn for pair in each]
        value = _kappa(counted)
        # A draw in which both give one verdict throughout: they agree wherever they could.
        return 1.0 if value is None else value

    rows = [tuple(sorted(each)) for each in together.values()]
    return stats.percentiles(stats.bootstrap(rows, of))


def _both(case: Case, grades: Mapping[Key, Grade]) -> bool:
    return "ungraded" not in (case.rule.verdict, grades[case.key].verdict)


def _pair(rule: Grade, judge: Grade) -> Pair:
    return rule.verdict == "correct", judge.verdict == "correct"


def _difference(run: RunDir, rule: Mapping[Key, Grade], judge: Mapping[Key, Grade]) -> Difference | None:
    """Over the problems that both graded, each by the samples that it graded."""
    common = {key for key in rule if key in judge}
    both = [
        evaluate.right_by_problem(run.problems(), {key: each[key] for key in common})
        for each in (rule, judge)
    ]
    ids = [unique_id for unique_id in both[0] if both[0][unique_id] and both[1][unique_id]]
    if not ids:
        return None
    before, after = ([sum(each[i]) / len(each[i]) for i in ids] for each in both)
    return stats.paired_difference(before, after)


def _overruled(judged: Sequence[Case], grades: Mapping[Key, Grade]) -> tuple[Overruled, ...]:
    return tuple(
        Overruled(
            unique_id=case.key[0],
            index=case.key[1],
            rule=case.rule.verdict,
            judge=grades[case.key].verdict,
            extracted=case.rule.extracted,
            reference=case.problem.answer,
            said=grades[case.key].reason,
        )
        for case in judged
        if grades[case.key].verdict not in ("ungraded", case.rule.verdict)
    )
