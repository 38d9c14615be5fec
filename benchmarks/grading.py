"""Our grader beside math-verify and every preset on the same pairs: how often right, pairs per CPU second.

    python benchmarks/grading.py [--limit N] [--grader NAME ...]
    python benchmarks/grading.py --many 100000
    python benchmarks/grading.py --run FOLDER

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
import functools
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
from math500.rundir import RunDir

CASES = Path(__file__).parents[1] / "tests" / "cases" / "equivalence.jsonl"
BOX = "We work step by step.\n\nSo the answer is $\\boxed{%s}$."
SENTENCE = "Final Answer: The final answer is $%s$. I hope it is correct."
FORMS = {"minerva": SENTENCE, "opencompass-rule": SENTENCE, "lm-eval-hendrycks": "$%s$"}
SAMPLE = 1_000
"""Pairs of --many on which math-verify is timed beside."""
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
    parser.add_argument("--run", type=Path, help="the responses of this run, ours beside math-verify")
    parser.add_argument("--many", type=int, help="time so many pairs like those of a run, in two processes")
    options = parser.parse_args()
    if options.run:
        beside(of_run(options.run))
        return
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
    decide("x+1", "1+x")
    counts: Counter[str] = Counter()
    start()
    before, began = cpu(), time.process_time()
    for case in cases:
        same = decide(case["candidate"], case["answer"])
        counts["none"] += same is None
        counts["refused"] += case["same"] and same is False
        counts["accepted"] += same is True and not case["same"]
    inside = time.process_time() - began
    grading.shutdown()
    processes = cpu() - before - inside
    if processes > start() / 2:
        processes -= start()
    counts["microseconds"] = max(1, round((inside + processes) * 1e6))
    return counts


@functools.cache
def start() -> float:
    """CPU seconds that the start of a comparison process takes, with a first comparison."""
    grading.shutdown()
    before = cpu()
    presets.get("math-verify").grade("$1$", "1")
    grading.shutdown()
    return cpu() - before


def cpu() -> float:
    """Seconds of this process and of its children that have ended."""
    times = os.times()
    return time.process_time() + times.children_user + times.children_system


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
    beside(tasks[:: max(1, count // SAMPLE)])


def beside(tasks: list[tuple[str, str, str, str]]) -> None:
    """Ours and math-verify on the same responses, one after the other in this process."""
    from math_verify import parse, verify

    logging.disable(logging.WARNING)
    before = cpu()
    for task in tasks * 10:
        one(task)
    ours = (cpu() - before) / 10
    before = cpu()
    right = sum(bool(verify(parse(f"${answer}$"), parse(text))) for text, answer, *_ in tasks)
    theirs = cpu() - before
    mine, other = (f"{len(tasks) / seconds:,.0f} pairs per CPU second" for seconds in (ours, theirs))
    print(f"{len(tasks):,} responses: math500 {mine}; math-verify {other} ({right} right)")
    print(f"ratio {theirs / ours:.0f}")


def of_run(folder: Path) -> list[tuple[str, str, str, str]]:
    """The answered samples of a run."""
    run = RunDir.open(folder)
    problems = {p.unique_id: p for p in run.problems()}
    answered = ((s, problems[s.unique_id]) for s in run.samples().values() if s.failure is None)
    return [(s.response, p.answer, p.problem, p.unique_id) for s, p in answered]


def one(task: tuple[str, str, str, str]) -> str:
    response, answer, question, unique_id = task
    return grading.grade(response, answer, question=question, unique_id=unique_id).verdict


if __name__ == "__main__":
    main()
