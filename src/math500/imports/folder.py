"""A log and its problems into a run folder.

What the log states goes where `math500 run` would have put it; what it does not state is None or empty, and
named in `Origin.unknown`. The harness' own verdicts are kept beside ours as `grades/HARNESS-METRIC.jsonl`.
"""

from __future__ import annotations

import datetime
import hashlib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

import math500
from math500 import evaluate, grading, prompts
from math500.imports.log import Answer, Log, Mark
from math500.imports.match import Placed
from math500.plural import counted, form
from math500.protocols import LOGGED
from math500.records import (
    Decoding,
    Generation,
    Grade,
    LogFile,
    Manifest,
    Message,
    ModelInfo,
    Origin,
    Prompt,
    Sample,
    SampleGrade,
    Selection,
    Summary,
    Verdict,
)
from math500.rundir import RunWriter, unused

UNKNOWN = "unknown"


def write(
    log: Log,
    placed: Placed,
    files: Sequence[Path],
    *,
    out: Path | None,
    model: str | None,
    command: tuple[str, ...],
) -> tuple[Path, Summary]:
    """Make the run folder, grade every response, and return the folder and its summary.

    Raises:
        RunError: the folder exists and is not empty, or cannot be written.
        StorageFull: the disk is full.
    """
    made = manifest(log, placed, files, model, command)
    folder = out or unused(made.run_id)
    with RunWriter.create(folder, made, placed.problems) as run:
        for unique_id, answers in placed.answers.items():
            for index, answer in enumerate(answers):
                run.append(_sample(unique_id, index, answer))
                for name, mark in answer.marks.items():
                    grade = SampleGrade(unique_id=unique_id, index=index, grade=_grade(mark, log, name))
                    run.append_grade(grader_name(log.harness, name), grade)
        evaluate.grade(run)
        summary = evaluate.summarize(run)
        run.write_summary(summary)
    return folder, summary


def grader_name(harness: str, metric: str) -> str:
    """What the harness' own verdicts are called: `lm-eval/exact_match`."""
    return f"{harness}/{re.sub(r'[^A-Za-z0-9@._,+-]+', '-', metric)}"


# -- samples and grades ----------------------------------------------------------------------


def _sample(unique_id: str, index: int, answer: Answer) -> Sample:
    generation = Generation(
        text=answer.text,
        reasoning=answer.reasoning,
        finish_reason=answer.finish_reason,
        prompt_tokens=answer.prompt_tokens,
        completion_tokens=answer.completion_tokens,
        reasoning_tokens=answer.reasoning_tokens,
        seconds=answer.seconds or 0.0,
        model=answer.model,
    )
    return Sample(
        unique_id=unique_id,
        index=index,
        response=answer.text,
        generations=() if answer.failure else (generation,),
        failure=answer.failure,
        seconds=answer.seconds or 0.0,
    )


def _grade(mark: Mark, log: Log, metric: str) -> Grade:
    verdicts: dict[bool | None, Verdict] = {True: "correct", False: "wrong", None: "ungraded"}
    return Grade(
        verdict=verdicts[mark.correct],
        extracted=mark.extracted,
        stage=f"{log.harness}: {metric}",
        reason=mark.reason or "as logged",
    )


# -- the manifest ----------------------------------------------------------------------------


def manifest(
    log: Log, placed: Placed, files: Sequence[Path], model: str | None, command: tuple[str, ...]
) -> Manifest:
    """The run's manifest, as far as the log tells."""
    now = datetime.datetime.now(datetime.UTC)
    name = model or log.model or UNKNOWN
    prompt, asked = _prompt(log, placed)
    answers = [answer for each in placed.answers.values() for answer in each]
    short = re.sub(r"[^\w.-]+", "-", name.rsplit("/", maxsplit=1)[-1])
    return Manifest(
        run_id=f"{now:%Y%m%d-%H%M%S}-{short}-{log.harness}",
        created=log.created or now.isoformat(timespec="seconds"),
        math500_version=math500.__version__,
        data=placed.source,
        selection=Selection(count=len(placed.problems)),
        prompt=prompt,
        decoding=Decoding(
            temperature=log.settings.temperature,
            top_p=log.settings.top_p,
            max_tokens=log.settings.max_tokens,
            seed=log.settings.seed,
        ),
        samples=max(map(len, placed.answers.values())),
        model=ModelInfo(name=name, served_name=log.model, base_url=log.base_url),
        grader=grading.GRADER,
        solver=UNKNOWN,
        command=command,
        packages={"math500": math500.__version__},
        origin=Origin(
            harness=log.harness,
            version=log.version,
            task=log.task,
            imported=now.isoformat(timespec="seconds"),
            files=tuple(_file(path) for path in dict.fromkeys((*files, *log.beside))),
            graders=_graders(log, answers),
            reported=dict(log.reported),
            shots=log.shots,
            unknown=tuple(_unknown(log, answers, name, asked=asked)),
            notes=(*log.notes, *placed.notes, *_empty(answers)),
        ),
    )


def _file(path: Path) -> LogFile:
    content = path.read_bytes()
    return LogFile(name=path.name, sha256=hashlib.sha256(content).hexdigest(), size=len(content))


def _graders(log: Log, answers: Iterable[Answer]) -> tuple[str, ...]:
    names = dict.fromkeys(name for answer in answers for name in answer.marks)
    return tuple(grader_name(log.harness, name) for name in names)


def _unknown(log: Log, answers: Sequence[Answer], model: str, *, asked: bool) -> Iterable[str]:
    """The parts of the protocol that the log does not state."""
    settings = log.settings
    stated = {
        "model": model != UNKNOWN,
        "prompt": asked,
        "temperature": settings.temperature is not None,
        "top_p": settings.top_p is not None,
        "max_tokens": settings.max_tokens is not None,
        "seed": settings.seed is not None,
        "stop": settings.stop is not None,
        "finish_reason": any(answer.finish_reason for answer in answers),
        "tokens": any(answer.completion_tokens is not None for answer in answers),
        "seconds": any(answer.seconds is not None for answer in answers),
        "created": bool(log.created),
    }
    return (name for name, known in stated.items() if not known)


def _empty(answers: Sequence[Answer]) -> Iterable[str]:
    """A harness that logs a failed request as an empty answer makes it look like the model's."""
    empty = sum(not answer.text.strip() and answer.failure is None for answer in answers)
    if empty:
        yield (
            f"{empty} of {counted(len(answers), 'response')} {form(empty, 'is', 'are')} empty, and the log "
            "does not say whether the request failed; "
            f"{form(empty, 'it counts', 'they count')} as no answer"
        )


# -- the prompt ------------------------------------------------------------------------------


def _prompt(log: Log, placed: Placed) -> tuple[Prompt, bool]:
    """The prompt that the rows share, and whether the log tells it.

    It is told when each row's messages are a system message or none, and one user message that becomes the
    same text when the row's problem is taken out.
    """
    stop = log.settings.stop or ()
    untold = Prompt(name=UNKNOWN, template="{problem}", source=f"not in the {log.harness} log", stop=stop)
    found = {
        _template(item.asked, (problem.problem, item.problem)) for problem, item in placed.asked if item.asked
    }
    if len(found) != 1 or None in found:
        return untold, False
    (one,) = found
    if one is None:
        return untold, False
    system, template = one
    for name in prompts.names():
        ours = prompts.get(name)
        if not ours.shot_keys and (ours.system, ours.template) == (system, template):
            return msgspec.structs.replace(ours, stop=stop), True
    source = f"the {log.harness} log"
    return Prompt(name=LOGGED, template=template, system=system, source=source, stop=stop), True


def _template(asked: Sequence[Message], texts: Iterable[str]) -> tuple[str | None, str] | None:
    """The system message and the user message with the problem taken out; None when there is no such form."""
    *before, last = asked
    if last.role != "user" or len(before) > 1 or any(message.role != "system" for message in before):
        return None
    for text in filter(None, texts):
        spaced = r"\s*".join(map(re.escape, text.split()))  # a copy may break its lines elsewhere
        found = None
        for found in re.finditer(spaced, last.content):  # noqa: B007 - the last one is the question
            pass
        if found is not None:
            template = f"{last.content[: found.start()]}{{problem}}{last.content[found.end() :]}"
            return (before[0].content if before else None), template
    return None
