"""An always-right and an always-wrong model through every prompt, the grader, a run and lm-eval.

Whoever spends money on a run first wants to know that a right answer would be accepted and a wrong
one refused: on these problems, with this prompt, in whatever style the model likes to answer. Three
checks, each of which must accept all of the right answers and none of the wrong ones:

    grader    each answer style of STYLES, straight into `grading.grade`
    run       each prompt, through the client, a run folder and its summary; the styles take turns
    lm-eval   each task of the family through lm-eval's own evaluator, where lm-eval is installed

The right answer is the reference itself, the wrong one a number that is no reference answer.
Nothing leaves the process: the endpoint is a function behind the client's transport.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from math500 import data, evaluate, grading, lmeval, prompts, running
from math500.client import Client, Reply, resolve
from math500.errors import CheckFailed, DependencyMissing
from math500.plural import counted
from math500.records import Check, ModelInfo, Problem, Prompt, Report, Selection
from math500.rundir import RunWriter
from math500.solve import Cot

STYLES: Mapping[str, str] = {
    r"$\boxed{x}$": "We work it out.\n\nThe answer is $\\boxed{@}$.",
    r"\[\boxed{x}\]": "We work it out.\n\n\\[\\boxed{@}\\]",
    "ANSWER: x": "We work it out.\n\nANSWER: @",
    "**$x$**": "We work it out.\n\nThe answer is **$@$**.",
}
"""How models write their answer, `@` standing for it; four that tell today's evaluators apart."""

WRONG = "-7919.0313"
"""A number that is nobody's answer."""

CONCURRENCY = 8

Say = Callable[[str], None]


@dataclass(frozen=True)
class _Stub:
    """An endpoint that knows the question it is asked and answers it rightly, or wrongly."""

    questions: Mapping[str, Problem]
    right: bool

    async def post(self, url: str, headers: Mapping[str, str], body: bytes, sink: object = None) -> Reply:  # noqa: ARG002
        problem = self.questions[json.loads(body)["messages"][-1]["content"]]
        message = {"role": "assistant", "content": _styled(problem, right=self.right)}
        answer = {
            "choices": [{"message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1},
        }
        return Reply(200, {"content-type": "application/json"}, json.dumps(answer).encode())

    async def close(self) -> None:
        """Nothing is open."""


def run(name_or_path: str = "math500", *, prompt_file: Path | None = None, say: Say) -> Report:
    """Check everything on one problem set.

    Args:
        name_or_path: a known set, or a user's own file.
        prompt_file: a user's own prompt, checked beside the known ones.
        say: told what is being checked.

    Raises:
        DataError: the problem set could not be had.
    """
    started = time.perf_counter()
    found = data.load(name_or_path, announce=say)
    problems = found.problems
    say(f"grader: {len(STYLES)} answer styles on {counted(len(problems), 'problem')}")
    checks = [_grader(style, text, problems) for style, text in STYLES.items()]
    skipped: list[str] = []
    for prompt in _prompts(prompt_file, say):
        say(f"run: prompt {prompt.name}")
        checks.append(_run(prompt, found))
    try:
        lmeval.require()
    except DependencyMissing as e:
        skipped.append(f"lm-eval: {e}")
    else:
        say("lm-eval: the task family")
        checks += _lm_eval(name_or_path, problems)
    return Report(
        data=name_or_path,
        checks=tuple(checks),
        skipped=tuple(skipped),
        seconds=time.perf_counter() - started,
    )


def require_passed(report: Report) -> None:
    """Do nothing if all checks passed.

    Raises:
        CheckFailed: some did not; they are named.
    """
    if failed := [check for check in report.checks if not check.passed]:
        raise CheckFailed(
            f"the self-test failed for {', '.join(f'{c.part} {c.name}' for c in failed)}",
            "Scores made with them would be wrong: try the problems named above with `math500 grade`.",
        )


def written(style: str, answer: str) -> str:
    """A response in this style that gives this answer."""
    return style.replace("@", answer)


def _styled(problem: Problem, *, right: bool) -> str:
    """A right or wrong response; the styles take turns over the problems."""
    style = list(STYLES.values())[zlib.crc32(problem.unique_id.encode()) % len(STYLES)]
    return written(style, problem.answer if right else WRONG)


def _grader(name: str, style: str, problems: Sequence[Problem]) -> Check:
    def accepted(answer_of: Callable[[Problem], str]) -> list[str]:
        return [
            p.unique_id
            for p in problems
            if grading.grade(written(style, answer_of(p)), p.answer, question=p.problem).verdict == "correct"
        ]

    right, wrong = accepted(lambda p: p.answer), accepted(lambda _: WRONG)
    return Check(
        part="grader",
        name=name,
        n=len(problems),
        right=len(right),
        wrong=len(wrong),
        ids=_mistreated(problems, right, wrong),
    )


def _mistreated(problems: Sequence[Problem], right: Sequence[str], wrong: Sequence[str]) -> tuple[str, ...]:
    refused = {p.unique_id for p in problems} - set(right)
    return tuple(sorted(refused | set(wrong)))[:5]


def _prompts(prompt_file: Path | None, say: Say) -> list[Prompt]:
    requests = [running.Request(prompt=name) for name in prompts.names()]
    if prompt_file is not None:
        requests.append(running.Request(prompt_file=prompt_file))
    return [running.prompt_of(request, say) for request in requests]


def _run(prompt: Prompt, found: data.ProblemSet) -> Check:
    right, wrong = (_accepted_in_a_run(prompt, found, right=right) for right in (True, False))
    return Check(
        part="run",
        name=prompt.name,
        n=len(found.problems),
        right=len(right),
        wrong=len(wrong),
        ids=_mistreated(found.problems, right, wrong),
    )


def _accepted_in_a_run(prompt: Prompt, found: data.ProblemSet, *, right: bool) -> list[str]:
    """The ids accepted when a whole run is made with the stub as its endpoint."""
    manifest = running.manifest(
        running.Request(model="selftest"),
        found.source,
        Selection(count=len(found.problems)),
        prompt,
        ModelInfo(name="selftest", served_name="selftest", base_url=""),
        concurrency=CONCURRENCY,
    )
    stub = _Stub({prompts.messages(prompt, p.problem)[-1].content: p for p in found.problems}, right)

    async def collect(run: RunWriter) -> None:
        endpoint = resolve("selftest", "http://127.0.0.1:9/v1", {})
        async with Client(endpoint, concurrency=CONCURRENCY, transport=stub) as client:
            await evaluate.collect(run, Cot(prompt, manifest.decoding), client, concurrency=CONCURRENCY)

    with (
        tempfile.TemporaryDirectory(prefix="math500-selftest-") as folder,
        RunWriter.create(Path(folder) / "run", manifest, found.problems) as run,
    ):
        asyncio.run(collect(run))
        grades = run.grades(grading.GRADER).values()
        return [g.unique_id for g in grades if g.grade.verdict == "correct"]


def _lm_eval(name_or_path: str, problems: Sequence[Problem]) -> list[Check]:
    from math500.lmeval import oracle  # noqa: PLC0415 - needs the extra `lm-eval`

    tasks = ["math500", *(f"math500_{name.replace('-', '_')}" for name in prompts.names())]

    def accepted(*, right: bool) -> dict[str, int]:
        def answer(asked: str) -> str:
            # The question stands last in every prompt; the longest that is there is the one asked.
            problem = max((p for p in problems if p.problem in asked), key=lambda p: len(p.problem))
            return _styled(problem, right=right)

        scored = oracle.score(tasks, answer, problems=name_or_path)
        return {task: round(metrics["pass@1,none"] * len(problems)) for task, metrics in scored.items()}

    rights, wrongs = accepted(right=True), accepted(right=False)
    return [
        Check(part="lm-eval", name=task, n=len(problems), right=rights[task], wrong=wrongs[task])
        for task in tasks
    ]
