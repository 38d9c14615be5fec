"""Each command that the documentation shows is one that math500 understands as written."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest

from math500 import cli
from tests.docs import pages


def shown() -> Iterator[tuple[str, list[str]]]:
    """Each command with the page it stands on."""
    for page in pages.PAGES:
        for language, block in pages.blocks(page):
            for line in pages.lines(block) if language in pages.TYPED else ():
                words = pages.words(line)
                if words and "..." not in words:
                    yield pages.name(page), words


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
