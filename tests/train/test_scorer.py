"""The reward of completions, and that nothing a model writes breaks it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from math500.errors import UsageError
from math500.grading import pool
from math500.records import GrpoSettings
from math500.train.scorer import Scorer, over

END = 2
QUESTION = [{"role": "user", "content": "Ann has 12 pens and finds 9 more. How many are left?"}]
HOSTILE = [
    "\x00",
    "\ud800",
    r"\boxed{" * 3000,
    r"\boxed{" + "(" * 5000 + "}",
    r"\boxed{9^{9^{9^9}}}",
    r"\boxed{__import__('os').system('x')}",
    "\\boxed{" + "{" * 200 + "}" * 200 + "}",
    "\\boxed{\\frac{1}{0}}",
    "\\boxed{\u202e\u0661\u0662}",
    "a" * 200_000,
]


def scored(
    texts: list[str], answer: str = "21", ids: list[list[int]] | None = None, **wanted: object
) -> tuple[list[float | None], dict[str, float]]:
    own = GrpoSettings(**{"graders": "hendrycks", "completion_length": 8, **wanted})  # type: ignore[arg-type]
    logged: dict[str, float] = {}
    n = len(texts)
    found = Scorer(own, [END])(
        prompts=[QUESTION] * n,
        completions=[[{"role": "assistant", "content": text}] for text in texts],
        completion_ids=ids or [[5, END]] * n,
        answer=[answer] * n,
        log_metric=logged.__setitem__,
    )
    return found, logged


def test_right_wrong_none_and_the_shares() -> None:
    found, logged = scored([r"\boxed{21}", r"\boxed{20}", "no idea", "The answer is 21."])
    assert found == [1.0, 0.0, 0.0, 1.0]
    assert logged["right"] == 0.5
    assert logged["boxed"] == 0.5
    assert logged["unknown"] == logged["copied"] == logged["repeated"] == logged["cut"] == 0.0


def test_what_could_not_be_told_is_no_reward_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    def late(*_: object, **__: object) -> pool.Reply:
        raise pool.Fault("the symbolic comparison took longer than 1 s")

    monkeypatch.setattr(pool, "ask", late)
    found, logged = scored([r"\boxed{\int_0^1 f(x) dx}", r"\boxed{1}"], answer=r"\int_1^2 f(x) dx")
    assert found[0] is None
    assert logged["unknown"] >= 0.5


def test_terms_are_off_unless_they_have_a_weight() -> None:
    texts, ids = [r"\boxed{21}", "The answer is 21."], [[5] * 8, [5, END]]
    assert scored(texts, ids=ids)[0] == [1.0, 1.0]
    assert scored(texts, ids=ids, format_weight=0.1)[0] == [pytest.approx(1.1), 1.0]
    assert scored(texts, ids=ids, length_weight=0.5)[0] == [pytest.approx(0.5), 1.0]


def test_length_counts_from_where_it_was_told_to() -> None:
    own = GrpoSettings(completion_length=100)
    assert [over(n, own) for n in (10, 50, 75, 100, 120)] == [0.0, 0.0, 0.5, 1.0, 1.0]
    assert over(90, GrpoSettings(completion_length=100, length_from=80)) == 0.5


def test_a_completion_at_the_limit_is_cut_unless_it_ended_there() -> None:
    _, logged = scored(["The answer is 21"] * 2, ids=[[5] * 8, [5] * 7 + [END]])
    assert logged["cut"] == 0.5


def test_other_graders_are_asked_for_some() -> None:
    found, logged = scored([r"\boxed{21}", "The answer is 21."] * 8, graded_most=16)
    assert found == [1.0] * 16
    # Hendrycks' rule knows a box alone.
    assert logged["graders_right"] == 0.5
    assert logged["graders_agree"] == 0.5
    assert "graders_agree" not in scored([r"\boxed{21}"], graders="")[1]


def test_a_grader_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match="is no grader"):
        Scorer(GrpoSettings(graders="nobody"), [END])


@pytest.mark.parametrize("text", HOSTILE)
def test_no_hostile_text_raises(text: str) -> None:
    found, _ = scored([text])
    assert found[0] in (None, 0.0)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=80), st.sampled_from(["{}", r"\boxed{{{}}}", "${}$", "The answer is {}"]))
def test_no_text_raises(text: str, form: str) -> None:
    found, _ = scored([form.format(text)], answer=r"\frac{1}{2}")
    assert found[0] in (None, 0.0, 1.0)
