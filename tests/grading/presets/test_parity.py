"""Our readings of lm-eval's rules beside lm-eval itself, over the pairs of the equivalence cases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from math500.grading import presets
from math500.grading.presets import hendrycks, minerva

pytestmark = pytest.mark.lm_eval

PAIRS = [
    json.loads(line)
    for line in (Path(__file__).parents[2] / "cases" / "equivalence.jsonl").read_text("utf-8").splitlines()
]


def rules(name: str) -> Any:
    return pytest.importorskip(f"lm_eval.tasks.{name}.utils")


def test_the_text_rule_is_lm_evals() -> None:
    theirs = rules("hendrycks_math")
    for pair in PAIRS:
        a, b = pair["candidate"], pair["answer"]
        assert hendrycks.equivalent(a, b, bare_percent=False) == theirs.is_equiv(a, b), (a, b)


def test_minervas_normalisation_is_lm_evals() -> None:
    theirs = rules("minerva_math")
    for pair in PAIRS:
        for text in (pair["candidate"], pair["answer"]):
            assert minerva.normalized(text) == theirs.normalize_final_answer(text)


def test_minerva_decides_as_lm_eval() -> None:
    theirs = rules("minerva_math")
    for pair in PAIRS[::25]:
        response = f"Final Answer: The final answer is ${pair['candidate']}$. I hope it is correct."
        found = theirs.normalize_final_answer(theirs.get_unnormalized_answer(response))
        same = theirs.is_equiv(found, theirs.normalize_final_answer(pair["answer"]))
        grade = presets.get("minerva").grade(response, pair["answer"])
        assert (grade.verdict == "correct") == same, (pair, grade)
