"""Rejection sampling: correct samples of graded runs as training rows (Yuan et al. 2023, arXiv:2308.01825).

    samples  ->  correct  ->  not by luck (luck.py)  ->  one a calculation (calculations.py)
             ->  a fair number of each problem (fairness.py)  ->  the gate (decontaminate.py)  ->  rows

Every sample that becomes no row is listed with its reason. Nothing is asked of a model and no run is changed;
the same runs, settings and seed give the same bytes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from math500 import data, failures, prompts
from math500.errors import Contaminated, UsageError
from math500.records import (
    CompletionRow,
    Grade,
    LeftOut,
    LevelYield,
    Message,
    Parent,
    Plan,
    PreferenceRow,
    Problem,
    Prompt,
    Sample,
)
from math500.rundir import RunDir
from math500.solve import blocks, tools
from math500.synth import calculations, dataset, fairness, luck
from math500.synth.decontaminate import TEST_SET, Gatekeeper

PER_PROBLEM = 4
"""Rows of one problem, unless another number is asked for."""
SOLVERS = ("cot", "tools")
"""Solvers whose samples are one solution each."""
Balance = Literal["level", "rate", "none"]
RATES = ("0 %", "1-20 %", "21-40 %", "41-60 %", "61-80 %", "81-99 %", "100 %")


@dataclass(frozen=True)
class Settings:
    """What is kept.

    Attributes:
        kind: a row is a right solution, or a right one beside a wrong one.
        per_problem: rows of one problem at most; None for all.
        rows: rows at most; None for all.
        balance: whose turn it is when there are more: by the problem's level, by how often it is solved, or
            all problems alike.
        seed: which of a problem's solutions come first.
        prompt: ask in the rows in this way, instead of the way that the run asked.
        grader: whose grades decide; None for the current one.
        against: further sets to check the rows against.
    """

    kind: dataset.Kind = "prompt-completion"
    per_problem: int | None = PER_PROBLEM
    rows: int | None = None
    balance: Balance = "level"
    seed: int = 0
    prompt: str | None = None
    grader: str | None = None
    against: tuple[str, ...] = ()


@dataclass(frozen=True)
class Try:
    """One sample with all that is known about it."""

    parent: str
    problem: Problem
    sample: Sample
    grade: Grade | None
    asked: Prompt
    text: str = ""
    """What is to be learnt, where that is another text than the sample's own."""
    method: str = "rft"

    @property
    def name(self) -> tuple[str, str, int]:
        """What tells it from all others."""
        return self.parent, self.problem.unique_id, self.sample.index

    @property
    def learnt(self) -> str:
        """What is to be learnt of it."""
        return self.text or solution(self.sample)

    @property
    def question(self) -> tuple[str, str]:
        """What tells its problem from others, also where two sets use the same ids."""
        return self.problem.unique_id, self.problem.problem

    def left_out(self, reason: str, evidence: str = "") -> LeftOut:
        """That it is no row, and why."""
        return LeftOut(
            problem_id=self.problem.unique_id,
            parent=self.parent,
            sample=self.sample.index,
            reason=reason,
            evidence=evidence,
        )


@dataclass(frozen=True)
class Origin:
    """Where tries come from, as their set says it.

    Attributes:
        method: the set's and its rows'.
        runs: the parents.
        details: the method's own settings.
        left_out: what was left out before there was a try.
        notes: what a reader of the card has to know besides.
    """

    method: str
    runs: Sequence[RunDir]
    details: Mapping[str, object] = field(default_factory=dict)
    left_out: Sequence[LeftOut] = ()
    notes: Sequence[str] = ()


def make(runs: Sequence[RunDir], out: Path, settings: Settings | None = None) -> dataset.TrainingSet:
    """Write a training set out of graded runs.

    Raises:
        Contaminated: a run is over MATH-500, or holds one of its problems under its id.
        UsageError: a run has no grades, its solver gives no single solutions, or nothing is left.
        RunError: the folder is taken, or cannot be written.
        DataError: MATH-500, or another set to check against, could not be had.
    """
    settings = settings or Settings()
    runs = sorted(runs, key=lambda run: run.path.resolve().name)
    _refuse(runs)
    keeper = Gatekeeper.of(settings.against)
    keeper.refuse_ids(problem.unique_id for run in runs for problem in run.problems())
    tries = [one for run in runs for one in tries_of(run, settings)]
    return keep(tries, out, settings, Origin("rft", runs))


def keep(tries: Sequence[Try], out: Path, settings: Settings, origin: Origin) -> dataset.TrainingSet:
    """Write a training set out of tries: those that are correct, not by luck, and no repetition.

    Raises:
        UsageError: nothing is left.
        RunError: the folder is taken, or cannot be written.
        DataError: MATH-500, or another set to check against, could not be had.
    """
    usable, left_out = usable_of(tries, settings)
    group = _difficulty(tries, settings.balance)
    chosen, above, no_room = fairness.choose(
        usable,
        problem=lambda one: one.question,
        difficulty=lambda one: group[one.question],
        per_problem=settings.per_problem,
        most=settings.rows,
    )
    left_out += [
        one.left_out("per_problem", f"{settings.per_problem} of this problem are kept") for one in above
    ]
    left_out += [one.left_out("balance", f"{settings.rows} rows are kept") for one in no_room]
    order = {one.name: place for place, one in enumerate(tries)}
    chosen.sort(key=lambda one: order[one.name])
    wrong = [one for one in tries if one.grade and one.grade.verdict == "wrong"]
    rows: list[dataset.Row] = []
    if settings.kind == "preference":
        rows += _pairs(chosen, wrong, left_out, settings.seed)
    else:
        rows += [_row(one) for one in chosen]
    left_out.sort(key=lambda one: order[one.parent, one.problem_id, one.sample or 0])
    return dataset.write(
        out,
        _plan(settings, origin),
        rows,
        [*origin.left_out, *left_out],
        parents=[parent_of(run, settings.grader) for run in origin.runs],
        levels=_yields(tries, group, usable, rows),
        sources=dict.fromkeys(source_of(run) for run in origin.runs),
        notes=[*origin.notes, *notes_of(origin.runs)],
    )


# -- the runs ----------------------------------------------------------------------------------


def _refuse(runs: Sequence[RunDir]) -> None:
    names = Counter(run.path.resolve().name for run in runs)
    if twice := [name for name, count in names.items() if count > 1]:
        raise UsageError(f"two runs are called {twice[0]}", "Rename one of the folders, or leave it out.")
    for run in runs:
        manifest = run.manifest
        if manifest.data.name == TEST_SET:
            raise Contaminated(
                f"{run.path} is a run over MATH-500, which must never train",
                "Sample other problems: math500 run --data math-train --samples 8 --temperature 0.7",
            )
        if manifest.solver_settings.name not in SOLVERS or manifest.solver not in SOLVERS:
            raise UsageError(
                f"{run.path} was made by {manifest.solver}, whose samples are not one solution each",
                f"Use runs of {' or '.join(SOLVERS)}, with --samples.",
            )
        if manifest.solver_settings.tool_calls == "native":
            raise UsageError(
                f"{run.path} ran code by native calls, which a row of text cannot hold",
                "Use a run with --tool-calls prompt.",
            )


def tries_of(run: RunDir, settings: Settings) -> Iterator[Try]:
    """The collected samples of a run."""
    grades = run.grades(failures.grader_of(run, settings.grader))
    samples = run.samples()
    asked = prompts.get(settings.prompt) if settings.prompt else run.manifest.prompt
    for problem in run.problems():
        for index in range(run.manifest.samples):
            sample = samples.get((problem.unique_id, index))
            graded = grades.get((problem.unique_id, index))
            if sample is not None:
                grade = graded.grade if graded else None
                yield Try(run.path.resolve().name, problem, sample, grade, asked)


# -- choosing ----------------------------------------------------------------------------------


def usable_of(tries: Iterable[Try], settings: Settings) -> tuple[list[Try], list[LeftOut]]:
    """The tries that are correct, not by luck, no repetition and without a test problem; and the others."""
    left_out, correct = _correct(tries)
    keeper = Gatekeeper.of(settings.against)
    usable = list(_clean(_distinct(correct, settings.seed, left_out), keeper, left_out))
    return usable, left_out


def _correct(tries: Iterable[Try]) -> tuple[list[LeftOut], list[Try]]:
    """What is no row by its grade or by its luck, and the others."""
    left_out, correct = [], []
    for one in tries:
        if one.sample.failure is not None:
            left_out.append(one.left_out("failed", one.sample.failure.kind))
        elif one.grade is None or one.grade.verdict == "ungraded":
            left_out.append(one.left_out("ungraded", one.grade.reason if one.grade else ""))
        elif one.grade.verdict != "correct":
            left_out.append(one.left_out(one.grade.verdict, one.grade.extracted or ""))
        elif lucky := luck.reason(luck.Case(one.sample, one.grade)):
            left_out.append(one.left_out(*lucky))
        else:
            correct.append(one)
    return left_out, correct


def _distinct(correct: Sequence[Try], seed: int, left_out: list[LeftOut]) -> Iterator[Try]:
    """One try a calculation, in the seed's order; the others are left out."""
    first: dict[tuple[tuple[str, str], str], Try] = {}
    for one in fairness.shuffled(correct, seed, lambda one: "\n".join(map(str, one.name))):
        kept = first.setdefault((one.question, calculations.key(one.learnt)), one)
        if kept is one:
            yield one
        else:
            same = f"it calculates as {kept.parent} {kept.problem.unique_id} #{kept.sample.index}"
            left_out.append(one.left_out("same_calculation", same))


def _clean(usable: Iterable[Try], keeper: Gatekeeper, left_out: list[LeftOut]) -> Iterator[Try]:
    """Those without a test problem, looked at before there is a choice."""
    for one in usable:
        row = _row(one)
        match = keeper.check(row)
        if match is None:
            yield one
        else:
            left_out.append(dataset.contaminated(row, match))


def _difficulty(tries: Iterable[Try], balance: Balance) -> dict[tuple[str, str], str]:
    """The group of difficulty of each problem."""
    right: dict[tuple[str, str], list[bool]] = defaultdict(list)
    levels: dict[tuple[str, str], int | None] = {}
    for one in tries:
        levels[one.question] = one.problem.level
        right[one.question].append(one.grade is not None and one.grade.verdict == "correct")
    if balance == "level":
        return {question: "?" if level is None else str(level) for question, level in levels.items()}
    if balance == "rate":
        return {question: f"solved {_rate(sum(r), len(r))}" for question, r in right.items()}
    return dict.fromkeys(levels, "all")


def _rate(right: int, n: int) -> str:
    if right in (0, n):
        return RATES[0] if right == 0 else RATES[-1]
    return RATES[min(5, 1 + (100 * right - 1) // (20 * n))]


# -- rows --------------------------------------------------------------------------------------


def solution(sample: Sample) -> str:
    """What is to be learnt of a sample: its response, with the code that it ran and what that gave."""
    if not sample.executions:
        return sample.response.strip()
    return "\n".join(turns(sample))


def turns(sample: Sample) -> list[str]:
    """What the model said, turn by turn, each with what its code gave."""
    done = iter(sample.executions)
    found = []
    for generation in sample.generations:
        outputs = [
            f"{blocks.STOP}\n{tools.shown(ran)}\n```"
            for _, ran in zip(blocks.blocks(generation.text), done, strict=False)
        ]
        found.append("\n".join([_closed(generation.text.strip()), *outputs]))
    return found


def _closed(text: str) -> str:
    """A reply whose last block was cut by the string at which it stops, with its end."""
    return f"{text}\n```" if text.count("```") % 2 else text


def _row(one: Try) -> CompletionRow:
    text = one.learnt
    return CompletionRow(
        prompt=prompts.messages(one.asked, one.problem.problem),
        completion=(Message(role="assistant", content=text),),
        problem_id=one.problem.unique_id,
        parent=one.parent,
        sample=one.sample.index,
        key=calculations.key(text),
        level=one.problem.level,
        subject=one.problem.subject,
        method=one.method,
    )


def _pairs(
    chosen: Iterable[Try], wrong: Iterable[Try], left_out: list[LeftOut], seed: int
) -> Iterator[PreferenceRow]:
    """Each right try beside a wrong one of the same problem, as far as there are any; each is used once."""
    waiting: dict[tuple[str, str], list[Try]] = defaultdict(list)
    for one in fairness.shuffled(wrong, seed, lambda one: "\n".join(map(str, one.name))):
        if one.sample.response.strip():
            waiting[one.question].append(one)
    used: set[tuple[str, str | None, int | None]] = set()
    for one in chosen:
        if not waiting[one.question]:
            left_out.append(
                one.left_out("no_wrong", "no wrong sample of the problem is left to go beside it")
            )
            continue
        other = waiting[one.question].pop()
        used.add(other.name)
        yield _preference(_row(one), other)
    left_out[:] = [left for left in left_out if (left.parent, left.problem_id, left.sample) not in used]


def _preference(row: CompletionRow, other: Try) -> PreferenceRow:
    return PreferenceRow(
        prompt=row.prompt,
        chosen=row.completion,
        rejected=(Message(role="assistant", content=other.learnt),),
        rejected_parent=other.parent,
        rejected_sample=other.sample.index,
        problem_id=row.problem_id,
        parent=row.parent,
        sample=row.sample,
        key=row.key,
        level=row.level,
        subject=row.subject,
        method=row.method,
    )


# -- what the manifest says ----------------------------------------------------------------------


def _plan(settings: Settings, origin: Origin) -> Plan:
    return Plan(
        kind=settings.kind,
        method=origin.method,
        settings={
            **origin.details,
            "per_problem": settings.per_problem,
            "rows": settings.rows,
            "balance": settings.balance,
            "prompt": settings.prompt,
        },
        seed=settings.seed,
        against=settings.against,
    )


def parent_of(run: RunDir, grader: str | None) -> Parent:
    """A run as its rows' parent."""
    manifest, name = run.manifest, failures.grader_of(run, grader)
    samples, grades = run.hashes(name)
    return Parent(
        run=run.path.resolve().name,
        run_id=manifest.run_id,
        samples_sha256=samples,
        grades_sha256=grades,
        grader=name,
        model=manifest.model,
        data=manifest.data,
        prompt=manifest.prompt,
        decoding=manifest.decoding,
        solver=manifest.solver_settings,
        samples=manifest.samples,
    )


def _yields(
    tries: Sequence[Try],
    group: dict[tuple[str, str], str],
    usable: Iterable[Try],
    rows: Sequence[dataset.Row],
) -> list[LevelYield]:
    """What the problems of each difficulty brought."""
    made = {(row.parent, row.problem_id, row.sample) for row in rows}
    kept = {one.name for one in usable}
    found = []
    for name in sorted(set(group.values())):
        members = [one for one in tries if group[one.question] == name]
        in_rows = [one for one in members if one.name in made]
        found.append(
            LevelYield(
                level=name,
                problems=len({one.question for one in members}),
                samples=len(members),
                correct=sum(one.grade is not None and one.grade.verdict == "correct" for one in members),
                usable=sum(one.name in kept for one in members),
                rows=len(in_rows),
                covered=len({one.question for one in in_rows}),
            )
        )
    return found


def source_of(run: RunDir) -> str:
    """A run's problem set, with its licence, in words."""
    source = run.manifest.data
    known = {one.name: one for one in data.known_sets()}.get(source.name)
    if known is None:
        return f"{source.name}: a file of the user's own; its licence is not known to math500."
    return f"{known.name}: {known.description}; {known.source}; {known.licence}."


def notes_of(runs: Iterable[RunDir]) -> list[str]:
    """What a reader of the rows has to know of these runs."""
    apart = [run for run in runs if any(g.reasoning for s in run.samples().values() for g in s.generations)]
    return [
        f"The reasoning that came apart from the answers is not in the rows of {run.path.name}."
        for run in apart
    ]
