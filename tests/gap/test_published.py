from __future__ import annotations

import pytest

from math500.errors import UsageError
from math500.gap import harnesses, priors, published
from math500.gap.settings import CHANGES, FIELD
from math500.protocols import FIELDS
from math500.records import Reference


def test_what_a_number_says_about_its_problems() -> None:
    first, second = published.possible(75.16, 2, 5000)
    assert first.startswith("75.16 cannot be a MATH-500 score: 500 problems move in steps of 0.2")
    assert first.endswith("unless it is a mean of 5 or more samples a problem.")
    assert second == "75.16 is 3,758 of 5,000, which is the size of MATH-5000."
    assert published.possible(76.2, 1, 500) == ["76.2 is 381 of 500, which is the size of MATH-500."]
    assert published.possible(33.3, 1, 10)[-1] == "No number of 10 gives 33.3."


@pytest.mark.parametrize("text", ["393424", "math_0shot_gen_393424", "OpenCompass"])
def test_a_configuration_is_found_by_a_part_of_its_name(text: str) -> None:
    assert harnesses.find(text).protocol["token limit"] == "1024"


@pytest.mark.parametrize("text", ["lm-eval", "nothing like it", ""])
def test_a_configuration_that_is_unclear_is_told(text: str) -> None:
    with pytest.raises(UsageError, match="Use one of: .*math"):
        harnesses.find(text)


def test_a_score_that_was_reported_with_its_configuration() -> None:
    known = harnesses.behind("Qwen/Qwen2.5-72B-Instruct", 75.16)
    assert known is not None
    assert known.name == "math_0shot_gen_393424"
    assert harnesses.behind("Qwen/Qwen2.5-72B-Instruct", 75.2) is None
    assert harnesses.behind("another", 75.16) is None


def test_every_prior_has_a_source_and_a_size_that_makes_sense() -> None:
    assert len(priors.rows()) == 27
    for row in priors.rows():
        assert row.kind == "prior"
        assert row.source
        assert row.detail
        if row.low is not None and row.high is not None:
            assert -0.02 <= row.low <= row.high <= 0.5


def test_every_factor_can_be_expected_to_do_something() -> None:
    for name in CHANGES:
        field = FIELD.get(name, name)
        assert field in FIELDS or name == "repeat"
        assert 0 < priors.expected(field) < 0.5
    assert priors.expected("shots") == pytest.approx(0.173)


def test_where_an_expected_size_comes_from_is_told() -> None:
    assert priors.told("shots") == "others found 17.3 points, on other models"
    assert priors.told("template") == "others found 26.0 to 47.0 points, on other models"
    for name in ("system", "concurrency"):
        assert priors.expected(name) == priors.DEFAULT
        assert priors.told(name) == "a guess: no size of it is on record"


def test_what_somebody_saw_is_compared_with_before_what_is_remembered() -> None:
    def row(reporter: str, confidence: str, snapshot: str = "") -> Reference:
        return Reference(
            score=0.7, data="MATH-500", reporter=reporter, confidence=confidence, snapshot=snapshot
        )

    recalled, other = row("vendor:M", "memory"), row("third_party:N", "verified")
    dated, own = row("vendor:M", "verified", "m-0513"), row("vendor:M", "secondary")
    assert published.like_for_like([recalled, other], "MATH-500") is other
    assert published.like_for_like([dated, other], "MATH-500") is other
    assert published.like_for_like([other, own], "MATH-500") is own
    assert published.like_for_like([recalled], "MATH-500") is recalled
    assert published.like_for_like([recalled], "MATH-5000") is None
