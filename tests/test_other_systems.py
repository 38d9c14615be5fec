"""What is there on Linux only, taken away: math500 still starts, grades, and says what it cannot do."""

from __future__ import annotations

import os
import resource
import subprocess
import sys

import pytest

from math500 import cli
from math500.grading import worker
from math500.synth import decontaminate

LINUX_ONLY = """
import asyncio, importlib, os, pkgutil, resource, signal, sys, urllib.request
for module, names in (
    (os, ("sched_getaffinity", "sched_setaffinity", "memfd_create", "pidfd_open", "unshare", "eventfd")),
    (resource, ("RLIMIT_MSGQUEUE", "RLIMIT_NICE", "RLIMIT_RTPRIO", "RLIMIT_SIGPENDING", "prlimit")),
    (signal, ("pidfd_send_signal", "SIGRTMIN", "SIGRTMAX")),
):
    for name in names:
        if hasattr(module, name):
            delattr(module, name)
sys.platform = "darwin"
import math500
"""
# The rooms of lm-eval and of the trainers import libraries that were built for the system they are on.
EVERY_ROOM = """
for found in pkgutil.walk_packages(math500.__path__, "math500."):
    if not found.name.startswith(("math500.__main__", "math500.lmeval.", "math500.train.")):
        try:
            importlib.import_module(found.name)
        except ModuleNotFoundError as e:
            assert not e.name.startswith("math500"), e
print("all")
"""
GRADE = r"""
print(*(math500.grade(rf"It is $\boxed{{{x}}}$.", "0.5").verdict for x in (r"\frac{1}{2}", r"\sqrt{x}")))
"""


def _without_linux(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", LINUX_ONLY + code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return done.stdout.strip()


def test_every_room_is_imported() -> None:
    assert _without_linux(EVERY_ROOM) == "all"


def test_an_answer_is_graded() -> None:
    assert _without_linux(GRADE) == "correct wrong"


def test_a_limit_on_memory_that_the_system_refuses_is_gone_without_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise ValueError("current limit exceeds maximum limit")

    monkeypatch.setattr(resource, "setrlimit", refuse)
    with pytest.raises(ValueError, match="current limit"):
        worker.limit_memory(1 << 30)
    monkeypatch.setattr(sys, "platform", "darwin")
    worker.limit_memory(1 << 30)


def test_processors_are_counted_where_nobody_says_which_are_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3}, raising=False)
    assert decontaminate._cores() == 1
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert decontaminate._cores() == 6


def test_windows_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(os, "name", "nt")
        with pytest.raises(SystemExit) as ended:
            cli.main()
    assert "Linux or macOS is needed" in str(ended.value.code)
