"""A solver by its name: `cot`, `review`, `tools`, `vote:tools`, ... with its settings."""

from __future__ import annotations

import zlib
from pathlib import Path

from math500 import plugins
from math500.errors import UsageError
from math500.plural import counted
from math500.records import Decoding, Extras, Prompt, SolverInfo, Stopping, Weigh
from math500.sandbox import Sandbox
from math500.solve import selfcheck, turns, weights
from math500.solve.base import Scorer, Solver
from math500.solve.blocks import Blocks
from math500.solve.calls import Calls
from math500.solve.cot import Cot
from math500.solve.selfcheck import SelfCheck
from math500.solve.tools import Tools
from math500.solve.turns import Turns
from math500.solve.vote import FIRST, Vote

VOTE = "vote:"
SEEDS = 1 << 30
"""Seeds begin below this, so that every engine takes them with what a vote adds."""
WITH_CODE = ("tools", "selfcheck")
GRADED = ("length", "logprob", "judge", "reward")
"""Weights that tell one response from another, so that there is a best one."""
_WEIGHTS = {
    "equal": weights.equal,
    "verified": weights.verified,
    "length": weights.length,
    "logprob": weights.logprob,
    "judge": weights.equal,  # the scorer's takes its place
    "reward": weights.equal,  # as well
}

_DESCRIPTIONS = {
    "cot": "one chain of thought",
    "plan": "a plan first, then the solution",
    "review": "the solution, then a second look at every step",
    "backward": "the solution, then its answer put back into the problem",
    "tools": "reasoning with Python in the loop (ToRA), in blocks or --tool-calls native",
    "selfcheck": "as tools, and every answer is verified by code (CSV)",
}


def describe() -> dict[str, str]:
    """Each solver's name and what it does; `vote:NAME` votes over any of them."""
    return _DESCRIPTIONS | {
        "vote:NAME": "a majority over --votes solutions of another solver, by --weigh; or the best one"
    }


def needs_sandbox(name: str) -> bool:
    """Whether a solver runs code."""
    return name.removeprefix(VOTE) in WITH_CODE


def words(info: SolverInfo) -> str:
    """A solver with the settings that matter for it, as a protocol names it."""
    said = [info.name]
    if needs_sandbox(info.name):
        said.append(
            counted(info.rounds, "round") + (" of native calls" if info.tool_calls == "native" else "")
        )
    if info.votes is not None:
        said.append(counted(info.votes, "vote") + (f" until {_sure(info)}" if info.confidence else ""))
    if info.weigh != "equal":
        whose = info.judge or (info.reward and Path(info.reward).name)
        by = f"{info.weigh} {whose}" if whose else info.weigh
        said.append(f"{'the best' if info.pick == 'best' else 'weighed'} by {by}")
    return ", ".join(said)


def _sure(info: SolverInfo) -> str:
    """When a vote stops, in words."""
    return f"{info.confidence:g} sure" + (" of the winner" if info.stopping == "final" else "")


def room(info: SolverInfo, max_tokens: int | None) -> int | None:
    """Tokens that a conversation may take beside its first prompt; None where no limit is set.

    A long conversation can take more than this: it is enough for the usual one, and a reply that no longer
    fits ends the sample with that reason.
    """
    base = info.name.removeprefix(VOTE)
    several = base in WITH_CODE or base not in _DESCRIPTIONS
    replies = 1 if base == "cot" else info.rounds + 1 if several else 2
    return None if max_tokens is None else replies * max_tokens


def solutions(info: SolverInfo) -> tuple[int, int]:
    """How many solutions a sample takes, at least and at most: the votes of a vote."""
    most = info.votes or 1
    return (most if info.confidence is None else min(most, FIRST), most)


def replies(info: SolverInfo) -> tuple[int, int | None]:
    """How many completions a solution takes, at least and at most; None where nobody knows."""
    base = info.name.removeprefix(VOTE)
    if base in turns.SCRIPTS:
        return 2, 2
    talk = info.rounds + 2  # the first reply, one after each round, one when no more code can be run
    most = {"cot": 1, "tools": talk, "selfcheck": talk * (2 + selfcheck.CORRECTIONS)}
    return 1, most.get(base)


def stopping_of(typed: Stopping | None, confidence: float | None, weigh: Weigh) -> Stopping:
    """What a confidence is about: as typed, or the `final` rule where it can count votes and not weights.

    Raises:
        UsageError: it was typed, and there is no confidence.
    """
    if typed is not None and confidence is None:
        raise UsageError(
            "--stopping says what --confidence is about, and none is asked for",
            "Say for example --confidence 0.95.",
        )
    return typed or ("final" if weigh == "equal" else "beta")


def seed_of(decoding: Decoding, info: SolverInfo, unique_id: str, index: int) -> int | None:
    """The seed of a sample; each solution of a vote has one of its own, which no other of the problem has.

    It depends on the problem: an engine draws the same numbers from the same seed, so that with one seed for
    all problems their samples would be lucky and unlucky together, and the score's interval too narrow.
    """
    if decoding.seed is None:
        return None
    own = zlib.crc32(unique_id.encode())
    return (decoding.seed + own) % SEEDS + index * (info.votes or 1)


def extras(info: SolverInfo) -> Extras:
    """What the solver's requests ask for beside a text."""
    tools = Calls().extras(more=True).tools if info.tool_calls == "native" else ()
    return Extras(tools=tools, logprobs=info.weigh == "logprob")


def check(info: SolverInfo) -> None:
    """Do nothing if there is such a solver with such settings.

    Raises:
        UsageError: there is none.
    """
    base = info.name.removeprefix(VOTE)
    if base not in _DESCRIPTIONS and plugins.known("solvers", base) is None:
        raise UsageError(
            f"there is no solver {info.name!r}",
            f"There are {', '.join(_DESCRIPTIONS)}, and vote: before any of them, such as vote:cot.",
        )
    votes = info.name.startswith(VOTE)
    if votes != (info.votes is not None):
        raise UsageError(
            f"--votes is {'missing' if votes else 'for a vote'}: the solver is {info.name}",
            "Say for example --solver vote:cot --votes 16.",
        )
    if info.rounds < 1 or (info.votes is not None and info.votes < 1):
        raise UsageError("--votes and --rounds count from 1 on", "Give a higher number.")
    if info.confidence is not None and not 0.5 <= info.confidence < 1:
        raise UsageError(f"a confidence of {info.confidence:g} is none", "Give one from 0.5 to below 1.")
    if not votes and (info.confidence is not None or info.weigh != "equal" or info.pick == "best"):
        raise UsageError(
            "--confidence, --weigh and --pick are for a vote", "Say for example --solver vote:cot."
        )
    if info.tool_calls == "native" and base not in WITH_CODE:
        raise UsageError(f"{base} runs no code to call for", "Leave --tool-calls out, or use --solver tools.")
    _check_weights(info, base)


def _check_weights(info: SolverInfo, base: str) -> None:
    if info.weigh == "verified" and base != "selfcheck":
        raise UsageError(
            f"{base} verifies nothing to weigh by", "Use --solver vote:selfcheck, or --weigh equal."
        )
    if (info.weigh == "judge") != (info.judge is not None):
        raise UsageError(
            "--weigh judge needs a judge" if info.judge is None else "--judge is for --weigh judge",
            "Say for example --weigh judge --judge openai/gpt-4o-mini.",
        )
    if (info.weigh == "reward") != (info.reward is not None):
        raise UsageError(
            "--weigh reward needs a reward model"
            if info.reward is None
            else "--reward is for --weigh reward",
            "Say for example --weigh reward --reward trained/prm.",
        )
    if info.pick == "best" and info.weigh not in GRADED:
        raise UsageError(
            f"--weigh {info.weigh} does not tell a best response", f"Use one of {', '.join(GRADED)}."
        )
    if info.weigh != "equal" and info.confidence is not None and info.stopping == "final":
        raise UsageError(
            f"--stopping final counts votes, and --weigh {info.weigh} makes them unequal",
            "Leave --stopping out, or say --stopping beta.",
        )
    if info.pick == "best" and info.confidence is not None:
        raise UsageError(
            "--pick best needs all of its --votes, since the next one may be the best",
            "Leave --confidence out.",
        )


def make(
    info: SolverInfo,
    prompt: Prompt,
    decoding: Decoding,
    sandbox: Sandbox | None = None,
    scorer: Scorer | None = None,
) -> Solver:
    """The solver.

    Args:
        info: its name and settings, checked.
        prompt: how the question is asked.
        decoding: of every completion.
        sandbox: where code runs; for a solver that `needs_sandbox`.
        scorer: weighs the solutions of a vote; for `weigh` by a judge or a reward model.
    """
    single = _single(info, prompt, decoding, sandbox)
    if not info.name.startswith(VOTE):
        return single
    assert info.votes is not None  # noqa: S101 - see `check`
    assert (scorer is not None) == (info.weigh in ("judge", "reward"))  # noqa: S101 - see `check`
    return Vote(
        single,
        info.votes,
        info.confidence,
        stopping=info.stopping,
        weight=_WEIGHTS[info.weigh],
        scorer=scorer,
        best=info.pick == "best",
    )


def _single(info: SolverInfo, prompt: Prompt, decoding: Decoding, sandbox: Sandbox | None) -> Solver:
    name = info.name.removeprefix(VOTE)
    if name == "cot":
        return Cot(prompt, decoding)
    if name in turns.SCRIPTS:
        return Turns(name, prompt, decoding)
    if name not in _DESCRIPTIONS:
        return _brought(name, prompt, decoding)
    assert sandbox is not None  # noqa: S101 - see `needs_sandbox`
    manner = Calls() if info.tool_calls == "native" else Blocks()
    tools = Tools(prompt, decoding, sandbox, rounds=info.rounds, manner=manner)
    return tools if name == "tools" else SelfCheck(tools, corrections=selfcheck.CORRECTIONS)


def _brought(name: str, prompt: Prompt, decoding: Decoding) -> Solver:
    """A solver that another package brings.

    Raises:
        PluginBroken: it cannot be used.
    """
    plugin = plugins.known("solvers", name)
    assert plugin is not None  # noqa: S101 - see `check`
    make = plugins.load(plugin)
    try:
        solver: Solver = make(prompt, decoding)
    except Exception as e:
        raise plugins.broken(plugin, f"{type(e).__name__}: {e}") from e
    if not (callable(getattr(solver, "solve", None)) and isinstance(getattr(solver, "several", None), bool)):
        raise plugins.broken(plugin, "what it makes is no solve.Solver")
    return solver
