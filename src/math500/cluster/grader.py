"""The worker that grades: samples in, grades out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from math500 import grading, regrade
from math500.cluster.flow import ROWS, Line, batch_of
from math500.records import Problem, Sample

TALLY = 100
"""Grades in a batch of lines, so that progress moves while a slow grader works."""


class Grader:
    """One worker.

    Args:
        grader: a preset's name.
        problems: by id.
    """

    def __init__(self, grader: str, problems: Mapping[str, Problem]) -> None:
        self._grader = grader
        self._problems = problems

    def __call__(self, batch: dict[str, Any]) -> Iterator[dict[str, list[Any]]]:
        """Grade some samples."""
        samples = [msgspec.json.decode(row, type=Sample) for row in batch[ROWS]]
        lines: list[Line] = []
        for made in regrade.one_by_one(self._grader, samples, self._problems):
            lines.append(Line("grade", msgspec.json.encode(made)))
            if len(lines) == TALLY:
                yield batch_of(*lines)
                lines = []
        if lines:
            yield batch_of(*lines)

    def __del__(self) -> None:
        """End the comparison processes."""
        grading.shutdown()
