"""A problem cut in two, and a completion beside the part that was held back.

Texts are compared as words: what stands between white space. A model that first repeats what it was given is
not punished for that, and one that goes on after the end of the problem is cut to the rest's length.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from math500.records import Completion

SHARE = 0.6
"""Of a problem's words that the model is given."""


def cut(problem: str, share: float = SHARE) -> tuple[str, str]:
    """The first words and the rest; at least one word is given and one held back where there are two."""
    words = problem.split()
    at = min(max(1, round(share * len(words))), max(1, len(words) - 1))
    return " ".join(words[:at]), " ".join(words[at:])


def agreement(unique_id: str, given: str, rest: str, text: str, *, truncated: bool) -> Completion:
    """How far a completion agrees with the rest of its problem."""
    wanted, said = rest.split(), text.split()
    begun = given.split()
    if said[: len(begun)] == begun:
        said = said[len(begun) :]
    short = truncated and len(said) < len(wanted)
    said = said[: len(wanted)]
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(wanted, said, strict=False)))
    return Completion(
        unique_id=unique_id,
        exact=said == wanted,
        prefix=same / len(wanted),
        rouge_l=rouge_l(wanted, said),
        short=short,
    )


def rouge_l(wanted: Sequence[str], said: Sequence[str]) -> float:
    """F1 of the longest common subsequence (Lin 2004, ROUGE, section 3.1, with beta = 1)."""
    lengths = [0] * (len(said) + 1)
    for word in wanted:
        before = 0
        for i, other in enumerate(said, 1):
            kept = lengths[i]
            lengths[i] = before + 1 if word == other else max(lengths[i], lengths[i - 1])
            before = kept
    return 2 * lengths[-1] / (len(wanted) + len(said)) if said else 0.0
