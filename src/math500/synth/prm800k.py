"""PRM800K, steps that people labelled, where the user has its files (Lightman et al. 2023, arXiv:2305.20050).

    phase1_train.jsonl, phase2_train.jsonl    one line a solution, as openai/prm800k's README describes it
    question.problem                          a problem of MATH
    label.steps[].completions[]               candidates for a step: text, rating 1, 0 or -1, flagged
    label.steps[].chosen_completion           the one that the solution goes on with; null where it ends
    label.steps[].human_completion            a right step that a labeller wrote (phase 1)

A row is the solution as it was labelled: its chosen steps, up to the first wrong one. What is rated 0 neither
errs nor helps, and counts as the user says. With `alternatives` each candidate that was not chosen is the
end of a row of its own. No rows come of what was served for quality control, of broken problems, and of
steps that are flagged or not rated.

The files are the user's; their test splits are over MATH-500, and the gate drops whatever is of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from math500 import prompts
from math500.errors import DataNotFound, DataUnreadable
from math500.records import LeftOut, Plan, Prompt, StepRow
from math500.synth import dataset

Neutral = Literal["right", "wrong", "leave-out"]
METHOD = "prm800k"
SOURCE = "PRM800K: labels of steps of solutions to problems of MATH; github.com/openai/prm800k; MIT."
SEPARATOR = "\n"
"""Between steps; the solutions were written a step a line."""
POINTER = b"version https://git-lfs"


@dataclass(frozen=True)
class Settings:
    """What becomes a row.

    Attributes:
        neutral: what a step rated 0 counts as; `leave-out`: its solution is no row.
        alternatives: candidates that were not chosen become rows too.
        prompt: how the rows ask.
        against: further sets to check the rows against.
    """

    neutral: Neutral = "right"
    alternatives: bool = False
    prompt: str = "bare"
    against: tuple[str, ...] = ()


class Completion(Struct, frozen=True):
    """A candidate for a step."""

    text: str
    rating: int | None = None
    flagged: bool | None = None


class Step(Struct, frozen=True):
    """A step with its candidates."""

    completions: tuple[Completion, ...] | None = None
    human_completion: Completion | None = None
    chosen_completion: int | None = None

    @property
    def candidates(self) -> tuple[Completion, ...]:
        """What the model wrote for this step."""
        return self.completions or ()

    @property
    def chosen(self) -> Completion | None:
        """What the solution goes on with; None where it ends here."""
        if self.chosen_completion is not None:
            inside = 0 <= self.chosen_completion < len(self.candidates)
            return self.candidates[self.chosen_completion] if inside else None
        written = self.human_completion
        return None if written is None else Completion(written.text, 1, written.flagged)


class Label(Struct, frozen=True):
    """What a labeller did with one solution."""

    steps: tuple[Step, ...]
    finish_reason: str = ""


class Question(Struct, frozen=True):
    """What was asked."""

    problem: str


class Line(Struct, frozen=True):
    """One line of a file."""

    question: Question
    label: Label
    is_quality_control_question: bool | None = False
    is_initial_screening_question: bool | None = False


Steps = tuple[Completion, ...]


def make(files: Sequence[Path], out: Path, settings: Settings | None = None) -> dataset.TrainingSet:
    """Write a training set out of files of PRM800K.

    Raises:
        DataNotFound: a file is not there, or is a pointer to one.
        DataUnreadable: a line is not of this form.
        UsageError: no row is left.
        RunError: the folder is taken, or cannot be written.
        DataError: MATH-500, or another set to check against, could not be had.
    """
    settings = settings or Settings()
    dataset.refuse_taken(out)
    prompt = prompts.get(settings.prompt)
    rows: dict[tuple[str, ...], StepRow] = {}
    left_out: list[LeftOut] = []
    for file in files:
        for number, line in read(file):
            for row in _rows(line, prompt, settings, f"{file.name}, line {number}", left_out):
                rows.setdefault((row.problem_id, *row.completions), row)
    plan = Plan(
        kind="stepwise",
        method=METHOD,
        settings={
            "files": [file.name for file in files],
            "neutral": settings.neutral,
            "alternatives": settings.alternatives,
            "prompt": settings.prompt,
        },
        against=settings.against,
    )
    return dataset.write(out, plan, rows.values(), left_out, sources=[SOURCE])


def read(file: Path) -> Iterator[tuple[int, Line]]:
    """The lines of a file, each with its number.

    Raises:
        DataNotFound: there is no file, or a pointer of Git LFS in its place.
        DataUnreadable: it cannot be read, or a line is not of this form.
    """
    decoder = msgspec.json.Decoder(Line)
    number = 0
    try:
        with file.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if number == 1 and line.startswith(POINTER):
                    raise DataNotFound(
                        f"{file} is a pointer to the file, and not the file",
                        "Run `git lfs pull` in its folder.",
                    )
                if line.strip():
                    yield number, decoder.decode(line)
    except FileNotFoundError as e:
        raise DataNotFound(f"there is no {file}", "Give PRM800K's files, such as phase2_train.jsonl.") from e
    except OSError as e:
        raise DataUnreadable(f"{file} cannot be read ({e.strerror})", "Check its permissions.") from e
    except (msgspec.DecodeError, UnicodeDecodeError) as e:
        raise DataUnreadable(
            f"{file}, line {number} is no line of PRM800K ({e})", "Give its files as they were published."
        ) from e


def _rows(
    line: Line, prompt: Prompt, settings: Settings, place: str, left_out: list[LeftOut]
) -> Iterator[StepRow]:
    problem_id = f"{METHOD}/{prompts.key(line.question.problem)}"
    fault = _fault(line)
    if fault:
        left_out.append(LeftOut(problem_id=problem_id, reason=fault, evidence=place))
        return
    for steps in solutions(line, alternatives=settings.alternatives):
        reason = unusable(steps, settings.neutral)
        if reason:
            left_out.append(LeftOut(problem_id=problem_id, reason=reason, evidence=place))
            continue
        texts = [step.text.strip("\n") for step in steps]
        yield StepRow(
            prompt=prompts.messages(prompt, line.question.problem),
            completions=(*(f"{text}{SEPARATOR}" for text in texts[:-1]), texts[-1]),
            labels=labels([step.rating or 0 for step in steps], settings.neutral),
            problem_id=problem_id,
            method=METHOD,
        )


def _fault(line: Line) -> str:
    """Why nothing of a line is a row."""
    if line.is_quality_control_question or line.is_initial_screening_question:
        return "quality_control"
    return "bad_problem" if line.label.finish_reason == "bad_problem" else ""


def solutions(line: Line, *, alternatives: bool) -> Iterator[Steps]:
    """The solution as it was labelled, and those that end in a candidate that was not chosen."""
    before: list[Completion] = []
    for step in line.label.steps:
        chosen = step.chosen
        if alternatives:
            others = [one for one in step.candidates if one is not chosen]
            for one in others if chosen is not None else others[1:]:
                yield (*before, one)
        if chosen is None:
            if step.candidates:
                before.append(step.candidates[0])
            break
        before.append(chosen)
        if chosen.rating == -1:
            break
    if before:
        yield tuple(before)


def unusable(steps: Steps, neutral: Neutral) -> str:
    """Why a solution is no row; empty for one that is."""
    if any(step.flagged for step in steps):
        return "flagged"
    if any(step.rating not in (-1, 0, 1) for step in steps):
        return "unrated"
    if any(not step.text.strip() for step in steps):
        return "empty_step"
    return "neutral" if neutral == "leave-out" and any(step.rating == 0 for step in steps) else ""


def labels(ratings: Iterable[int], neutral: Neutral) -> tuple[bool, ...]:
    """A label for each rating; behind a step rated -1 everything is wrong."""
    found, wrong = [], False
    for rating in ratings:
        wrong = wrong or rating == -1
        found.append(not wrong and (rating == 1 or neutral != "wrong"))
    return tuple(found)
