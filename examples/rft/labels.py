"""Steps and pairs out of a sampled run of this world, labelled by its arithmetic: no rollout has to tell.

    labels.py RUN OUT
      OUT/steps     every sampled solution, each line with its label          for `train prm`
      OUT/pairs     right and wrong solutions of the same problem             for `train reward`
      OUT/planted   right solutions with one number changed in each           to measure, or to train on too
      OUT/turned    right solutions, one event in each the wrong way round, and the rest calculated from there

A line is right as long as it follows from the lines before it and the story's answer can still be reached:
each product is one of the story's, each sum goes on from the last count by something that happens, and the
answer comes when nothing is left.
"""

from __future__ import annotations

import random
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from math500.records import Message, Plan, PreferenceRow, StepRow
from math500.rundir import RunDir
from math500.synth import dataset
from math500.synth.planting import plant

SIGNS = {"finds": 1, "wins": 1, "buys": 1, "gets": 1, "loses": -1, "sells": -1, "breaks": -1, "gives": -1}
PAIRS = 8
"""Of a problem at most."""
_PRODUCT = re.compile(r"(\d+)\*(\d+)=(\d+)")
_SUM = re.compile(r"(\d+)([+-])(\d+)=(-?\d+)")
_ANSWER = re.compile(r".*\\boxed\{(-?\d+)\}.*")


def told(problem: str) -> tuple[int, list[tuple[int, tuple[int, ...]]]]:
    """The first count, and each event: its sign, and its one or two numbers."""
    first, *events = problem.partition(". How")[0].split(", ")
    numbers = [(SIGNS[one.partition(" ")[0]], tuple(map(int, re.findall(r"\d+", one)))) for one in events]
    return int(re.findall(r"\d+", first)[0]), numbers


def labels(problem: str, lines: Sequence[str]) -> tuple[bool, ...]:
    """Of each line; behind a wrong one all are wrong."""
    count, events = told(problem)
    products = {n for _, n in events if len(n) == 2}
    left = [sign * (n[0] * n[1] if len(n) == 2 else n[0]) for sign, n in events]
    found: list[bool] = []
    for line in lines:
        right = found[-1] if found else True
        if match := _PRODUCT.fullmatch(line):
            x, y, z = map(int, match.groups())
            right &= x * y == z and (x, y) in products
        elif match := _SUM.fullmatch(line):
            change = int(match[2] + match[3])
            right &= int(match[1]) == count and count + change == int(match[4]) and change in left
            if right:
                left.remove(change)
                count += change
        else:
            match = _ANSWER.fullmatch(line)
            right &= match is not None and not left and int(match[1]) == count
        found.append(right)
    return tuple(found)


def rows(run: RunDir) -> Iterator[StepRow]:
    """Every sampled solution of a run, or of its votes, that has at most a dozen lines."""
    problems = {p.unique_id: p for p in run.problems()}
    for (name, _), sample in sorted(run.samples().items()):
        for generation in sample.generations:
            lines = tuple(line.strip() for line in generation.text.split("\n") if line.strip())
            if not 0 < len(lines) <= 12:
                continue
            yield StepRow(
                prompt=(Message(role="user", content=problems[name].problem),),
                completions=lines,
                labels=labels(problems[name].problem, lines),
                problem_id=name,
                level=problems[name].level,
                method="arithmetic",
            )


def pairs(solved: Sequence[StepRow], draw: random.Random) -> Iterator[PreferenceRow]:
    """Right and wrong solutions of each problem side by side, no two pairs alike."""
    of: dict[str, dict[tuple[str, ...], StepRow]] = {}
    for row in solved:
        of.setdefault(row.problem_id, {})[row.completions] = row
    for name, different in of.items():
        right = [row for row in different.values() if row.labels[-1]]
        wrong = [row for row in different.values() if not row.labels[-1]]
        both = [(a, b) for a in right for b in wrong]
        for a, b in draw.sample(both, min(PAIRS, len(both))):
            chosen, rejected = (
                (Message(role="assistant", content="\n".join(row.completions)),) for row in (a, b)
            )
            yield PreferenceRow(
                prompt=a.prompt, chosen=chosen, rejected=rejected, problem_id=name, method="arithmetic"
            )


def planted(solved: Sequence[StepRow], draw: random.Random) -> Iterator[StepRow]:
    """Right solutions with a slip; what follows from the story all the same is none."""
    for row in solved:
        slipped = plant(row, draw)
        if slipped and labels_of(row, slipped.completions) == slipped.labels:
            yield slipped


def turned(solved: Sequence[StepRow], draw: random.Random) -> Iterator[StepRow]:
    """Right solutions in which something lost is found, or the other way round: a misreading."""
    for row in solved:
        sums = [n for n, line in enumerate(row.completions) if _SUM.fullmatch(line)]
        if not all(row.labels) or not sums:
            continue
        first = draw.choice(sums)
        lines = tuple(_again(row.completions, first))
        right = tuple(n < first for n in range(len(lines)))
        # No count is below nothing here, and what follows from the story all the same is no error.
        if "--" not in "".join(lines) and "=-" not in "".join(lines) and labels_of(row, lines) == right:
            yield msgspec.structs.replace(row, completions=lines, labels=right, method="turn")


def _again(lines: Sequence[str], first: int) -> Iterator[str]:
    """The lines with the sign of one sum turned, and every sum behind it calculated again."""
    count: int | None = None
    for n, line in enumerate(lines):
        if match := _SUM.fullmatch(line):
            sign = {"+": "-", "-": "+"}[match[2]] if n == first else match[2]
            before = int(match[1]) if count is None else count
            count = before + int(sign + match[3])
            yield f"{before}{sign}{match[3]}={count}"
        elif count is not None and _ANSWER.fullmatch(line):
            yield re.sub(r"\\boxed\{-?\d+\}", rf"\\boxed{{{count}}}", line)
        else:
            yield line


def labels_of(row: StepRow, lines: Sequence[str]) -> tuple[bool, ...]:
    """The labels of other lines for a row's problem."""
    return labels(row.prompt[0].content, lines)


if __name__ == "__main__":
    out, draw = Path(sys.argv[2]), random.Random(0)
    solved = list(rows(RunDir.open(sys.argv[1])))
    dataset.write(out / "steps", Plan(kind="stepwise", method="arithmetic"), solved)
    dataset.write(out / "pairs", Plan(kind="preference", method="arithmetic"), list(pairs(solved, draw)))
    dataset.write(out / "planted", Plan(kind="stepwise", method="plant"), list(planted(solved, draw)))
    dataset.write(out / "turned", Plan(kind="stepwise", method="turn"), list(turned(solved, draw)))
    print(f"{len(solved):,} solutions, {sum(all(row.labels) for row in solved):,} of them right")
