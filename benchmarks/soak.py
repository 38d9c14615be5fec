"""A long run against a server with every fault, killed at random moments: is anything lost or paid twice?

    python benchmarks/soak.py                     20 minutes, 2 % of each fault, three kills
    python benchmarks/soak.py --minutes 2 --kills 1

`math500 run` asks the faulty server, is killed with SIGKILL at random moments and resumed, until nothing is
owed.
Then the run folder and the server's log are held against each other. It ends with 1 unless

    every problem has exactly one accepted answer, and it is that problem's own
    no answer that was written was changed or lost by a later kill
    no problem was asked again after its answer was written
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from tests.faulty_server import FAULTS  # noqa: E402

SERVER = ROOT / "tests" / "faulty_server.py"
LATENCY = "lognormal:1.5,8"
A_SECOND = 5.0
"""Answers a second at AT_ONCE with that latency and those faults, roughly; sizes the problem set."""
AT_ONCE = 16
SLACK = 0.002
"""Seconds: the resolution of a sample's own times."""


@contextmanager
def serving(log: Path, rate: float, seed: int) -> Iterator[str]:
    """The server process; its base URL."""
    faults = [part for name in FAULTS for part in ("--fault", f"{name}={rate}")]
    command = [sys.executable, str(SERVER), "--latency", LATENCY, "--log", str(log), "--seed", str(seed)]
    with subprocess.Popen([*command, *faults], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.terminate()


def write_problems(path: Path, count: int) -> None:
    rows = (
        {"problem": f"Problem {i:05d}: what is it?", "answer": str(i), "unique_id": f"test/{i:05d}"}
        for i in range(count)
    )
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def command(folder: Path, problems: Path, url: str) -> list[str]:
    """What is run the first time, and every time after."""
    start = [sys.executable, "-m", "math500", "run"]
    timeouts = ("--timeout", "first-byte=12", "--timeout", "between-bytes=3")
    if (folder / "manifest.json").exists():
        return [*start, "--resume", str(folder), *timeouts]
    asked = ("--model", "m", "--base-url", url, "--data", str(problems), "--concurrency", str(AT_ONCE))
    return [*start, *asked, "--out", str(folder), *timeouts]


def written(folder: Path) -> list[dict[str, object]]:
    """The lines of samples.jsonl, a torn last one left out."""
    path = folder / "samples.jsonl"
    raw = path.read_bytes() if path.exists() else b""
    return [json.loads(line) for line in raw.splitlines(keepends=True) if line.endswith(b"\n")]


def check(folder: Path, log: Path, count: int, before_kills: list[dict[str, str]]) -> list[str]:
    """What is wrong; nothing when all is well."""
    accepted: dict[str, list[dict[str, object]]] = {}
    for sample in written(folder):
        if sample.get("failure") is None:
            accepted.setdefault(str(sample["unique_id"]), []).append(sample)
    wrong = [
        f"{name} has {len(lines)} accepted answers" for name, lines in accepted.items() if len(lines) != 1
    ]
    wrong += [f"{count - len(accepted)} problems have no answer"] * (len(accepted) != count)
    done: dict[str, float] = {}
    for name, lines in accepted.items():
        number = name.removeprefix("test/")
        if not str(lines[0]["response"]).endswith(f"$\\boxed{{{number}}}$."):
            wrong.append(f"{name} has the answer of another problem")
        started = datetime.fromisoformat(str(lines[0]["started"])).timestamp()
        done[number] = started + float(str(lines[0]["seconds"]))
    for kept in before_kills:
        now = {name: str(lines[0]["response"]) for name, lines in accepted.items()}
        wrong += [
            f"{name} was lost or changed by a kill" for name, text in kept.items() if now.get(name) != text
        ]
    for line in log.read_text().splitlines():
        at, number, attempt, _ = line.split()
        if number in done and float(at) > done[number] + SLACK:
            wrong.append(f"problem {number} was asked again (try {attempt}) after its answer was written")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--rate", type=float, default=0.02, help="of each fault")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="a folder for everything; a temporary one by default")
    options = parser.parse_args()
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory(prefix="math500-soak-") as temporary:
        place = options.keep or Path(temporary)
        place.mkdir(parents=True, exist_ok=True)
        folder, problems, log = place / "run", place / "problems.jsonl", place / "server.log"
        count = round(options.minutes * 60 * A_SECOND)
        write_problems(problems, count)
        moments = sorted(chance.uniform(0.02, 0.95) * options.minutes * 60 for _ in range(options.kills))
        started, before_kills, rounds = time.monotonic(), [], 0
        with serving(log, options.rate, options.seed) as url:
            while True:
                rounds += 1
                process = subprocess.Popen(
                    command(folder, problems, url),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                    text=True,
                )
                try:
                    left = moments[0] - (time.monotonic() - started) if moments else None
                    _, told = process.communicate(timeout=None if left is None else max(left, 0.5))
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.communicate()
                    moments.pop(0)
                    kept = {
                        str(s["unique_id"]): str(s["response"])
                        for s in written(folder)
                        if not s.get("failure")
                    }
                    before_kills.append(kept)
                    print(
                        f"{time.monotonic() - started:6.0f} s  killed with {len(kept)} answers written",
                        flush=True,
                    )
                    continue
                owed = count - len({s["unique_id"] for s in written(folder) if not s.get("failure")})
                print(
                    f"{time.monotonic() - started:6.0f} s  ended with {process.returncode}, {owed} owed",
                    flush=True,
                )
                if process.returncode != 0:
                    print(told[-2000:])
                if owed == 0 or rounds > 40:
                    break
        seconds = time.monotonic() - started
        lines = log.read_text().splitlines()
        labels = Counter(line.split()[3] for line in lines)
        failures = Counter(str(s["failure"]["kind"]) for s in written(folder) if s.get("failure"))  # type: ignore[index]
        wrong = check(folder, log, count, before_kills)
        memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        print(f"{count} problems in {seconds / 60:.1f} minutes, {len(before_kills)} kills, {rounds} starts")
        print(f"{len(lines)} requests: {dict(labels.most_common())}")
        print(f"given up and asked again on resume: {dict(failures)}")
        print(f"largest process: {memory:.0f} MB")
        print(
            "\n".join(wrong[:20])
            or "every problem has exactly one answer, none lost, none asked again after it"
        )
        return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
