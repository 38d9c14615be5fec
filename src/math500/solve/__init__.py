"""Solvers: ways to get a solution for a problem with a model.

base.py       what a solver is
cot.py        one chain of thought
turns.py      a plan first; a second look; the answer put back into the problem
tools.py      Python in the loop (ToRA)
manner.py     how a model asks for code and is told what came of it
blocks.py     ... as a block in its text
calls.py      ... as a call of the endpoint's own protocol
selfcheck.py  answers verified by code (CSV)
vote.py       a majority over any of them, or the best one
together.py   several solutions at once
weights.py    what one solution weighs in a vote
stopping.py   when a vote may stop
replay.py     no completion is paid for twice
named.py      a solver by its name and settings
"""

from math500.solve.base import Model, Scorer, Solution, Solver
from math500.solve.blocks import Blocks
from math500.solve.calls import Calls
from math500.solve.cot import Cot
from math500.solve.named import (
    check,
    describe,
    extras,
    make,
    needs_sandbox,
    replies,
    room,
    seed_of,
    solutions,
    stopping_of,
    words,
)
from math500.solve.replay import Replay
from math500.solve.selfcheck import SelfCheck
from math500.solve.tools import Tools
from math500.solve.turns import Turns
from math500.solve.vote import Vote

__all__ = [
    "Blocks",
    "Calls",
    "Cot",
    "Model",
    "Replay",
    "Scorer",
    "SelfCheck",
    "Solution",
    "Solver",
    "Tools",
    "Turns",
    "Vote",
    "check",
    "describe",
    "extras",
    "make",
    "needs_sandbox",
    "replies",
    "room",
    "seed_of",
    "solutions",
    "stopping_of",
    "words",
]
