from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from math500.errors import SandboxUnavailable
from math500.records import Protection, Walls
from math500.sandbox import seccomp, walls


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> list[Protection]:
    """The machine offers what is first in the list."""
    offered: list[Protection] = []
    monkeypatch.setattr(walls, "protection", lambda: offered[0])
    return offered


BEST = Protection(walls="namespaces", landlock=5, seccomp=True)
MIDDLE = Protection(walls="landlock", landlock=5, seccomp=True, why="no namespaces")
NOTHING = Protection(walls="none", why="no Linux")


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (("", 7, True), "namespaces"),
        (("", 0, True), "namespaces"),
        (("not permitted", 3, True), "landlock"),
        (("not permitted", 0, True), "none"),
        (("", 7, False), "none"),
    ],
)
def test_the_best_walls_out_of_what_is_there(found: tuple[str, int, bool], expected: str) -> None:
    judged = walls._judged(*found)
    assert judged.walls == expected
    assert bool(judged.why) == (expected != "namespaces")


def test_nothing_is_used_only_when_it_is_asked_for_by_name(machine: list[Protection]) -> None:
    machine.append(NOTHING)
    with pytest.raises(SandboxUnavailable, match="no Linux.*--sandbox none"):
        walls.require()
    with pytest.raises(SandboxUnavailable, match="--sandbox namespaces is not to be had"):
        walls.require("namespaces")
    assert walls.require("none").walls == "none"


def test_weaker_walls_can_be_asked_for(machine: list[Protection]) -> None:
    machine.append(BEST)
    assert walls.require() == BEST
    assert walls.require("landlock").walls == "landlock"
    machine[0] = MIDDLE
    assert walls.require() == MIDDLE
    with pytest.raises(SandboxUnavailable, match="It offers none and landlock"):
        walls.require("namespaces")


def test_no_variable_of_the_user_is_passed_on() -> None:
    assert set(walls.ENVIRONMENT) & {"OPENAI_API_KEY", "PYTHONPATH", "LD_PRELOAD"} == set()


def test_what_can_be_read_is_there_and_holds_no_home() -> None:
    paths = walls.readable()
    assert all(Path(p).is_dir() for p in paths)
    assert str(Path.home()) not in paths
    assert "/" not in paths
    assert not [p for p in paths if p.startswith(("/etc", "/proc", "/var"))]


@pytest.mark.parametrize("machine", list(seccomp.MACHINES))
def test_the_filter_jumps_to_places_that_exist(machine: str) -> None:
    code = seccomp.program(machine, 42)
    lines = [code[i : i + 8] for i in range(0, len(code), 8)]
    assert len(lines) < 4096  # BPF_MAXINSNS
    for here, line in enumerate(lines):
        if line[0] & 7 == 5:
            assert here + 1 + max(line[2], line[3]) < len(lines)
    assert lines[-1][0] == 6


def test_the_servers_process_starts_without_the_rest_of_math500() -> None:
    code = (
        "import sys; from math500.sandbox import server; "
        "print(*[m for m in sys.modules if m.startswith(('math500', 'asyncio', 'msgspec'))])"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert set(loaded.split()) == {
        "math500",
        "math500.sandbox",
        *(f"math500.sandbox.{name}" for name in ("frames", "kernel", "seccomp", "server", "session")),
    }


@pytest.mark.parametrize("asked", [None, "none", "landlock", "namespaces"])
def test_no_code_is_run_where_its_limits_were_never_tried(
    asked: Walls | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(
        SandboxUnavailable, match=r"on Linux only, and this is darwin.*solvers that run no code"
    ):
        walls.require(asked)
    assert walls.protection.__wrapped__().walls == "none"
