"""A run as the page shows it: everything is read once, and every number comes from the room that owns it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from math500 import evaluate, failures, stats
from math500.records import Estimate, Gap, Grade, Manifest, Problem, Reason, Sample, Summary, Tally
from math500.rundir import Key, RunDir


@dataclass(frozen=True)
class Facts:
    """One run, read."""

    run: RunDir
    grader: str
    problems: tuple[Problem, ...]
    samples: Mapping[Key, Sample]
    grades: Mapping[str, Mapping[Key, Grade]]
    """Every grader's grades, by the grader's name; the page's own grader first."""
    summary: Summary
    reasons: Mapping[Key, Reason]
    tally: Tally
    gap: Gap | None

    @property
    def manifest(self) -> Manifest:
        """What was asked, of whom."""
        return self.run.manifest

    @property
    def main(self) -> Mapping[Key, Grade]:
        """The grades that the score is made of."""
        return self.grades[self.grader]

    @cached_property
    def right(self) -> Mapping[str, list[bool]]:
        """Per problem, which of its graded samples are correct."""
        return evaluate.right_by_problem(self.problems, dict(self.main))

    def cells(self) -> tuple[list[str], list[str], dict[tuple[str, str], Estimate]]:
        """Subjects, levels, and the score of each pair of them that has graded samples."""
        subjects = sorted({p.subject for p in self.problems if p.subject})
        levels = sorted({str(p.level) for p in self.problems if p.level is not None})
        groups: dict[tuple[str, str], list[list[bool]]] = {}
        for p in self.problems:
            groups.setdefault((p.subject, str(p.level)), []).append(self.right.get(p.unique_id, []))
        scored = {pair: stats.score(group) for pair, group in groups.items()}
        return subjects, levels, {pair: s for pair, s in scored.items() if s is not None}


def facts(run: RunDir) -> Facts:
    """Read a run folder, which may still be growing.

    Raises:
        RunDamaged: its files cannot be read.
    """
    grader, _ = evaluate.graded(run)
    samples = run.samples()
    reasons = failures.explain(run, grader=grader, others=failures.other_graders(run, grader))
    return Facts(
        run=run,
        grader=grader,
        problems=run.problems(),
        samples=samples,
        grades={name: _of(run, name, samples) for name in _names(run, grader)},
        summary=evaluate.summarize(run, grader),
        reasons={(r.unique_id, r.index): r for r in reasons},
        tally=failures.tally(run, reasons, grader=grader),
        gap=run.gap(),
    )


def _names(run: RunDir, grader: str) -> tuple[str, ...]:
    return (grader, *(name for name in run.graders() if name != grader.replace("/", "-")))


def _of(run: RunDir, grader: str, samples: Mapping[Key, Sample]) -> dict[Key, Grade]:
    return {key: g.grade for key, g in run.grades(grader).items() if key in samples}
