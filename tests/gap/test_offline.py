"""What a run's own responses say, on responses whose every change is known."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from math500 import evaluate
from math500.gap import offline
from math500.gap.offline import Responses, Transform, factors, transformed
from math500.records import Factor, Failure, Generation, Grade, Problem, Sample

BOX, WORDS, LATE = "$\\boxed{4}$", "So the answer is 4.", "I think. " * 20 + "$\\boxed{4}$"


def responses(texts: Sequence[Sequence[str | None]], levels: Sequence[int] | None = None) -> Responses:
    """Each problem's responses to `2 + 2`; None is a failed sample. A token is four characters."""
    problems, samples, grades = [], {}, {}
    for i, each in enumerate(texts):
        level = None if levels is None else levels[i]
        problem = Problem(
            problem="What is $2 + 2$?", answer="4", unique_id=f"p{i}", level=level, subject="Algebra"
        )
        problems.append(problem)
        for index, text in enumerate(each):
            failure = Failure(kind="timeout", detail="") if text is None else None
            generation = Generation(
                text=text or "", finish_reason="stop", completion_tokens=len(text or "") // 4
            )
            sample = Sample(
                unique_id=f"p{i}",
                index=index,
                response=text or "",
                generations=(generation,),
                failure=failure,
            )
            samples[f"p{i}", index] = sample
            if failure is None:
                grades[f"p{i}", index] = evaluate.grade_sample(sample, problem)
    return Responses(problems, samples, grades)


def named(found: Responses, name: str, data: str = "") -> list[Factor]:
    return [f for f in factors(found, data) if f.name == name]


def test_a_strict_rule_loses_what_stands_outside_a_box() -> None:
    (strict,) = named(responses([[BOX]] * 6 + [[WORDS]] * 3 + [["no idea"]]), "extraction")
    assert strict.value == pytest.approx(-0.3)
    assert (strict.gained, strict.lost) == (0, 3)
    assert strict.detail == "3 of 9 right answers stand outside a box"


def test_a_smaller_limit_loses_what_comes_late() -> None:
    found = responses([[BOX]] * 5 + [[LATE]] * 5)
    limits = {f.setting: f for f in named(found, "token limit")}
    assert limits["32 tokens"].value == pytest.approx(-0.5)
    assert limits["32 tokens"].detail == "50% of the responses are cut"
    assert transformed(found, [Transform("40 tokens", limit=40)])["p9"] == 0.0
    assert transformed(found, [Transform("1,000 tokens", limit=1000)]) == found.outcomes()


def test_another_grader_and_a_limit_at_once() -> None:
    found = responses([[BOX], [WORDS], [LATE]])
    seen: list[tuple[int, bool]] = []

    def longer(text: str, problem: Problem, cut_off: bool) -> Grade:
        seen.append((len(text), cut_off))
        return Grade(verdict="correct" if len(text) > 15 else "wrong")

    both = [Transform("long", grade=longer), Transform("10 tokens", limit=10)]
    assert transformed(found, both) == {"p0": 0.0, "p1": 1.0, "p2": 1.0}
    assert [cut_off for _, cut_off in seen] == [False, False, True]


def test_votes_and_any_of_k() -> None:
    wrong = "$\\boxed{5}$"
    found = responses([[BOX, BOX, wrong], [BOX, wrong, wrong], [BOX, wrong, "$\\boxed{6}$"], [wrong] * 3])
    vote, most = named(found, "samples")
    base = (2 + 1 + 1) / 12
    assert vote.value == pytest.approx((1 + 0 + 1 / 3 + 0) / 4 - base)
    assert most.value == pytest.approx(3 / 4 - base)
    assert named(responses([[BOX]]), "samples") == []


def test_failures_counted_as_wrong() -> None:
    (lost,) = named(responses([[BOX]] * 8 + [[None]] * 2), "failures")
    assert lost.value == pytest.approx(-0.2)
    assert lost.low is not None
    assert lost.low < -0.2
    assert named(responses([[BOX]] * 8), "failures") == []


def test_one_failed_sample_of_several_counts_too() -> None:
    (lost,) = named(responses([[BOX, BOX]] * 9 + [[BOX, None]]), "failures")
    assert lost.value == pytest.approx(-0.05)
    assert lost.lost == 1
    assert lost.detail == "1 failed, 0 could not be graded"


def test_a_mix_of_levels_is_weighted_as_the_whole_set() -> None:
    levels = [1] * 50 + [5] * 50
    found = responses([[BOX]] * 50 + [["no idea"]] * 50, levels)
    (mix,) = named(found, "level mix", "MATH-500")
    assert mix.value == pytest.approx(43 / (43 + 134) - 0.5)
    assert mix.high is not None
    assert mix.high < 0
    assert named(found, "level mix", "own.jsonl") == []


def test_of_a_larger_set_the_problems_of_math500_alone() -> None:
    from math500.data.verify import math500_reference

    ids = [*sorted(math500_reference())[:60], *(f"math-test/{i}" for i in range(40))]
    outcomes = {name: 1.0 if name.startswith("test/") else 0.0 for name in ids}
    (subset,) = offline._subset(outcomes)
    assert subset.value == pytest.approx(0.4)
    assert subset.setting == "60 problems of MATH-500"
    assert offline._subset(dict.fromkeys(ids[:60], 1.0)) == []


def test_doubtful_rows_are_left_out() -> None:
    found = responses([[BOX]] * 9 + [["no idea"]])
    (bad,) = [f for f in factors(found, "", ("p9", "elsewhere")) if f.name == "bad rows"]
    assert bad.value == pytest.approx(0.1)
    assert bad.setting == "1 doubtful row left out"


@pytest.mark.real_data
@pytest.mark.parametrize(("name", "data"), [("math500", "MATH-500"), ("math-test", "MATH-5000")])
def test_the_mixes_are_those_of_the_sets(name: str, data: str) -> None:
    from collections import Counter

    from math500.data import load

    problems = load(name).problems
    assert offline.SUBJECTS[data] == Counter(p.subject for p in problems)
    assert offline.LEVELS[data] == tuple(Counter(p.level for p in problems)[i] for i in range(1, 6))
