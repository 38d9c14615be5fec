"""Each command that the documentation shows is one that math500 understands as written."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from math500 import cli

ROOT = Path(__file__).parent.parent.parent
PAGES = sorted([*ROOT.glob("README*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")])
BLOCK = re.compile(r"^```(?:sh|console|bash)\n(.*?)^```", re.DOTALL | re.MULTILINE)
COMMAND = re.compile(r"^(?:\$ )?(?:[A-Z_0-9]+=\S* +)*(?:\S*/)?math500 (.+)$")


def shown() -> Iterator[tuple[str, list[str]]]:
    """Each command with the page it stands on; in a line of several joined by && each for itself."""
    for page in PAGES:
        for block in BLOCK.findall(page.read_text(encoding="utf-8")):
            for line in block.replace("\\\n", " ").splitlines():
                for part in re.split(r" (?:&&|\|) ", line):
                    if typed := COMMAND.match(part.strip()):
                        words = shlex.split(typed[1], comments=True)
                        if "..." not in words:
                            yield str(page.relative_to(ROOT)), words


SHOWN = sorted({(page, *words) for page, words in shown()})


def test_the_pages_are_read() -> None:
    assert len({page for page, *_ in SHOWN}) > 10
    assert len(SHOWN) > 70


@pytest.mark.parametrize("shown", SHOWN, ids=lambda shown: " ".join(shown)[:90])
def test_it_is_understood(shown: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """The name, every option, and every value that has a type; files and folders need not be there."""
    _, name, *arguments = shown
    for kind in (click.Path, click.File):
        monkeypatch.setattr(kind, "convert", lambda _self, value, *_: value)
    command: click.Command = cli.commands()[name]
    while isinstance(command, click.Group) and arguments and not arguments[0].startswith("-"):
        command = command.commands[arguments.pop(0)]
    command.make_context(name, arguments)
