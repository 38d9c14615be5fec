from __future__ import annotations

from pathlib import Path

import pytest

from math500.errors import DataUnreadable
from math500.rewards import problems


def test_only_what_was_trained_on_is_known(tmp_path: Path) -> None:
    assert problems.known(tmp_path, ["a"]) is None
    problems.write(tmp_path, ["b", "a", "b"])
    assert problems.known(tmp_path, ["a", "c"]) == 1
    (tmp_path / problems.PROBLEMS).write_bytes(b"{")
    with pytest.raises(DataUnreadable, match=r"problems\.json cannot be read"):
        problems.known(tmp_path, ["a"])
