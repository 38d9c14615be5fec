"""Solvers: ways to get a solution for a problem with a model.

base.py       what a solver is
cot.py        one chain of thought
turns.py      a plan first; a second look; the answer put back into the problem
tools.py      Python in the loop (ToRA)
selfcheck.py  answers verified by code (CSV)
vote.py       a majority over any of them
stopping.py   when a vote may stop
replay.py     no completion is paid for twice
named.py      a solver by its name and settings
"""

from math500.solve.base import Model, Solution, Solver
from math500.solve.cot import Cot
from math500.solve.named import check, describe, make, needs_sandbox, room, words
from math500.solve.replay import Replay
from math500.solve.selfcheck import SelfCheck
from math500.solve.tools import Tools
from math500.solve.turns import Turns
from math500.solve.vote import Vote

__all__ = [
    "Cot",
    "Model",
    "Replay",
    "SelfCheck",
    "Solution",
    "Solver",
    "Tools",
    "Turns",
    "Vote",
    "check",
    "describe",
    "make",
    "needs_sandbox",
    "room",
    "words",
]
