"""The example's exact labels: what follows from a story, and what does not."""

from __future__ import annotations

import importlib.util
import random
from pathlib import Path
from types import ModuleType

import pytest

from math500.records import Message, StepRow

STORY = "Ann has 12 pens, buys 3 bags of 4, loses 5. How many are left?"
RIGHT = ("3*4=12", "12-5=7", "7+12=19", "The answer is \\boxed{19}.")


@pytest.fixture(scope="module")
def room() -> ModuleType:
    path = Path(__file__).parents[2] / "examples" / "rft" / "labels.py"
    spec = importlib.util.spec_from_file_location("labels", path)
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


@pytest.mark.parametrize(
    ("lines", "wrong"),
    [
        (RIGHT, None),
        (("12+12=24", "24-5=19", RIGHT[-1]), None),
        (("12+12=25", "25-5=20", "The answer is \\boxed{20}."), 0),
        (("12+5=17", "17+12=29", "The answer is \\boxed{29}."), 0),
        (("12-5=7", "7-5=2", RIGHT[-1]), 1),
        (("12-5=7", "The answer is \\boxed{7}."), 1),
        (("5*4=20", *RIGHT), 0),
        ((*RIGHT[:3], "The answer is 19."), 3),
    ],
)
def test_from_the_first_wrong_line_on_all_are_wrong(
    room: ModuleType, lines: tuple[str, ...], wrong: int | None
) -> None:
    assert room.labels(STORY, lines) == tuple(wrong is None or n < wrong for n in range(len(lines)))


def test_pairs_are_of_one_problem(room: ModuleType) -> None:
    prompt = (Message(role="user", content=STORY),)
    texts = [RIGHT, RIGHT, ("12-5=7", "The answer is \\boxed{7}.")]
    rows = [
        StepRow(prompt=prompt, completions=one, labels=room.labels(STORY, one), problem_id=name)
        for one in texts
        for name in ("a", "b")
    ]
    made = list(room.pairs(rows, random.Random(0)))
    assert [pair.problem_id for pair in made] == ["a", "b"]
    assert made[0].chosen[0].content.endswith("{19}.")
    assert made[0].rejected[0].content.endswith("{7}.")
    turns = list(room.turned(rows[:2] * 9, random.Random(0)))
    assert {one.completions[-1] for one in turns} == {"The answer is \\boxed{29}."}
    assert all(room.labels(STORY, one.completions) == one.labels for one in turns)
    assert all(one.labels[0] and not one.labels[-1] for one in turns)
    slips = list(room.planted(rows[:2] * 20, random.Random(0)))
    assert slips
    assert all(room.labels(STORY, one.completions) == one.labels for one in slips)
