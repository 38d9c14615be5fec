"""One invented response for each reason and sub-kind, and what must not be taken for it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from math500 import evaluate, failures
from math500.failures.reasons import Case, reason
from math500.records import Grade, Reason, Sample
from tests.failures.conftest import LIMIT, MakeRun, failed, problem, sample

LABELS = Path(__file__).parents[1] / "cases" / "reasons.jsonl"
STEPS = "\n".join(f"Step {i}: add {i} to the sum so far." for i in range(7, 30))
VARIED = (
    "Now add.\nNow halve.\nNow add.\nNow add.\nNow halve.\nNow halve.\nNow add.\nNow add.\nNow halve.\nNow a"
)
TURNS = "We add the two sides again and get the same sum. " * 6

CASES: list[tuple[str, str, str, str, str]] = [
    # answer, response, how it ended, reason, sub-kind
    ("7", "I'm sorry, but I can't help with that request.", "stop", "refused", "refused"),
    ("7", "抱歉，我无法回答这个问题。", "stop", "refused", "refused"),
    ("7", f"Let us see. {TURNS}", LIMIT, "loop", "exact"),
    ("7", f"Let us see. {TURNS}", "stop", "loop", "exact"),
    ("7", STEPS, LIMIT, "loop", "counting"),
    ("7", f"So.\n{VARIED}", LIMIT, "loop", "varied"),
    ("7", STEPS, "stop", "no_answer", "none"),
    ("7", "First we write the sum as a product, since then the rest", LIMIT, "cut_off", "in_the_text"),
    ("7", "<think>First we write the sum as a product, since", LIMIT, "cut_off", "in_thinking"),
    ("7", "The answer is 8. Let us check this once more, since the", LIMIT, "cut_off", "in_the_text"),
    ("7", r"So it is $\boxed{3 \text{ or } 7}$.", "stop", "among_several", ""),
    ("7", r"So it is $\boxed{3}$ or $\boxed{7}$.", "stop", "among_several", ""),
    ("7", r"So it is $\boxed{7}$. Wait, half of it, so $\boxed{41}$.", "stop", "changed_mind", "box"),
    ("7", "The answer is 7. No, we forgot one. The final answer is 41.", "stop", "changed_mind", "announced"),
    ("47", "We add both.\nThe jar holds 47 beans", "stop", "asked_form", "unmarked"),
    ("47", "The jar holds 47 beans\nA classic example.", "stop", "asked_form", "unmarked"),
    ("47", r"<think>It is $\boxed{47}$.</think>Have a nice day.", "stop", "asked_form", "in_thinking"),
    ("7", "We could draw a picture of it.", "stop", "no_answer", "none"),
    ("7", "", "stop", "no_answer", "empty"),
    ("7", "<think>Hm, let us draw it.", "stop", "no_answer", "unfinished_thinking"),
    ("7", r"So, the final answer is within \boxed{}.", "stop", "no_answer", "none"),
    ("7", r"So it is $\boxed{-7}$.", "stop", "near_miss", "sign"),
    ("7", r"So it is $\boxed{8}$.", "stop", "near_miss", "off_by_one"),
    ("7", r"So it is $\boxed{14}$.", "stop", "near_miss", "factor"),
    (r"\frac{2}{9}", r"So it is $\boxed{\frac{9}{2}}$.", "stop", "near_miss", "order"),
    ("(2, 9)", r"So it is $\boxed{(9, 2)}$.", "stop", "near_miss", "order"),
    (r"7 \text{ cm}", r"So it is $\boxed{7 \text{ kg}}$.", "stop", "near_miss", "unit"),
    (r"\frac{1}{3}", r"So it is $\boxed{0.333}$.", "stop", "near_miss", "form"),
    ("3, 5, 9", r"So it is $\boxed{3, 5}$.", "stop", "near_miss", "incomplete"),
    ("7", r"So it is $\boxed{312}$.", "stop", "wrong", "another_value"),
    ("7", "The answer is the blue one of the boxes.", "stop", "wrong", "not_mathematics"),
    # what comes behind a box does not matter
    ("7", rf"So it is $\boxed{{312}}$. {TURNS}", LIMIT, "wrong", "another_value"),
    ("7", r"So it is $\boxed{312}$. Let us check that by adding the", LIMIT, "wrong", "another_value"),
    # an answer said five times by a response that ended by itself is an answer
    ("7", "The answer is 312. " * 6, "stop", "wrong", "another_value"),
    ("7", "The answer is 312. " * 16, LIMIT, "loop", "exact"),
    # an apology that goes on to answer is no refusal
    ("7", r"I'm sorry, I can't be sure, but it is $\boxed{312}$.", "stop", "wrong", "another_value"),
]  # fmt: skip


def only(run_of: MakeRun, answer: str, one: Sample) -> Reason:
    (found,) = failures.explain(run_of([problem("p", answer)], [one]))
    return found


@pytest.mark.parametrize(("answer", "response", "finish", "why", "kind"), CASES)
def test_each_reason(make_run: MakeRun, answer: str, response: str, finish: str, why: str, kind: str) -> None:
    found = only(make_run, answer, sample("p", response, finish=finish))
    assert (found.why, found.kind) == (why, kind)
    assert found.evidence
    if found.start is not None:
        assert found.end is not None
        assert 0 <= found.start <= found.end <= len(response)


def test_every_reason_is_tried_by_a_test() -> None:
    tried = {why for *_, why, _ in CASES}
    assert tried | {"failed_request", "could_not_tell", "other_grader"} == set(failures.ORDER)


def test_a_correct_sample_has_no_reason(make_run: MakeRun) -> None:
    assert failures.explain(make_run([problem("p", "7")], [sample("p", r"$\boxed{7}$")])) == ()


@pytest.mark.parametrize(
    ("thinking", "finish", "why", "kind"),
    [
        ("First we write the sum", LIMIT, "cut_off", "in_thinking"),
        (TURNS, LIMIT, "loop", "exact"),
        (r"So it is $\boxed{7}$.", "stop", "asked_form", "in_thinking"),
        (r"So it is $\boxed{8}$.", "stop", "no_answer", "empty"),
    ],
)
def test_thinking_that_came_apart_from_the_response(
    make_run: MakeRun, thinking: str, finish: str, why: str, kind: str
) -> None:
    found = only(make_run, "7", sample("p", "", finish=finish, reasoning=thinking))
    assert (found.why, found.kind) == (why, kind)
    # Offsets point into the response, and that is empty.
    assert found.start in (None, 0)


def test_a_failed_request_is_not_the_model_s_fault(make_run: MakeRun) -> None:
    found = only(make_run, "7", failed("p", "rate"))
    assert (found.why, found.kind) == ("failed_request", "rate")


def test_a_withheld_answer_is_filtered(make_run: MakeRun) -> None:
    found = only(make_run, "7", failed("p", "filtered"))
    assert (found.why, found.kind) == ("refused", "filtered")


def test_what_the_grader_could_not_decide_is_not_guessed(make_run: MakeRun) -> None:
    found = only(make_run, "7", sample("p", r"So it is $\boxed{9^{9^{9^{9}}}}$."))
    assert found.why == "could_not_tell"
    assert "too large" in found.evidence


def test_a_sample_without_a_grade_is_not_guessed(make_run: MakeRun) -> None:
    run = make_run([problem("p", "7")], [sample("p", r"$\boxed{7}$")], graded=False)
    (found,) = failures.explain(run)
    assert (found.why, found.evidence) == ("could_not_tell", "not graded yet")


def test_another_grader_s_yes_is_named(make_run: MakeRun) -> None:
    run = make_run([problem("p", "7")], [sample("p", r"So it is $\boxed{8}$.")])
    (found,) = failures.explain(run, others={"lenient": {("p", 0): True}, "strict": {("p", 0): False}})
    assert (found.why, found.kind) == ("other_grader", "lenient")
    (found,) = failures.explain(run, others={"strict": {("p", 0): False}})
    assert found.why == "near_miss"


def test_the_question_s_own_expression_is_the_wrong_form(make_run: MakeRun) -> None:
    asked = problem("p", "169", question="Compute $144 + 25$.")
    (found,) = failures.explain(make_run([asked], [sample("p", r"It is $\boxed{144 + 25}$.")]))
    assert (found.why, found.kind) == ("near_miss", "form")


def test_the_evidence_of_a_loop_can_be_checked(make_run: MakeRun) -> None:
    response = f"Let us see. {TURNS}"
    found = only(make_run, "7", sample("p", response, finish=LIMIT))
    period = int(found.numbers["period"])
    assert found.start is not None
    assert response[found.start :][:period] == response[found.start + period :][:period]
    assert found.numbers["repeats"] >= 5


def test_reasons_follow_the_order_of_the_run(make_run: MakeRun) -> None:
    problems = [problem(f"p{i}", "7") for i in range(5)]
    samples = [sample(f"p{i}", r"$\boxed{312}$", index=k) for k in (1, 0) for i in (3, 1, 4)]
    found = failures.explain(make_run(problems, samples, samples=2))
    assert [(r.unique_id, r.index) for r in found] == [(f"p{i}", k) for i in (1, 3, 4) for k in (0, 1)]


HOSTILE = {
    "one letter": "a" * 1_000_000,
    "boxes": r"\boxed{" * 150_000,
    "announcements": "the answer is " * 70_000,
    "numbers": "1234 " * 200_000,
    "lines": "x\n" * 500_000,
    "dollars": "$" * 1_000_000,
    "thinking": "<think>" * 140_000,
    "lists": r"so it is \boxed{" + "1," * 500_000 + "}",
    "apologies": "I'm sorry " * 100_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_megabyte_of_anything_is_explained(make_run: MakeRun, name: str) -> None:
    run = make_run([problem("p", "7")], [sample("p", HOSTILE[name], finish=LIMIT)])
    # Quadratic work on a megabyte would take hours: the suite's own time limit ends such a test.
    (found,) = failures.explain(run)
    assert found.why in failures.ORDER


def test_the_labels_hold_no_text_and_name_known_reasons() -> None:
    labels = [json.loads(line) for line in LABELS.read_text("utf-8").splitlines()]
    assert len(labels) >= 200
    assert {tuple(label) for label in labels} == {("unique_id", "index", "response_sha256", "why", "batch")}
    assert max(Counter((label["unique_id"], label["index"]) for label in labels).values()) == 1
    assert {label["why"] for label in labels} <= set(failures.ORDER)
    assert all(len(label["response_sha256"]) == 64 for label in labels)


PIECES = st.sampled_from(
    [
        "The answer is ",
        r"\boxed{",
        "}",
        "$",
        "7",
        "-3",
        r"\frac{1}{2}",
        " or ",
        "<think>",
        "</think>",
        "\n",
        "Wait, ",
    ]
)


@settings(deadline=None)
@given(
    response=st.lists(PIECES | st.text(max_size=8), max_size=30).map("".join),
    answer=st.sampled_from(
        ["7", r"\frac{1}{2}", "(1, 2)", "3, 5", r"\text{(C)}", "x^2 + 1", r"5 \text{ cm}"]
    ),
    truncated=st.booleans(),
    extracted=st.none() | st.text(max_size=8),
)
def test_any_response_has_exactly_one_reason(
    response: str, answer: str, truncated: bool, extracted: str | None
) -> None:
    asked = problem("p", answer)
    one = sample("p", response, finish=LIMIT if truncated else "stop")
    own = evaluate.grade_sample(one, asked)
    # What another grader extracted need not be what this one finds.
    theirs = Grade(verdict="wrong" if extracted else "no_answer", extracted=extracted or None)
    for grade in (own, theirs):
        found = reason(Case(asked, one, grade, {}))
        assert found.why in failures.ORDER
        assert found.evidence
        assert (found.start is None) == (found.end is None)
        if found.start is not None and found.end is not None:
            assert 0 <= found.start <= found.end <= len(response)
