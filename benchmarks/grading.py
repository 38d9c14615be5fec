"""Our grader beside math-verify on the same pairs, in one process: right decisions, CPU time per pair.

    python benchmarks/grading.py [--limit N] [--responses]

The pairs are the project's own labelled cases (tests/cases/equivalence.jsonl). With `--responses` each
candidate is wrapped as a response that ends in a box, so that extraction counts too. Comparisons that end in
the killable worker are counted with the worker's CPU time.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

CASES = Path(__file__).parents[1] / "tests" / "cases" / "equivalence.jsonl"
RESPONSE = "We work step by step.\n\nSo the answer is $\\boxed{%s}$."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--limit", type=int, default=None, help="only the first N cases")
    parser.add_argument("--responses", action="store_true", help="extraction counts too")
    options = parser.parse_args()
    cases = [json.loads(line) for line in CASES.read_text("utf-8").splitlines()][: options.limit]
    graders = {"math500": _ours(options.responses), "math-verify": _math_verify(options.responses)}
    rows = {name: _measure(decide, cases) for name, decide in graders.items()}
    _print(rows, len(cases))


def _ours(responses: bool) -> Callable[[str, str], bool | None]:
    from math500 import grading

    def decide(candidate: str, answer: str) -> bool | None:
        if not responses:
            return grading.equivalent(candidate, answer).same
        verdict = grading.grade(RESPONSE % candidate, answer).verdict
        return None if verdict == "ungraded" else verdict == "correct"

    return decide


def _math_verify(responses: bool) -> Callable[[str, str], bool | None]:
    from math_verify import parse, verify

    logging.disable(logging.WARNING)

    def decide(candidate: str, answer: str) -> bool | None:
        text = RESPONSE % candidate if responses else f"${candidate}$"
        same: bool = verify(parse(f"${answer}$"), parse(text))
        return same

    return decide


def _measure(decide: Callable[[str, str], bool | None], cases: list[dict[str, Any]]) -> dict[str, float]:
    decide("x+1", "1+x")
    counts: Counter[str] = Counter()
    started, clock = _cpu(), time.perf_counter()
    for case in cases:
        same = decide(case["candidate"], case["answer"])
        counts["none"] += same is None
        counts["missed"] += case["same"] and same is False
        counts["accepted"] += same is True and not case["same"]
    _end_workers()
    return {**counts, "cpu": _cpu() - started, "wall": time.perf_counter() - clock}


def _end_workers() -> None:
    """End our workers, so that the system adds their CPU time to ours."""
    from math500 import grading

    grading.shutdown()


def _cpu() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _print(rows: dict[str, dict[str, float]], count: int) -> None:
    print(f"{count} labelled pairs")
    print(
        f"{'grader':<12} {'right refused':>13} {'wrong accepted':>14} {'no verdict':>10} {'us CPU/pair':>12}"
    )
    for name, row in rows.items():
        missed, accepted, none = (int(row.get(key, 0)) for key in ("missed", "accepted", "none"))
        print(f"{name:<12} {missed:>13} {accepted:>14} {none:>10} {row['cpu'] / count * 1e6:>12.0f}")
    print(f"ratio {rows['math-verify']['cpu'] / rows['math500']['cpu']:.0f}")


if __name__ == "__main__":
    main()
