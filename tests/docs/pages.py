"""The pages of the documentation, and the lines that they show to be typed."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("README*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")])
TYPED = ("sh", "console", "bash")
"""Languages of the blocks that are there to be typed."""

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
_COMMAND = re.compile(r"^(?:[A-Z_0-9]+=\S* +)*(?:\S*/)?math500 (.+)$")


def name(page: Path) -> str:
    """`docs/gap.md`."""
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path) -> list[tuple[str, str]]:
    """A page's blocks: their language and what stands in them."""
    return _BLOCK.findall(page.read_text(encoding="utf-8"))


def lines(block: str) -> Iterator[str]:
    """The lines of a block without their comments; of several joined by && each for itself."""
    for line in block.replace("\\\n", " ").splitlines():
        for part in re.split(r" (?:&&|\|) ", re.sub(r"(^|\s+)# .*", "", line)):
            if typed := part.strip().removeprefix("$ "):
                yield typed


def words(line: str) -> list[str]:
    """A math500 command's words behind its name; empty where the line is no such command."""
    typed = _COMMAND.match(line)
    return shlex.split(typed[1]) if typed else []
