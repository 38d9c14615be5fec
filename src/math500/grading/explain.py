r"""One grading decision, step by step: what was tried, what each side was read as, what decided.

    part        which part of the response counts (thinking does not)
    rule        each extraction rule in its order, up to the one that found an answer
    answer      both answers with their spellings made alike
    read        both as trees
    decided     the stage, and its reason
    convention  agreements without which the decision would be another
    key         what MATH-500's own problem asks for, where its id is known

Everything is made again from the texts; a decision itself (`grading.grade`) does none of this.
"""

from __future__ import annotations

import dataclasses
import functools

from math500 import grading
from math500.grading import key, normalize
from math500.grading.conventions import DEFAULT, Conventions
from math500.grading.extract import rules
from math500.grading.parse import parse
from math500.grading.visible import visible
from math500.records import Grade, GradeStep

SHOWN = 300
"""Characters of a text that a step shows."""


def explain(
    response: str,
    answer: str,
    *,
    truncated: bool = False,
    strict: bool = False,
    question: str | None = None,
    unique_id: str | None = None,
    conventions: Conventions = DEFAULT,
) -> tuple[Grade, tuple[GradeStep, ...]]:
    """The grade, and how it came about; arguments as for `grading.grade`."""
    again = functools.partial(
        grading.grade,
        response,
        answer,
        truncated=truncated,
        strict=strict,
        question=question,
        unique_id=unique_id,
    )
    grade = again(conventions=conventions)
    steps = [_part(response), *_rules(grade, strict=strict)]
    if grade.extracted is not None:
        steps += [
            *_spellings(grade.extracted, answer),
            *_trees(grade.extracted, answer),
            GradeStep(step="decided", what=f"{grade.verdict}, by {grade.stage}: {grade.reason}"),
        ]
        steps += [
            GradeStep(step="convention", what=f"without {name} it would be {other}")
            for name in _switches(conventions)
            if (other := again(conventions=dataclasses.replace(conventions, **{name: False})).verdict)
            != grade.verdict
        ]
    if unique_id is not None and (entry := key.known(unique_id, question)):
        steps.append(GradeStep(step="key", what=str(entry)))
    return grade, tuple(steps)


def _switches(conventions: Conventions) -> list[str]:
    return [field.name for field in dataclasses.fields(conventions) if getattr(conventions, field.name)]


def _part(response: str) -> GradeStep:
    """Which part of the response counts."""
    counts = visible(response)
    if counts is None:
        return GradeStep(step="part", what="a thinking block that never ends: no answer was given")
    hidden = len(response) - response.count(" ") - (len(counts) - counts.count(" "))
    if hidden > 0:
        return GradeStep(step="part", what=f"{hidden} characters of thinking do not count")
    return GradeStep(step="part", what="the whole response")


def _rules(grade: Grade, *, strict: bool) -> list[GradeStep]:
    """The rules that found nothing, and the one that did."""
    names = rules(strict=strict)
    if grade.rule not in names:
        if grade.rule in ("none", ""):
            return [GradeStep(step="rule", what=f"none of {', '.join(names)} found an answer")]
        return [GradeStep(step="rule", what=f"{grade.rule}: there is nothing to look at")]
    before = names[: names.index(grade.rule)]
    steps = [GradeStep(step="rule", what=f"{', '.join(before)}: found nothing")] if before else []
    return [*steps, GradeStep(step="rule", what=f"{grade.rule}: found {_short(grade.extracted or '')}")]


def _spellings(candidate: str, answer: str) -> list[GradeStep]:
    shown = [(who, normalize.key(text)) for who, text in (("given", candidate), ("reference", answer))]
    return [GradeStep(step="answer", what=f"{who}: {_short(text)}") for who, text in shown]


def _trees(candidate: str, answer: str) -> list[GradeStep]:
    return [
        GradeStep(step="read", what=f"{who}: {_tree(text)}")
        for who, text in (("given", candidate), ("reference", answer))
    ]


def _tree(text: str) -> str:
    try:
        return _short(written(parse(text)))
    except Exception as error:
        return f"not read ({error})"


def written(node: object) -> str:
    """A tree in one line, such as `Div(Num 1, Num 2)`."""
    if isinstance(node, tuple):
        return ", ".join(written(part) for part in node)
    if not dataclasses.is_dataclass(node):
        return str(node)
    parts = [getattr(node, field.name) for field in dataclasses.fields(node) if field.name != "spelling"]
    name = type(node).__name__
    if len(parts) == 1 and not isinstance(parts[0], tuple) and not dataclasses.is_dataclass(parts[0]):
        return f"{name} {parts[0]}"
    return f"{name}({', '.join(written(part) for part in parts)})"


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}... ({len(text):,} characters)"
