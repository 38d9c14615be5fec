"""Solutions of hard problems, found with a masked reference solution as a hint (OpenMathInstruct-1).

    hard problems  ->  the gate
                   ->  masks, by rule or by the model (masks.py)  ->  no mask that shows the answer
                   ->  the model solves problem and hint  ->  no solution that mentions it (mentions.py)
                   ->  as rejection sampling (rft.py), and the row asks the plain problem

Toshniwal et al. 2024, arXiv:2402.10176. Their solutions are in the code-interpreter style, which is the
solver `tools` here; `cot` gives solutions in natural language. The wording of the requests is math500's own.

The model is asked in one run or two, beside the training set: NAME-masks where it writes the masks, and
NAME-solutions. Both are parents of the set. In the problems of the second the hint stands behind the problem.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import msgspec

from math500 import evaluate, failures, running
from math500.errors import UsageError
from math500.grading.visible import visible
from math500.plural import counted
from math500.records import LeftOut, Problem, Prompt, SolverInfo
from math500.rundir import RunDir
from math500.synth import dataset, masks, mentions, rft, stage
from math500.synth.stage import Stages

Language = Literal["en", "zh"]
By = Literal["rule", "model"]

MASK = Prompt(
    name="mask",
    template=(
        "{problem}\n\nWrite this solution again with every result hidden. A number that the problem gives "
        "stays as it is. Every number that comes of calculation, up to the final answer, becomes a capital "
        "letter of its own; the same number is always the same letter. Change nothing else, do not solve "
        "anything, and do not say what a letter stands for. Write the hidden solution between <masked> and "
        "</masked>."
    ),
    source="math500; the idea is that of Toshniwal et al. 2024, arXiv:2402.10176",
    description="A reference solution with its results as symbols.",
)
ASKED = "Problem:\n{problem}\n\nSolution:\n{solution}"
"""What the mask's request is about."""

HINT = {
    "en": (
        "\n\nHere is an outline in which the results are replaced by capital letters. Let it lead you, work "
        "every value out yourself, and write a complete solution that stands by itself: whoever reads it "
        "sees the problem only, so neither speak of the outline nor use its "
        "letters.\n\n<outline>\n{masked}\n</outline>\n"
    ),
    "zh": (
        "\n\n下面是一份提纲, 其中的计算结果都换成了大写字母。请参考它, 自己算出每一个数值, "
        "并写出完整独立的解答: 读者只能看到题目, 所以不要提到这份提纲, "
        "也不要使用其中的字母。\n\n<outline>\n{masked}\n</outline>\n"
    ),
}
"""Behind the problem. The hint is called an outline, so that who speaks of it is found by that word."""

_TAGGED = re.compile(r"<masked>(.*?)(?:</masked>|\Z)", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True)
class Settings:
    """How the hints are made and what is kept.

    Attributes:
        mask: by the rules of `masks.by_rule`, or by the model.
        keep: as for rejection sampling.
    """

    mask: By = "rule"
    keep: rft.Settings = field(default_factory=rft.Settings)


def make(
    stages: Stages, settings: Settings | None = None, *, run: RunDir | None = None
) -> dataset.TrainingSet:
    """Write a training set of solutions that were found with a hint.

    Args:
        stages: how the model is asked; its request's solver is `cot` or `tools`.
        settings: see there.
        run: take the problems that this run never got right; without it those that the request chooses.

    Raises:
        Contaminated: the problems are those of MATH-500.
        UsageError: there is no such problem, or nothing is left.
        Math500Error: as for a run; the same command goes on.
    """
    settings = settings or Settings()
    _refuse_solver(stages.request.solver)
    dataset.refuse_taken(stages.out)
    problems, stages = _hard(stages, run)
    problems, left_out = stage.parted(problems, settings.keep.against)
    clean, without = _with_solution(problems)
    left_out += without
    hints, parents = _hints(stages, clean, settings, left_out)
    prompt = running.prompt_of(stages.request, stages.say)
    asked = [hinted(p, hints[p.unique_id], prompt.language) for p in clean if p.unique_id in hints]
    if not asked:
        raise UsageError(
            f"no problem has a mask that hides its answer ({stage.counted(left_out)})",
            "Try others, or --mask model.",
        )
    solved = stages.carry_out("solutions", asked, prompt)
    plain = {p.unique_id: p for p in clean}
    tries = [
        replace(one, problem=plain[one.problem.unique_id], method="masked")
        for one in rft.tries_of(solved, settings.keep)
    ]
    quiet, speaking = without_mentions(tries)
    origin = rft.Origin(
        method="masked",
        runs=[*([run] if run else []), *parents, solved],
        details={"mask": settings.mask, "hard": _choice(run, stages)},
        left_out=[*left_out, *speaking],
        notes=[NOTE],
    )
    return rft.keep(quiet, stages.out, settings.keep, origin)


NOTE = "The solutions were found with the masked reference solution as a hint, which is not in the rows."


def hinted(problem: Problem, masked: str, language: Language) -> Problem:
    """The problem with a hint behind it."""
    return msgspec.structs.replace(problem, problem=problem.problem + HINT[language].format(masked=masked))


def without_mentions(tries: Iterable[rft.Try]) -> tuple[list[rft.Try], list[LeftOut]]:
    """Solutions that stand by themselves, and the others."""
    quiet, speaking = [], []
    for one in tries:
        right = one.grade is not None and one.grade.verdict == "correct"
        words = mentions.mentioned(one.learnt, one.problem.problem) if right else ""
        if words:
            speaking.append(one.left_out("mentions_hint", f"it says: {words}"))
        else:
            quiet.append(one)
    return quiet, speaking


# -- hard problems -----------------------------------------------------------------------------


def _refuse_solver(solver: SolverInfo) -> None:
    if solver.name not in rft.SOLVERS:
        raise UsageError(
            f"the samples of the solver {solver.name} are not one solution each",
            f"Use --solver {' or '.join(rft.SOLVERS)}, with --samples.",
        )


def _hard(stages: Stages, run: RunDir | None) -> tuple[list[Problem], Stages]:
    """The problems, and the request that finds them."""
    if run is None:
        return stage.chosen(stages.request, stages.say), stages
    return never_right(run), replace(stages, request=stage.of_run(stages.request, run))


def never_right(run: RunDir) -> list[Problem]:
    """The problems of which a run has graded samples, and no correct one.

    Raises:
        UsageError: there is none.
    """
    grader = failures.grader_of(run, None)
    grades = {key: graded.grade for key, graded in run.grades(grader).items()}
    right = evaluate.right_by_problem(run.problems(), grades)
    hard = [p for p in run.problems() if right[p.unique_id] and not any(right[p.unique_id])]
    if not hard:
        raise UsageError(
            f"{run.path} has no problem that it never got right", "Take another run, or --level 5."
        )
    return hard


def _with_solution(problems: Sequence[Problem]) -> tuple[list[Problem], list[LeftOut]]:
    missing = [p for p in problems if not (p.solution.strip() and p.answer.strip())]
    left_out = [LeftOut(problem_id=p.unique_id, reason="no_reference", evidence="") for p in missing]
    return [p for p in problems if p not in missing], left_out


def _choice(run: RunDir | None, stages: Stages) -> str:
    if run is not None:
        return f"never right in {run.path.resolve().name}"
    levels = stages.request.levels
    return f"level {', '.join(map(str, levels))}" if levels else "all of the chosen problems"


# -- masks -------------------------------------------------------------------------------------


def _hints(
    stages: Stages, problems: Sequence[Problem], settings: Settings, left_out: list[LeftOut]
) -> tuple[dict[str, str], list[RunDir]]:
    """The masks that hide their answer, by problem, and the run that they are from."""
    if settings.mask == "rule":
        written: Mapping[str, str] = {
            p.unique_id: masks.by_rule(p.problem, p.solution, p.answer) for p in problems
        }
        runs: list[RunDir] = []
    else:
        runs = [_masks_run(stages, problems)]
        written = masks_of(runs[0])
    hints: dict[str, str] = {}
    for problem in problems:
        reason, evidence = refused(problem, written.get(problem.unique_id, ""))
        if reason:
            parent = stages.folder("masks").name if runs else ""
            left_out.append(
                LeftOut(problem_id=problem.unique_id, reason=reason, evidence=evidence, parent=parent)
            )
        else:
            hints[problem.unique_id] = written[problem.unique_id]
    return hints, runs


def refused(problem: Problem, mask: str) -> tuple[str, str]:
    """Why a mask is of no use, and what shows it; two empty texts for a good one."""
    if len(mask.split()) < LEAST_WORDS:
        return "no_mask", counted(len(mask.split()), "word")
    if (share := _kept(problem.solution, mask)) < LIKE:
        return "no_mask", f"{100 * share:.0f} % of the solution's words are in it"
    if shows := masks.shown(mask, problem.problem, problem.answer):
        return "mask_shows_answer", f"it shows {shows}"
    return "", ""


LEAST_WORDS = 5
"""Words of a hint; fewer lead nowhere."""
LIKE = 0.5
"""The share of the solution's words that must be in its mask: a mask is the solution, and no other text."""
_WORD = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{3,}|[\u4e00-\u9fff]")


def _kept(solution: str, mask: str) -> float:
    words = set(_WORD.findall(solution.lower()))
    return len(words & set(_WORD.findall(mask.lower()))) / len(words) if words else 1.0


def _masks_run(stages: Stages, problems: Sequence[Problem]) -> RunDir:
    asked = [
        msgspec.structs.replace(p, problem=ASKED.format(problem=p.problem, solution=p.solution))
        for p in problems
    ]
    return stages.carry_out(
        "masks", asked, MASK, samples=1, solver=SolverInfo(), decoding=stage.greedy(stages.request.decoding)
    )


def masks_of(run: RunDir) -> dict[str, str]:
    """What the model wrote as a mask, by problem; those that were cut off are none."""
    found = {}
    for (unique_id, _), sample in run.samples().items():
        if sample.failure is None and not evaluate.truncated(sample):
            text = visible(sample.response) or ""
            tagged = _TAGGED.findall(text)
            found[unique_id] = (tagged[-1] if tagged else text).strip()
    return found
