"""The reasons that the rules give beside those that a person gave by reading.

    python benchmarks/failures.py RUN [--labels tests/cases/reasons.jsonl] [--show]

The labels hold ids and reasons, no text: they count for a response of the run only when its sha256 is the
labelled one, so RUN is the folder that was read, or one whose responses are the same to the last character
(greedy decoding by the same engine gives most of them again). The script prints agreement with its interval,
the confusion table, processor time, and how often near misses come by chance: the share of the run's wrong
answers that "miss by one slip" when each is held against another problem's reference answer.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from math500 import failures, stats
from math500.display import table
from math500.failures import near
from math500.rundir import RunDir

LABELS = Path(__file__).parents[1] / "tests" / "cases" / "reasons.jsonl"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--labels", type=Path, default=LABELS)
    parser.add_argument("--show", action="store_true", help="print the ids that differ, with the evidence")
    options = parser.parse_args()
    run = RunDir.open(options.run)
    started = time.process_time()
    reasons = {(r.unique_id, r.index): r for r in failures.explain(run)}
    seconds = time.process_time() - started
    samples = run.samples()
    labels = [json.loads(line) for line in options.labels.read_text("utf-8").splitlines()]
    pairs = []
    for label in labels:
        key = (label["unique_id"], label["index"])
        text = samples[key].response if key in samples else ""
        if hashlib.sha256(text.encode()).hexdigest() == label["response_sha256"] and key in reasons:
            pairs.append((label["why"], reasons[key].why))
            if options.show and pairs[-1][0] != pairs[-1][1]:
                print(f"{key}: read {label['why']}, rules say {reasons[key].why}: {reasons[key].evidence}")
    print(f"{len(pairs)} of {len(labels)} labelled responses are in this run")
    if pairs:
        agree = sum(a == b for a, b in pairs)
        low, high = stats.wilson(agree / len(pairs), len(pairs))
        print(f"agreement {agree} of {len(pairs)}: {agree / len(pairs):.1%} ({low:.1%} to {high:.1%})\n")
        print(confusion(pairs))
    print(f"\n{len(reasons)} reasons in {seconds:.2f} s of processor time")
    print(by_chance(run, [r.value for r in reasons.values() if r.why in ("near_miss", "wrong") and r.value]))


def confusion(pairs: Sequence[tuple[str, str]]) -> str:
    """Rows are what was read, columns what the rules say."""
    names = [why for why in failures.ORDER if any(why in pair for pair in pairs)]
    counted = Counter(pairs)
    rows = [["read \\ rules", *names]]
    rows += [[name, *(str(counted[name, other] or ".") for other in names)] for name in names]
    return table(rows, right=range(1, len(names) + 1))


def by_chance(run: RunDir, values: list[str], turns: int = 20) -> str:
    """Near misses among wrong answers that are held against the reference of some other problem."""
    answers = [p.answer for p in run.problems()]
    chance = random.Random(0)
    hits = sum(near.miss(v, chance.choice(answers)) is not None for _ in range(turns) for v in values)
    return f"near misses by chance: {hits / max(turns * len(values), 1):.1%} of wrong answers"


if __name__ == "__main__":
    main()
