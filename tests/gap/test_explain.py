"""The report that math500 started from, and what else can be said of a number without a run."""

from __future__ import annotations

import pytest

from math500 import display
from math500.gap import advice, harnesses
from math500.gap.explain import Against, finished, from_number
from math500.records import Gap, Reference


def row(model: str, score: float, data: str, reporter: str, **protocol: str) -> Reference:
    return Reference(
        score=score / 100, model=model, data=data, reporter=reporter, source="a report", protocol=protocol
    )


QWEN = (
    row("Qwen/Qwen2.5-72B-Instruct", 80.0, "MATH-500", "third_party:DeepSeek"),
    row("Qwen/Qwen2.5-72B-Instruct", 81.8, "MATH-5000", "third_party:MiniMax", shots="0"),
    row("Qwen/Qwen2.5-72B-Instruct", 83.1, "MATH-5000", "vendor:Qwen", shots="4"),
)
QWQ = (row("Qwen/QwQ-32B-Preview", 90.6, "MATH-500", "vendor:Qwen"),)


def starting_report() -> Gap:
    claimed = Reference(score=0.906)
    against = Against(claimed=claimed, rows=QWEN, owners=QWQ, model="Qwen/Qwen2.5-72B-Instruct")
    harness = harnesses.behind("qwen2.5-72b-instruct", 75.16)
    found = from_number(75.16, 2, 5000, "qwen2.5-72b-instruct", against, harness)
    return finished(found, advice.for_number(found, harness_known=True))


def test_the_starting_report_is_taken_apart() -> None:
    gap = starting_report()
    said = " ".join(gap.findings)
    assert "90.6 is not a published score of Qwen/Qwen2.5-72B-Instruct" in said
    assert "it is Qwen/QwQ-32B-Preview's on MATH-500" in said
    assert "75.16 cannot be a MATH-500 score" in said
    assert "75.16 is 3,758 of 5,000" in said
    assert "like-for-like published value is 83.1 on MATH-5000" in said
    assert "the gap is 7.9 points and not 15.4" in said
    assert "caps answers at 1,024 tokens" in said
    assert gap.gap is not None
    assert gap.gap.value == pytest.approx(-0.0794)
    assert gap.gap.high < -0.06
    assert gap.published == QWEN[2]
    assert gap.others == QWEN[:2]


def test_nothing_is_attributed_without_a_run() -> None:
    gap = starting_report()
    assert gap.remainder is not None
    assert gap.remainder.value == pytest.approx(0.0794)
    assert {f.kind for f in gap.factors} == {"prior"}
    assert "Nothing of it has been attributed yet." in gap.words


def test_the_fields_of_both_protocols_are_compared() -> None:
    rows = {r.field: r for r in starting_report().comparability}
    assert rows["data"].state == rows["model"].state == "same"
    assert (rows["shots"].ours, rows["shots"].theirs, rows["shots"].state) == ("0", "4", "different")
    assert rows["token limit"].state == "unknown"


def test_what_to_try_next_begins_with_the_limit() -> None:
    first = starting_report().advice[0]
    assert first.what == "raise the token limit"
    assert first.effect == pytest.approx(0.0794)  # no more than the gap, though others found more
    asked = (
        "--model qwen2.5-72b-instruct --base-url URL"  # the name alone says no address, and would be refused
    )
    assert first.command == f"math500 run {asked} --data math-test --max-tokens 4096"


def test_a_vendor_s_model_needs_no_address() -> None:
    gap = from_number(75.2, 1, 500, "openai/gpt-4o", Against(), None)
    assert advice.for_number(gap, harness_known=False)[0].command.endswith(
        "--model openai/gpt-4o --data math500"
    )


def test_it_can_be_read() -> None:
    shown = display.gap(starting_report())
    for part in ("Can they be compared?", "remainder", "In words", "priors".title(), "Next"):
        assert part in shown


def test_nothing_is_subtracted_from_another_set_of_problems() -> None:
    against = Against(claimed=Reference(score=0.8, model="m", data="MATH-500"), rows=QWEN[:1], model="m")
    gap = from_number(75.16, 2, 5000, "m", against, None)
    assert gap.gap is None
    assert gap.published is None
    assert [r.field for r in gap.comparability if r.blocks] == ["data"]
    assert "cannot be subtracted from it" in finished(gap, ()).words


def test_a_score_alone_finds_its_size() -> None:
    assert from_number(75.16, 2, None, "m", Against(), None).measured.n == 5000
    assert from_number(75.2, 1, None, "m", Against(), None).measured.n == 500


def test_a_number_that_nobody_is_known_to_have_is_compared_as_it_stands() -> None:
    gap = from_number(75.2, 1, 500, "m", Against(claimed=Reference(score=0.8)), None)
    assert gap.gap is not None
    assert gap.gap.value == pytest.approx(-0.048)
    assert "whose it is, and of which problems, is not known" in " ".join(gap.findings)


def test_of_a_model_that_is_not_on_record_a_known_number_is_compared_and_told() -> None:
    gap = from_number(75.2, 1, 500, "mine", Against(claimed=Reference(score=0.906), owners=QWQ), None)
    assert gap.gap is not None
    assert gap.gap.value == pytest.approx(-0.154)
    assert "No published score of mine is on record; 90.6 is on record" in gap.findings[0]


def test_beside_nothing_it_is_said_how_to_name_what_is_compared_with() -> None:
    (said,) = from_number(75.2, 1, 500, "mine", Against(), None).findings[1:]
    assert said.startswith("No published score of mine is on record: --model NAME")
    named = from_number(75.2, 1, 500, "m", Against(claimed=Reference(score=0.8)), None)
    assert "--model NAME" not in " ".join(named.findings)


def test_a_number_of_a_known_model_that_is_not_on_record_is_compared_all_the_same() -> None:
    against = Against(claimed=Reference(score=0.843), rows=QWEN, model="Qwen/Qwen2.5-72B-Instruct")
    gap = from_number(75.16, 2, 5000, "qwen", against, None)
    assert gap.gap is not None
    assert gap.gap.value == pytest.approx(0.7516 - 0.843)
    assert "84.3 is no published score of Qwen/Qwen2.5-72B-Instruct that is on record." in gap.findings


def test_a_score_keeps_the_digits_that_it_was_reported_with() -> None:
    mine = Against(
        rows=(row("m", 55.0, "MATH-500", "vendor:M"), row("m", 75.16, "MATH-500", "else")), model="m"
    )
    shown = display.gap(from_number(52.4, 1, 500, "m", mine, None))
    assert "published  55.0 m, MATH-500, vendor:M" in shown
    assert "75.16  MATH-500  else" in shown


def test_a_difference_within_the_noise_is_called_that() -> None:
    mine = Against(rows=(row("m", 76.0, "MATH-500", "vendor:M"),), model="m")
    gap = finished(from_number(75.2, 1, 500, "m", mine, None), ())
    assert "Sampling error alone explains" in gap.words
