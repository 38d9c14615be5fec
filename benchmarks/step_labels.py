"""How far labels by rollouts are right, where every step's truth can be calculated.

    python benchmarks/step_labels.py SET RUN PROBLEMS...

SET was made by `math500 synth steps --search all` out of a run over problems of examples/rft/world.py, RUN is
the run of its rollouts (SET-rollouts-1), PROBLEMS are the files that its problems are in. A step is true here
when its equation holds, and goes on from the count with something that happened and was not counted yet; what
stands behind a false step is false. The searches and smaller numbers of rollouts are played back out of what
was collected. Nothing is asked.
"""

from __future__ import annotations

import re
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import NamedTuple

from math500 import data, grading
from math500.records import Problem, StepRow
from math500.rundir import RunDir
from math500.synth import rollouts
from math500.synth.dataset import TrainingSet
from math500.synth.rollouts import Count, Search

EQUATION = re.compile(r"(\d+)([-+*])(\d+)=(\d+)")
LOSSES = ("loses", "sells", "breaks", "gives")
STEP = re.compile(r"(?P<of>.+)\+r\d+s(?P<sample>\d+)\+step(?P<step>\d+)")


class Event(NamedTuple):
    """Something that happens to the count."""

    sign: str
    number: int
    each: int | None

    @property
    def size(self) -> int:
        """How many things it is about."""
        return self.number * (self.each or 1)


def story(problem: str) -> tuple[int, list[Event]]:
    """The first count of a problem, and what happens to it."""
    has, *told = problem.partition(". How")[0].split(", ")
    events = []
    for one in told:
        number, *each = map(int, re.findall(r"\d+", one))
        events.append(Event("-" if one.startswith(LOSSES) else "+", number, each[0] if each else None))
    return int(re.findall(r"\d+", has)[0]), events


def truth(problem: Problem, steps: tuple[str, ...]) -> list[bool]:
    """Whether each step of a solution is true."""
    count, left = story(problem.problem)
    found, fine = [], True
    events = list(left)
    for step in steps:
        said = EQUATION.fullmatch(step.strip())
        if said is None:
            fine = fine and f"\\boxed{{{problem.answer}}}" in step and not left
        elif fine:
            a, sign, b, result = int(said[1]), said[2], int(said[3]), int(said[4])
            used = [event for event in left if (event.sign, event.size) == (sign, b) and a == count]
            if sign == "*":
                fine = a * b == result and any((event.number, event.each) == (a, b) for event in events)
            else:
                fine = bool(used) and result == (a + b if sign == "+" else a - b)
                if fine:
                    left.remove(used[0])
                    count = result
        found.append(fine)
    return found


def verdicts(run: RunDir) -> dict[tuple[str, int], dict[int, list[str]]]:
    """The rollouts' verdicts, by solution and by the place of the step."""
    found: dict[tuple[str, int], dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    for (unique_id, _), graded in sorted(run.grades(grading.GRADER).items()):
        name = STEP.fullmatch(unique_id)
        assert name is not None
        found[name["of"], int(name["sample"])][int(name["step"]) - 1].append(graded.grade.verdict)
    return found


def played(
    row: StepRow, rolled: dict[int, list[str]], k: int, search: Search, *, carry: bool
) -> tuple[tuple[bool, ...], int]:
    """The labels with k rollouts and this search, and the rollouts that they take."""
    correct, steps, known = row.labels[-1], len(row.completions), dict[int, Count]()
    while places := rollouts.wanted(known, steps, search, right=carry and correct):
        for place in places:
            some = rolled[place][:k]
            known[place] = Count(right=some.count("correct"), graded=len(some) - some.count("ungraded"))
    found = rollouts.labels(known, steps, search, correct=correct, carry=carry)
    assert found is not None
    return found.hard, k * len(known)


def main() -> None:
    """Print the tables."""
    folder, run, *files = map(Path, sys.argv[1:])
    problems = {p.unique_id: p for file in files for p in data.load(str(file)).problems}
    rows = [row for row in TrainingSet.load(folder).rows if isinstance(row, StepRow)]
    rolled = verdicts(RunDir.open(run))
    true = [truth(problems[row.problem_id], row.completions) for row in rows]
    print(f"{len(rows)} solutions, {sum(len(row.labels) - 1 for row in rows)} steps but for the last ones")
    print("search  rollouts  carry  true+right  true+wrong  false+right  false+wrong  agree %  first  paid")
    settings: list[tuple[Search, int, bool]] = [("all", 8, True), ("all", 8, False)]
    settings += [("all", k, True) for k in (4, 2, 1)] + [("first", 8, True), ("binary", 8, True)]
    for search, k, carry in settings:
        counted: Counter[tuple[bool, bool]] = Counter()
        first = paid = 0
        for row, facts in zip(rows, true, strict=True):
            labels, cost = played(row, rolled[row.problem_id, row.sample or 0], k, search, carry=carry)
            paid += cost
            counted.update(zip(facts[:-1], labels[:-1], strict=True))
            first += not row.labels[-1] and labels.index(False) == (
                facts.index(False) if False in facts else -1
            )
        cells = [counted[a, b] for a in (True, False) for b in (True, False)]
        agree = 100 * (cells[0] + cells[3]) / sum(cells)
        wrong = sum(not row.labels[-1] for row in rows)
        print(search, k, carry, *cells, f"{agree:.1f}", f"{first}/{wrong}", paid, sep="  ")


if __name__ == "__main__":
    main()
