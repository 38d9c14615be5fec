"""A solver by its name: `cot`, `review`, `tools`, `vote:tools`, ... with its settings."""

from __future__ import annotations

from math500 import plugins
from math500.errors import UsageError
from math500.records import Decoding, Prompt, SolverInfo
from math500.sandbox import Sandbox
from math500.solve import selfcheck, turns, vote
from math500.solve.base import Solver
from math500.solve.cot import Cot
from math500.solve.selfcheck import SelfCheck
from math500.solve.tools import Tools
from math500.solve.turns import Turns
from math500.solve.vote import Vote

VOTE = "vote:"
WITH_CODE = ("tools", "selfcheck")

_DESCRIPTIONS = {
    "cot": "one chain of thought",
    "plan": "a plan first, then the solution",
    "review": "the solution, then a second look at every step",
    "backward": "the solution, then its answer put back into the problem",
    "tools": "reasoning with Python in the loop (ToRA)",
    "selfcheck": "as tools, and every answer is verified by code (CSV)",
}


def describe() -> dict[str, str]:
    """Each solver's name and what it does; `vote:NAME` votes over any of them."""
    return _DESCRIPTIONS | {"vote:NAME": "a majority over --votes solutions of another solver"}


def needs_sandbox(name: str) -> bool:
    """Whether a solver runs code."""
    return name.removeprefix(VOTE) in WITH_CODE


def words(info: SolverInfo) -> str:
    """A solver with the settings that matter for it, as a protocol names it."""
    said = [info.name]
    if needs_sandbox(info.name):
        said.append(f"{info.rounds} rounds")
    if info.votes is not None:
        said.append(f"{info.votes} votes" + (f" until {info.confidence:g} sure" if info.confidence else ""))
    if info.weigh != "equal":
        said.append(f"weighed by {info.weigh}")
    return ", ".join(said)


def room(info: SolverInfo, max_tokens: int | None) -> int | None:
    """Tokens that a conversation may take beside its first prompt; None where no limit is set.

    A long conversation can take more than this: it is enough for the usual one, and a reply that no longer
    fits ends the sample with that reason.
    """
    base = info.name.removeprefix(VOTE)
    several = base in WITH_CODE or base not in _DESCRIPTIONS
    replies = 1 if base == "cot" else info.rounds + 1 if several else 2
    return None if max_tokens is None else replies * max_tokens


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
    if not votes and (info.confidence is not None or info.weigh != "equal"):
        raise UsageError("--confidence and --weigh are for a vote", "Say for example --solver vote:cot.")
    if info.weigh == "verified" and base != "selfcheck":
        raise UsageError(
            f"{base} verifies nothing to weigh by", "Use --solver vote:selfcheck, or --weigh equal."
        )


def make(info: SolverInfo, prompt: Prompt, decoding: Decoding, sandbox: Sandbox | None = None) -> Solver:
    """The solver.

    Args:
        info: its name and settings, checked.
        prompt: how the question is asked.
        decoding: of every completion.
        sandbox: where code runs; for a solver that `needs_sandbox`.
    """
    if info.name.startswith(VOTE):
        assert info.votes is not None  # noqa: S101 - see `check`
        weights = vote.VERIFIED if info.weigh == "verified" else vote.EQUAL
        return Vote(_single(info, prompt, decoding, sandbox), info.votes, info.confidence, weights)
    return _single(info, prompt, decoding, sandbox)


def _single(info: SolverInfo, prompt: Prompt, decoding: Decoding, sandbox: Sandbox | None) -> Solver:
    name = info.name.removeprefix(VOTE)
    if name == "cot":
        return Cot(prompt, decoding)
    if name in turns.SCRIPTS:
        return Turns(name, prompt, decoding)
    if name not in _DESCRIPTIONS:
        return _brought(name, prompt, decoding)
    assert sandbox is not None  # noqa: S101 - see `needs_sandbox`
    tools = Tools(prompt, decoding, sandbox, rounds=info.rounds)
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
