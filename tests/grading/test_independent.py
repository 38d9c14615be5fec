"""Pairs that other projects labelled in their own test suites, each with its source.

Some labels follow conventions that ours are not (a rounded value for an exact one, 75 for 0.75), so the rates
count and not each row; docs/grading.md names the conventions.
"""

import json
from pathlib import Path

from math500.grading import grade

PAIRS = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "cases" / "independent.jsonl").read_text("utf-8").splitlines()
]


def test_most_pairs_are_graded_as_labelled_and_hardly_a_wrong_one_is_accepted() -> None:
    accepted = [grade(each["response"], each["answer"], timeout=20).verdict == "correct" for each in PAIRS]
    right = sum(got is each["same"] for got, each in zip(accepted, PAIRS, strict=True))
    wrongly = [each for got, each in zip(accepted, PAIRS, strict=True) if got and not each["same"]]
    assert len(PAIRS) >= 350
    assert right / len(PAIRS) >= 0.90
    assert len(wrongly) <= 3, wrongly


def test_every_pair_names_its_source() -> None:
    assert all(each["source"].startswith("https://github.com/") for each in PAIRS)
