"""Can the right answer still be reached from here? A step's label by completions from behind it.

    solution's steps   s1 s2 s3 | answer 12, wrong
    behind s1          12 17 17 9 17 ...   some are right: from here it can still be reached
    behind s2          12 12 9 12 12 ...   none is: the first wrong step

Wang et al. 2023 (Math-Shepherd, arXiv:2312.08935): hard label: any of K completions is right; soft label: the
share that is. A completion that could not be graded is no completion. The last step is the end of the
solution, whose grade is its label.

A right completion from behind a later step begins with the earlier ones: it shows that the right answer can
be reached from behind those too, and so does the solution itself where it is right. Hard labels carry that
back, unless they are asked not to (the paper's do not); soft ones are the shares of a step's own completions.

Whatever stands behind a step from which there is no hope is without hope too, if the completer is strong
enough. Where that is taken for granted, most of the completions need not be paid for:

    all      behind every step
    first    step after step, up to the first one without hope
    binary   halving what is left of the solution (Luo et al. 2024, OmegaPRM, arXiv:2406.06592)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Search = Literal["all", "first", "binary"]


@dataclass(frozen=True)
class Count:
    """What the completions from behind one step came to."""

    right: int = 0
    graded: int = 0
    untold: int = 0
    """Completions that failed, or that the grader could not tell."""

    @property
    def share(self) -> float:
        """Right ones of those that were graded."""
        return self.right / self.graded


@dataclass(frozen=True)
class Labels:
    """Labels of a solution's steps; see `records.StepRow`."""

    hard: tuple[bool, ...]
    soft: tuple[float, ...]
    rollouts: tuple[int, ...]


def wanted(known: Mapping[int, Count], steps: int, search: Search, *, right: bool) -> list[int]:
    """The steps from behind which completions are needed next; none when the labels can be told.

    Args:
        known: what is known of steps, by their place from 0 on.
        steps: how many the solution has; the last one needs no completions.
        search: see the module.
        right: the solution counts as a completion of each of its steps, and is a right one.
    """
    if search == "all":
        return [place for place in range(steps - 1) if place not in known]
    low, high = _bounds(known, steps)
    if right or low >= high:
        return []
    return [low if search == "first" else (low + high) // 2]


def _bounds(known: Mapping[int, Count], steps: int) -> tuple[int, int]:
    """The steps among which the first one without hope is; the last step where there is none before it.

    What could not be told counts as hope: it ends no search.
    """
    hopeless = [place for place, count in known.items() if count.graded and not count.right]
    high = min(hopeless, default=steps - 1)
    return max((place + 1 for place in known if place < high), default=0), high


def labels(
    known: Mapping[int, Count], steps: int, search: Search, *, correct: bool, carry: bool
) -> Labels | None:
    """The labels of a solution's steps, or None where completions of a step could not be graded at all.

    Args:
        known: what is known of its steps; nothing more is `wanted`.
        steps: how many it has.
        search: how they were chosen.
        correct: the solution's own grade.
        carry: a right completion counts for the steps before it too, and a right solution for all of them.
    """
    if any(not count.graded for count in known.values()):
        return None
    first = _bounds(known, steps)[1]
    reached = max((place for place, count in known.items() if count.right), default=-1)

    def hard(place: int) -> bool:
        if place == steps - 1 or (carry and correct):
            return correct
        if search == "all":
            return place <= reached if carry else known[place].right > 0
        return place < first

    found = tuple(hard(place) for place in range(steps))
    counts: Sequence[Count | None] = [known.get(place) for place in range(steps)]
    return Labels(
        hard=found,
        soft=tuple(
            float(label) if count is None else count.share for label, count in zip(found, counts, strict=True)
        ),
        rollouts=tuple(0 if count is None else count.graded for count in counts),
    )
