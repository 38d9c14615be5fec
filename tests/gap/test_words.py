from __future__ import annotations

import msgspec
import pytest

from math500 import display
from math500.gap import words
from math500.records import Compared, Difference, Estimate, Factor, Gap, Reference


def difference(value: float, half: float) -> Difference:
    return Difference(value=value, low=value - half, high=value + half, n=500)


SCORE = Estimate(value=0.752, low=0.712, high=0.788, n=500)
GAP = Gap(
    run="r",
    model="m",
    data="MATH-500",
    measured=SCORE,
    published=Reference(score=0.831, reporter="vendor:M", model="m", data="MATH-500"),
    gap=difference(-0.079, 0.05),
    remainder=difference(0.079, 0.05),
)
LIMIT = Factor(
    name="token limit",
    setting="4,096 tokens",
    kind="measured",
    value=0.05,
    low=0.03,
    high=0.07,
    n=100,
    share=difference(0.05, 0.02),
)


def with_(**fields: object) -> Gap:
    return msgspec.structs.replace(GAP, **fields)


def test_two_models_of_the_users_own_are_sent_to_compare() -> None:
    model = Compared(field="model", ours="m", theirs="n", state="different", blocks=True)
    claimed = Reference(score=0.7, model="n", reporter="the run 2026", source="runs/before")
    blocked = {"published": None, "gap": None, "remainder": None, "claimed": claimed}
    text = words.paragraph(with_(**blocked, comparability=(model,)))
    assert "`math500 compare runs/before RUN`" in text
    data = msgspec.structs.replace(model, field="data")
    assert "compare runs" not in words.paragraph(with_(**blocked, comparability=(model, data)))
    of_others = msgspec.structs.replace(claimed, reporter="vendor:N")
    assert "compare runs" not in words.paragraph(with_(**blocked | {"claimed": of_others}))


def test_the_numbers_and_the_noise() -> None:
    text = words.paragraph(GAP)
    assert text.startswith(
        "m scores 75.2 on 500 problems of MATH-500, 7.9 points below the 83.1 that vendor:M reports."
    )
    assert "the difference is between 2.9 and 12.9 points with 95 % confidence" in text
    assert text.endswith("Nothing of it has been attributed yet.")


def test_the_shares_and_what_remains() -> None:
    text = words.paragraph(with_(factors=(LIMIT,), remainder=difference(0.029, 0.05)))
    assert "token limit (4,096 tokens) +5.0 points (+3.0 to +7.0)" in text
    assert "+2.9 points (-2.1 to +7.9) remain unexplained." in text


def test_a_remainder_that_is_sure_is_called_that() -> None:
    text = words.paragraph(with_(factors=(LIMIT,), remainder=difference(0.09, 0.05)))
    assert "remain unexplained, which is more than chance." in text


def test_factors_that_move_nothing() -> None:
    still = msgspec.structs.replace(LIMIT, share=difference(0.001, 0.02))
    assert "None of the measured factors moves the score" in words.paragraph(with_(factors=(still,)))


def test_what_asking_again_changes() -> None:
    again = Factor(
        name="concurrency",
        setting="1 at once",
        kind="measured",
        value=0.0,
        n=100,
        gained=1,
        lost=2,
        changed=20,
    )
    text = words.paragraph(with_(factors=(again,)))
    assert "1 at once: 20 of 100 first responses and 3 grades change." in text


def test_settings_that_depend_on_each_other() -> None:
    prompt = msgspec.structs.replace(LIMIT, name="prompt", setting="answer-line")
    both = Factor(
        name="together",
        setting="prompt, token limit",
        kind="measured",
        value=-0.05,
        low=-0.1,
        high=0.0,
        n=100,
    )
    text = words.paragraph(with_(factors=(LIMIT, prompt, both)))
    assert "are worth -5.0 points and not the +10.0 that they add up to one at a time" in text
    wide = msgspec.structs.replace(both, high=0.2)
    assert "add up to" not in words.paragraph(with_(factors=(LIMIT, prompt, wide)))


@pytest.mark.parametrize(
    ("value", "said"),
    [(-0.2, "the largest change comes from grader (strict): -20.0 points"), (0.001, "No other grader")],
)
def test_what_the_same_responses_show(value: float, said: str) -> None:
    free = Factor(name="grader", setting="strict", kind="recomputed", value=value, n=500)
    assert said in words.paragraph(with_(factors=(free,)))


def test_without_a_published_number() -> None:
    alone = with_(published=None, gap=None, remainder=None)
    assert (
        words.paragraph(alone)
        == "m scores 75.2 on 500 problems of MATH-500. There is no published number beside it."
    )


def test_the_page_in_the_terminal() -> None:
    shown = display.gap(with_(factors=(LIMIT,), explained=difference(0.05, 0.02)))
    assert "gap        -7.9 points" in shown
    assert "token limit: 4,096 tokens" in shown
    assert "remainder" in shown
    assert display.gap(with_(gap=None, published=None, remainder=None)).count("\n\n") < shown.count("\n\n")
