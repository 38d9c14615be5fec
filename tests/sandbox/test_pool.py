"""The sandbox as the rest of math500 sees it."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Iterator

import pytest

from math500.errors import SampleFailed
from math500.records import Execution
from math500.sandbox import Limits, Sandbox
from tests.sandbox.conftest import Run


@pytest.fixture(scope="module")
def sandbox(run: Run) -> Iterator[Sandbox]:
    made = Sandbox(Limits(seconds=30.0))
    run(made.__aenter__())
    yield made
    run(made.__aexit__())


async def blocks(sandbox: Sandbox, *code: str) -> list[Execution]:
    async with sandbox.session() as session:
        return [await session.run(block) for block in code]


@pytest.mark.parametrize(
    ("code", "output"),
    [
        ("print('a'); print('b')", "a\nb\n"),
        ("x = 3\nx + 1", "4\n"),
        ("x = 3", ""),
        ("None", ""),
        ("print('no newline', end='')", "no newline"),
        ("'√' + '答案'", "'√答案'\n"),
        ("from sympy import *\nx = symbols('x')\nsolve(x**2 - 4, x)", "[-2, 2]\n"),
        ("import os\nos.write(1, b'raw\\n')\nprint('then')", "raw\nthen\n"),
        ("import os\nos.write(1, b'\\xff')", "\ufffd1\n"),
        ("print(1)\nexit()\nprint(2)", "1\n"),
        ("import sys\nprint('e', file=sys.stderr)", "e\n"),
        ("class A:\n  def f(self): return 7\nA().f()", "7\n"),
        ("# nothing", ""),
        ("", ""),
    ],
)
def test_what_a_block_prints(code: str, output: str, sandbox: Sandbox, run: Run) -> None:
    (done,) = run(blocks(sandbox, code))
    assert (done.output, done.error, done.ended, done.cut) == (output, "", "", False)


def test_an_error_is_pythons_own_report_without_our_frames(sandbox: Sandbox, run: Run) -> None:
    first, second, third = run(
        blocks(sandbox, "def f(x):\n    return 1 / x", "print('before')\nf(0)", "print(f(2))")
    )
    assert first.error == ""
    assert second.output == "before\n"
    lines = second.error.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert [line for line in lines if line.startswith("  File")] == [
        '  File "<block 2>", line 2, in <module>',
        '  File "<block 1>", line 2, in f',
    ]
    assert "    return 1 / x" in lines
    assert lines[-1] == "ZeroDivisionError: division by zero"
    assert third.output == "0.5\n"


def test_code_that_does_not_parse(sandbox: Sandbox, run: Run) -> None:
    (done,) = run(blocks(sandbox, "for x in\n"))
    assert done.error.endswith("SyntaxError: invalid syntax")
    assert "session.py" not in done.error


def test_sessions_do_not_see_each_other(sandbox: Sandbox, run: Run) -> None:
    async def both() -> list[Execution]:
        async with sandbox.session() as one, sandbox.session() as other:
            await one.run("x = 1\nopen('mine', 'w').write('x')")
            return [await other.run("x"), await other.run("import os\nos.listdir()"), await one.run("x")]

    name, folder, own = run(both())
    assert name.error.endswith("NameError: name 'x' is not defined")
    assert folder.output == "[]\n"
    assert own.output == "1\n"


def test_blocks_run_side_by_side(run: Run) -> None:
    async def many() -> tuple[list[str], float]:
        started = time.monotonic()
        async with Sandbox(Limits(seconds=30.0), at_once=8) as sandbox:
            done = await asyncio.gather(
                *(blocks(sandbox, f"import time\ntime.sleep(0.5)\n{i}") for i in range(8))
            )
        return [d.output for (d,) in done], time.monotonic() - started

    outputs, seconds = run(many())
    assert outputs == [f"{i}\n" for i in range(8)]
    # One after the other they would sleep for four seconds; no bound is put on a loaded machine but that.
    assert seconds < 60


def test_a_late_block_loses_its_variables_and_the_next_one_runs(run: Run) -> None:
    async def late() -> list[Execution]:
        async with Sandbox(Limits(seconds=2.0)) as sandbox:
            return await blocks(sandbox, "x = 1\nprint('here')", "print('and')\nwhile True: pass", "x")

    _, ended, after = run(late())
    assert (ended.ended, ended.output) == ("time", "")
    assert "NameError" in after.error


def test_what_was_printed_before_the_end_is_kept(run: Run) -> None:
    async def late() -> list[Execution]:
        async with Sandbox(Limits(seconds=2.0)) as sandbox:
            return await blocks(sandbox, "print('seen', flush=True)\nwhile True: pass")

    (done,) = run(late())
    assert done.output == "seen\n"


def test_output_is_cut_and_says_so(run: Run) -> None:
    async def long() -> list[Execution]:
        async with Sandbox(Limits(seconds=30.0, output=100)) as sandbox:
            return await blocks(sandbox, "print('x' * 1000)", "1")

    done, after = run(long())
    assert (done.output, done.cut, done.ended) == ("x" * 100, True, "")
    assert (after.output, after.cut) == ("1\n", False)


def test_a_lost_server_is_our_failure_and_is_replaced(run: Run) -> None:
    async def lost() -> Execution:
        async with Sandbox(Limits(seconds=30.0)) as sandbox, sandbox.session() as session:
            await session.run("x = 1")
            assert sandbox._server is not None
            os.kill(sandbox._server._process.pid, signal.SIGKILL)
            with pytest.raises(SampleFailed, match="the sandbox's server was lost") as failed:
                await session.run("import time\ntime.sleep(20)")
            assert failed.value.kind == "sandbox"
            return await session.run("print('again')")

    assert run(lost()).output == "again\n"


def test_a_code_of_a_megabyte(sandbox: Sandbox, run: Run) -> None:
    (done,) = run(blocks(sandbox, "x = '" + "a" * (1 << 20) + "'\nlen(x)"))
    assert done.output == f"{1 << 20}\n"


def test_a_sandbox_that_is_left_has_closed_its_pipes(run: Run) -> None:
    """Otherwise a later collection complains of them, which is an error in some other test."""

    async def closed() -> list[bool]:
        async with Sandbox() as box, box.session() as session:
            await session.run("print(1)")
            assert box._server is not None
            transport = box._server._process._transport  # type: ignore[attr-defined]
        return [transport.is_closing(), transport.get_pipe_transport(1).is_closing()]

    assert run(closed()) == [True, True]
