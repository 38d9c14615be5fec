"""How long a person waits before anything happens: `--help`, and the first request of a run.

    python benchmarks/startup.py

Prints medians and the ratio of `math500 --help` to `python -c pass`. The first request is timed from
the start of the process to its arrival at a server on this machine, MATH-500 being in the cache.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

TRIES = 11
COMMAND = str(Path(sys.executable).with_name("math500"))


def seconds(command: list[str]) -> float:
    start = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - start


class Arrivals(BaseHTTPRequestHandler):
    """Notes when a request came and answers that the key is bad, which ends the run."""

    times: ClassVar[list[float]] = []

    def do_POST(self) -> None:
        self.times.append(time.monotonic())
        self.send_response(401)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def first_request(url: str) -> float:
    Arrivals.times.clear()
    with tempfile.TemporaryDirectory() as folder:
        start = time.monotonic()
        arguments = ["run", "--model", "m", "--base-url", url, "--out", f"{folder}/run", "--quiet"]
        subprocess.run([COMMAND, *arguments], check=False, capture_output=True)
    return Arrivals.times[0] - start


def main() -> None:
    nothing, helped = [], []
    for _ in range(TRIES):  # side by side, so that a busy moment hits both
        nothing.append(seconds([sys.executable, "-c", "pass"]))
        helped.append(seconds([COMMAND, "--help"]))
    ratios = [h / n for h, n in zip(helped, nothing, strict=True)]
    print(f"python -c pass     median {1000 * statistics.median(nothing):6.0f} ms")
    print(f"math500 --help     median {1000 * statistics.median(helped):6.0f} ms")
    print(
        f"ratio              median {statistics.median(ratios):6.2f}, {min(ratios):.2f} to {max(ratios):.2f}"
    )
    server = HTTPServer(("127.0.0.1", 0), Arrivals)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/v1"
    first_request(url)  # fetches MATH-500 if it is not in the cache
    waits = [first_request(url) for _ in range(TRIES)]
    median, most = 1000 * statistics.median(waits), 1000 * max(waits)
    print(f"first request      median {median:6.0f} ms, at most {most:.0f} ms")


if __name__ == "__main__":
    main()
