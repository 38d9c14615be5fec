"""Which step is the first wrong one? A judge is asked, who is shown the reference.

    problem, reference, numbered steps  ->  ... `First wrong step: 3`  ->  steps 1, 2 right, the others wrong

What others wrote stands between marks that its authors could not know (`judge/quote.py`). A reply that was
cut off, that says no number, or the number of no step, is no label: the solution is left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from math500.grading.visible import visible
from math500.judge import quote
from math500.judge.forms import DATA_ONLY
from math500.records import Problem, Prompt, Sample

PROMPT = Prompt(
    name="first-wrong-step",
    template="{problem}",
    source="math500",
    description="Which step of a solution is the first wrong one; the request stands in the problem's place.",
)
TEMPLATE = f"""\
Somebody solved a mathematics problem in {{count}} steps. Which step is the first wrong one? A step is wrong \
if it says something that is not true, if it does not follow, or if no right answer can follow from it. A \
step that goes another way than the reference, or that brings nothing, is not wrong for that. A step behind \
a wrong one does not matter.

{DATA_ONLY}

The problem:
{{question}}

The reference, which is right:
{{reference}}

The steps:
{{steps}}

Go through the steps one after the other and work each one out again. End your reply with one line \
`First wrong step: N`, where N is the step's number, or `First wrong step: none` where all of them are \
right."""

_SAID = re.compile(
    r"\bfirst\s+(?:wrong|incorrect|erroneous)\s+step\b[\s*_`\"':=#$\\({]*(?:is\s+)?[\s*_`\"':=#$\\({]*"
    r"(?:step\s*)?(?P<step>\d+|none\b|no\b)",
    re.IGNORECASE,
)
_ALONE = re.compile(r"[\s*_`#]*(?:step\s*)?(?P<step>\d+|none)[\s*_`.]*", re.IGNORECASE)


def asked(problem: Problem, steps: Sequence[str], salt: str) -> str:
    """The request about one solution; the same one whenever it is made again."""
    reference = problem.solution.strip() or problem.answer
    around = quote.mark(salt, problem.problem, reference, *steps)
    numbered = "\n".join(f"[{n}] {quote.plain(step.strip())}" for n, step in enumerate(steps, 1))
    texts = {
        "count": str(len(steps)),
        "question": quote.block(quote.plain(problem.problem), around),
        "reference": quote.block(quote.plain(reference), around),
        "steps": quote.block(numbered, around),
    }
    # One pass: what stands in the texts themselves is never filled in.
    return re.sub(r"\{(count|question|reference|steps)\}", lambda match: texts[match[1]], TEMPLATE)


def read(sample: Sample | None, steps: int) -> int | str:
    """How many steps are right before the first wrong one, or why a reply does not say so.

    Args:
        sample: the judge's reply.
        steps: of the solution; that many where none is wrong.
    """
    if sample is None or sample.failure is not None:
        return "no reply could be had"
    if sample.generations and sample.generations[-1].finish_reason == "length":
        return "the token limit ended the reply"
    text = (visible(sample.response) or "").strip()
    alone = _ALONE.fullmatch(text)
    said = [alone["step"]] if alone else [match["step"] for match in _SAID.finditer(text)]
    if not said:
        return f"it says no step: {' '.join(text.split())[-80:]}"
    last = said[-1].lower()
    if last in ("none", "no"):
        return steps
    number = int(last) if len(last) < 9 else 0
    return number - 1 if 1 <= number <= steps else f"there is no step {last}"
