"""What PPO has and GRPO has not: a critic that says token by token what reward is to be expected.

    advantage of a token = the rewards from it on, beyond what the critic expected
    return of a token    = advantage + what the critic expected

as Schulman et al. 2015 (arXiv:1506.02438) have them, without discount.

The reward comes with the last token. The critic is a second model, begun as a copy of the trained one.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

NAME = "critic"
"""The trained model's attribute while it is trained, so that the optimizer and the checkpoints have it."""


def attach(model: Any) -> None:  # noqa: ANN401
    """Give a model its critic: a copy of its body with a head of one number, which says 0 at first."""
    import torch  # noqa: PLC0415 - heavy

    body = copy.deepcopy(model.base_model)
    head = torch.nn.Linear(body.config.hidden_size, 1)
    torch.nn.init.zeros_(head.weight)
    torch.nn.init.zeros_(head.bias)
    model.critic = torch.nn.ModuleDict({"body": body, "head": head}).to(model.device)


def values(critic: Any, ids: torch.Tensor, mask: torch.Tensor, last: int) -> torch.Tensor:  # noqa: ANN401
    """The reward to be expected before each of the last tokens is written; texts by tokens."""
    hidden = critic["body"](input_ids=ids, attention_mask=mask, use_cache=False).last_hidden_state
    found: torch.Tensor = critic["head"](hidden[:, -last - 1 : -1]).squeeze(-1)
    return found


def advantages(
    rewards: torch.Tensor, expected: torch.Tensor, mask: torch.Tensor, reach: float
) -> torch.Tensor:
    """Generalised advantages, without discount.

    Args:
        rewards: one for each text, due at its last token.
        expected: the critic's values, texts by tokens.
        mask: 1 for a text's tokens, 0 behind them.
        reach: lambda.
    """
    import torch  # noqa: PLC0415

    seen = torch.zeros_like(expected)
    later, after = torch.zeros_like(rewards), torch.zeros_like(rewards)
    for token in reversed(range(expected.shape[1])):
        here = mask[:, token].to(expected.dtype)
        follows = mask[:, token + 1] if token + 1 < mask.shape[1] else torch.zeros_like(here)
        due = torch.where(follows.bool(), after, rewards)
        later = (due - expected[:, token] + reach * later * follows) * here
        seen[:, token], after = later, expected[:, token]
    return seen


def whitened(values: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """With a mean of 0 and a deviation of 1 over all texts' tokens."""
    inside = values[mask.bool()]
    return (values - inside.mean()) / (inside.std() + 1e-8) * mask
