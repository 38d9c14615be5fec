"""Which walls this machine can put round model-written code, found out by trying.

    namespaces   an own, empty file system with the few folders that Python needs, read-only, and a small
                 folder in memory to write to; no network; landlock, seccomp and limits on top
    landlock     the machine's file system, but only those few folders can be read and nothing can be
                 written; seccomp refuses sockets, processes and signals; limits on top
    none         limits on memory and time, and that is all

`landlock` is the least that is used without being asked for by name. What each leaves open:
docs/sandbox.md.
"""

from __future__ import annotations

import functools
import importlib.util
import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from math500.errors import SandboxUnavailable
from math500.records import Protection, Walls
from math500.sandbox.server import FOLDER

LIBRARIES = ("sympy", "mpmath", "numpy", "scipy")
"""What model-written code may import besides the standard library, where it is installed."""
PRELOADED = ("sympy", "mpmath", "numpy")
"""Those of them that are loaded before the first session."""
SYSTEM = ("/usr/lib", "/usr/lib64", "/lib", "/lib64")
"""Where shared libraries lie."""
PROBE_SECONDS = 30.0
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "HOME": FOLDER,
    "TMPDIR": FOLDER,
    "LANG": "C.UTF-8",
    "PYTHONHASHSEED": "0",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}
"""All that a session sees of an environment; no variable of the user's is passed on."""


def command(function: str, *arguments: str) -> list[str]:
    """The command line that runs a function of `server` in a clean Python."""
    home = str(Path(__file__).parents[2])
    boot = (
        f"import sys; sys.path.append({home!r}); from math500.sandbox import server; "
        f"sys.path.remove({home!r}); server.{function}()"
    )
    return [sys.executable, "-I", "-S", "-c", boot, *arguments]


@functools.cache
def protection() -> Protection:
    """The best walls that this machine offers, found out once by trying in a process of its own."""
    if not sys.platform.startswith("linux"):
        return Protection(walls="none", why=f"{sys.platform} has no walls that are known here")
    try:
        done = subprocess.run(  # noqa: S603 - our own Python with our own code
            command("probe"), env=ENVIRONMENT, capture_output=True, timeout=PROBE_SECONDS, check=True
        )
        found = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as e:
        return Protection(walls="none", why=f"the walls could not be tried: {e}")
    return _judged(found["namespaces"], found["landlock"], found["seccomp"])


def _judged(namespaces: str, landlock: int, seccomp: bool) -> Protection:
    """The best walls out of what was found; `namespaces` is empty when they can be made."""
    if not seccomp:
        return Protection(walls="none", landlock=landlock, why="no table of system calls for this machine")
    if not namespaces:
        return Protection(walls="namespaces", landlock=landlock, seccomp=True)
    why = f"namespaces cannot be made here ({namespaces})"
    if landlock:
        return Protection(walls="landlock", landlock=landlock, seccomp=True, why=why)
    return Protection(walls="none", seccomp=True, why=f"{why} and the kernel has no landlock")


def require(walls: Walls | None = None) -> Protection:
    """The walls to use: the best there are, or those asked for by name.

    Raises:
        SandboxUnavailable: the machine does not offer them; or it offers none, and `none` was not asked for;
            or it does not run Linux, where not even the limits of `none` are those that are promised.
    """
    if not sys.platform.startswith("linux"):
        raise SandboxUnavailable(
            f"model-written code is run on Linux only, and this is {sys.platform}",
            "Use a Linux container or virtual machine; solvers that run no code (--solver cot) run here.",
        )
    best = protection()
    if walls is None and best.walls == "none":
        raise SandboxUnavailable(
            f"model-written code would run without walls on this machine: {best.why}",
            "Run on Linux with user namespaces or landlock, or accept that with --sandbox none.",
        )
    order = ("none", "landlock", "namespaces")
    offered = order[: order.index(best.walls) + 1] if best.landlock else ("none", best.walls)
    if walls is not None and walls not in offered:
        raise SandboxUnavailable(
            f"--sandbox {walls} is not to be had on this machine: {best.why or 'the kernel has no landlock'}",
            f"It offers {' and '.join(w for w in offered)}.",
        )
    if walls is None or walls == best.walls:
        return best
    return Protection(walls=walls, landlock=best.landlock, seccomp=walls != "none", why="asked for by name")


def libraries() -> dict[str, tuple[str, ...]]:
    """The libraries that are installed, each with the folders that it needs."""
    return {name: folders for name in LIBRARIES if (folders := tuple(_folders(name)))}


def _folders(name: str) -> Iterator[str]:
    spec = importlib.util.find_spec(name)
    for place in (spec.submodule_search_locations or ()) if spec else ():
        yield place
        # Wheels keep their own shared libraries beside the package.
        beside = f"{place}.libs"
        if os.path.isdir(beside):  # noqa: PTH112
            yield beside


def readable() -> list[str]:
    """Files and folders that a session has to see: Python's own, shared libraries, the libraries."""
    config = sysconfig.get_config_vars()
    own = [sysconfig.get_path("stdlib"), str(config.get("DESTSHARED", "")), str(config.get("LIBDIR", ""))]
    wanted = [*own, *SYSTEM, *(folder for folders in libraries().values() for folder in folders)]
    there = sorted({os.path.realpath(p) for p in wanted if p and os.path.isdir(p)} | _as_named(wanted))  # noqa: PTH112
    return [p for p in there if not any(p.startswith(f"{other}/") for other in there)]


def _as_named(paths: list[str]) -> set[str]:
    """The folders under the names by which they will be asked for, which may be links."""
    return {p for p in paths if p and os.path.isdir(p)}  # noqa: PTH112


def search_path() -> list[str]:
    """The folders in which the libraries are found."""
    return sorted({str(Path(folders[0]).parent) for folders in libraries().values()})
