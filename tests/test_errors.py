from __future__ import annotations

import re

import pytest

from math500 import errors
from math500.errors import Math500Error


def every(kind: type[Math500Error] = Math500Error) -> list[type[Math500Error]]:
    return [kind, *(below for child in kind.__subclasses__() for below in every(child))]


@pytest.mark.parametrize("kind", every()[1:])
def test_the_drawn_tree_is_the_real_one(kind: type[Math500Error]) -> None:
    assert errors.__doc__ is not None
    (line,) = (row for row in errors.__doc__.splitlines() if re.search(rf"── {kind.__name__}\b", row))
    drawn = re.search(r"── \w+ +(\d+|-)", line)
    if drawn and drawn[1] != "-":
        assert int(drawn[1]) == kind.exit_code
    depth = (line.index("──") + 1) // 4
    assert depth == len(kind.__mro__) - len(Math500Error.__mro__)


def test_what_happened_and_what_to_do_stand_on_one_line() -> None:
    assert str(errors.DataNotFound("x is missing.", "Fetch it.")) == "x is missing. Fetch it."
    assert str(errors.DataNotFound("x is missing")) == "x is missing."
