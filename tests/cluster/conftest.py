"""One Ray for all tests, in a process of its own; an endpoint; and runs of the command line."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent.parent
CLUSTER = """
import os, sys
from ray.cluster_utils import Cluster
room = {"object_store_memory": 128 * 2**20, "include_dashboard": False}
cluster, nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 2, **room}), []
print(cluster.address, flush=True)
for command in sys.stdin:
    if command == "add\\n":
        nodes.append(cluster.add_node(num_cpus=1, **room))
    else:
        cluster.remove_node(nodes.pop(), allow_graceful=False)
    print("done", flush=True)
cluster.shutdown()
"""
ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_health_check_period_ms": "500",  # a lost machine is lost after a second, and not after half a minute
    "RAY_health_check_failure_threshold": "2",
    "RAY_AUTH_MODE": "token",
    "RAY_AUTH_TOKEN": "0" * 64,
    "MATH500_API_KEY": "test-key-that-nobody-may-see",
}


def environment() -> dict[str, str]:
    paths = [str(ROOT), *(path for path in sys.path if path)]
    return os.environ | ENVIRONMENT | {"PYTHONPATH": os.pathsep.join(paths)}


class Cluster(NamedTuple):
    """A Ray of two CPUs, and of more machines on demand."""

    address: str
    process: subprocess.Popen[str]

    @property
    def pid(self) -> int:
        return self.process.pid

    def tell(self, command: str) -> None:
        """`add` a machine of one CPU, or `kill` the last one."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{command}\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "done\n"


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """One for all tests."""
    pytest.importorskip("ray")
    started = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", CLUSTER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment(),
    )
    assert started.stdin is not None
    assert started.stdout is not None
    yield Cluster(started.stdout.readline().strip(), started)
    started.stdin.close()
    started.wait()
    started.stdout.close()


class Served:
    """The endpoint, and what it was asked."""

    def __init__(self, url: str, log: Path) -> None:
        self.url = url
        self.log = log

    def asked(self) -> Counter[str]:
        return Counter(self.log.read_text().splitlines())


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """Starts an endpoint with the options of served.py."""
    with contextlib.ExitStack() as stack:

        def start(*options: str) -> Served:
            log = tmp_path / "asked.txt"
            command = [sys.executable, "-m", "tests.cluster.served", str(log), *options]
            process = stack.enter_context(
                subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment())
            )
            stack.callback(process.kill)
            assert process.stdout is not None
            return Served(process.stdout.readline().strip(), log)

        yield start


@pytest.fixture
def sums(tmp_path: Path) -> Path:
    """Forty invented problems."""
    rows = (
        {
            "problem": f"What is ${i} + {i + 1}$?",
            "answer": str(2 * i + 1),
            "solution": f"We add ${i}$ and ${i + 1}$. The sum is $\\boxed{{{2 * i + 1}}}$.",
            "unique_id": f"sum/{i}",
            "subject": "Algebra",
            "level": 1,
        }
        for i in range(40)
    )
    path = tmp_path / "sums.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def math500(*arguments: object, warnings: Sequence[str] = ("-W", "error")) -> subprocess.Popen[str]:
    """The command line in a process group of its own, where a warning is an error."""
    return subprocess.Popen(
        [sys.executable, *warnings, "-m", "math500", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment(),
        start_new_session=True,
        # Which a shell's background jobs ignore, and their children too.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - no lock is taken
    )


def done(process: subprocess.Popen[str]) -> str:
    """What a command that succeeded printed."""
    said = process.communicate()[0]
    assert process.returncode == 0, said
    return said


def lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.is_file() else 0


def wait_for(what: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    while not what():
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.02)


def workers_of(pid: int) -> list[int]:
    """The processes in which Ray's actors of a run live, of the Ray that a process started."""
    parents, actors = {}, []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            name, _, rest = path.read_text().partition("(")[2].rpartition(")")
            parents[int(path.parent.name)] = int(rest.split()[1])
            if name.startswith("ray::MapWorker"):
                actors.append(int(path.parent.name))
    return [actor for actor in actors if pid in _above(actor, parents)]


def _above(pid: int, parents: Mapping[int, int]) -> Iterator[int]:
    while pid in parents:
        pid = parents[pid]
        yield pid
