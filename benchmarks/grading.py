"""Our grader beside math-verify and every preset on the same pairs: how often right, pairs per CPU second.

    python benchmarks/grading.py [--limit N] [--grader NAME ...]
    python benchmarks/grading.py --many 100000

The pairs are the project's own labelled cases (tests/cases/equivalence.jsonl). Each candidate is put into the
kind of response that a grader reads best: a box for most, the sentence "Final Answer: ..." for Minerva's. So
the table is about equality and not about extraction. CPU time includes that of the comparison processes,
without their start. `math-verify, in process` is the library called as its README does, with its own alarms;
the ratios are to it.

With --many the pairs are like a run's: answers of MATH-500, right ones and those of other problems, at the
end of a few hundred words, graded in two processes as `math500 regrade --grader math500` grades them.
"""

from __future__ import annotations

import argparse
import json
import logging
import multiprocessing
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from math500 import data, grading
from math500.grading import presets

CASES = Path(__file__).parents[1] / "tests" / "cases" / "equivalence.jsonl"
BOX = "We work step by step.\n\nSo the answer is $\\boxed{%s}$."
SENTENCE = "Final Answer: The final answer is $%s$. I hope it is correct."
FORMS = {"minerva": SENTENCE, "opencompass-rule": SENTENCE, "lm-eval-hendrycks": "$%s$"}
LIBRARY = "math-verify, in process"
WORDS = (
    "we now take the sum of both sides and divide by the common factor, so it follows from the first step "
)

TABLE = "{:<24} {:>13} {:>14} {:>10} {:>11} {:>8}"

Decide = Callable[[str, str], "bool | None"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--limit", type=int, default=None, help="only the first N cases")
    parser.add_argument("--grader", action="append", help="only this preset; may be repeated")
    parser.add_argument("--many", type=int, help="time so many pairs like those of a run, in two processes")
    options = parser.parse_args()
    if options.many:
        many(options.many)
        return
    cases = [json.loads(line) for line in CASES.read_text("utf-8").splitlines()][: options.limit]
    rows = {}
    for name in options.grader or presets.names():
        rows[name] = measured(preset(name), cases)
        print(name, dict(rows[name]), file=sys.stderr)
    rows[LIBRARY] = measured(library, cases)
    show(rows, cases)


def preset(name: str) -> Decide:
    """A preset's decision on a candidate, in the form of response that it reads best."""
    grader, form = presets.get(name), FORMS.get(name, BOX)

    def decide(candidate: str, answer: str) -> bool | None:
        verdict = grader.grade(form % candidate, answer).verdict
        return None if verdict == "ungraded" else verdict == "correct"

    return decide


def library(candidate: str, answer: str) -> bool | None:
    """Math-verify as its README calls it."""
    from math_verify import parse, verify

    logging.disable(logging.WARNING)
    same: bool = verify(parse(f"${answer}$"), parse(BOX % candidate))
    return same


def measured(decide: Decide, cases: list[dict[str, Any]]) -> Counter[str]:
    """How often it is right, and the CPU time without the start of the processes that it needs."""
    begun = cpu()
    decide("x+1", "1+x")
    grading.shutdown()
    start = cpu() - begun
    decide("x+1", "1+x")
    counts: Counter[str] = Counter()
    before = cpu()
    for case in cases:
        same = decide(case["candidate"], case["answer"])
        counts["none"] += same is None
        counts["refused"] += case["same"] and same is False
        counts["accepted"] += same is True and not case["same"]
    ours = cpu() - before
    grading.shutdown()
    counts["microseconds"] = round(max(cpu() - before - (start if cpu() - before > ours else 0), 1e-9) * 1e6)
    return counts


def cpu() -> float:
    """Seconds of this process and of its children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def show(rows: dict[str, Counter[str]], cases: list[dict[str, Any]]) -> None:
    right = sum(case["same"] for case in cases)
    base = rows[LIBRARY]["microseconds"]
    print(f"{len(cases)} labelled pairs, {right} of the same value")
    print(TABLE.format("grader", "right refused", "wrong accepted", "no verdict", "pairs/CPU s", "ratio"))
    for name, row in rows.items():
        speed = f"{len(cases) / row['microseconds'] * 1e6:,.0f}"
        ratio = f"{base / row['microseconds']:,.1f}"
        print(TABLE.format(name, row["refused"], row["accepted"], row["none"], speed, ratio))


def many(count: int) -> None:
    """Grade so many responses in two processes."""
    problems = data.load("math500").problems
    draw = random.Random(0)
    tasks = []
    for i in range(count):
        problem = problems[i % len(problems)]
        given = problem if draw.random() < 0.7 else draw.choice(problems)
        text = WORDS * draw.randint(5, 25) + BOX % given.answer
        tasks.append((text, problem.answer, problem.problem, problem.unique_id))
    clock, before = time.perf_counter(), cpu()
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        verdicts = Counter(pool.imap_unordered(one, tasks, chunksize=500))
        pool.close()
        pool.join()
    seconds = f"{time.perf_counter() - clock:.1f} s, {cpu() - before:.1f} s of CPU"
    print(f"{count:,} pairs: {seconds}; {dict(verdicts)}")


def one(task: tuple[str, str, str, str]) -> str:
    response, answer, question, unique_id = task
    return grading.grade(response, answer, question=question, unique_id=unique_id).verdict


if __name__ == "__main__":
    main()
