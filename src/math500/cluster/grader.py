"""The worker that grades: samples in, grades out."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import msgspec

from math500 import grading, regrade
from math500.cluster.flow import DONE, ROWS
from math500.cluster.post import Line, this_worker
from math500.records import Problem, Sample

BEAT = 1.0
"""Seconds after which the grades so far are sent, so that progress moves while a slow grader works."""


class Grader:
    """One worker.

    Args:
        post: takes the grades.
        grader: a preset's name.
        problems: by id.
    """

    def __init__(self, post: Any, grader: str, problems: Mapping[str, Problem]) -> None:  # noqa: ANN401
        self._post = post
        self._grader = grader
        self._problems = problems

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[bool]]:
        """Grade some samples, once: those that ended a worker would end the next one too."""
        import ray  # noqa: PLC0415

        if not ray.get(self._post.begin.remote(this_worker(), batch[ROWS][0])):
            return DONE
        samples = [msgspec.json.decode(row, type=Sample) for row in batch[ROWS]]
        lines, since = [], time.monotonic()
        for made in regrade.one_by_one(self._grader, samples, self._problems):
            lines.append(Line("grade", msgspec.json.encode(made)))
            if time.monotonic() - since > BEAT:
                ray.get(self._post.put.remote(lines))
                lines, since = [], time.monotonic()
        ray.get(self._post.put.remote(lines))
        return DONE

    def __del__(self) -> None:
        """End the comparison processes."""
        grading.shutdown()
