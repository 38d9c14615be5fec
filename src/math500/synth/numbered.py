r"""A solution as numbered steps that end in the boxed answer, where its own parts can be told.

    marked      "Step 1: ...", "1. ...", "第1步 ...": its own steps
    paragraphs  at least two, parted by empty lines; or lines
    sentences   at least two, where there is one paragraph only

Nothing is written that the solution does not say: its parts get a number, a lead-in ("Let's solve this.")
goes with the step after it, and a last line boxes the answer that the solution gave. A solution with code,
without an answer, or that goes on after it has none: there is no telling which of its parts is a step.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from math500.grading import extract
from math500.grading.boxes import find_boxes
from math500.grading.visible import visible
from math500.splitting import FORMULA, LEAD_IN, MARK, SENTENCE

Language = Literal["en", "zh"]
STEP = {"en": "Step {n}: {text}", "zh": "第{n}步: {text}"}
ANSWER = {"en": "The answer is $\\boxed{{{answer}}}$.", "zh": "答案是 $\\boxed{{{answer}}}$。"}
SAID = ("final_answer", "answer", "bold", "label", "last_formula", "plain_conclusion")
"""The grader's rules by which an answer without a box is taken: they find it where it stands in the text."""
AFTER = 60
"""Characters behind the box that are still its own sentence: a full stop, "square feet", ..."""

_ANNOUNCED = re.compile(
    r"\W*(?:(?:so|therefore|thus|hence)\b,?\s*)?(?:the\s+)?(?:final\s+)?answer\s*(?:is|:).{1,60}"
    r"|\W*(?:最终)?答案[是为:：].{1,60}",
    re.IGNORECASE,
)
"""A part that says the answer and nothing else; the last line says it too."""
_LINES = re.compile(r"\n+")
_PARAGRAPHS = re.compile(r"\n[ \t]*\n+")
_MATHS = re.compile(FORMULA, re.DOTALL)


def formatted(solution: str, language: Language = "en") -> str | None:
    """The solution in steps, or None where its steps cannot be told.

    Args:
        solution: the response; its thinking is left out.
        language: of the words "Step" and "The answer is".
    """
    text = (visible(solution) or "").strip()
    found = _answer(text)
    if found is None or any(sign in text for sign in ("```", "[asy]")):
        return None
    answer, behind = text[found[0] : found[1]].strip(), text[found[2] :].strip()
    if len(behind) > AFTER or _PARAGRAPHS.search(behind):
        return None
    ways = ([_without_boxes(part) for part in _told(parts)] for parts in _parted(text))
    parts = next((parts for parts in ways if len(parts) >= 2), None)
    if parts is None:
        return None
    lines = [STEP[language].format(n=n, text=part) for n, part in enumerate(parts, 1)]
    return "\n".join([*lines, ANSWER[language].format(answer=answer)])


def _answer(text: str) -> tuple[int, int, int] | None:
    """Where the answer begins and ends, and where the text goes on behind it."""
    boxes = find_boxes(text)
    if boxes:
        last = boxes[-1]
        return (last.start, last.end, last.end + 1) if last.closed else None
    found = extract(text)
    return (found.start, found.end, found.end) if found.answer and found.rule in SAID else None


def is_formatted(text: str) -> bool:
    """Whether a text is steps numbered 1, 2, ... (at least two) with a box in or after the last one."""
    marks = [int(number) for number in re.findall(r"^(?:Step |第)(\d+)(?:步)?[:：]", text, re.MULTILINE)]
    boxes = find_boxes(text)
    last = re.search(rf"^(?:Step |第){len(marks)}(?:步)?[:：]", text, re.MULTILINE)
    return (
        len(marks) >= 2
        and marks == list(range(1, len(marks) + 1))
        and last is not None
        and bool(boxes)
        and boxes[0].command > last.start()
        and len(text) - boxes[-1].end <= AFTER
    )


def _parted(text: str) -> Iterator[Sequence[str]]:
    """The ways in which a text can be parted, the surest first."""
    marks = list(MARK.finditer(text))
    if len(marks) >= 2:
        ends = [*(mark.start() for mark in marks[1:]), len(text)]
        steps = [text[mark.end() : end].strip() for mark, end in zip(marks, ends, strict=True)]
        yield [*([text[: marks[0].start()].strip()] if marks[0].start() else []), *steps]
        return
    for pattern in (_PARAGRAPHS, _LINES, SENTENCE):
        yield _split(text, pattern)


def _split(text: str, pattern: re.Pattern[str]) -> list[str]:
    """The parts between matches; what stands in a formula parts nothing."""
    kept: list[str] = []

    def keep(match: re.Match[str]) -> str:
        kept.append(match.group())
        return f"$\x00{len(kept) - 1}\x00$"

    parts = pattern.split(_MATHS.sub(keep, text))
    back = (re.sub(r"\$\x00(\d+)\x00\$", lambda m: kept[int(m[1])], part).strip() for part in parts)
    return [part for part in back if part]


def _told(parts: Sequence[str]) -> list[str]:
    """The parts that say something: lead-ins go with what they lead to, the answer has a line of its own."""
    merged = _merged(parts)
    return merged[:-1] if merged and _ANNOUNCED.fullmatch(merged[-1]) else merged


def _merged(parts: Sequence[str]) -> list[str]:
    """The parts, each lead-in with the part after it."""
    merged: list[str] = []
    waiting = ""
    for part in parts:
        if part and LEAD_IN.search(part):
            waiting = f"{waiting} {part}".strip()
        elif part:
            merged.append(f"{waiting} {part}".strip())
            waiting = ""
    return [*merged, waiting] if waiting else merged


def _without_boxes(text: str) -> str:
    for box in reversed(find_boxes(text)):
        if box.closed:
            text = text[: box.command] + text[box.start : box.end] + text[box.end + 1 :]
    return text
