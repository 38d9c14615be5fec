"""What one solution weighs in a vote: a number from 0 to 1.

    equal     1
    verified  by what the model's own check by code found (CSV, arXiv:2308.07921, section 3.3)
    length    1 / ln(tokens), thinking included: shorter is heavier. After Shortest Majority Vote (Zeng et al.
              2025, arXiv:2502.12215), who find that right solutions of thinking models are shorter than wrong
              ones. (Complexity-based consistency, Fu et al. 2022, arXiv:2210.00720, votes over the longest
              chains instead: for models that do not think at length.)
    logprob   exp(mean log probability of its tokens): the length-normalised probability of self-consistency's
              own weighted sum (Wang et al. 2022, arXiv:2203.11171, section 3.1)
    judge     what a judge gives it (Cobbe et al. 2021, arXiv:2110.14168; Li et al. 2022, arXiv:2206.02336)
    reward    what a trained reward model gives it (the same; Lightman et al. 2023, arXiv:2305.20050)

Below three tokens `length` weighs 1. A solution without an answer has no vote, whatever it would weigh. What
an endpoint does not give is not made up: its absence ends the run.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from math500.errors import ModelError
from math500.records import Decoding, Extras, Generation, Message, Verification
from math500.solve.base import Model, Solution

Weight = Callable[[Solution], float]

VERIFIED: Mapping[Verification, float] = {"": 0.5, "true": 1.0, "uncertain": 0.5, "false": 0.2}
"""True weighs more than uncertain, uncertain more than false; the numbers are a setting, not a finding."""
MOST = 1.0
"""No solution weighs more."""


def equal(_solution: Solution) -> float:
    """The same for all."""
    return 1.0


def verified(solution: Solution) -> float:
    """By the state of the model's own verification."""
    return VERIFIED[solution.verification]


def length(solution: Solution) -> float:
    """By the tokens of all its completions.

    Raises:
        ModelError: the endpoint does not count tokens.
    """
    counts = [g.completion_tokens for g in solution.generations]
    tokens = sum(count or 0 for count in counts)
    if None in counts:
        raise ModelError(
            "The endpoint does not say how many tokens an answer has, and --weigh length needs them",
            "Use another --weigh in a new run.",
        )
    return 1.0 / math.log(max(tokens, math.e))


def logprob(solution: Solution) -> float:
    """By the mean log probability of the tokens of all its completions.

    Raises:
        ModelError: there are none.
    """
    tokens = sum(g.logprob_tokens for g in solution.generations)
    if tokens == 0:
        raise ModelError(
            "The endpoint gives no log probabilities, and --weigh logprob needs them",
            "Use another --weigh in a new run.",
        )
    return min(MOST, math.exp(math.fsum(g.logprob or 0.0 for g in solution.generations) / tokens))


@dataclass(frozen=True)
class WithLogprobs:
    """A model that is asked for log probabilities, whoever asks it."""

    model: Model

    async def generate(
        self,
        messages: Sequence[Message],
        decoding: Decoding,
        *,
        seed: int | None = None,
        stop: Sequence[str] = (),
        extras: Extras | None = None,
    ) -> Generation:
        """See `Model.generate`."""
        extras = msgspec.structs.replace(extras or Extras(), logprobs=True)
        return await self.model.generate(messages, decoding, seed=seed, stop=stop, extras=extras)
