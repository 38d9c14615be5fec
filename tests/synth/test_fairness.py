"""Fair numbers of rows."""

from __future__ import annotations

from collections import Counter

from math500.synth import fairness

THINGS = [("easy", "a", n) for n in range(9)] + [("easy", "b", 0), ("easy", "b", 1), ("hard", "c", 0)]


def choose(
    per_problem: int | None = None, most: int | None = None
) -> tuple[list[tuple[str, str, int]], list[tuple[str, str, int]], list[tuple[str, str, int]]]:
    return fairness.choose(
        THINGS, problem=lambda t: t[1], difficulty=lambda t: t[0], per_problem=per_problem, most=most
    )


def test_without_limits_all_are_kept() -> None:
    chosen, above, no_room = choose()
    assert sorted(chosen) == sorted(THINGS)
    assert above == no_room == []


def test_a_problem_has_its_cap() -> None:
    chosen, above, _ = choose(per_problem=2)
    assert Counter(t[1] for t in chosen) == {"a": 2, "b": 2, "c": 1}
    assert above == [("easy", "a", n) for n in range(2, 9)]


def test_turns_go_round_the_levels_and_then_the_problems() -> None:
    chosen, _, no_room = choose(most=4)
    assert chosen == [("easy", "a", 0), ("hard", "c", 0), ("easy", "b", 0), ("easy", "a", 1)]
    assert len(no_room) == len(THINGS) - 4


def test_the_seed_and_the_names_alone_decide_the_order() -> None:
    names = [str(n) for n in range(30)]
    first = fairness.shuffled(names, 1, str)
    assert first == fairness.shuffled(reversed(names), 1, str)
    assert first != fairness.shuffled(names, 2, str)
    assert sorted(first) == sorted(names)
