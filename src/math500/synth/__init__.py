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
    masked.py         hard problems, solved with a masked reference solution as a hint
    masks.py          the masks, by rule; what a mask still shows of the answer
    mentions.py       does a solution speak of the hint
    cot.py            rows that show how to think: steps, checks, backward problems
    numbered.py       a solution as numbered steps
    repairs.py        a wrong attempt, its check, the right solution
    backwards.py      a problem turned round
    steps.py          solutions whose steps are labelled
    rollouts.py       can the right answer still be reached from behind a step
    continuing.py     does an endpoint go on with an answer that has begun
    firstwrong.py     a judge's word on which step is the first wrong one
    prm800k.py        PRM800K's files as such solutions
    planting.py       a slip planted in a right solution
    evolve.py         new problems, with answers that several solutions agree on
    evolving.py       how a problem is changed, and whether the result is one
    novelty.py        whether it differs enough
    agreement.py      what solutions agree on; difficulty, estimated
    ranks.py          new problems ranked by a judge
    stage.py          a step that asks a model, as a run folder

    >>> made = rft.make([RunDir.open("runs/...")], Path("sets/first"))
    >>> TrainingSet.load("sets/first").rows

What is kept and why, and how well the gate finds what it should: docs/synth.md; the methods that ask a
model: docs/synth-methods.md; those for reward models: docs/reward-data.md.
"""

from math500.synth.dataset import Draft, TrainingSet, write
from math500.synth.decontaminate import Gate, Gatekeeper, gate

__all__ = ["Draft", "Gate", "Gatekeeper", "TrainingSet", "gate", "write"]
