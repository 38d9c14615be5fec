"""Rows that show how to think: numbered steps, a mistake found and repaired, a problem turned round.

    steps     a correct solution as numbered steps that end in the boxed answer (numbered.py)
    check     a wrong attempt, the check that finds its mistake, the right solution (repairs.py)
    backward  the answer is given, one number of the problem is asked for (backwards.py)

By rule where a text can be put together out of what runs hold; by a model where something has to be written,
in a run beside the training set: NAME-steps, NAME-checks or NAME-solutions. In English or Chinese: the row's
prompt and the words between its parts are of the language asked for, and the model is asked in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import msgspec

from math500 import evaluate, grading, prompts
from math500.errors import UsageError
from math500.records import LeftOut, Problem, Prompt, SolverInfo
from math500.rundir import RunDir
from math500.synth import backwards, dataset, fairness, mentions, numbered, repairs, rft, stage
from math500.synth.stage import Stages

Kind = Literal["steps", "check", "backward"]
Language = Literal["en", "zh"]
PROMPTS = {"en": "boxed", "zh": "boxed-zh"}
"""How a row asks, by language."""
TURNS = ("review", "selfcheck")
"""Solvers that look at their answer again."""

STEPS = {
    "en": Prompt(
        name="steps",
        template=(
            "{problem}\n\nWrite this solution again in numbered steps. Each step is one line that begins "
            "with `Step 1:`, `Step 2:`, ... and holds one calculation or one conclusion, with its reason. "
            "The last line is `The answer is $\\boxed{...}$.` Write the steps and nothing else; do not speak "
            "of the solution that you were given."
        ),
        source="math500",
        description="A solution as numbered steps.",
    ),
    "zh": Prompt(
        name="steps-zh",
        language="zh",
        template=(
            "{problem}\n\n请把这个解答改写为编号的步骤。每一步占一行, 以 `第1步:`、`第2步:` …… 开头, "
            "只含一次计算或一个结论, 并说明理由。最后一行是 `答案是 $\\boxed{...}$。` 只写步骤, 不要写别的, "
            "也不要提到给你的解答。"
        ),
        source="math500",
        description="把解答改写为编号的步骤。",
    ),
}
ASKED = {"en": "Problem:\n{problem}\n\nSolution:\n{solution}", "zh": "题目:\n{problem}\n\n解答:\n{solution}"}


@dataclass(frozen=True)
class Settings:
    """Which rows are made.

    Attributes:
        kind: see the module's first lines.
        language: of the row's prompt and of the words between its parts.
        numbers: of a backward problem: how many numbers of one problem are asked for, one at a time.
        keep: as for rejection sampling.
    """

    kind: Kind = "steps"
    language: Language = "en"
    numbers: int = 1
    keep: rft.Settings = field(default_factory=rft.Settings)

    @property
    def kept(self) -> rft.Settings:
        """`keep`, with the language's prompt where none is named."""
        return replace(self.keep, prompt=self.keep.prompt or PROMPTS[self.language])


@dataclass(frozen=True)
class Making:
    """What there is before the rows are chosen."""

    tries: list[rft.Try]
    runs: list[RunDir]
    left_out: list[LeftOut]


def make(
    runs: Sequence[RunDir], out: Path, settings: Settings | None = None, *, stages: Stages | None = None
) -> dataset.TrainingSet:
    """Write a training set of such rows.

    Args:
        runs: graded runs; their samples for `steps` and `check`, their problems for `backward`.
        out: the training set's folder.
        settings: see there.
        stages: how a model is asked; None to make the rows by rule.

    Raises:
        Contaminated: a run is over MATH-500.
        UsageError: the runs do not have what is needed, or nothing is left.
        Math500Error: as for a run; the same command goes on.
    """
    settings = settings or Settings()
    if not runs:
        raise UsageError("there is no run to make rows of", "Give a run folder.")
    dataset.refuse_taken(out)
    runs = sorted(runs, key=lambda run: run.path.resolve().name)
    made = _MAKERS[settings.kind, stages is not None](runs, settings, stages)
    details = {
        "form": settings.kind,
        "language": settings.language,
        "by": "rule" if stages is None else "model",
    } | ({"numbers": settings.numbers} if settings.kind == "backward" else {})
    origin = rft.Origin(method="cot", runs=made.runs, details=details, left_out=made.left_out)
    return rft.keep(made.tries, out, settings.kept, origin)


# -- steps -------------------------------------------------------------------------------------


def _steps_by_rule(runs: Sequence[RunDir], settings: Settings, _: Stages | None) -> Making:
    stage.refuse_runs(runs, ["cot"])
    tries, left_out = [], []
    for one in _tries(runs, settings):
        if one.grade is None or one.grade.verdict != "correct":
            tries.append(one)
            continue
        text = numbered.formatted(one.learnt, settings.language)
        if text is None or _verdict(text, one.problem) != "correct":
            left_out.append(one.left_out("no_steps", "its steps cannot be told by rule"))
        else:
            tries.append(replace(one, text=text))
    return Making(tries, list(runs), left_out)


def _steps_by_model(runs: Sequence[RunDir], settings: Settings, stages: Stages | None) -> Making:
    assert stages is not None  # noqa: S101 - see `_MAKERS`
    stage.refuse_runs(runs, ["cot"])
    usable, left_out = rft.usable_of(_tries(runs, settings), settings.kept)
    first: dict[str, rft.Try] = {}
    for one in fairness.shuffled(usable, settings.keep.seed, lambda one: "\n".join(map(str, one.name))):
        if first.setdefault(one.problem.unique_id, one) is not one:
            left_out.append(one.left_out("per_problem", "one solution of a problem is written in steps"))
    chosen = [one for one in usable if first[one.problem.unique_id] is one]
    asked = [_restated(one.problem, settings.language, solution=one.learnt) for one in chosen]
    rewritten = _asking(stages, runs, "steps", asked, STEPS[settings.language])
    plain = {one.problem.unique_id: one.problem for one in chosen}
    tries = []
    for one in _tries([rewritten], settings):
        one = replace(one, problem=plain[one.problem.unique_id])  # noqa: PLW2901
        reason, evidence = _not_steps(one)
        if reason:
            left_out.append(one.left_out(reason, evidence))
        else:
            tries.append(one)
    return Making(tries, [*runs, rewritten], left_out)


def _restated(problem: Problem, language: Language, *, solution: str) -> Problem:
    text = ASKED[language].format(problem=problem.problem, solution=solution)
    return msgspec.structs.replace(problem, problem=text, solution="")


def _not_steps(one: rft.Try) -> tuple[str, str]:
    """Why a correct rewriting is no row; two empty texts for a good one, and for one that is not correct."""
    if one.grade is None or one.grade.verdict != "correct":
        return "", ""
    if not numbered.is_formatted(one.learnt):
        return "no_steps", "it is not in steps numbered from 1 that end in a box"
    words = mentions.mentioned(one.learnt, one.problem.problem)
    return ("mentions_hint", f"it says: {words}") if words else ("", "")


# -- check -------------------------------------------------------------------------------------


def _checks_by_rule(runs: Sequence[RunDir], settings: Settings, _: Stages | None) -> Making:
    stage.refuse_runs(runs, TURNS)
    if other := [run.path for run in runs if run.manifest.prompt.language != settings.language]:
        raise UsageError(
            f"{other[0]} was not asked in {settings.language}", "Say --language as the run was asked."
        )
    tries, left_out = [], []
    for one in _tries(runs, settings):
        repaired = repairs.of_turns(one, settings.language)
        if repaired is not None:
            tries.append(repaired)
        elif one.grade is not None and one.grade.verdict == "correct":
            left_out.append(one.left_out("no_mistake", "no answer before the right one was wrong"))
        else:
            tries.append(one)
    return Making(tries, list(runs), left_out)


def _checks_by_model(runs: Sequence[RunDir], settings: Settings, stages: Stages | None) -> Making:
    assert stages is not None  # noqa: S101 - see `_MAKERS`
    stage.refuse_runs(runs, ["cot"])
    tries = list(_tries(runs, settings))
    usable, left_out = rft.usable_of(tries, settings.kept)
    pairs = list(repairs.pairs(tries, usable, settings.keep.per_problem, settings.keep.seed))
    used = {pair.right.name for pair in pairs}
    left_out += [
        one.left_out("no_wrong", "no wrong sample is left to go before it")
        for one in usable
        if one.name not in used
    ]
    if not pairs:
        raise UsageError(
            "no problem has a usable correct sample and a wrong one",
            "Sample with --samples 8 --temperature 0.7.",
        )
    asked = [pair.asked(settings.language) for pair in pairs]
    checked = _asking(stages, runs, "checks", asked, repairs.CHECK[settings.language], once=True)
    samples = checked.samples()
    rows: list[rft.Try] = []
    for pair in pairs:
        sample = samples.get((pair.unique_id, 0))
        check = "" if sample is None or evaluate.truncated(sample) else repairs.written(sample)
        reason, evidence = repairs.refused(check, pair)
        composed = repairs.of_pair(pair, check, settings.language)
        if not reason and _verdict(composed.learnt, composed.problem) != "correct":
            reason, evidence = "no_check", "with it the whole text does not end in the right answer"
        if reason:
            left_out.append(pair.right.left_out(reason, evidence))
        else:
            rows.append(composed)
    return Making(rows, [*runs, checked], left_out)


# -- backward ----------------------------------------------------------------------------------


def _backward(runs: Sequence[RunDir], settings: Settings, stages: Stages | None) -> Making:
    assert stages is not None  # noqa: S101 - see `_MAKERS`
    stage.refuse_runs(runs)
    stage.require_one_set(runs)
    problems = {p.unique_id: p for run in runs for p in run.problems()}
    clean, left_out = stage.parted(list(problems.values()), settings.keep.against)
    asked = []
    for problem in clean:
        turned = turned_round(problem, settings)
        asked += turned
        if not turned:
            evidence = "no number that is given once, and is not the answer"
            left_out.append(LeftOut(problem_id=problem.unique_id, reason="no_number", evidence=evidence))
    stage.require_some(asked, left_out)
    stages = replace(stages, request=stage.of_run(stages.request, runs[0]))
    solved = stages.carry_out(
        "solutions", asked, prompts.get(settings.kept.prompt or PROMPTS[settings.language])
    )
    return Making(list(_tries([solved], settings)), [solved], left_out)


def turned_round(problem: Problem, settings: Settings) -> list[Problem]:
    """A problem with one number asked for, as often as the settings say; which numbers, the seed decides."""
    found = backwards.unknowns(problem)
    chosen = fairness.shuffled(found, settings.keep.seed, lambda one: f"{problem.unique_id}\n{one.start}")
    turned = (backwards.turned(problem, one, settings.language) for one in chosen[: settings.numbers])
    return [one for one in turned if one is not None]


def _backward_by_rule(_: Sequence[RunDir], __: Settings, ___: Stages | None) -> Making:
    raise UsageError("a backward problem has to be solved by a model", "Say --model.")


# -- shared ------------------------------------------------------------------------------------


def _tries(runs: Sequence[RunDir], settings: Settings) -> list[rft.Try]:
    return [replace(one, method="cot") for run in runs for one in rft.tries_of(run, settings.kept)]


def _asking(
    stages: Stages,
    runs: Sequence[RunDir],
    name: str,
    asked: Sequence[Problem],
    prompt: Prompt,
    *,
    once: bool = False,
) -> RunDir:
    """A stage in which a text is written, by the solver `cot`."""
    stage.require_one_set(runs)
    request = stage.of_run(stages.request, runs[0])
    changes: dict[str, object] = {"solver": SolverInfo()}
    if once:
        changes |= {"samples": 1, "decoding": stage.greedy(request.decoding)}
    return replace(stages, request=request).carry_out(name, asked, prompt, **changes)


def _verdict(text: str, problem: Problem) -> str:
    return grading.grade(text, problem.answer, question=problem.problem).verdict


_MAKERS = {
    ("steps", False): _steps_by_rule,
    ("steps", True): _steps_by_model,
    ("check", False): _checks_by_rule,
    ("check", True): _checks_by_model,
    ("backward", False): _backward_by_rule,
    ("backward", True): _backward,
}
