"""Run model-written Python where it can do no harm: in killable, cut-off processes that are warm.

    session.run(code) --pipe--> server --pipe--> one forked process a session, state kept between blocks

    pool.py      Sandbox and Session: what the rest of math500 calls
    walls.py     which protection this machine offers, and the minimum that is asked for
    server.py    the warm process: numpy and sympy loaded, a fork away from the next session
    session.py   inside a session: run one block after the other
    frames.py    the messages between the three
    kernel.py    the system calls: namespaces, mounts, landlock, limits
    seccomp.py   the system calls that a session may not make

Model-written code is taken for hostile. What a session says is text and nothing else: the server decides
by itself whether a block ended in time, and the pool reads its messages as bounded JSON.
What is protected and what is not: docs/sandbox.md.

`pool` is imported when it is first asked for, so that the server's process starts light.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from math500.sandbox.pool import Limits, Sandbox, Session
    from math500.sandbox.walls import protection, require

__all__ = ["Limits", "Sandbox", "Session", "protection", "require"]

_HOMES = {
    "Limits": "pool",
    "Sandbox": "pool",
    "Session": "pool",
    "protection": "walls",
    "require": "walls",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - each public name has its own type
    """Import a public name from its home when it is first asked for (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'math500.sandbox' has no attribute {name!r}")
    return getattr(importlib.import_module(f"math500.sandbox.{_HOMES[name]}"), name)
