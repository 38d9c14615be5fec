"""Solvers: ways to get a solution for a problem with a model.

base.py   what a solver is
cot.py    one chain of thought
"""

from math500.solve.base import Model, Solution, Solver
from math500.solve.cot import Cot

__all__ = ["Cot", "Model", "Solution", "Solver"]
