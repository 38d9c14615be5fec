"""Persistent comparison processes that can be killed.

A comparison that runs over its time is ended by killing its process and starting a new one; no signal is
used in the caller, so `ask` may be called from any thread, from `asyncio.to_thread`, and inside daemonic
worker processes of other pools. Processes start when they are first needed (a second for sympy's import) and
end with the interpreter. A forked copy of the caller forgets the parent's processes and starts its own.

    ask ── take an idle process or start one ── write request ── wait, at most `timeout` ── reply
                                                                    │
                                                    late or dead: kill, Fault(reason)
"""

from __future__ import annotations

import atexit
import json
import os
import selectors
import subprocess
import sys
import threading
import time
from typing import Any

START_LIMIT = 60.0
"""Seconds that a process may take to import sympy before it counts as broken."""

REUSE = 2000
"""Comparisons after which a process is replaced, since sympy's caches only grow."""

SECRET = ("KEY", "TOKEN", "SECRET", "PASSWORD")
"""Environment variables with these words in their names are not handed to a process that reads model text."""

Reply = dict[str, Any]


class Fault(Exception):
    """A comparison that was not answered; its text is the reason."""


class Worker:
    """One comparison process."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "math500.grading.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env=_environment(),
            process_group=0,
        )
        self.used = 0
        try:
            self._read(START_LIMIT, "the comparison process did not start")
        except BaseException:
            self.kill()
            raise

    def ask(self, candidate: str, answer: str, timeout: float, rule: str = "") -> Reply:
        """Send one comparison and wait for the reply; a worker that raises must be killed."""
        assert self.process.stdin is not None  # noqa: S101 - Popen was given a pipe
        self.used += 1
        request = {"candidate": candidate, "answer": answer, "timeout": timeout, "rule": rule}
        try:
            self.process.stdin.write(json.dumps(request).encode() + b"\n")
        except OSError as error:
            raise Fault("the comparison process died") from error
        return self._read(timeout, f"the symbolic comparison took longer than {timeout:g} s")

    def _read(self, timeout: float, late: str) -> Reply:
        """One line of the process, or a fault at the end of the time or of the process."""
        assert self.process.stdout is not None  # noqa: S101 - Popen was given a pipe
        deadline = time.monotonic() + timeout
        line = b""
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while not line.endswith(b"\n"):
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise Fault(late)
                if not (part := os.read(self.process.stdout.fileno(), 65536)):
                    raise Fault("the comparison process died")
                line += part
        reply: Reply = json.loads(line)
        return reply

    def kill(self) -> None:
        """End the process now and release its pipes."""
        self.process.kill()
        self.close()
        self.process.wait()

    def close(self) -> None:
        """Close this side of the pipes; an idle process ends by itself."""
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


class Pool:
    """At most `size` comparison processes, shared by all threads of this process.

    Args:
        size: the largest number of processes; by default the number of cores, at most eight.
    """

    def __init__(self, size: int | None = None) -> None:
        self.size = size or min(os.cpu_count() or 1, 8)
        self._idle: list[Worker] = []
        self._busy: set[Worker] = set()
        self._starting = 0
        self._changed = threading.Condition()

    def ask(self, candidate: str, answer: str, timeout: float, rule: str = "") -> Reply:
        """Compare in one of the processes: by our own last stage, or by a preset's rule (`presets.symbolic`).

        Raises:
            Fault: the comparison ran out of time or its process died; the process has been replaced.
        """
        worker = self._take()
        try:
            reply = worker.ask(candidate, answer, timeout, rule)
        except BaseException:
            self._drop(worker)
            raise
        if reply.get("replace") or worker.used >= REUSE:
            self._drop(worker)
        else:
            self._give(worker)
        return reply

    def _take(self) -> Worker:
        """An idle process; a new one while there are fewer than `size`; else wait for one."""
        with self._changed:
            while not self._idle and len(self._busy) + self._starting >= self.size:
                self._changed.wait()
            if self._idle:
                worker = self._idle.pop()
                self._busy.add(worker)
                return worker
            self._starting += 1
        try:
            worker = Worker()
        except OSError as error:
            raise Fault(f"no comparison process could be started: {error.strerror}") from error
        finally:
            with self._changed:
                self._starting -= 1
                self._changed.notify()
        with self._changed:
            self._busy.add(worker)
        return worker

    def _give(self, worker: Worker) -> None:
        with self._changed:
            self._busy.discard(worker)
            self._idle.append(worker)
            self._changed.notify()

    def _drop(self, worker: Worker) -> None:
        worker.kill()
        with self._changed:
            self._busy.discard(worker)
            self._changed.notify()

    def shutdown(self) -> None:
        """End the idle processes now; a busy one is killed, and its caller gets a fault."""
        with self._changed:
            idle, self._idle = self._idle, []
            busy = list(self._busy)
        for worker in idle:
            worker.kill()
        for worker in busy:
            worker.process.kill()

    def abandon(self) -> None:
        """Close what a fork copied; the processes belong to the parent and go on."""
        for worker in [*self._idle, *self._busy]:
            worker.close()
            worker.process.returncode = 0


def _environment() -> dict[str, str]:
    """The caller's environment without its secrets; its import path; and a fixed hash seed."""
    clean = {
        name: text for name, text in os.environ.items() if not any(word in name.upper() for word in SECRET)
    }
    path = os.pathsep.join(entry for entry in sys.path if entry)
    return {**clean, "PYTHONPATH": path, "PYTHONHASHSEED": "0"}


_pool = Pool()


def ask(candidate: str, answer: str, timeout: float, rule: str = "") -> Reply:
    """Compare in this process's pool; see `Pool.ask`."""
    return _pool.ask(candidate, answer, timeout, rule)


def shutdown() -> None:
    """End this process's comparison processes; the next comparison starts new ones."""
    _pool.shutdown()


def _after_fork() -> None:
    global _pool  # noqa: PLW0603 - the one place where the pool is replaced
    _pool.abandon()
    _pool = Pool()


atexit.register(shutdown)
os.register_at_fork(after_in_child=_after_fork)
