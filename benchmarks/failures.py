"""The reasons that the rules give beside those that a person gave by reading.

    python benchmarks/failures.py RUN [--labels tests/cases/reasons.jsonl] [--show]

The labels hold ids and reasons, no text: they count for a response of the run only when its sha256 is the
labelled one, so RUN is the folder that was read, or one whose responses are the same to the last character
(greedy decoding by the same engine gives most of them again). Batch 1 was read before the rules were tried on
anything, batch 2 after the last change to them. The script prints agreement with its interval, the confusion
table, processor time, and how often near misses come by chance: the share of the run's wrong answers that
"miss by one slip" when each is held against another problem's reference answer.
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
from math500.records import Reason
from math500.rundir import Key, RunDir

LABELS = Path(__file__).parents[1] / "tests" / "cases" / "reasons.jsonl"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--labels", type=Path, default=LABELS)
    parser.add_argument("--show", action="store_true", help="print the ids that differ, with the evidence")
    options = parser.parse_args()
    run = RunDir.open(options.run)
    started = time.process_time()
    reasons = {(r.unique_id, r.index): r for r in failures.explain(run, grader=failures.grader_of(run))}
    seconds = time.process_time() - started
    labels = [json.loads(line) for line in options.labels.read_text("utf-8").splitlines()]
    pairs = compared(run, reasons, labels, show=options.show)
    print(f"{len(pairs)} of {len(labels)} labelled responses are in this run")
    for name, batches in (("batch 1", {1}), ("batch 2", {2}), ("both", {1, 2})):
        print(agreement(name, [(read, said) for read, said, batch in pairs if batch in batches]))
    print("\n" + confusion([(read, said) for read, said, _ in pairs]))
    print(f"\n{len(reasons)} reasons in {seconds:.2f} s of processor time")
    print(by_chance(run, [r.value for r in reasons.values() if r.why in ("near_miss", "wrong") and r.value]))


def compared(
    run: RunDir, reasons: dict[Key, Reason], labels: Sequence[dict[str, object]], *, show: bool
) -> list[tuple[str, str, int]]:
    """What was read, what the rules say, and the batch, for each labelled response that is in the run."""
    samples, pairs = run.samples(), []
    for label in labels:
        key = (str(label["unique_id"]), int(str(label["index"])))
        text = samples[key].response if key in samples else ""
        if hashlib.sha256(text.encode()).hexdigest() == label["response_sha256"] and key in reasons:
            found = reasons[key]
            pairs.append((str(label["why"]), str(found.why), int(str(label["batch"]))))
            if show and label["why"] != found.why:
                print(f"{key}: read {label['why']}, rules say {found.why}: {found.evidence}")
    return pairs


def agreement(name: str, pairs: Sequence[tuple[str, str]]) -> str:
    if not pairs:
        return f"{name}: none"
    agree = sum(a == b for a, b in pairs)
    low, high = stats.wilson(agree / len(pairs), len(pairs))
    return f"{name}: {agree} of {len(pairs)} agree, {agree / len(pairs):.1%} ({low:.1%} to {high:.1%})"


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
