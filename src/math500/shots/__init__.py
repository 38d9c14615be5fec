"""Worked examples that are chosen for each problem, out of a train split and never out of MATH-500.

    choose.py   which examples a problem is shown
    similar.py  how alike two problems are in their words (BM25)
    near.py     is one problem nearly the other

What was chosen becomes part of the prompt (`records.ChosenShots`), with its texts: a manifest says to the
letter what each problem was shown, and a resumed run shows the same.
"""

from math500.shots.choose import POOL, choose
from math500.shots.near import LIMIT, likeness, near
from math500.shots.similar import Index

__all__ = ["LIMIT", "POOL", "Index", "choose", "likeness", "near"]
