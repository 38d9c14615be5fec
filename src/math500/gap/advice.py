"""What to try next, the most expected effect for its cost first.

What is expected of a factor is what this run shows of it where it shows something (responses that were cut
off), else the median of what others found (priors.py), whose spread is told. The cost is what the ablation
would generate and read. A factor that was measured already, or that both protocols share, is not proposed.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from math500 import evaluate, prompts
from math500.errors import Math500Error
from math500.gap import ablate, priors
from math500.gap.offline import Responses
from math500.gap.settings import CHANGES, FIELD
from math500.models import is_embedded
from math500.records import Advice, Compared, Gap
from math500.rundir import RunDir

SHOWN = 5
ROOM = 1.2
"""How much more than the estimate a proposed budget is."""
OPEN_ENDED = 4096
"""What a client sets aside for a request without a token limit (client/budget.py)."""


def for_run(run: RunDir, responses: Responses, gap: Gap, options: Sequence[str] = ()) -> tuple[Advice, ...]:
    """What to measure next with the model; nothing for an imported run, which was asked elsewhere.

    Args:
        run: whose gap it is.
        responses: of the run.
        gap: as far as it is explained.
        options: what the gap was asked with, so that the proposed commands ask about the same one.
    """
    if run.manifest.origin is not None:
        return ()
    done = {f.name for f in gap.factors if f.kind == "measured"}
    settled = {row.field for row in gap.comparability if row.state == "same"}
    found = []
    for name in (n for n in CHANGES if n != "repeat"):
        field = FIELD.get(name, name)
        if field not in done | settled and (tokens := _tokens(run, name)) is not None:
            found.append(_ablation(run, responses, gap, name, field, tokens, options))
    return tuple(sorted(found, key=_worth, reverse=True)[:SHOWN])


def for_number(gap: Gap, harness_known: bool) -> tuple[Advice, ...]:
    """What to do about a number of which nothing else is left."""
    found = [
        Advice(
            what="measure it again with every response kept; then every factor below can be recomputed",
            command=f"math500 run {_asked(gap)} --data {_set(gap)}",
            effect=_within(sum(map(priors.expected, ("grader", "extraction"))) / 2, gap),
            tokens=gap.measured.n * 800,
            why="graders and extraction rules; the tokens are 800 a problem, a guess",
        )
    ]
    for row in gap.comparability:
        if row.state == "different" and row.field == "token limit":
            found.insert(0, _limit(gap, row))
    capped = any("caps answers" in finding for finding in gap.findings)
    if harness_known and capped and all(a.what != "raise the token limit" for a in found):
        found.insert(0, _limit(gap, None))
    return tuple(sorted(found, key=_worth, reverse=True))


def _limit(gap: Gap, row: Compared | None) -> Advice:
    to = row.theirs if row is not None and row.theirs.isdigit() else "4096"
    return Advice(
        what="raise the token limit",
        command=f"math500 run {_asked(gap)} --data {_set(gap)} --max-tokens {to}",
        effect=_within(priors.expected("token limit"), gap),
        tokens=gap.measured.n * 800,
        why=f"the configuration cut answers off; {priors.told('token limit')}",
    )


def _asked(gap: Gap) -> str:
    """Which model, and a place for its address where the name says none."""
    from math500.client.vendors import BY_PREFIX  # noqa: PLC0415 - the HTTP library is not needed to explain

    prefix, slash, _ = gap.model.partition("/")
    where = "" if slash and prefix in BY_PREFIX else " --base-url URL"
    return f"--model {shlex.quote(gap.model)}{where}"


def budget(run: RunDir, tokens: int) -> int:
    """What to allow for ablations of so many expected tokens: the last request has to fit as well."""
    return round(tokens * ROOM) + (run.manifest.decoding.max_tokens or OPEN_ENDED)


def _set(gap: Gap) -> str:
    return {"MATH-500": "math500", "MATH-5000": "math-test"}.get(gap.data, "math500")


def _ablation(
    run: RunDir,
    responses: Responses,
    gap: Gap,
    name: str,
    field: str,
    tokens: int,
    options: Sequence[str],
) -> Advice:
    effect, why = priors.expected(field), priors.told(field)
    if name == "limit":
        cut_off = [key for key, s in responses.samples.items() if evaluate.truncated(s)]
        share = len(cut_off) / max(1, len(responses.samples))
        effect = share * gap.measured.value
        why = f"{share:.0%} of the responses were cut off; if they came out like the others"
    command = ["math500", "gap", str(run.path), *options, "--ablate", name]
    if not is_embedded(run.manifest.model.name):
        command += ["--budget", str(budget(run, tokens))]
    return Advice(
        what=f"measure what {field} is worth",
        command=shlex.join(command),
        effect=_within(effect, gap),
        tokens=tokens,
        why=why,
    )


def _within(effect: float, gap: Gap) -> float:
    """No more than the gap itself, where there is one."""
    return effect if gap.gap is None else min(effect, abs(gap.gap.value))


def _tokens(run: RunDir, name: str) -> int | None:
    """The estimate of one arm; None where the factor cannot be changed here."""
    if name == "shots" and not prompts.shot_count(run.manifest.prompt):
        # Its wording would need the train split: about four worked examples of 250 tokens more.
        other = _tokens(run, "repeat")
        return None if other is None else other + 1000 * min(ablate.SUBSET, len(run.problems()))
    try:
        plan = ablate.plan(run, (name,), to={}, problems=None, budget=None, say=lambda _: None)
    except Math500Error:
        return None
    return plan.tokens


def _worth(advice: Advice) -> float:
    return advice.effect / (advice.tokens + 1)
