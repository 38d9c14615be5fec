"""Training rows out of graded runs, with no problem of the test set in them.

    dataset.py        a training set's folder: write, resume, load
    decontaminate.py  the gate that every row passes
    spelling.py       texts as the gate compares them
    overlap.py        which test problems a text has parts of
    rft.py            the correct samples of runs as rows
    luck.py           right by luck, as far as that can be told
    calculations.py   do two solutions calculate the same
    fairness.py       how many rows of which problem
    card.py           the folder's README.md

    >>> made = rft.make([RunDir.open("runs/...")], Path("sets/first"))
    >>> TrainingSet.load("sets/first").rows

What is kept and why, and how well the gate finds what it should: docs/synth.md.
"""

from math500.synth.dataset import Draft, TrainingSet, write
from math500.synth.decontaminate import Gate, Gatekeeper, gate

__all__ = ["Draft", "Gate", "Gatekeeper", "TrainingSet", "gate", "write"]
