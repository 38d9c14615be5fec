"""What a solver is: it sees a question and a model, never the reference answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from math500.records import Ballot, Decoding, Execution, Extras, Generation, Message, Score, Verification


class Model(Protocol):
    """Anything that completes a chat; `client.Client` is one."""

    async def generate(
        self,
        messages: Sequence[Message],
        decoding: Decoding,
        *,
        seed: int | None = None,
        stop: Sequence[str] = (),
        extras: Extras | None = None,
    ) -> Generation:
        """One completion.

        Raises:
            SampleFailed: this request is given up.
            ModelError: the model cannot be used at all.
        """
        ...


@dataclass(frozen=True)
class Solution:
    """What a solver came to."""

    response: str
    """The text that is graded."""
    generations: tuple[Generation, ...]
    """Every completion it took, in order; the graded one's last."""
    executions: tuple[Execution, ...] = ()
    """Every block of the model's code that was run, in order."""
    ballots: tuple[Ballot, ...] = ()
    """What a vote came to, the winner first."""
    scores: tuple[Score, ...] = ()
    """What a judge gave to the responses of the vote."""
    verification: Verification = ""
    """What the model found when it checked its answer by code."""


class Solver(Protocol):
    """A way to solve a problem."""

    @property
    def name(self) -> str:
        """The solver's name in the manifest."""
        ...

    @property
    def several(self) -> bool:
        """Whether a solution takes more than one completion, which a killed run then keeps one by one."""
        ...

    async def solve(self, question: str, model: Model, *, seed: int | None) -> Solution:
        """Solve one problem.

        Args:
            question: the problem's text.
            model: what is asked.
            seed: of this sample, or None to leave the choice to the endpoint.
        """
        ...


class Scorer(Protocol):
    """Says how good a solution looks: a judge that is asked, or a reward model that computes it."""

    async def score(self, question: str, solution: Solution, model: Model) -> Score:
        """The score of one solution; its `voter` is filled in by the vote.

        Args:
            question: the problem's text; never the reference answer.
            solution: has an answer.
            model: whom the solution is from; `Extras.judge` reaches the run's judge through it, so that
                what is paid for a score is kept with the solution's other completions.
        """
        ...
