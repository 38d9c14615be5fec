"""The error rates in docs/grading.md are those of the cases."""

import json
import re
from collections import Counter
from pathlib import Path

from math500.grading import equivalent

ROOT = Path(__file__).parents[2]
CASES = [
    json.loads(line)
    for line in (ROOT / "tests" / "cases" / "equivalence.jsonl").read_text("utf-8").splitlines()
]
ROW = re.compile(
    r"^\| ([a-z ]+|\*\*all\*\*) \| \**(\d+) of (\d+)\** \| \**(\d+) of (\d+)\** \|$", re.MULTILINE
)


def rates() -> dict[str, tuple[int, int, int, int]]:
    """For each kind: right ones refused and given, wrong ones accepted and given."""
    counts: Counter[tuple[str, str]] = Counter()
    for case in CASES:
        same = equivalent(case["candidate"], case["answer"], timeout=20).same
        for kind in (case["kind"], "**all**"):
            counts[kind, "right" if case["same"] else "wrong"] += 1
            counts[kind, "refused"] += case["same"] and same is not True
            counts[kind, "accepted"] += not case["same"] and same is True
    kinds = {kind for kind, _ in counts}
    return {
        k: (counts[k, "refused"], counts[k, "right"], counts[k, "accepted"], counts[k, "wrong"])
        for k in kinds
    }


def test_the_documented_error_rates_are_those_of_the_cases() -> None:
    text = (ROOT / "docs" / "grading.md").read_text("utf-8")
    documented = {row[1]: tuple(map(int, row.groups()[1:])) for row in ROW.finditer(text)}
    assert documented == rates()
