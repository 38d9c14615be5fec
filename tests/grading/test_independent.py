"""Pairs that other projects labelled in their own test suites, each with its source.

Some labels follow conventions that ours are not (a rounded value for an exact one, 75 for 0.75), so the rates
count and not each row; docs/grading.md names the conventions.
"""

import json
from pathlib import Path
from typing import Any

from math500.grading import grade

PAIRS = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "cases" / "independent.jsonl").read_text("utf-8").splitlines()
]


ADDED = ("hendrycks/math", "huggingface/trl", "volcengine/verl", "rllm-org/rllm", "huggingface/lighteval")
"""The suites that were found last, each rate on its own in docs/grading.md."""
ORDER = {"10, 4, -2", "0.1, 4, 2"}
"""Labelled wrong by Hendrycks, which compares text: the reference has the values in another order."""

Pair = dict[str, Any]


def graded(pairs: list[Pair]) -> tuple[int, list[Pair]]:
    """How many are graded as labelled, and the wrong ones that are accepted."""
    accepted = [grade(each["response"], each["answer"], timeout=20).verdict == "correct" for each in pairs]
    right = sum(got is each["same"] for got, each in zip(accepted, pairs, strict=True))
    return right, [each for got, each in zip(accepted, pairs, strict=True) if got and not each["same"]]


def is_added(pair: Pair) -> bool:
    return any(name in pair["source"] for name in ADDED)


def test_most_pairs_are_graded_as_labelled_and_hardly_a_wrong_one_is_accepted() -> None:
    pairs = [each for each in PAIRS if not is_added(each)]
    right, wrongly = graded(pairs)
    assert len(pairs) >= 350
    assert right / len(pairs) >= 0.90
    assert len(wrongly) <= 3, wrongly


def test_the_suites_that_were_added() -> None:
    right, wrongly = graded([each for each in PAIRS if is_added(each)])
    assert right >= 49
    assert {each["response"] for each in wrongly} == ORDER


def test_every_pair_names_its_source() -> None:
    assert all(each["source"].startswith("https://github.com/") for each in PAIRS)
