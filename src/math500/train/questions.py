"""Questions of which the answer alone is needed: what reinforcement learning samples on.

    a train split, or a file ──gate──▶ a training set of the form `prompt-only`

The question is put as `math500 run` puts it, so that what is trained is what is asked later.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from math500 import data, prompts
from math500.errors import UsageError
from math500.records import DataSource, Plan, Problem, Prompt, QuestionRow
from math500.synth import dataset
from math500.synth.dataset import TrainingSet

METHOD = "questions"


def make(
    name: str,
    out: Path,
    *,
    prompt: str = "boxed",
    announce: Callable[[str], None] = lambda _: None,
) -> TrainingSet:
    """Write a set of questions with their answers.

    Args:
        name: a data set's name, or a file of problems.
        out: the new set's folder.
        prompt: how the questions are put; a prompt's name.
        announce: gets a sentence before a download.

    Raises:
        UsageError: the data set or the prompt is not known, or nothing of it may be trained on.
        Contaminated: a problem is one of MATH-500's.
        DataError: the data cannot be read.
        RunError: `out` is taken.
    """
    asked = prompts.get(prompt)
    found = data.load(name, announce=announce)
    return dataset.write(
        out,
        Plan(kind="prompt-only", method=METHOD, settings=_settings(name, prompt, announce)),
        (_row(problem, asked) for problem in found.problems),
        sources=(_source(found.source),),
        notes=("There are no solutions in it: the model that learns from it writes them.",),
    )


def chosen(
    sets: tuple[Path, ...],
    name: str | None,
    out: Path,
    *,
    prompt: str = "boxed",
    announce: Callable[[str], None] = lambda _: None,
) -> tuple[Path, ...]:
    """The sets to train on: those that were named, or the one that is made of a data set.

    Args:
        sets: folders.
        name: a data set's name, or a file of problems; its set stands beside the training's folder.
        out: the training's folder.
        prompt: how the questions are put.
        announce: gets a sentence before a download.

    Raises:
        UsageError: both are given, or none; or the set beside the folder was made otherwise.
    """
    if bool(sets) == bool(name):
        raise UsageError(
            "questions come from training sets or from --data, one of the two",
            "Give SET..., as `math500 train questions` makes it, or --data NAME.",
        )
    if name is None:
        return sets
    beside = out.with_name(f"{out.name}-questions")
    if not (beside / "manifest.json").is_file():
        return (make(name, beside, prompt=prompt, announce=announce).path,)
    made = TrainingSet.load(beside).manifest
    if (wanted := _settings(name, prompt, announce)) != made.settings:
        raise UsageError(f"{beside} was made with {made.settings}, not {wanted}", "Give another --out.")
    return (beside,)


def _settings(name: str, prompt: str, announce: Callable[[str], None]) -> dict[str, str]:
    """What names a set's questions: the data's hash and how they are put."""
    source = data.load(name, announce=announce).source
    return {"data": source.name, "sha256": source.sha256, "prompt": prompt}


def _row(problem: Problem, prompt: Prompt) -> QuestionRow:
    return QuestionRow(
        prompt=prompts.messages(prompt, problem.problem),
        answer=problem.answer,
        problem_id=problem.unique_id,
        level=problem.level,
        subject=problem.subject,
        method=METHOD,
    )


def _source(source: DataSource) -> str:
    known = {one.name: one for one in data.known_sets()}.get(source.name)
    if known is None:
        return f"{source.name}: a file of the user's own; its licence is not known to math500."
    return f"{known.name}: {known.description}; {known.source}; {known.licence}."
