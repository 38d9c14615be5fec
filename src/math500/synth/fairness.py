"""How many rows of which problem: no easy problem fills the set because it is often solved.

Fair downsampling (Toshniwal et al. 2024, arXiv:2402.10176): in turns, one solution of each problem, until
there are enough; here the turns also go round the levels of difficulty, so that each has its share as long
as it has solutions. Which solution of a problem comes first is decided by the seed, and by nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TypeVar

T = TypeVar("T")


def shuffled(things: Iterable[T], seed: int, name: Callable[[T], str]) -> list[T]:
    """Things in an order that only the seed and their names decide."""

    def rank(thing: T) -> bytes:
        return hashlib.sha256(f"{seed}\n{name(thing)}".encode()).digest()

    return sorted(things, key=rank)


def choose(
    things: Sequence[T],
    *,
    problem: Callable[[T], Hashable],
    difficulty: Callable[[T], Hashable],
    per_problem: int | None,
    most: int | None,
) -> tuple[list[T], list[T], list[T]]:
    """The chosen ones, those above the cap of their problem, and those for which there is no room.

    Args:
        things: solutions, the preferred ones of each problem first.
        problem: what a solution solves.
        difficulty: the group whose turn it is in.
        per_problem: at most so many of a problem.
        most: at most so many altogether.
    """
    of_problem: dict[Hashable, list[T]] = {}
    for thing in things:
        of_problem.setdefault(problem(thing), []).append(thing)
    above = (
        [thing for members in of_problem.values() for thing in members[per_problem:]] if per_problem else []
    )
    rounds: dict[Hashable, list[tuple[int, T]]] = {}
    for members in of_problem.values():
        for turn, thing in enumerate(members[:per_problem]):
            rounds.setdefault(difficulty(thing), []).append((turn, thing))
    queues = [
        [thing for _, thing in sorted(rounds[group], key=lambda pair: pair[0])]
        for group in sorted(rounds, key=str)
    ]
    in_turn = [
        queue[turn]
        for turn in range(max(map(len, queues), default=0))
        for queue in queues
        if turn < len(queue)
    ]
    return in_turn[:most], above, in_turn[most:] if most is not None else []
