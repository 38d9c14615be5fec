"""Published MATH-500 scores: who reported which, of what, with which settings, and from where it is known.

    published.toml  the rows
    names.toml      other names of the models
    registry.py     the rows read and checked, with the user's own beside them
    names.py        a model by any of its names
    forensics.py    what a number alone says
    claims.py       a table of claims against the rows
    own.py          a new row in the user's own file
    page.py         the rows as a page (docs/scores.md)

No row is without a source, and none has a value that its problems cannot give.
"""

from math500.scores.claims import check
from math500.scores.forensics import decimals, fit, right_of, samples_of, what
from math500.scores.names import find, near
from math500.scores.own import add
from math500.scores.registry import SIZES, own_file, read, rows, with_data

__all__ = [
    "SIZES",
    "add",
    "check",
    "decimals",
    "find",
    "fit",
    "near",
    "own_file",
    "read",
    "right_of",
    "rows",
    "samples_of",
    "what",
    "with_data",
]
