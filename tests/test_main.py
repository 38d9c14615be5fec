"""How `math500` starts: Ctrl-C before the command line is there ends in one line too."""

from __future__ import annotations

import subprocess
import sys

import pytest

CTRL_C = """
import sys
class CtrlC:
    def find_spec(self, name, path, target=None):
        if name == sys.argv[1]:
            raise KeyboardInterrupt
sys.meta_path.insert(0, CtrlC())
from math500.__main__ import main
main()
"""
"""Starts `math500`, and is interrupted while it imports a module."""


@pytest.mark.parametrize("during", ["math500.cli", "click", "math500.errors"])
def test_ctrl_c_while_python_imports_is_one_line(during: str) -> None:
    command = [sys.executable, "-c", CTRL_C, during]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "math500: stopped\n")


def test_next_to_nothing_is_imported_before_ctrl_c_is_waited_for() -> None:
    code = "import sys; before = set(sys.modules); import math500.__main__; print(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) <= {"__future__", "math500", "math500.__main__"}
