"""An invented set in the place of MATH-500, so that nothing is fetched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from math500 import data
from math500.data.find import ProblemSet
from math500.records import DataSource, Problem

CASES = Path(__file__).parent / "cases"


def named(path: str) -> ProblemSet:
    """The set that stands for MATH-500 here: three of the problems in the cases, and one that no log has."""
    problems = (
        Problem(
            problem="For which real $t$ is $t-4$ positive? Use an interval.",
            answer="(4,\\infty)",
            unique_id="known/interval",
            subject="Algebra",
            level=3,
        ),
        Problem(
            problem="Give the exact quotient\nof $3$ and $8$.",
            answer="\\frac{3}{8}",
            unique_id="known/quotient",
            subject="Prealgebra",
            level=2,
        ),
        Problem(
            problem="A crate holds $7$ trays with $12$ plums each. How many plums are in it?",
            answer="84",
            unique_id="known/plums",
            subject="Prealgebra",
            level=1,
        ),
        Problem(problem="What is nobody asked here?", answer="9", unique_id="known/unasked"),
    )
    source = DataSource(name=path, place="cache", location="x", rows=4, sha256="0", verified=True)
    return ProblemSet(source, problems)


@pytest.fixture(autouse=True)
def _known_set(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(name: str, **_: Any) -> ProblemSet:
        return named(name)

    monkeypatch.setattr(data, "load", load)
