"""Arithmetic word problems without end, small enough for a model that is trained on the spot.

    Ann has 12 pens, buys 3 bags of 4, loses 5, finds 2. How many are left?

What happens can be calculated in many orders; the reference solution goes from left to right. `sloppy` writes
what such a model learns first, as the web would teach it: in any order, and often with a slip.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import sys
from dataclasses import dataclass
from pathlib import Path

NAMES = ("Ann", "Ben", "Mia", "Leo")
THINGS = ("apples", "books", "cards", "coins", "cups", "eggs", "keys", "pens")
BOXES = ("bags", "boxes", "packs")
FEW = {
    1: ("finds {x}", "wins {x}", "buys {x}", "gets {x} more"),
    -1: ("loses {x}", "sells {x}", "breaks {x}", "gives {x} away"),
}
MANY = {
    1: ("buys {x} {box} of {y}", "gets {x} {box} of {y}"),
    -1: ("sells {x} {box} of {y}", "loses {x} {box} of {y}"),
}
MOST = int(os.environ.get("MOST", "60"))
"""What every count stays below: the smaller, the sooner a model can calculate."""
SLIPS = 0.3


@dataclass(frozen=True)
class Event:
    """Something that happens to the count: `sign * number * each`."""

    sign: int
    number: int
    each: int | None
    """How many are in a box; None where things come one by one."""

    @property
    def size(self) -> int:
        """How many things it is about."""
        return self.number * (self.each or 1)


@dataclass(frozen=True)
class Story:
    """A problem with what it means."""

    text: str
    first: int
    events: tuple[Event, ...]

    @property
    def answer(self) -> int:
        """How many are left."""
        return self.first + sum(event.sign * event.size for event in self.events)


def story(draw: random.Random) -> Story:
    """A problem with two or three events whose count stays from 0 to below `MOST`, and goes up and down."""
    while True:
        first = draw.randint(2, 20)
        events = tuple(_event(draw) for _ in range(draw.choice((2, 3, 3))))
        counts = [first]
        for event in events:
            counts.append(counts[-1] + event.sign * event.size)
        if min(counts) >= 0 and max(counts) < MOST and len({event.sign for event in events}) == 2:
            break
    box = draw.choice(BOXES)
    said = ", ".join(_said(draw, event, box) for event in events)
    text = f"{draw.choice(NAMES)} has {first} {draw.choice(THINGS)}, {said}. How many are left?"
    return Story(text, first, events)


def _event(draw: random.Random) -> Event:
    if draw.random() < 0.5:
        return Event(draw.choice((1, 1, -1)), draw.randint(2, 12), None)
    return Event(draw.choice((1, -1, -1)), draw.randint(2, 5), draw.randint(2, 6))


def _said(draw: random.Random, event: Event, box: str) -> str:
    words = FEW if event.each is None else MANY
    return draw.choice(words[event.sign]).format(x=event.number, y=event.each, box=box)


def reference(asked: Story) -> str:
    """The solution from left to right."""
    return _solution(asked.first, asked.events, products_first=False)


def sloppy(asked: Story, draw: random.Random, slips: float = SLIPS) -> str:
    """A solution in some order; so often one event is left out or goes the wrong way."""
    events = list(asked.events)
    if draw.random() < slips:
        wrong = draw.randrange(len(events))
        kept = draw.random() < 0.5
        one = events[wrong]
        events[wrong : wrong + 1] = [Event(-one.sign, one.number, one.each)] if kept else []
    order = draw.choice(("told", "products", "any"))
    if order == "any":
        draw.shuffle(events)
    counts = itertools.accumulate((event.sign * event.size for event in events), initial=asked.first)
    if min(counts) < 0:  # nobody calculates with less than nothing here
        return reference(asked)
    return _solution(asked.first, tuple(events), products_first=order == "products")


def _solution(first: int, events: tuple[Event, ...], *, products_first: bool) -> str:
    products = {event: f"{event.number}*{event.each}={event.size}" for event in events if event.each}
    lines = list(products.values()) if products_first else []
    count = first
    for event in events:
        if event in products and not products_first:
            lines.append(products[event])
        after = count + event.sign * event.size
        lines.append(f"{count}{'+' if event.sign > 0 else '-'}{event.size}={after}")
        count = after
    return "\n".join([*lines, f"The answer is \\boxed{{{count}}}."])


def write(path: Path, name: str, seed: int, count: int, *, solved: int | None = None) -> None:
    """Write problems as `math500 run --data FILE` reads them; the first `solved` have a solution."""
    draw = random.Random(seed)
    with path.open("w", encoding="utf-8") as file:
        for i in range(count):
            asked = story(draw)
            row = {
                "problem": asked.text,
                "answer": str(asked.answer),
                "solution": reference(asked) if solved is None or i < solved else "",
                "unique_id": f"{name}/{i}",
                "subject": "Arithmetic",
                "level": len(asked.events) - 1,
            }
            file.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    folder, originals, further, held = Path(sys.argv[1]), *map(int, sys.argv[2:5])
    seed = int(sys.argv[5]) if len(sys.argv) > 5 else 0
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / "train.jsonl", "train", 1000 + seed, originals + further, solved=originals)
    write(folder / "held.jsonl", "held", 999, held)
