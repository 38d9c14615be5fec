"""What running model-written code costs: cold start, a block in a warm session, a fresh session a block.

    python benchmarks/sandbox.py

Beside it, in turns, a Python process for each block, which is what most harnesses do. Processor time is that
of all processes below this one; unlike the rest it says the same on a busy machine, or nearly.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import time
from asyncio.subprocess import DEVNULL
from pathlib import Path

from math500.sandbox import Sandbox, protection

BLOCK = "from sympy import *\nx = symbols('x')\nprint(solve(x**2 - 5*x + 6, x))"
TURNS = 5


async def main() -> None:
    print(protection())
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    cold, warm, fresh, rate, used, process = [], [], [], [], [], []
    for _ in range(TURNS):
        started = time.perf_counter()
        async with Sandbox() as sandbox:
            async with sandbox.session() as session:
                await session.run("1")
            cold.append(time.perf_counter() - started)
            async with sandbox.session() as session:
                await session.run(BLOCK)
                warm += [await timed(session.run(BLOCK)) for _ in range(100)]

            async def one() -> None:
                async with sandbox.session() as session:
                    await session.run("print(1 + 1)")

            fresh += [await timed(one()) for _ in range(50)]
            started, before = time.perf_counter(), processor_seconds()
            await asyncio.gather(*(one() for _ in range(300)))
            rate.append(300 / (time.perf_counter() - started))
            used.append((processor_seconds() - before) / 300)
        started = time.perf_counter()
        await (await asyncio.create_subprocess_exec(sys.executable, "-c", BLOCK, stdout=DEVNULL)).wait()
        process.append(time.perf_counter() - started)
    rows = (
        ("cold start to the first result", cold, 1000, "ms"),
        ("a sympy block in a warm session", warm, 1000, "ms"),
        ("a fresh session and its first block", fresh, 1000, "ms"),
        ("fresh sessions, all at once", rate, 1, "a second"),
        ("processor time of one of these", used, 1000, "ms"),
        ("a Python process for the sympy block", process, 1000, "ms"),
    )
    for what, values, scale, unit in rows:
        low, middle, high = (scale * f(values) for f in (min, statistics.median, max))
        print(f"{what:40} median {middle:7.1f} {unit} ({low:.1f} to {high:.1f})")


def processor_seconds() -> float:
    """What this process, its living descendants and the ended ones that they waited for have used."""
    rows = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile
        rows[int(folder.name)] = (int(fields[1]), sum(map(int, fields[11:15])))

    def below(process: int) -> int:
        return rows[process][1] + sum(
            below(child) for child, (parent, _) in rows.items() if parent == process
        )

    return below(os.getpid()) / os.sysconf("SC_CLK_TCK")


async def timed(awaited: object) -> float:
    started = time.perf_counter()
    await awaited  # type: ignore[misc]
    return time.perf_counter() - started


if __name__ == "__main__":
    asyncio.run(main())
