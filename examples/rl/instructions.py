"""Make the set that an instruction reward model of this world learns from: which of two problems is well put.

    python instructions.py FOLDER [COUNT] [SEED]

The better one is a problem as `world.py` tells it; the worse one lost a number, an event's word or its
question, as a careless rewriting leaves it. A judge's ranking of evolved problems has the same form.
"""

from __future__ import annotations

import random
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "rft"))

import world

from math500.records import Message, Plan, PreferenceRow
from math500.synth import dataset


def spoilt(text: str, draw: random.Random) -> str:
    """The problem with something missing that it needs."""
    numbers = list(re.finditer(r"\d+", text))
    match draw.choice(("number", "question", "verb")):
        case "number":
            one = draw.choice(numbers)
            return text[: one.start()] + "some" + text[one.end() :]
        case "question":
            return text.partition(" How many")[0]
        case _:
            return re.sub(r", (\w+) ", ", ", text, count=1)


def row(i: int, draw: random.Random) -> PreferenceRow:
    """A pair; the request stands for the one that the problems were evolved by, and is empty."""
    good = world.story(draw).text
    return PreferenceRow(
        prompt=(),
        chosen=(Message(role="assistant", content=good),),
        rejected=(Message(role="assistant", content=spoilt(good, draw)),),
        problem_id=f"instruction/{i}",
        method="spoilt",
    )


def main(folder: Path, count: int, seed: int) -> None:
    """Write the set, through the gate."""
    draw = random.Random(3000 + seed)
    dataset.write(folder, Plan(kind="preference", method="spoilt"), (row(i, draw) for i in range(count)))


if __name__ == "__main__":
    given = sys.argv[1:]
    main(Path(given[0]), int(given[1]) if len(given) > 1 else 1000, int(given[2]) if len(given) > 2 else 0)
