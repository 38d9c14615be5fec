"""Reward models: what a trained one says of a solution, as a number.

    texts.py      a question and a solution as the tokens that are read, in training as in use
    parts.py      a solution in steps; the steps' values as one number
    model.py      a folder with a trained reward model, opened; many solutions at once
    loaded.py     its values by this process
    served.py     its values by a server
    weigh.py      one that weighs the solutions of a vote
    problems.py   what it was trained on

They are trained by `math500 train reward` and `train prm`; docs/reward-models.md is about both. torch and
transformers are imported inside functions.
"""

from math500.rewards.model import FILE, RewardModel, find, kept_as, load, value, weights_hash
from math500.rewards.parts import aggregate, steps_of
from math500.rewards.problems import known
from math500.rewards.served import Service, connect, described, look, reopen, require_same, shown
from math500.rewards.weigh import Weigher

__all__ = [
    "FILE",
    "RewardModel",
    "Service",
    "Weigher",
    "aggregate",
    "connect",
    "described",
    "find",
    "kept_as",
    "known",
    "load",
    "look",
    "reopen",
    "require_same",
    "shown",
    "steps_of",
    "value",
    "weights_hash",
]
