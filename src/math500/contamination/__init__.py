"""Signs that a model has seen a problem set.

    agree.py      a completion beside the text that was held back
    perturbed.py  the score on changed problems beside the original ones
    here          ask for completions as an ordinary run; read such a run

In a probe's run folder each problem's text is its first part, and the rest stands where a solution would;
`math500 run --resume` goes on with it as with any other. Its score means nothing: the question is not asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from math500 import evaluate, running, stats
from math500.contamination.agree import SHARE, agreement, cut
from math500.contamination.perturbed import beside, links
from math500.errors import UsageError
from math500.records import Completions, Contamination, Problem, Prompt
from math500.rundir import RunDir

__all__ = ["PROMPT", "against", "ask", "beside", "links", "read"]

PROMPT = Prompt(
    name="complete",
    template=(
        "Here is the beginning of a math problem. Write the rest of the problem, word for word, and nothing "
        "else. Do not solve it.\n\n{problem}"
    ),
    source="math500",
    description="The rest of a problem from its beginning, for the contamination probe.",
)


def ask(request: running.Request, *, say: running.Say, quiet: bool = False) -> Path:
    """Ask for the rest of every problem that has at least two words; the run folder.

    Raises:
        Math500Error: as for a run; what was collected is kept and `math500 run --resume` goes on.
    """
    return running.start(request, say=say, quiet=quiet, reshape=_halves, given=PROMPT)


def _halves(problems: Sequence[Problem]) -> list[Problem]:
    parts = [(p, *cut(p.problem, SHARE)) for p in problems]
    return [msgspec.structs.replace(p, problem=given, solution=rest) for p, given, rest in parts if rest]


def read(run: RunDir) -> Completions:
    """What a probe's run folder shows.

    Raises:
        UsageError: it is not a probe's, or holds no completion.
    """
    if run.manifest.prompt.name != PROMPT.name:
        raise UsageError(
            f"{run.path} is no probe: its prompt is {run.manifest.prompt.name}",
            "Make one: math500 contamination --model NAME.",
        )
    problems = run.by_id()
    found = tuple(
        agreement(
            unique_id,
            problems[unique_id].problem,
            problems[unique_id].solution,
            sample.response,
            truncated=evaluate.truncated(sample),
        )
        for (unique_id, _), sample in run.samples().items()
        if sample.failure is None
    )
    if not found:
        raise UsageError(f"{run.path} holds no completion", f"Go on: math500 run --resume {run.path}")
    return Completions(
        run=str(run.path),
        exact=stats.score([[c.exact] for c in found]),
        prefix=sum(c.prefix for c in found) / len(found),
        rouge_l=sum(c.rouge_l for c in found) / len(found),
        short=sum(c.short for c in found),
        owed=len(evaluate.owed(run)),
        problems=found,
    )


def require_control(run: RunDir, control: RunDir) -> None:
    """Refuse a control that shows nothing: of another model, or of problems that are probed themselves.

    Raises:
        UsageError: it is one.
    """
    asked, other = (one.manifest.model.served_name for one in (run, control))
    if asked != other:
        raise UsageError(
            f"{control.path} is a probe of {other}, and {run.path} of {asked}",
            "Make the control with the same --model.",
        )
    if {p.problem for p in run.problems()} & {p.problem for p in control.problems()}:
        raise UsageError(
            f"{control.path} holds problems that {run.path} probes",
            "Give a control of problems that the model cannot know.",
        )


def against(probe: Completions, control: Completions | None) -> Contamination:
    """A probe, beside that of problems which the model cannot know where there is one."""
    above = None
    if control is not None and control.exact is not None and probe.exact is not None:
        above = stats.difference(control.exact, probe.exact)
    return Contamination(probe=probe, control=control, above_control=above)
