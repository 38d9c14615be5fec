"""What running model-written code costs: cold start, a block in a warm session, a fresh session a block.

    python benchmarks/sandbox.py

Beside it, in turns, a Python process for each block, which is what most harnesses do.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from asyncio.subprocess import DEVNULL

from math500.sandbox import Sandbox, protection

BLOCK = "from sympy import *\nx = symbols('x')\nprint(solve(x**2 - 5*x + 6, x))"
TURNS = 5


async def main() -> None:
    print(protection())
    cold, warm, fresh, rate, process = [], [], [], [], []
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
            started = time.perf_counter()
            await asyncio.gather(*(one() for _ in range(300)))
            rate.append(300 / (time.perf_counter() - started))
        started = time.perf_counter()
        await (await asyncio.create_subprocess_exec(sys.executable, "-c", BLOCK, stdout=DEVNULL)).wait()
        process.append(time.perf_counter() - started)
    rows = (
        ("cold start to the first result", cold, 1000, "ms"),
        ("a sympy block in a warm session", warm, 1000, "ms"),
        ("a fresh session and its first block", fresh, 1000, "ms"),
        ("fresh sessions, all at once", rate, 1, "a second"),
        ("a Python process for the sympy block", process, 1000, "ms"),
    )
    for what, values, scale, unit in rows:
        low, middle, high = (scale * f(values) for f in (min, statistics.median, max))
        print(f"{what:40} median {middle:7.1f} {unit} ({low:.1f} to {high:.1f})")


async def timed(awaited: object) -> float:
    started = time.perf_counter()
    await awaited  # type: ignore[misc]
    return time.perf_counter() - started


if __name__ == "__main__":
    asyncio.run(main())
