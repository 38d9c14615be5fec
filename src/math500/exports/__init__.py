"""A run's score in other places' forms; lm-eval's own logs are written by `lmeval.logs`.

facts.py    what every form says: the score with its interval, the protocol, the counts
card.py     a table for a model card
hub.py      the hub's evaluation results (.eval_results/*.yaml), and model-index
loggers.py  MLflow and Weights & Biases, by their own libraries
"""

from math500.exports import hub, loggers
from math500.exports.card import card
from math500.exports.facts import Facts, facts

__all__ = ["Facts", "card", "facts", "hub", "loggers"]
