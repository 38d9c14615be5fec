"""What a solver is: it sees a question and a model, never the reference answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from math500.records import Ballot, Decoding, Execution, Generation, Message, Verification


class Model(Protocol):
    """Anything that completes a chat; `client.Client` is one."""

    async def generate(
        self,
        messages: Sequence[Message],
        decoding: Decoding,
        *,
        seed: int | None = None,
        stop: Sequence[str] = (),
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
