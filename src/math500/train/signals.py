r"""What gives a completion away that earns its reward otherwise than by solving: texts in, shares out.

    boxed      a finished \boxed{...} is in it
    copied     most of the question's passages of `PASSAGE` words are in it
    repeated   most of its passages of `SHINGLE` characters were in it before

None of these is a fault by itself: a good solution may open with the question. Their change over a training
is what the watch (`alarms`) looks at.
"""

from __future__ import annotations

from math500.grading.extract import extract

PASSAGE = 5
"""Words; shorter ones are in any text about the same things."""
COPIED = 0.8
SHINGLE = 20
"""Characters."""
REPEATED = 0.5
SHORT = 4 * SHINGLE
"""Characters below which nothing is called a repetition."""


def boxed(text: str, *, truncated: bool = False) -> bool:
    """Whether there is a finished box in a completion."""
    return extract(text, strict=True, truncated=truncated).answer is not None


def copied(text: str, question: str) -> bool:
    """Whether a completion holds the question: `COPIED` of its passages, or all of a shorter one."""
    said, asked = text.split(), question.split()
    passages = _passages(asked, min(PASSAGE, len(asked)))
    if not passages:
        return False
    return len(passages & _passages(said, min(PASSAGE, len(asked)))) >= COPIED * len(passages)


def _passages(words: list[str], size: int) -> set[tuple[str, ...]]:
    return {tuple(words[i : i + size]) for i in range(len(words) - size + 1)} if size else set()


def repeated(text: str) -> bool:
    """Whether more than `REPEATED` of a completion's passages stood in it before."""
    count = len(text) - SHINGLE + 1
    if len(text) < SHORT:
        return False
    return 1 - len({text[i : i + SHINGLE] for i in range(count)}) / count > REPEATED
