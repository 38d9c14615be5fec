"""Ray as it is asked for, started on this machine or joined where it runs.

On this machine it is started with as many CPUs as there are workers, without its dashboard, without its
usage report, and with its own log lines in its own files. It ends with the process that started it.
"""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import os
import secrets
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from math500.errors import ClusterUnavailable, DependencyMissing, UsageError

ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_BACKEND_LOG_LEVEL": "fatal",
    "RAY_DATA_DISABLE_PROGRESS_BARS": "1",
    "RAY_worker_niceness": "0",  # Ray's own 15 starves workers beside any other program
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_DEDUP_LOGS_SKIP_REGEX": "^",  # what it says of lost nodes would go to standard output
    "RAY_ENABLE_AUTO_CONNECT": "0",  # a thread that still reads when Ray has ended would start another one
}
"""Set before Ray is imported; what the user has set stays."""
STORE = 256 * 2**20
"""Bytes of Ray's object store on this machine, at least: rows are small and soon gone."""
TRIES = 2
"""A busy machine may not start Ray within the half minute that Ray gives itself."""


@dataclass(frozen=True, kw_only=True)
class Ray:
    """How work is to be spread."""

    workers: int = 2
    address: str | None = None
    """Of a cluster that runs, such as `auto`; Ray is started on this machine where it is None."""

    @property
    def local(self) -> bool:
        """Whether Ray is this process's own."""
        return self.address is None


@contextlib.contextmanager
def joined(engine: Ray, store: int = STORE) -> Iterator[None]:
    """Ray, until the block ends.

    Args:
        engine: what was asked for.
        store: bytes of the object store, where Ray is started here.

    Raises:
        DependencyMissing: Ray is not installed.
        ClusterUnavailable: it cannot be started, or there is none at the address.
        UsageError: the cluster has fewer CPUs than workers were asked for.
    """
    if importlib.util.find_spec("ray") is None:
        raise DependencyMissing("--engine ray needs Ray", "Run `pip install 'math500[ray]'`.")
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    if engine.local and "RAY_AUTH_MODE" not in os.environ:
        # Nobody else on this machine can join, and no token is left in the user's home.
        os.environ.update(RAY_AUTH_MODE="token", RAY_AUTH_TOKEN=secrets.token_hex(32))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Ray's and its libraries' own, which nobody here can mend
        import ray  # noqa: PLC0415 - heavy, and an extra
        import ray.data  # noqa: PLC0415

        warnings.simplefilter("ignore")  # its import puts a filter of its own before that one
        before = signal.getsignal(signal.SIGTERM)
        try:
            _start(ray, engine, store)
            _quieten(ray)
            # As Ctrl-C: Ray's own handler ends this process and leaves its workers.
            _on_the_end(signal.default_int_handler)
            if not engine.local:
                _require_cpus(ray, engine.workers)
            yield
        finally:
            ray.shutdown()
            _on_the_end(before)


def _start(ray: Any, engine: Ray, store: int) -> None:  # noqa: ANN401 - a module without types
    own = {"num_cpus": engine.workers, "object_store_memory": store, "include_dashboard": False}
    # `local`, or Ray would join one that runs on this machine.
    where = {"address": "local", **own} if engine.local else {"address": engine.address}
    for left in reversed(range(TRIES if engine.local else 1)):
        try:
            with _hushed():
                ray.init(**where, log_to_driver=False, logging_level=logging.CRITICAL)
        except Exception as e:
            ray.shutdown()
            if not left:
                raise _not_there(engine, e) from e
        except SystemExit:  # what Ray makes of a SIGTERM while it starts
            raise KeyboardInterrupt from None
        else:
            return


@contextlib.contextmanager
def _hushed() -> Iterator[None]:
    """Without what Ray's own libraries, which know no Python, write into standard error as they start."""
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _not_there(engine: Ray, fault: Exception) -> ClusterUnavailable:
    said = " ".join(str(fault).split())[:200]
    if engine.local:
        return ClusterUnavailable(
            f"Ray could not be started here ({said})", "Try again, or leave --engine ray out."
        )
    return ClusterUnavailable(
        f"there is no Ray cluster at {engine.address} ({said})",
        "Check --ray-address with `ray status`, and the cluster's token, RAY_AUTH_TOKEN.",
    )


def _quieten(ray: Any) -> None:  # noqa: ANN401
    """Leave the terminal to the run: what matters of what Ray says comes as our own errors."""
    for name in ("ray", "ray.data"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    # What is lost is taken up by the next pass, which knows what was written.
    context.max_errored_blocks = -1
    # An answer may take longer than Ray's half hour: the client has its own limits.
    context.execution_no_progress_timeout_s = -1


def _on_the_end(handler: Any) -> None:  # noqa: ANN401 - what signal.getsignal gives
    """Handle SIGTERM so, where this thread may say it."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, handler or signal.SIG_DFL)


def _require_cpus(ray: Any, workers: int) -> None:  # noqa: ANN401
    there = int(ray.cluster_resources().get("CPU", 0))
    if there < workers:
        raise UsageError(
            f"{workers} workers take a CPU each, and the cluster has {there}", f"Use --workers {there}."
        )
