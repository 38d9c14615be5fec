"""How a problem is asked to become another one, and whether what comes back is a problem.

Five ways, those of WizardMath's Evol-Instruct (Luo et al. 2023, arXiv:2308.09583): upward by a
further condition, by concrete things in place of general ones, by more reasoning; downward by an easier
version, by an easier problem about something else. The wording is math500's own; `wording` reads another one
from a file.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from math500.errors import DataUnreadable, UsageError
from math500.grading.visible import visible
from math500.records import Prompt
from math500.synth import spelling

Direction = Literal["up", "down"]
TAIL = (
    " It must be one problem with one question, complete in itself, with exactly one answer that is a number "
    "or a short formula. Do not solve it, do not give its answer, and do not mention the problem that you "
    "started from. Write the new problem between <problem> and </problem>, and nothing else."
)
"""What every way asks for; put behind the wording."""


@dataclass(frozen=True)
class Way:
    """One way to change a problem.

    Attributes:
        name: a word; it is in the ids of the problems that come of it.
        direction: to harder ones or to easier ones.
        wording: the request, with `{problem}` in it.
    """

    name: str
    direction: Direction
    wording: str

    def asked(self, problem: str) -> str:
        """The whole request."""
        return self.wording.replace("{problem}", problem) + TAIL


WAYS = (
    Way(
        "constraint",
        "up",
        "Here is a mathematics problem:\n\n{problem}\n\nMake a harder problem of it: add one condition that "
        "changes how it has to be solved and what comes out, and reword the rest so that it reads as a "
        "problem of its own.",
    ),
    Way(
        "concrete",
        "up",
        "Here is a mathematics problem:\n\n{problem}\n\nMake a harder problem of it: put a concrete "
        "situation with particular things and quantities in the place of what is general in it, so that the "
        "mathematics has to be found in the situation first.",
    ),
    Way(
        "reasoning",
        "up",
        "Here is a mathematics problem:\n\n{problem}\n\nMake a harder problem about the same mathematics: "
        "one whose solution needs at least two more steps, because what was given has to be worked out first "
        "or what was asked for is only a part of the way.",
    ),
    Way(
        "easier",
        "down",
        "Here is a mathematics problem:\n\n{problem}\n\nMake an easier problem that practises the same idea: "
        "fewer steps, smaller numbers, and other things than in this one.",
    ),
    Way(
        "elsewhere",
        "down",
        "Here is a mathematics problem:\n\n{problem}\n\nMake an easier problem about another topic of school "
        "mathematics that is as carefully worded as this one and shares nothing else with it.",
    ),
)
EVOLVE = Prompt(
    name="evolve",
    template="{problem}",
    source="math500; the ways are those of Luo et al. 2023, arXiv:2308.09583",
    description=(
        "A request to make another problem out of one; the whole request stands in the problem's place."
    ),
)
LEAST, MOST = 6, 300
"""Tokens of a problem, as the gate counts them."""

_NAME = re.compile(r"[a-z][a-z0-9-]*")
_TAGGED = re.compile(r"<problem>(.*?)</problem>", re.DOTALL | re.IGNORECASE)
_HEADING = re.compile(
    r"^\W*(?:(?:the )?(?:new|evolved|harder|easier) )?problem\W*:[*_\s]*|^\W*(?:新)?(?:题目|问题)\W*[:："
    r"][*_\s]*",
    re.IGNORECASE,
)
_FORMULA = re.compile(
    r"\$\$.*?\$\$|\$(?:\\.|[^$\\])+?\$|\\\(.*?\\\)|\\\[.*?\\\]"
    r"|\\begin\{(\w+\*?)\}.*?\\end\{\1\}|\[asy\].*?\[/asy\]",
    re.DOTALL,
)
_SENTENCE = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])|\n\s*\n")
_ASKS = re.compile(
    r"(?:^|[,;:]\s*|\b(?:then|please|and)\s+)(?:find|compute|determine|calculate|evaluate|simplify|solve"
    r"|factor(?:ize)?|rationalize|expand|convert|name|list|count|round|add|subtract|multiply|divide)\b|求|计算",
    re.IGNORECASE,
)
_PROOF = re.compile(r"\b(?:prove|show) that\b|证明", re.IGNORECASE)
_PARTS = re.compile(r"(?:^|\s)\((?:b|ii|2)\)\s|^\s*(?:2[.)]|part (?:b|2|ii)\b)|（[2二]）", re.MULTILINE)
_ANSWER = re.compile(
    r"\\boxed|\b(?:the |final )?answer (?:is|:|=)|\banswer\s*:|\b(?:solution|explanation|hint)\s*:|\bstep "
    r"\d+\s*:"
    r"|答案(?:是|为|[:：])|解答?[:：]",
    re.IGNORECASE,
)
_PARENT = re.compile(
    r"\b(?:original|given|previous|above|first) (?:math(?:ematics)? )?(?:problem|question)\b"
    r"|\b(?:new|another|different|easier|harder) (?:math(?:ematics|ematical)? )?(?:version|problem)\b"
    r"|\bI(?:['’]ll| will| can| have) (?:create|write|make|give|come)\b"
    r"|原(?:来的)?(?:题|问题)|上述问题",
    re.IGNORECASE,
)


def wording(path: Path) -> tuple[Way, ...]:
    r"""The ways of a file: a table `up` and a table `down`, each a name and a text with `{problem}` in it.

    Raises:
        DataUnreadable: it cannot be read.
        UsageError: it says no way, or one without `{problem}`.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as e:
        raise DataUnreadable(f"{path} cannot be read as TOML ({e})", "Check it.") from e
    directions: tuple[Direction, ...] = ("up", "down")
    ways = tuple(
        Way(str(name), direction, str(text))
        for direction in directions
        for name, text in tables.get(direction, {}).items()
    )
    if not ways or set(tables) - set(directions):
        raise UsageError(
            f"{path} has other tables than [up] and [down]",
            'Write [up] and below it NAME = "... {problem} ...".',
        )
    for way in ways:
        if "{problem}" not in way.wording or not _NAME.fullmatch(way.name):
            raise UsageError(
                f"{path}: {way.name!r} needs a name of small letters and a text with {{problem}} in it",
                "Mend it.",
            )
    return ways


def written(response: str) -> str:
    """The problem in a reply: between its tags, or all of a reply that has none."""
    text = visible(response) or ""
    tagged = _TAGGED.findall(text)
    if tagged:
        return str(tagged[-1]).strip()
    return "" if "<problem>" in text.lower() else _HEADING.sub("", text.strip()).strip()


def malformed(text: str) -> tuple[str, str]:
    """Why a text is no problem, and what shows it; two empty texts for a good one."""
    length = len(spelling.tokens(spelling.cleaned(text)))
    if not LEAST <= length <= MOST:
        return "no_problem", f"{length} tokens"
    for reason, pattern, words in _FAULTS:
        if found := pattern.search(text):
            return reason, f"{words}: {found.group().strip()}"
    asked = questions(text)
    if asked == 1:
        return "", ""
    return ("several_questions", f"{asked} questions") if asked else ("no_question", "nothing is asked")


_FAULTS = (
    ("answer_inside", _ANSWER, "it says"),
    ("names_parent", _PARENT, "it says"),
    ("no_question", _PROOF, "it asks for a proof"),
    ("several_questions", _PARTS, "it has a part"),
)


def questions(text: str) -> int:
    """The sentences that ask for something, as far as that can be told."""
    plain = re.sub(r"(?<=\$F\$)(?=[a-z])", ", ", _FORMULA.sub(_closed, text))
    plain = re.sub(r"(?<=\$F\$)\.?(?=[A-Z])", ". ", plain)
    sentences = [sentence.strip() for sentence in _SENTENCE.split(plain) if sentence.strip()]
    return sum(bool(re.search(r"[?？]", one) or _ASKS.search(one)) for one in sentences)


def _closed(formula: re.Match[str]) -> str:
    """What stands for a formula: the sign that ends a sentence is kept."""
    end = re.sub(r"(?:\$+|\\[\])]|\\end\{\w+\*?\})\Z", "", formula.group()).rstrip()[-1:]
    return f"$F${end}" if end in (".", "?") else "$F$"
