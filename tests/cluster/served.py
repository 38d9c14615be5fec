"""An endpoint in a process of its own whose answer is decided by the prompt and the seed alone.

    python -m tests.cluster.served LOG [--seconds S] [--only N [--empty STATUS]] [--busy N]

It prints its base URL, and writes a line for each answer into LOG: the question's number and the seed. With
--only N every later request is refused as by an account that is empty, with --busy N each of the first N is
told to come back after a second.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import re
import sys
from pathlib import Path
from typing import TextIO

from tests.faulty_server import Act, FaultyServer, Plan, Request, chat, error

ASKED = re.compile(r"What is \$(\d+) \+ (\d+)\$")


def plan(log: TextIO, options: argparse.Namespace) -> Plan:
    answered = 0
    busy = options.busy

    def answer(request: Request) -> Act:
        nonlocal answered, busy
        if busy:
            busy -= 1
            return error(429, "Slow down.", headers={"Retry-After": "1"})
        if options.only is not None and answered >= options.only:
            return error(options.empty, "You exceeded your current quota.", "insufficient_quota")
        answered += 1
        body = request.body
        a, b = map(int, ASKED.findall(body["messages"][-1]["content"])[-1])
        log.write(f"{a} {body.get('seed')}\n")
        log.flush()
        luck = hashlib.sha256(f"{a} {b} {body.get('seed')}".encode()).digest()
        said = a + b if luck[0] % 3 else a + b + luck[1]
        text = f"We add the two numbers {luck.hex()}.\n\nThe answer is $\\boxed{{{said}}}$."
        return Act(body=chat(text), delay=options.seconds * (0.5 + luck[2] / 255))

    return answer


async def serve(options: argparse.Namespace) -> None:
    with options.log.open("a") as log:
        async with FaultyServer(plan(log, options), keep=False) as server:
            sys.stdout.write(f"{server.url}\n")
            sys.stdout.flush()
            await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("log", type=Path)
    parser.add_argument("--seconds", type=float, default=0.0)
    parser.add_argument("--only", type=int)
    parser.add_argument("--empty", type=int, default=429)
    parser.add_argument("--busy", type=int, default=0)
    asyncio.run(serve(parser.parse_args()))
