"""Solutions whose steps are labelled: what a process reward model learns from.

    graded runs  ->  right and wrong solutions, as many of each  ->  the gate  ->  their steps (splitting.py)
                 ->  labels: by completions from behind each step (rollouts.py), or by a judge (firstwrong.py)

Beside the training set, in the folder of the runs:

    NAME-rollouts-1 ...   completions; one round with `--search all`, else as many as the search needs
    NAME-judged           the judge's replies

In the problems of the completions the beginning of the answer stands behind the question (`prompts.begun`);
the responses are whole solutions, and are graded as such.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import msgspec

from math500 import grading, prompts
from math500.errors import UsageError
from math500.plural import counted
from math500.records import LeftOut, Plan, Problem, Prompt, SolverInfo, StepRow
from math500.rundir import RunDir
from math500.running import Request
from math500.splitting import split
from math500.synth import calculations, continuing, dataset, fairness, firstwrong, rft, rollouts, stage
from math500.synth.decontaminate import Gatekeeper
from math500.synth.rollouts import Count, Search
from math500.synth.stage import Stages

By = Literal["rollouts", "judge"]
SOLVERS = ("cot",)
"""The output of code is in a solution of `tools`, and no model goes on with it as it was made."""
MEANING = (
    "A label says whether the completer reached the right answer from there, not whether the step is true: a "
    "weak completer calls true steps wrong, and a lucky one calls false steps right."
)
LEAST = 2
"""Steps of a solution; the label of one step alone is the grade."""


@dataclass(frozen=True)
class Settings:
    """Which solutions get labels, and how.

    Attributes:
        labels: who gives them.
        search: from behind which steps completions are asked for.
        carry: right completions and right solutions count for the steps before their end too.
        per_problem: solutions of one problem at most, half of them right ones; None for all.
        rows: solutions at most, in turns of right and wrong; None for all.
        seed: which solutions come first.
        grader: whose grades decide which solutions are right; None for the current one.
        against: further sets to check the rows against.
    """

    labels: By = "rollouts"
    search: Search = "all"
    carry: bool = True
    per_problem: int | None = rft.PER_PROBLEM
    rows: int | None = None
    seed: int = 0
    grader: str | None = None
    against: tuple[str, ...] = ()


@dataclass(frozen=True)
class Solved:
    """One solution in its steps."""

    name: str
    """What tells it from all others; the ids of its completions begin with it."""
    one: rft.Try
    steps: tuple[str, ...]

    @property
    def correct(self) -> bool:
        """Its own grade."""
        return _correct(self.one)

    def behind(self, place: int) -> Problem:
        """What is asked to go on from behind a step, by its place from 0 on."""
        begun = prompts.begun(self.one.problem.problem, "".join(self.steps[: place + 1]))
        return msgspec.structs.replace(
            self.one.problem, problem=begun, unique_id=f"{self.name}+step{place + 1}", solution=""
        )

    def row(self, labels: rollouts.Labels) -> StepRow:
        """The row."""
        return StepRow(
            prompt=prompts.messages(self.one.asked, self.one.problem.problem),
            completions=self.steps,
            labels=labels.hard,
            soft=labels.soft,
            rollouts=labels.rollouts,
            problem_id=self.one.problem.unique_id,
            parent=self.one.parent,
            sample=self.one.sample.index,
            key=calculations.key("".join(self.steps)),
            level=self.one.problem.level,
            subject=self.one.problem.subject,
            method="steps",
        )


@dataclass(frozen=True)
class Labelled:
    """The labels of solutions, by name, and what they come from."""

    labels: Mapping[str, rollouts.Labels]
    left_out: Sequence[LeftOut]
    runs: Sequence[RunDir]
    notes: Sequence[str]


def make(runs: Sequence[RunDir], stages: Stages, settings: Settings | None = None) -> dataset.TrainingSet:
    """Write a training set of labelled steps.

    Args:
        runs: graded runs over one set of problems; their samples are the solutions.
        stages: how the completer is asked, with as many samples as a step gets completions; or the judge.
        settings: see there.

    Raises:
        Contaminated: a run is over MATH-500, or holds one of its problems under its id.
        UsageError: a run cannot be used, the endpoint cannot go on with an answer, or nothing is left.
        Math500Error: as for a run; the same command goes on.
    """
    settings = settings or Settings()
    dataset.refuse_taken(stages.out)
    stage.refuse_runs(runs, SOLVERS)
    stage.require_one_set(runs)
    runs = sorted(runs, key=lambda run: run.path.resolve().name)
    _require_one_prompt(runs)
    chosen, left_out = _chosen(runs, settings)
    if not chosen:
        raise UsageError(
            f"no solution is left to label ({stage.counted(left_out)})",
            "Sample more: math500 run --data math-train --samples 8 --temperature 0.7",
        )
    stages = replace(stages, request=_request(stages, runs[0], settings))
    wrong = sum(not one.correct for one in chosen)
    stages.say(
        f"{counted(len(chosen), 'solution')}, {wrong} of them wrong; "
        f"{counted(sum(len(o.steps) for o in chosen), 'step')}"
    )
    label = _by_judge if settings.labels == "judge" else _by_rollouts
    labelled = label(chosen, stages, settings, runs[0].manifest.prompt)
    return dataset.write(
        stages.out,
        _plan(settings, stages),
        [one.row(labelled.labels[one.name]) for one in chosen if one.name in labelled.labels],
        [*left_out, *labelled.left_out],
        parents=[
            *(rft.parent_of(run, settings.grader) for run in runs),
            *(rft.parent_of(run, None) for run in labelled.runs),
        ],
        sources=dict.fromkeys(rft.source_of(run) for run in runs),
        notes=[*labelled.notes, *rft.notes_of(runs)],
    )


def _require_one_prompt(runs: Sequence[RunDir]) -> None:
    if other := [run for run in runs if run.manifest.prompt != runs[0].manifest.prompt]:
        raise UsageError(
            f"{other[0].path} and {runs[0].path} were asked by different prompts",
            "Make a training set of each.",
        )


def _request(stages: Stages, run: RunDir, settings: Settings) -> Request:
    """The request over the run's problems; completions get the run's token limit where none was asked for."""
    request = replace(stage.of_run(stages.request, run), solver=SolverInfo())
    if settings.labels == "judge" or request.decoding.max_tokens:
        return request
    limit = run.manifest.decoding.max_tokens
    return replace(request, decoding=msgspec.structs.replace(request.decoding, max_tokens=limit))


def _plan(settings: Settings, stages: Stages) -> Plan:
    by: dict[str, object] = {"labels": settings.labels}
    if settings.labels == "rollouts":
        by |= {
            "search": settings.search,
            "carry": settings.carry,
            "rollouts": stages.request.samples,
            "completer": stages.request.model,
            "temperature": stages.request.decoding.temperature,
        }
    else:
        by |= {"judge": stages.request.model}
    kept = {"per_problem": settings.per_problem, "rows": settings.rows}
    return Plan(
        kind="stepwise",
        method="steps",
        settings=by | kept,
        seed=settings.seed,
        against=settings.against,
    )


# -- choosing ----------------------------------------------------------------------------------


def _chosen(runs: Sequence[RunDir], settings: Settings) -> tuple[list[Solved], list[LeftOut]]:
    """The solutions to label, before anything is paid for, and the others."""
    kept = rft.Settings(grader=settings.grader)
    tries = [(number, one) for number, run in enumerate(runs) for one in rft.tries_of(run, kept)]
    usable, left_out = _usable(tries, settings)
    half = -(-settings.per_problem // 2) if settings.per_problem else None
    chosen, above, no_room = fairness.choose(
        usable,
        problem=lambda one: (one.one.question, one.correct),
        difficulty=lambda one: one.correct,
        per_problem=half,
        most=settings.rows,
    )
    left_out += [
        one.one.left_out("per_problem", f"{half} right and {half} wrong ones are kept") for one in above
    ]
    left_out += [one.one.left_out("balance", f"{settings.rows} rows are kept") for one in no_room]
    order = {one.name: place for place, (_, one) in enumerate(tries)}
    chosen.sort(key=lambda one: order[one.one.name])
    left_out.sort(key=lambda one: order[one.parent, one.problem_id, one.sample or 0])
    return chosen, left_out


def _usable(tries: Iterable[tuple[int, rft.Try]], settings: Settings) -> tuple[list[Solved], list[LeftOut]]:
    """The solutions that can get labels, in the seed's order, one a calculation; and the others."""
    keeper = Gatekeeper.of(settings.against)
    left_out: list[LeftOut] = []
    usable: list[Solved] = []
    seen: dict[tuple[object, ...], rft.Try] = {}
    for number, one in fairness.shuffled(
        tries, settings.seed, lambda pair: "\n".join(map(str, pair[1].name))
    ):
        name = f"{one.problem.unique_id}+r{number}s{one.sample.index}"
        solved = Solved(name, one, split(one.sample.response.strip()))
        reason, evidence = _unusable(solved)
        if not reason:
            said = one.grade.extracted if one.grade else None
            first = seen.setdefault((one.question, calculations.key("".join(solved.steps)), said), one)
            if first is not one:
                reason, evidence = "same_calculation", f"it calculates as sample {first.sample.index}"
        if reason:
            left_out.append(one.left_out(reason, evidence))
        elif match := keeper.check(row := solved.row(rollouts.Labels((), (), ()))):
            left_out.append(dataset.contaminated(row, match))
        else:
            usable.append(solved)
    return usable, left_out


def _unusable(solved: Solved) -> tuple[str, str]:
    """Why a solution gets no labels, and what shows it."""
    one = solved.one
    if one.sample.failure is not None:
        return "failed", one.sample.failure.kind
    if one.grade is None or one.grade.verdict == "ungraded":
        return "ungraded", one.grade.reason if one.grade else ""
    if one.grade.verdict == "no_answer":
        return "no_answer", ""
    if len(solved.steps) < LEAST:
        return "one_step", counted(len(solved.steps), "step")
    return "", ""


def _correct(one: rft.Try) -> bool:
    return one.grade is not None and one.grade.verdict == "correct"


# -- labels by completions -----------------------------------------------------------------------


def _by_rollouts(chosen: Sequence[Solved], stages: Stages, settings: Settings, prompt: Prompt) -> Labelled:
    known: dict[str, dict[int, Count]] = {one.name: {} for one in chosen}
    runs: list[RunDir] = []
    while asked := _wanted(chosen, known, settings):
        name = f"rollouts-{len(runs) + 1}"
        if not runs and not (stages.folder(name) / "manifest.json").is_file():
            continuing.require(stages.request, stages.say)
        behind = {one.behind(place).unique_id: (one, place) for one, place in asked}
        run = stages.carry_out(name, [one.behind(place) for one, place in asked], prompt)
        runs.append(run)
        for unique_id, count in counts_of(run).items():
            one, place = behind[unique_id]
            known[one.name][place] = count
    found: dict[str, rollouts.Labels] = {}
    left_out: list[LeftOut] = []
    for one in chosen:
        labels = rollouts.labels(
            known[one.name], len(one.steps), settings.search, correct=one.correct, carry=settings.carry
        )
        if labels is None:
            left_out.append(one.one.left_out("untold", "no completion of one of its steps could be graded"))
        else:
            found[one.name] = labels
    return Labelled(found, left_out, runs, _notes(chosen, known))


def _wanted(
    chosen: Sequence[Solved], known: Mapping[str, Mapping[int, Count]], settings: Settings
) -> list[tuple[Solved, int]]:
    """The steps from behind which completions are needed in the next round."""
    return [
        (one, place)
        for one in chosen
        for place in rollouts.wanted(
            known[one.name], len(one.steps), settings.search, right=settings.carry and one.correct
        )
    ]


def counts_of(run: RunDir) -> dict[str, Count]:
    """What the completions came to, by the id of what was asked."""
    grades, samples = run.grades(grading.GRADER), run.samples()
    verdicts: dict[str, list[str]] = defaultdict(list)
    for unique_id, index in itertools.product(
        (problem.unique_id for problem in run.problems()), range(run.manifest.samples)
    ):
        sample, graded = samples.get((unique_id, index)), grades.get((unique_id, index))
        told = graded is not None and sample is not None and sample.failure is None
        verdicts[unique_id].append(graded.grade.verdict if told and graded is not None else "ungraded")
    return {
        unique_id: Count(
            right=each.count("correct"),
            graded=len(each) - each.count("ungraded"),
            untold=each.count("ungraded"),
        )
        for unique_id, each in verdicts.items()
    }


def _notes(chosen: Sequence[Solved], known: Mapping[str, Mapping[int, Count]]) -> list[str]:
    counts = [count for each in known.values() for count in each.values()]
    asked = sum(count.graded + count.untold for count in counts)
    steps = sum(len(one.steps) - 1 for one in chosen)
    untold = sum(count.untold for count in counts)
    told = (
        f"{asked:,} completions from behind {len(counts):,} of {steps:,} steps; {untold:,} of them could not "
        "be graded and count nowhere."
    )
    return [told, MEANING]


# -- labels by a judge ---------------------------------------------------------------------------


def _by_judge(chosen: Sequence[Solved], stages: Stages, settings: Settings, _: Prompt) -> Labelled:
    asked = [
        msgspec.structs.replace(
            one.one.problem,
            problem=firstwrong.asked(one.one.problem, one.steps, str(settings.seed)),
            unique_id=one.name,
            answer="",
            solution="",
        )
        for one in chosen
    ]
    decoding = stage.greedy(stages.request.decoding)
    run = stages.carry_out("judged", asked, firstwrong.PROMPT, samples=1, decoding=decoding)
    samples = run.samples()
    found: dict[str, rollouts.Labels] = {}
    left_out: list[LeftOut] = []
    for one in chosen:
        said = firstwrong.read(samples.get((one.name, 0)), len(one.steps))
        if isinstance(said, str):
            left_out.append(one.one.left_out("unreadable", said))
        elif said == len(one.steps) and not one.correct:
            left_out.append(one.one.left_out("judge_contradicts", "no step is wrong, and the answer is"))
        else:
            hard = tuple(place < said for place in range(len(one.steps)))
            found[one.name] = rollouts.Labels(hard, (), ())
    note = "The labels are a judge's, who saw the reference; they were checked by nobody."
    return Labelled(found, left_out, [run], [note])
