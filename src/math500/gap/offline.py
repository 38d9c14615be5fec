"""Effects that the run's own responses already hold: nothing is asked again.

    extraction     a box or nothing, instead of every form that an answer is found in
    token limit    each response cut where a smaller limit would have cut it
    grader         the graders of other projects over the same responses (see graders.py)
    samples        a vote over k, or any of k, instead of their mean
    failures       samples that failed or could not be graded counted as wrong
    level mix      each level weighted as in the whole set
    subject mix    each subject weighted so
    subset         of a run over all of MATH, the problems of MATH-500 alone
    bad rows       problems whose reference answer is known to be doubtful left out

Grades are made again by `grading.grade` alone. A response whose answer is still the same after the change
keeps its grade, since a grade depends on the extracted answer and nothing else; that is what makes this take
seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from math500 import evaluate, grading, stats
from math500.data.verify import math500_reference
from math500.gap.cut import cut, smaller_limits
from math500.gap.outcomes import DRAWS, Outcomes, of_grades, paired_factor, weighted_factor
from math500.plural import counted
from math500.records import Factor, Grade, Problem, Sample
from math500.rundir import Key, RunDir

LEVELS = {"MATH-500": (43, 90, 105, 128, 134), "MATH-5000": (437, 894, 1131, 1214, 1324)}
"""Problems of each level, 1 to 5, counted in the verified sets."""
SUBJECTS = {
    "MATH-500": {
        "Algebra": 124,
        "Counting & Probability": 38,
        "Geometry": 41,
        "Intermediate Algebra": 97,
        "Number Theory": 62,
        "Prealgebra": 82,
        "Precalculus": 56,
    },
    "MATH-5000": {
        "Algebra": 1187,
        "Counting & Probability": 474,
        "Geometry": 479,
        "Intermediate Algebra": 903,
        "Number Theory": 540,
        "Prealgebra": 871,
        "Precalculus": 546,
    },
}
MIX_FROM = 50
"""Problems from which on a mix is weighted; of fewer, some groups hold next to nothing."""

Regrade = Callable[[str, Problem, bool], Grade]


class Responses:
    """A run's answered samples with their problems and grades, and how to grade a change of them."""

    def __init__(
        self, problems: Iterable[Problem], samples: Mapping[Key, Sample], grades: Mapping[Key, Grade]
    ) -> None:
        self.problems = {p.unique_id: p for p in problems}
        self.samples = {key: s for key, s in samples.items() if s.failure is None}
        self.asked = tuple(samples)
        self.failed = len(samples) - len(self.samples)
        self.grades = {key: g for key, g in grades.items() if key in self.samples}
        self._known: dict[tuple[str, str], Grade] = {}
        for key, grade in self.grades.items():
            if grade.extracted is not None:
                self._known[key[0], grade.extracted] = grade

    @classmethod
    def of_run(cls, run: RunDir) -> Responses:
        """Of a run folder; what the current grader has not graded there is graded here, in memory."""
        problems = run.by_id()
        samples = run.samples()
        kept = {key: g.grade for key, g in run.grades(grading.GRADER).items()}
        for key, sample in samples.items():
            if key not in kept and sample.failure is None:
                kept[key] = evaluate.grade_sample(sample, problems[key[0]])
        return cls(problems.values(), samples, kept)

    def outcomes(self) -> Outcomes:
        """The run's own scores."""
        return of_grades(self.problems, self.grades)

    def cut_off(self, key: Key) -> bool:
        """The response ended at the token limit."""
        return evaluate.truncated(self.samples[key])

    def grade(self, key: Key, response: str, *, truncated: bool, strict: bool = False) -> Grade:
        """The grade of a changed response."""
        found = grading.extract(response, strict=strict, truncated=truncated)
        if found.answer is None:
            return Grade(verdict="no_answer", rule=found.rule)
        known = self._known.get((key[0], found.answer))
        if known is None:
            problem = self.problems[key[0]]
            known = grading.grade(
                response,
                problem.answer,
                truncated=truncated,
                strict=strict,
                question=problem.problem,
                unique_id=problem.unique_id,
            )
            self._known[key[0], found.answer] = known
        return known

    def at_limit(self, limit: int, *, strict: bool = False) -> dict[Key, Grade]:
        """Every grade as if generation had ended at `limit` tokens."""
        grades = {}
        for key, sample in self.samples.items():
            text, shortened = cut(sample, limit)
            if shortened or strict:
                over = shortened or evaluate.truncated(sample)
                grades[key] = self.grade(key, text, truncated=over, strict=strict)
            elif key in self.grades:
                grades[key] = self.grades[key]
        return grades

    def strict(self) -> dict[Key, Grade]:
        """Every grade as if only a box counted."""
        return {
            key: self.grade(key, s.response, truncated=evaluate.truncated(s), strict=True)
            for key, s in self.samples.items()
        }


def factors(responses: Responses, data: str, doubtful: Iterable[str] = ()) -> tuple[Factor, ...]:
    """Every effect that can be had without the model, graders apart.

    Args:
        responses: of the run.
        data: the set that the mixes are compared with, `MATH-500` or `MATH-5000`; other names have no mix.
        doubtful: ids of problems whose reference answer is known to be doubtful.
    """
    base = responses.outcomes()
    found = [
        _extraction(responses, base),
        *_limits(responses, base),
        *_samples(responses, base),
        *_failures(responses, base),
        *_mixes(responses, base, data),
        *_subset(base),
        *_bad_rows(base, set(doubtful)),
    ]
    return tuple(f for f in found if f.n)


def logged(run: RunDir, responses: Responses) -> list[Factor]:
    """The verdicts that the harness of an imported run gave, as graders over the same responses."""
    base, origin = responses.outcomes(), run.manifest.origin
    found = []
    for name in () if origin is None else origin.graders:
        grades = {key: g.grade for key, g in run.grades(name).items()}
        after = of_grades(responses.problems, grades)
        found.append(paired_factor("grader", name, base, after, detail="as the harness logged it"))
    return [f for f in found if f.n]


def _extraction(responses: Responses, base: Outcomes) -> Factor:
    after = of_grades(responses.problems, responses.strict())
    return paired_factor("extraction", "a box or nothing", base, after, detail=_rules(responses))


def _rules(responses: Responses) -> str:
    """Which share of the right answers was not in a box."""
    right = [g for g in responses.grades.values() if g.verdict == "correct"]
    boxed = sum(g.rule.startswith("boxed") for g in right)
    return f"{len(right) - boxed} of {len(right)} right answers stand outside a box"


def _limits(responses: Responses, base: Outcomes) -> list[Factor]:
    limits = smaller_limits(responses.samples.values())
    return [
        paired_factor(
            "token limit",
            f"{limit:,} tokens",
            base,
            of_grades(responses.problems, responses.at_limit(limit)),
            detail=f"{_cut_share(responses, limit):.0%} of the responses are cut",
        )
        for limit in limits
    ]


def _cut_share(responses: Responses, limit: int) -> float:
    cuts = [cut(s, limit)[1] or evaluate.truncated(s) for s in responses.samples.values()]
    return sum(cuts) / len(cuts)


def _samples(responses: Responses, base: Outcomes) -> list[Factor]:
    """A vote over all samples, and any of them, where there are several."""
    votes, right = _votes(responses)
    k = max((len(v) for v in votes.values()), default=0)
    if k < 2:
        return []
    voted = {name: stats.majority_share(v, right.get(name)) for name, v in votes.items()}
    best = {name: float(name in right) for name in votes}
    return [
        paired_factor(
            "samples",
            f"a vote over {k}",
            base,
            voted,
            detail="ties by a fair draw; wrong answers are one only where they are written alike",
        ),
        paired_factor("samples", f"any of {k} right", base, best),
    ]


def _votes(responses: Responses) -> tuple[dict[str, list[str | None]], dict[str, str]]:
    """Each problem's answers, with all right ones as one, and which answer is right."""
    votes: dict[str, list[str | None]] = {}
    right: dict[str, str] = {}
    for (name, _), grade in responses.grades.items():
        if grade.verdict == "ungraded":
            continue
        answer = grade.extracted
        if grade.verdict == "correct":
            answer = right.setdefault(name, answer or "")
        votes.setdefault(name, []).append(answer)
    return votes, right


def _failures(responses: Responses, base: Outcomes) -> list[Factor]:
    """What a harness reports that scores its own failures as the model's."""
    ungraded = [key for key, g in responses.grades.items() if g.verdict == "ungraded"]
    if not ungraded and not responses.failed:
        return []
    after = _as_wrong(responses)
    rows = [(base.get(name), share) for name, share in after.items()]
    low, high = stats.percentiles(stats.bootstrap(rows, _lost_by_failures, draws=DRAWS))
    return [
        Factor(
            name="failures",
            setting="counted as wrong",
            kind="recomputed",
            value=_lost_by_failures([(row, 1) for row in rows]),
            low=low,
            high=high,
            n=len(rows),
            lost=sum(share != right for right, share in rows),
            detail=f"{responses.failed} failed, {len(ungraded)} could not be graded",
        )
    ]


def _as_wrong(responses: Responses) -> Outcomes:
    """The share of right samples of each problem among all that were asked for."""
    per: dict[str, list[bool]] = {}
    for key in responses.asked:
        grade = responses.grades.get(key)
        per.setdefault(key[0], []).append(grade is not None and grade.verdict == "correct")
    return {name: sum(verdicts) / len(verdicts) for name, verdicts in per.items()}


def _lost_by_failures(rows: Sequence[tuple[tuple[float | None, float], int]]) -> float:
    """The mean over all problems minus the mean over those with a graded sample."""
    graded = [(share, times) for (share, _), times in rows if share is not None]
    after = sum(share * times for (_, share), times in rows) / sum(times for _, times in rows)
    count = sum(times for _, times in graded)
    return after - (sum(share * times for share, times in graded) / count if count else 0.0)


def _mixes(responses: Responses, base: Outcomes, data: str) -> list[Factor]:
    if data not in LEVELS or len(base) < MIX_FROM:
        return []
    problems = responses.problems
    levels = {str(i): float(n) for i, n in enumerate(LEVELS[data], 1)}
    subjects = {name: float(n) for name, n in SUBJECTS[data].items()}
    setting = f"weighted as all of {data}"
    return [
        weighted_factor("level mix", setting, base, {n: str(problems[n].level) for n in base}, levels),
        weighted_factor("subject mix", setting, base, {n: problems[n].subject for n in base}, subjects),
    ]


def _subset(base: Outcomes) -> list[Factor]:
    """MATH-500's problems keep their ids in the larger sets that hold them."""
    inside = set(math500_reference()) & set(base)
    if len(inside) < MIX_FROM or len(inside) == len(base):
        return []
    group = {name: "in" if name in inside else "out" for name in base}
    return [weighted_factor("subset", f"{len(inside)} problems of MATH-500", base, group, {"in": 1.0})]


def _bad_rows(base: Outcomes, doubtful: set[str]) -> list[Factor]:
    bad = doubtful & set(base)
    if not bad:
        return []
    group = {name: "bad" if name in bad else "good" for name in base}
    found = weighted_factor(
        "bad rows", f"{counted(len(bad), 'doubtful row')} left out", base, group, {"good": 1.0}
    )
    return [found]


@dataclass(frozen=True)
class Transform:
    """A change of protocol that responses can be recomputed for."""

    setting: str
    limit: int | None = None
    grade: Regrade | None = None
    """Another grader: the text, its problem, and whether it was cut off."""


def transformed(responses: Responses, changes: Sequence[Transform]) -> Outcomes:
    """The scores under all of these changes at once."""
    limit = min((c.limit for c in changes if c.limit is not None), default=None)
    grader = next((c.grade for c in changes if c.grade is not None), None)
    if grader is None:
        return (
            responses.outcomes()
            if limit is None
            else of_grades(responses.problems, responses.at_limit(limit))
        )
    grades = {}
    for key, sample in responses.samples.items():
        text, cut_off = (sample.response, False) if limit is None else cut(sample, limit)
        over = cut_off or evaluate.truncated(sample)
        grades[key] = grader(text, responses.problems[key[0]], over)
    return of_grades(responses.problems, grades)
