"""The endpoint client against the project's own faulty server, one line per scenario.

    python benchmarks/client.py                      all scenarios
    python benchmarks/client.py plain tail           some of them
    python benchmarks/client.py --lm-eval plain      lm-eval's own client beside it, in the same minute
    python benchmarks/client.py --inspect PYTHON     Inspect's, in the environment of that interpreter
    python benchmarks/client.py kill                 `math500 run` killed at 60 % and resumed

Server and client are processes of their own. 500 requests, 64 at once, 200 ms each where a scenario
says nothing else. `ratio` is the time from the first request to the last answer over the ideal time: the
same latencies on 64 workers that never wait.
"""

from __future__ import annotations

import argparse
import asyncio
import heapq
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SERVER = ROOT / "tests" / "faulty_server.py"
COUNT = 500
AT_ONCE = 64
SEED = 3
"""Of the latencies; with it the slowest of 500 takes 16 s."""


@dataclass(frozen=True)
class Scenario:
    """One line of the table."""

    name: str
    server: tuple[str, ...]
    goal: str
    ideal: Callable[[], float] | None = None
    """Seconds; None where time is not the point."""
    count: int = COUNT
    options: dict[str, Any] = field(default_factory=dict)
    """For Client."""


def scheduled(spec: str) -> float:
    """Seconds that the latencies take on AT_ONCE workers that never wait."""
    sys.path.insert(0, str(ROOT))
    from tests.faulty_server import Request, latency

    draw = latency(spec, SEED)
    free = [0.0] * AT_ONCE
    for i in range(COUNT):
        request = Request(i, f"{i:05d}", 1, "", {}, b"", 0.0)
        heapq.heappush(free, heapq.heappop(free) + draw(request))
    return max(free)


TAIL = "lognormal:0.5,8"
SCENARIOS = (
    Scenario("plain", ("--latency", "0.2"), "ratio <= 1.05", lambda: scheduled("0.2")),
    Scenario("tail", ("--latency", TAIL, "--seed", "3"), "ratio <= 1.02", lambda: scheduled(TAIL)),
    Scenario(
        "tail-hedged",
        ("--latency", TAIL, "--seed", "3"),
        "ratio <= 0.75",
        lambda: scheduled(TAIL),
        options={"hedge": True},
    ),
    Scenario(
        "rate",
        ("--latency", "0.2", "--rpm", "3000"),
        "ratio <= 1.05, <= 505 sent",
        lambda: (COUNT - 50) / 50 + 0.2,
    ),
    Scenario("rate-silent", ("--latency", "0.2", "--rpm", "3000", "--silent-limits"), "finishes"),
    Scenario("quota", ("--latency", "0.2", "--quota-after", "299"), "<= 363 sent, stops within 1 s"),
    Scenario("outage", ("--latency", "0.2", "--outage", "0.8,8"), "finishes, <= 600 sent", lambda: 9.6),
    Scenario(
        "malformed",
        ("--latency", "0.2", "--fault", "malformed=0.004", "--fault", "no_choices=0.004", "--first-only"),
        "finishes",
        lambda: scheduled("0.2"),
    ),
    Scenario(
        "slots", ("--latency", "0.2", "--slots", "16"), "<= 520 sent, 16 at once", lambda: COUNT / 16 * 0.2
    ),
    Scenario("errors", ("--latency", "0.2", "--fault", "500=0.2"), "finishes"),
    Scenario("instant", (), ">= 600 requests/s", count=10_000),
    Scenario("many", (), "memory as for 10,000", count=50_000),
)


@contextmanager
def serving(options: tuple[str, ...]) -> Iterator[str]:
    """A server process; its base URL."""
    command = [sys.executable, str(SERVER), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.terminate()


def stats(url: str) -> dict[str, Any]:
    """The server's counts."""
    with urllib.request.urlopen(url.removesuffix("/v1") + "/stats") as reply:
        counts: dict[str, Any] = json.load(reply)
    return counts


def run_ours(scenario: Scenario, url: str) -> dict[str, Any]:
    """Our client in a process of its own, on one core."""
    command = [
        sys.executable,
        __file__,
        "--worker",
        scenario.name,
        "--url",
        url,
        "--started",
        str(time.time()),
    ]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def worker(scenario: Scenario, url: str, started: float) -> dict[str, Any]:
    """What the process does: AT_ONCE workers take problem after problem."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    from math500.client import Client, Endpoint
    from math500.errors import ModelError, SampleFailed
    from math500.records import Decoding, Message

    counts: dict[str, Any] = {"answered": 0, "failed": 0, "stopped": ""}
    left = iter(range(scenario.count))
    first_stop = 0.0

    async def work(client: Client) -> None:
        nonlocal first_stop
        for i in left:
            try:
                await client.generate(
                    [Message(role="user", content=f"Problem {i:05d}: what is it?")], Decoding()
                )
                counts["answered"] += 1
            except SampleFailed:
                counts["failed"] += 1
            except ModelError as error:
                first_stop = first_stop or time.time()
                counts["stopped"] = str(error)
                return

    async def main() -> None:
        async with Client(Endpoint(url, "m"), concurrency=AT_ONCE, **scenario.options) as client:
            await asyncio.gather(*(work(client) for _ in range(AT_ONCE)))

    asyncio.run(main())
    used = resource.getrusage(resource.RUSAGE_SELF)
    processor = used.ru_utime + used.ru_stime
    return {
        **counts,
        "memory": used.ru_maxrss / 1024,
        "processor": processor,
        "ended": time.time(),
        "first_stop": first_stop,
        "started": started,
    }


def cells(scenario: Scenario, ours: dict[str, Any], server: dict[str, Any]) -> dict[str, str]:
    """One row of the table, by column."""
    seconds = server["last"] - server["first"]
    stopped = f"{ours['ended'] - ours['first_stop']:.2f} s" if ours["first_stop"] else ""
    return {
        "scenario": scenario.name,
        "ratio": _ratio(scenario, server),
        "sent": str(server["requests"]),
        "answered": str(ours["answered"]),
        "given up": str(ours["failed"]),
        "most at once": str(server["most_in_flight"]),
        "seconds": f"{seconds:.2f}",
        "sent/s": f"{server['requests'] / max(seconds, 1e-9):.0f}",
        "sent per processor second": f"{server['requests'] / ours['processor']:.0f}",
        "start to first": f"{server['first'] - ours['started']:.2f} s",
        "memory": f"{ours['memory']:.0f} MB",
        "stop to end": stopped,
        "goal": scenario.goal,
    }


def _ratio(scenario: Scenario, server: dict[str, Any]) -> str:
    if scenario.ideal is None:
        return "-"
    return f"{(server['last'] - server['first']) / scenario.ideal():.3f}"


def row(values: Iterable[str]) -> str:
    return f"| {' | '.join(values)} |"


LM_EVAL = """
import json, sys
from lm_eval.api.instance import Instance
from lm_eval.models.api_models import JsonChatStr
from lm_eval.models.openai_completions import LocalChatCompletion

url, at_once, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
model = LocalChatCompletion(
    model="m", base_url=url + "/chat/completions", num_concurrent=at_once, tokenized_requests=False
)


def asked(i):
    chat = [{"role": "user", "content": f"Problem {i:05d}: what is it?"}]
    return Instance("generate_until", {}, (JsonChatStr(json.dumps(chat)), {"until": []}), i)


model.generate_until([asked(i) for i in range(count)])
"""


INSPECT = """
import sys
from inspect_ai import Task, eval
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import get_model

url, at_once, count, logs = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
samples = [Sample(input=f"Problem {i:05d}: what is it?", target="x") for i in range(count)]
done = eval(
    Task(dataset=MemoryDataset(samples)),
    model=get_model("openai/m", base_url=url, api_key="x", responses_api=False),
    max_connections=at_once, max_samples=at_once, display="none", log_dir=logs, fail_on_error=False,
)
if done[0].status != "success":
    sys.exit(str(done[0].error and done[0].error.message))
"""
PEER_SECONDS = 150
"""After which a peer is stopped: one of them does not stop by itself."""


def peer_line(name: str, scenario: Scenario, command: list[str]) -> str:
    """Another client on the same kind of server, asked the same questions."""
    with serving(scenario.server) as url:
        started = time.time()
        process = subprocess.Popen(
            [
                *command,
                url,
                str(AT_ONCE),
                str(scenario.count),
                str(Path(tempfile.gettempdir()) / "math500-inspect-logs"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            _, told = process.communicate(timeout=PEER_SECONDS)
            last = told.strip().splitlines()[-1] if told.strip() else ""
            outcome = "finishes" if process.returncode == 0 else "dies: " + last[:80]
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            outcome = f"had not stopped after {PEER_SECONDS} s"
        server = stats(url)
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    first = f"{server['first'] - started:.2f} s to the first"
    good = server["labels"].get("ok", 0)
    shown = (_ratio(scenario, server), f"{server['requests']} sent", f"{good} answered by the server")
    return row([f"{scenario.name}, {name}", *shown, first, f"<= {memory:.0f} MB", outcome])


def kill_line() -> str:
    """`math500 run`, killed when 60 % are written, then resumed: what is sent again."""
    with serving(("--latency", "0.2")) as url, tempfile.TemporaryDirectory() as place:
        problems, folder = Path(place) / "problems.jsonl", Path(place) / "run"
        rows = ({"problem": f"Problem {i:05d}: what is it?", "answer": str(i)} for i in range(COUNT))
        problems.write_text("".join(json.dumps({**r, "unique_id": r["answer"]}) + "\n" for r in rows))
        asked = ["--model", "m", "--base-url", url, "--data", str(problems), "--concurrency", str(AT_ONCE)]
        run = [sys.executable, "-m", "math500", "run"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        process = subprocess.Popen([*run, *asked, "--out", str(folder)], **quiet)  # type: ignore[call-overload]
        samples = folder / "samples.jsonl"
        while not samples.exists() or samples.read_bytes().count(b"\n") < 0.6 * COUNT:
            time.sleep(0.005)
        process.kill()
        process.wait()
        written, sent = samples.read_bytes().count(b"\n"), stats(url)["requests"]
        subprocess.run([*run, "--resume", str(folder)], check=True, **quiet)
        again = stats(url)["requests"] - sent
        lines = samples.read_bytes().count(b"\n")
    owed = COUNT - written
    return row(
        [f"kill -9 with {written} written", f"{again} sent after it", f"{owed} owed", f"{lines} samples"]
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", help=", ".join(scenario.name for scenario in SCENARIOS))
    parser.add_argument("--lm-eval", action="store_true")
    parser.add_argument("--inspect", metavar="PYTHON", help="an interpreter that has inspect_ai and openai")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    parser.add_argument("--started", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args()
    by_name = {scenario.name: scenario for scenario in SCENARIOS}
    if options.worker:
        print(json.dumps(worker(by_name[options.worker], options.url, options.started)))
        return
    headed = False
    if "kill" in options.names or not options.names:
        print(kill_line(), flush=True)
        options.names = [name for name in options.names if name != "kill"]
        if not options.names and "kill" in sys.argv:
            return
    for scenario in [by_name[name] for name in options.names] or SCENARIOS:
        with serving(scenario.server) as url:
            ours = run_ours(scenario, url)
            shown = cells(scenario, ours, stats(url))
        if not headed:
            print(row(shown), row("---" for _ in shown), sep="\n")
            headed = True
        print(row(shown.values()), flush=True)
        if ours["stopped"]:
            print(row(["", ours["stopped"]]))
        if options.lm_eval:
            print(peer_line("lm-eval", scenario, [sys.executable, "-c", LM_EVAL]), flush=True)
        if options.inspect:
            print(peer_line("Inspect", scenario, [options.inspect, "-c", INSPECT]), flush=True)


if __name__ == "__main__":
    main()
