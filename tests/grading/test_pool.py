"""The comparison processes: killed when late, replaced, usable from anywhere, gone with their parent."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import pytest

from math500.grading import pool

LATE = (r"9^{9^{9^9}}", "3")


@pytest.fixture
def small() -> Iterator[pool.Pool]:
    made = pool.Pool(size=1)
    yield made
    made.shutdown()


def test_a_late_comparison_is_killed_and_the_process_replaced(small: pool.Pool) -> None:
    small.ask("1", "1", 30)
    started = time.monotonic()
    with pytest.raises(pool.Fault, match=r"longer than 0\.5 s"):
        small.ask(*LATE, 0.5)
    assert time.monotonic() - started < 2
    assert small.ask("x+1", "1+x", 30)["same"] is True


def test_a_process_that_dies_is_a_fault_and_is_replaced(small: pool.Pool) -> None:
    small.ask("1", "1", 30)
    small._idle[0].process.kill()
    with pytest.raises(pool.Fault, match="died"):
        small.ask("1", "1", 30)
    assert small.ask("1", "1", 30)["same"] is True


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (r"\frac{\cos x}{\sin x}", r"\cot x", True),
        (r"\frac{\cos x}{\sin x}", r"\tan x", False),
        (r"\frac{x^3-1}{x-1}", "x^2+x+1", True),
        (r"\sum_{k=1}^n k", r"\frac{n(n+1)}{2}", True),
        (r"\sum_{k=1}^n k", r"\frac{n(n-1)}{2}", False),
    ],
)
def test_what_takes_a_simplification_is_compared_though_text_is_never_evaluated(
    small: pool.Pool, one: str, other: str, same: bool
) -> None:
    assert small.ask(one, other, 30)["same"] is same


def test_threads_share_the_processes(small: pool.Pool) -> None:
    with ThreadPoolExecutor(8) as threads:
        replies = list(threads.map(lambda i: small.ask(f"x+{i}", f"{i}+x", 30)["same"], range(24)))
    assert replies == [True] * 24
    assert len(small._idle) == 1


def test_asyncio_can_use_it(small: pool.Pool) -> None:
    async def several() -> list[pool.Reply]:
        return await asyncio.gather(*(asyncio.to_thread(small.ask, "a+b", "b+a", 30) for _ in range(4)))

    assert [reply["same"] for reply in asyncio.run(several())] == [True] * 4


def _in_a_process(_index: int) -> bool | None:
    same: bool | None = pool.ask("a+b", "b+a", 30)["same"]
    pool.shutdown()
    return same


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_other_process_pools_can_use_it(method: str) -> None:
    with ProcessPoolExecutor(1, mp_context=get_context(method)) as processes:
        assert list(processes.map(_in_a_process, range(2))) == [True, True]


def _script(code: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)


def test_a_daemonic_fork_starts_its_own_processes() -> None:
    code = (
        "import multiprocessing as mp\n"
        "from math500.grading import pool\n"
        "def child(q): q.put(pool.ask('a+b', 'b+a', 30)['same'])\n"
        "pool.ask('1', '1', 30)\n"
        "ctx = mp.get_context('fork'); q = ctx.Queue()\n"
        "p = ctx.Process(target=child, args=(q,), daemon=True); p.start()\n"
        "print(q.get(timeout=60)); p.join()\n"
        "print(pool.ask('a+b', 'b+a', 30)['same'])\n"
    )
    out, _ = _script(code).communicate(timeout=90)
    assert out.split() == ["True", "True"]


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return bool(status.stdout.strip()) and not status.stdout.strip().startswith("Z")


def _wait_until_gone(pid: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while _alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not _alive(pid)


def test_the_processes_end_with_the_interpreter() -> None:
    code = "from math500.grading import pool; pool.ask('1', '1', 30); print(pool._pool._idle[0].process.pid)"
    script = _script(code)
    pid = int(script.communicate(timeout=60)[0])
    assert script.returncode == 0
    assert _wait_until_gone(pid, 5)


@pytest.mark.parametrize("busy", [False, True])
def test_no_orphan_after_the_parent_is_killed(busy: bool) -> None:
    asks = f"pool.ask({LATE[0]!r}, {LATE[1]!r}, 2)" if busy else "time.sleep(60)"
    code = (
        "import time; from math500.grading import pool; pool.ask('1', '1', 30)\n"
        f"print(pool._pool._idle[0].process.pid, flush=True)\n{asks}\n"
    )
    script = _script(code)
    assert script.stdout is not None
    pid = int(script.stdout.readline())
    time.sleep(0.3)
    script.send_signal(signal.SIGKILL)
    script.wait()
    script.stdout.close()
    assert _wait_until_gone(pid, 10)


def test_shutdown_lets_waiting_threads_go_on(small: pool.Pool) -> None:
    small.ask("1", "1", 30)
    outcomes: list[str] = []

    def late() -> None:
        try:
            small.ask(*LATE, 20)
        except pool.Fault as fault:
            outcomes.append(str(fault))

    thread = threading.Thread(target=late)
    thread.start()
    time.sleep(0.3)
    small.shutdown()
    thread.join(10)
    assert outcomes == ["the comparison process died"]


def test_secrets_are_not_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", "secret")
    monkeypatch.setenv("HARMLESS", "yes")
    environment = pool._environment()
    assert "SOME_API_KEY" not in environment
    assert environment["HARMLESS"] == "yes"
