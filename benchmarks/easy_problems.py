"""Write a set of invented problems that a very small model can sometimes solve.

    python benchmarks/easy_problems.py 160 > easy.jsonl
    math500 run --data easy.jsonl

The embedded model scores about one percent on MATH-500, where no setting can show what it is worth. These
are one-line arithmetic and word problems in six kinds and five levels (the number of digits grows), made by
a seeded generator: no problem text of anyone's is in them.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable

Made = tuple[str, int]

SMALL = {1: 9, 2: 15, 3: 30, 4: 60, 5: 99}
"""Level to the largest number in the question."""


def _sum(r: random.Random, top: int) -> Made:
    a, b = r.randint(2, top), r.randint(2, top)
    return f"What is ${a} + {b}$?", a + b


def _difference(r: random.Random, top: int) -> Made:
    a, b = sorted((r.randint(2, top), r.randint(2, top)))
    return f"What is ${b + 1} - {a}$?", b + 1 - a


def _product(r: random.Random, top: int) -> Made:
    a, b = r.randint(2, 9), r.randint(2, max(3, top // 4))
    return f"What is ${a} \\cdot {b}$?", a * b


def _equation(r: random.Random, top: int) -> Made:
    x, a = r.randint(1, top), r.randint(2, top)
    return f"Solve $x + {a} = {x + a}$ for $x$.", x


def _gain(r: random.Random, top: int) -> Made:
    a, b = r.randint(2, top), r.randint(2, top)
    who, what = r.choice(("Ann", "Tom", "Mia", "Leo")), r.choice(("apples", "books", "coins", "pens"))
    return f"{who} has {a} {what} and gets {b} more. How many {what} does {who} have now?", a + b


def _boxes(r: random.Random, top: int) -> Made:
    a, b = r.randint(2, 9), r.randint(2, max(3, top // 4))
    what = r.choice(("eggs", "toys", "candles", "cups"))
    return f"There are {a} boxes with {b} {what} in each. How many {what} are there?", a * b


KINDS: dict[str, Callable[[random.Random, int], Made]] = {
    "Addition": _sum,
    "Subtraction": _difference,
    "Multiplication": _product,
    "Equations": _equation,
    "Word problems, addition": _gain,
    "Word problems, multiplication": _boxes,
}


def main() -> None:
    count, seen, made = int(sys.argv[1]), set[str](), 0
    r = random.Random(500)
    while made < count:
        kind = list(KINDS)[made % len(KINDS)]
        level = 1 + made // len(KINDS) % 5
        problem, answer = KINDS[kind](r, SMALL[level])
        if problem in seen:
            continue
        seen.add(problem)
        row = {
            "problem": problem,
            "answer": str(answer),
            "solution": f"The answer is $\\boxed{{{answer}}}$.",
            "subject": kind,
            "level": level,
            "unique_id": f"easy/{made:03}",
        }
        print(json.dumps(row))
        made += 1


if __name__ == "__main__":
    main()
