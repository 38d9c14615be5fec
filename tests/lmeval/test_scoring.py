"""What one problem's responses become; lm-eval itself is not needed here."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from math500 import grading
from math500.lmeval import scoring
from math500.lmeval.response import FACTS, Response, facts, failure, truncated
from math500.records import Failure, Generation, Grade, Verdict

DOC = {"problem": "What is $2 + 2$?", "answer": "4"}
RIGHT, WRONG, OTHER = r"$\boxed{4}$", r"$\boxed{5}$", r"$\boxed{6}$"
NO_ANSWER = ""
FAILED = Response(failure=Failure(kind="filtered", detail="withheld"), max_tokens=9)


def generated(text: str, finish_reason: str = "stop") -> Response:
    return Response(
        text, Generation(text=text, finish_reason=finish_reason, completion_tokens=3), max_tokens=9
    )


def metrics(*responses: str) -> dict[str, Any]:
    return scoring.process_results(DOC, [list(responses)])


@pytest.mark.parametrize(
    ("responses", "expected"),
    [
        ([RIGHT], {"pass@1": 1.0, "no_answer": 0, "ungraded": 0, "failed": 0}),
        ([WRONG], {"pass@1": 0.0}),
        ([NO_ANSWER], {"pass@1": 0.0, "no_answer": 1}),
        ([FAILED], {"failed": 1, "no_answer": 0}),
        ([RIGHT, FAILED, WRONG, FAILED], {"pass@1": 0.5, "failed": 2, "maj@4": 0.5}),
        ([RIGHT, RIGHT, WRONG], {"pass@1": 2 / 3, "maj@3": 1.0}),
        ([RIGHT, WRONG, WRONG], {"pass@1": 1 / 3, "maj@3": 0.0}),
        ([RIGHT, WRONG, OTHER], {"maj@3": 1 / 3}),
        ([r"\boxed{0.5}", r"\boxed{\frac12}", RIGHT], {"maj@3": 0.0}),
        ([NO_ANSWER, NO_ANSWER, RIGHT], {"maj@3": 1.0, "pass@1": 1 / 3}),
        ([NO_ANSWER, NO_ANSWER], {"maj@2": 0.0, "pass@1": 0.0}),
    ],
)
def test_metrics(responses: list[str], expected: dict[str, float]) -> None:
    found = metrics(*responses)
    assert {name: found[name] for name in expected} == expected


def test_a_failed_sample_gives_no_score_at_all() -> None:
    found = metrics(FAILED)
    assert "pass@1" not in found
    assert found["samples"][0]["verdict"] == "failed"
    assert found["samples"][0]["failure"] == {"kind": "filtered", "detail": "withheld", "attempts": 1}


def test_an_ungraded_sample_neither_scores_nor_votes(monkeypatch: pytest.MonkeyPatch) -> None:
    def unsure(response: str, answer: str, **_: Any) -> Grade:
        verdicts: dict[str, Verdict] = {OTHER: "ungraded", RIGHT: "correct", WRONG: "wrong"}
        return Grade(verdict=verdicts[response], extracted=response, reason="took too long")

    monkeypatch.setattr(grading, "grade", unsure)
    assert "pass@1" not in metrics(OTHER)
    found = metrics(OTHER, OTHER, OTHER, RIGHT, WRONG)
    assert found["ungraded"] == 3
    assert found["pass@1"] == 0.5
    assert found["maj@5"] == 0.5
    assert found["samples"][0]["reason"] == "took too long"


def test_truncation_is_counted_only_where_it_is_known() -> None:
    assert "truncated" not in metrics(RIGHT)
    assert metrics(generated(RIGHT))["truncated"] == 0
    assert metrics(generated(RIGHT, "length"), generated(RIGHT))["truncated"] == 1
    assert "truncated" not in metrics(FAILED)


def test_the_grader_is_told_of_the_truncation(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[bool] = []

    def grade(
        response: str, answer: str, *, truncated: bool, question: str, unique_id: str | None = None
    ) -> Grade:
        told.append(truncated)
        assert question == DOC["problem"]
        return Grade(verdict="wrong", extracted="1")

    monkeypatch.setattr(grading, "grade", grade)
    metrics(RIGHT, generated(RIGHT), generated(RIGHT, "length"))
    assert told == [False, False, True]


def test_the_row_says_what_the_grader_saw() -> None:
    (sample,) = metrics(generated(RIGHT))["samples"]
    graded = grading.grade(RIGHT, "4")
    assert (sample["verdict"], sample["extracted"], sample["rule"]) == ("correct", "4", graded.rule)
    assert (sample["finish_reason"], sample["completion_tokens"], sample["max_tokens"]) == ("stop", 3, 9)
    assert json.loads(json.dumps(sample)) == sample


votes = st.lists(st.sampled_from([RIGHT, WRONG, OTHER, r"$\boxed{5.0}$", NO_ANSWER]), min_size=2, max_size=7)


@settings(deadline=None)  # the first comparison waits for its process to start
@given(votes, st.randoms(use_true_random=False))
def test_the_vote_does_not_depend_on_the_order(responses: list[str], random: Any) -> None:
    shuffled = list(responses)
    random.shuffle(shuffled)
    name = f"maj@{len(responses)}"
    assert metrics(*responses)[name] == metrics(*shuffled)[name]


@settings(deadline=None)
@given(votes)
def test_one_more_right_vote_never_lowers_the_vote(responses: list[str]) -> None:
    before = metrics(*responses)[f"maj@{len(responses)}"]
    assert metrics(*responses, RIGHT)[f"maj@{len(responses) + 1}"] >= before


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda r: pickle.loads(pickle.dumps(r))])
def test_a_response_keeps_its_facts_through_copies(copied: Any) -> None:
    for original in (generated(RIGHT, "length"), FAILED):
        again = copied(original)
        assert again == original
        assert facts(again) == facts(original)
        assert failure(again) == failure(original)
        assert truncated(again) == truncated(original)


def test_a_response_is_its_text() -> None:
    response = generated("é\n")
    assert json.dumps(response) == json.dumps("é\n")
    assert str(response) == "é\n"
    assert type(str(response)) is str


def test_nothing_is_made_up_about_a_plain_string() -> None:
    assert set(facts("x")) == set(FACTS)
    assert not any(facts("x").values())
    assert truncated("x") is None
    assert truncated(generated("x", "")) is None


def test_zero_is_not_unknown() -> None:
    assert facts(Response("x", Generation(text="x", reasoning_tokens=0)))["reasoning_tokens"] == 0
