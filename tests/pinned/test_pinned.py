"""The public rooms and the command line are what they were; a change of them is made on purpose.

    pytest tests/pinned --inline-snapshot=create,fix     writes the texts anew; the diff goes into the commit

docs/api.md says what may change when.
"""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
from inline_snapshot import external_file

from math500 import cli
from tests.pinned import api, commands

HERE = Path(__file__).parent


@pytest.mark.parametrize("room", api.ROOMS)
def test_what_a_public_room_offers(room: str) -> None:
    assert api.text_of(room) == external_file(HERE / "api" / f"{room}.txt")


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_what_a_command_takes(name: str) -> None:
    assert commands.text_of(name) == external_file(HERE / "commands" / f"{name}.txt")


def test_nothing_is_pinned_that_is_no_more() -> None:
    assert {path.stem for path in (HERE / "commands").iterdir()} == set(cli.COMMANDS)
    assert {path.stem for path in (HERE / "api").iterdir()} == set(api.ROOMS)


def test_the_promise_names_the_rooms() -> None:
    said = (HERE.parent.parent / "docs" / "api.md").read_text(encoding="utf-8")
    for room in api.ROOMS:
        importlib.import_module(room)
        assert f"| `{room}` |" in said
