"""An OpenAI-compatible server that misbehaves on purpose.

In a test it runs on the test's own event loop, and a plan says what each request gets:

    async with FaultyServer(once(Act(status=503), then=answer)) as server:
        ...                                              # server.url, server.requests

For benchmarks it runs as a process of its own, with layers chosen by options:

    python tests/faulty_server.py --latency lognormal:0.5,8 --rpm 3000

It prints its base URL; GET /stats gives its counts, POST /reset clears them. Which fault a request gets
depends on the seed, the problem and how often that problem was asked, never on the order of arrival, so
two clients meet the same faults.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import math
import re
import socket
import struct
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Any, Self

PROBLEM = re.compile(rb"Problem (\d+)")
LENGTH = re.compile(rb"content-length:\s*(\d+)", re.IGNORECASE)
STREAM = re.compile(rb'"stream"\s*:\s*true')
FOREVER = 3600.0


@dataclass(frozen=True)
class Request:
    """One request, as it came."""

    number: int
    """1 for the first since the start."""
    problem: str
    """The number after `Problem` in the body, or the body's hash."""
    attempt: int
    """1 when this problem is asked for the first time."""
    path: str
    headers: Mapping[str, str]
    raw: bytes
    at: float

    @property
    def body(self) -> dict[str, Any]:
        """The JSON that was sent."""
        parsed: dict[str, Any] = json.loads(self.raw)
        return parsed


@dataclass(frozen=True)
class Act:
    """What the server does about a request."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    """Seconds before the first byte."""
    end: str = "whole"
    """`whole`, or how the reply breaks off: `reset` and `hang` before it, `cut`, `reset_mid` and
    `stall` in its middle."""
    label: str = "ok"
    """Under which it is counted."""
    pieces: Sequence[bytes] = ()
    """Sent one by one, chunked, instead of the body."""
    between: float = 0.0
    """Seconds between pieces."""


Plan = Callable[[Request], Act]
Layer = Callable[[Request], Act | None]


# -- what a request may get --------------------------------------------------------------------


def chat(text: str | None = "It is $\\boxed{4}$.", finish: str | None = "stop", **more: Any) -> bytes:
    """The body of an answer; `more` goes into the message."""
    message = {"role": "assistant", "content": text, **more}
    words = len((text or "").split())
    return json.dumps(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "model": "served-model",
            "choices": [{"index": 0, "finish_reason": finish, "message": message}],
            "usage": {"prompt_tokens": 7, "completion_tokens": words, "total_tokens": 7 + words},
        }
    ).encode()


def answer(request: Request) -> Act:
    """Everything is as it should be."""
    return Act(body=chat(f"The answer is $\\boxed{{{request.problem}}}$."))


def error(status: int, message: str = "no", code: str | None = None, **more: Any) -> Act:
    """An error as OpenAI writes it; `more` are Act's fields."""
    body = json.dumps({"error": {"message": message, "type": code, "param": None, "code": code}}).encode()
    return Act(status=status, body=body, label=more.pop("label", str(status)), **more)


def stream(*deltas: dict[str, Any], finish: str | None = "stop", done: bool = True, **more: Any) -> Act:
    """An event stream of these deltas, the finish reason, the usage."""
    choices: list[dict[str, Any]] = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    choices.append({"index": 0, "delta": {}, "finish_reason": finish})
    chunks: list[dict[str, Any]] = [{"id": "c", "model": "served-model", "choices": [one]} for one in choices]
    chunks.append({"id": "c", "choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": len(deltas)}})
    events = [b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks]
    return Act(
        pieces=(*events, b"data: [DONE]\n\n") if done else tuple(events),
        headers={"Content-Type": "text/event-stream"},
        **more,
    )


def once(*acts: Act | Plan, then: Plan = answer) -> Plan:
    """The first requests get these, in order; all later ones get the last."""

    def plan(request: Request) -> Act:
        act = acts[request.number - 1] if request.number <= len(acts) else then
        return act if isinstance(act, Act) else act(request)

    return plan


def always(act: Act) -> Plan:
    """Every request gets the same."""
    return lambda _: act


def layered(*layers: Layer, base: Plan = answer) -> Plan:
    """The first layer that has something to say decides; `base` answers what is left."""

    def plan(request: Request) -> Act:
        acts = (layer(request) for layer in layers)
        return next((act for act in acts if act is not None), None) or base(request)

    return plan


def chance(*what: object) -> float:
    """A number between 0 and 1 that depends on these only."""
    digest = hashlib.blake2b("|".join(map(str, what)).encode(), digest_size=7).digest()
    return (int.from_bytes(digest, "big") + 0.5) / (1 << 56)


# -- layers ------------------------------------------------------------------------------------


def quota_after(allowed: int) -> Layer:
    """The account is empty after so many requests."""
    return lambda request: (
        error(429, "You exceeded your current quota, please check your plan", "insufficient_quota")
        if request.number > allowed
        else None
    )


class Bucket:
    """A limit on requests a minute, kept as a token bucket, announced in headers.

    Args:
        per_minute: the limit.
        burst: how many may come at once; a second's worth by default.
        announce: send x-ratelimit-* with every answer.
    """

    def __init__(self, per_minute: float, burst: float = 0.0, announce: bool = True) -> None:
        self.per_second = per_minute / 60
        self.burst = burst or max(1.0, self.per_second)
        self.announce = announce
        self.left = self.burst
        self.at = time.monotonic()

    def __call__(self, _request: Request) -> Act | None:
        now = time.monotonic()
        self.left = min(self.burst, self.left + (now - self.at) * self.per_second)
        self.at = now
        if self.left >= 1:
            self.left -= 1
            return None
        wait = (1 - self.left) / self.per_second
        headers = {"Retry-After": str(max(1, math.ceil(wait))), **self.headers()}
        return error(429, "Rate limit reached for requests", "rate_limit_exceeded", headers=headers)

    def headers(self) -> dict[str, str]:
        """What is announced with every answer."""
        if not self.announce:
            return {}
        reset = (self.burst - self.left) / self.per_second
        return {
            "x-ratelimit-limit-requests": str(round(self.per_second * 60)),
            "x-ratelimit-remaining-requests": str(int(self.left)),
            "x-ratelimit-reset-requests": f"{reset * 1000:.0f}ms",
        }


class Slots:
    """At most so many at once; more get a status at once.

    Args:
        server: whose requests in flight are counted.
        at_once: the limit.
        status: what the others get; 0 lets them wait in line instead.
        retry_after: sent with it, in seconds; none when 0.
    """

    def __init__(self, server: FaultyServer, at_once: int, status: int = 429, retry_after: int = 1) -> None:
        self.server, self.at_once, self.status = server, at_once, status
        self.headers = {"Retry-After": str(retry_after)} if retry_after else {}

    def __call__(self, _request: Request) -> Act | None:
        if self.server.in_flight <= self.at_once:
            return None
        return error(
            self.status, "Too many concurrent requests", "overloaded", headers=self.headers, label="slots"
        )


class Outage:
    """Nothing works for a while, counted from the first request."""

    def __init__(self, start: float, seconds: float, act: Act) -> None:
        self.start, self.seconds, self.act = start, seconds, act
        self.first: float | None = None

    def __call__(self, request: Request) -> Act | None:
        self.first = request.at if self.first is None else self.first
        return self.act if self.start <= request.at - self.first < self.start + self.seconds else None


FAULTS: dict[str, Act] = {
    "429": error(429, "Rate limit reached", "rate_limit_exceeded", headers={"Retry-After": "1"}),
    "500": error(500, "The server had an error"),
    "502": Act(status=502, body=b"<html><h1>502 Bad Gateway</h1></html>", label="502"),
    "503": error(503, "Service unavailable"),
    "529": error(529, "Overloaded"),
    "reset": Act(end="reset", label="reset"),
    "reset_mid": Act(body=chat("half of it"), end="reset_mid", label="reset_mid"),
    "cut": Act(body=chat("half of it"), end="cut", label="cut"),
    "hang": Act(end="hang", label="hang"),
    "stall": Act(body=chat("half of it"), end="stall", label="stall"),
    "malformed": Act(body=chat("half of it")[:60], label="malformed"),
    "html": Act(body=b"<html>please log in</html>", label="html"),
    "no_choices": Act(body=b'{"choices": [], "usage": {}}', label="no_choices"),
    "null": Act(body=chat(None), label="null"),
    "filter": Act(body=chat("", "content_filter"), label="filter"),
}


def faults(rates: Mapping[str, float], seed: int = 1, first_only: bool = False) -> Layer:
    """Each fault comes up in its share of requests."""

    def layer(request: Request) -> Act | None:
        if first_only and request.attempt > 1:
            return None
        x = chance(seed, "fault", request.problem, request.attempt)
        for name, rate in rates.items():
            x -= rate
            if x < 0:
                return FAULTS[name]
        return None

    return layer


def latency(spec: str, seed: int = 1) -> Callable[[Request], float]:
    """Seconds an answer takes: `0.2`, or `lognormal:MEDIAN,P99`."""
    if not spec.startswith("lognormal:"):
        seconds = float(spec)
        return lambda _: seconds
    median, p99 = map(float, spec.removeprefix("lognormal:").split(","))
    sigma = math.log(p99 / median) / NormalDist().inv_cdf(0.99)

    def draw(request: Request) -> float:
        x = chance(seed, "latency", request.problem, request.attempt)
        return median * math.exp(sigma * NormalDist().inv_cdf(x))

    return draw


# -- the server --------------------------------------------------------------------------------


class FaultyServer:
    """Listens on loopback while the `async with` block lasts.

    Args:
        plan: what each request gets.
        keep: remember the requests; off where there are many.
        tls: serve HTTPS with this context.
        log: a file that gets a line for each request: time, problem, which try, what it gets.
    """

    def __init__(self, plan: Plan = answer, *, keep: bool = True, tls: Any = None, log: Any = None) -> None:
        self.plan, self.keep, self.tls, self.log = plan, keep, tls, log
        self.port = 0
        self.reset()

    def reset(self) -> None:
        """Forget the counts."""
        self.requests: list[Request] = []
        self.count = 0
        self.in_flight = 0
        self.most_in_flight = 0
        self.connections = 0
        self.labels: Counter[str] = Counter()
        self.attempts: Counter[str] = Counter()
        self.first = self.last = 0.0

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}/v1"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self, port: int = 0) -> None:
        """Listen; port 0 takes a free one."""
        loop = asyncio.get_running_loop()
        self.open: set[Connection] = set()
        self.listener = await loop.create_server(
            lambda: Connection(self), "127.0.0.1", port, backlog=4096, ssl=self.tls
        )
        self.port = self.listener.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the port and every connection."""
        self.listener.close()
        for connection in list(self.open):
            connection.abort()
        await self.listener.wait_closed()

    def stats(self) -> dict[str, Any]:
        """Counts since the start."""
        return {
            "requests": self.count,
            "labels": dict(self.labels),
            "problems": len(self.attempts),
            "most_in_flight": self.most_in_flight,
            "connections": self.connections,
            "first": self.first,
            "last": self.last,
        }

    def take(self, path: str, head: bytes, raw: bytes) -> Act:
        """Count a request and decide about it."""
        self.count += 1
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        self.first = self.first or time.time()
        found = PROBLEM.search(raw)
        problem = found[1].decode() if found else hashlib.blake2b(raw, digest_size=4).hexdigest()
        self.attempts[problem] += 1
        headers = dict(
            line.lower().split(": ", 1) for line in head.decode("latin-1").split("\r\n")[1:] if line
        )
        request = Request(self.count, problem, self.attempts[problem], path, headers, raw, time.monotonic())
        if self.keep:
            self.requests.append(request)
        act = self.plan(request)
        self.labels[act.label] += 1
        if self.log is not None:
            self.log.write(f"{time.time():.6f} {problem} {request.attempt} {act.label}\n")
            self.log.flush()
        return act

    def done(self) -> None:
        """A request has been dealt with."""
        self.in_flight -= 1
        self.last = time.time()


class Connection(asyncio.Protocol):
    """One client's connection: a request at a time, kept alive."""

    def __init__(self, server: FaultyServer) -> None:
        self.server = server
        self.buffer = b""
        self.task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.wire = transport
        self.server.connections += 1
        self.server.open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.server.open.discard(self)
        if self.task is not None:
            self.task.cancel()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self.buffer[:end]
        found = LENGTH.search(head)
        size = end + 4 + (int(found[1]) if found else 0)
        if len(self.buffer) < size:
            return
        raw, self.buffer = self.buffer[end + 4 : size], self.buffer[size:]
        self.handle(head, raw)

    def handle(self, head: bytes, raw: bytes) -> None:
        """Answer one request: at once where there is nothing to wait for."""
        path = head.split(b" ", 2)[1].decode()
        if path in ("/stats", "/reset"):
            self.manage(path)
            return
        act = self.server.take(path, head, raw)
        if act.delay <= 0 and act.end == "whole" and not act.pieces:
            self.wire.write(_http(act))
            self.server.done()
        else:
            self.task = asyncio.get_running_loop().create_task(self.slowly(act))

    def manage(self, path: str) -> None:
        """The two addresses for benchmarks."""
        body = json.dumps(self.server.stats()).encode()
        if path == "/reset":
            self.server.reset()
        self.wire.write(_http(Act(body=body)))

    async def slowly(self, act: Act) -> None:
        """Wait, then answer or break off."""
        try:
            await asyncio.sleep(FOREVER if act.end == "hang" else act.delay)
            if act.end == "reset":
                self.abort()
            elif act.pieces:
                await self.send_pieces(act)
            elif act.end == "whole":
                self.wire.write(_http(act))
            else:
                await self.send_half(act)
        finally:
            self.task = None
            self.server.done()

    async def send_half(self, act: Act) -> None:
        """Half of the body, then nothing good."""
        reply = _http(act)
        self.wire.write(reply[: len(reply) - len(act.body) // 2])
        await asyncio.sleep(FOREVER if act.end == "stall" else 0.02)
        if act.end == "cut":
            self.wire.close()
        else:
            self.abort()

    async def send_pieces(self, act: Act) -> None:
        """A chunked reply, piece by piece; a broken one ends after half of them."""
        whole = act.end == "whole"
        lines = "".join(f"{name}: {value}\r\n" for name, value in act.headers.items())
        self.wire.write(f"HTTP/1.1 {act.status} X\r\nTransfer-Encoding: chunked\r\n{lines}\r\n".encode())
        for piece in act.pieces if whole else act.pieces[: len(act.pieces) // 2]:
            self.wire.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            await asyncio.sleep(act.between)
        if whole:
            self.wire.write(b"0\r\n\r\n")
            return
        await asyncio.sleep(FOREVER if act.end == "stall" else 0.02)
        self.abort()

    def abort(self) -> None:
        """End the connection with a TCP reset."""
        sock = self.wire.get_extra_info("socket")
        if sock is not None and sock.fileno() >= 0:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.wire.abort()


def _http(act: Act) -> bytes:
    headers = {"Content-Type": "application/json", **act.headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {act.status} X\r\nContent-Length: {len(act.body)}\r\n{lines}\r\n".encode() + act.body


# -- as a process ------------------------------------------------------------------------------


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="An OpenAI-compatible server that misbehaves on purpose.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency", default="0", help="SECONDS or lognormal:MEDIAN,P99")
    parser.add_argument("--chars", type=int, default=2000, help="length of an answer")
    parser.add_argument("--slots", type=int, default=0, help="429 above so many at once")
    parser.add_argument("--rpm", type=float, default=0, help="requests a minute, as a token bucket")
    parser.add_argument("--silent-limits", action="store_true", help="no x-ratelimit-* headers")
    parser.add_argument("--quota-after", type=int, default=0)
    parser.add_argument("--outage", default="", help="START,SECONDS after the first request")
    parser.add_argument("--fault", action="append", default=[], help=f"NAME=RATE of {', '.join(FAULTS)}")
    parser.add_argument("--first-only", action="store_true", help="faults on a problem's first try only")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--log", type=argparse.FileType("w"), help="a line for each request")
    return parser.parse_args(arguments)


def _layers(server: FaultyServer, options: argparse.Namespace) -> tuple[list[Layer], Bucket | None]:
    layers: list[Layer] = []
    if options.quota_after:
        layers.append(quota_after(options.quota_after))
    if options.outage:
        start, seconds = map(float, options.outage.split(","))
        layers.append(Outage(start, seconds, error(503, "Service unavailable", label="outage")))
    bucket = Bucket(options.rpm, announce=not options.silent_limits) if options.rpm else None
    if bucket is not None:
        layers.append(bucket)
    if options.slots:
        layers.append(Slots(server, options.slots))
    if options.fault:
        rates = {name: float(rate) for name, rate in (one.split("=") for one in options.fault)}
        layers.append(faults(rates, options.seed, options.first_only))
    return layers, bucket


def _plan(server: FaultyServer, options: argparse.Namespace) -> Plan:
    layers, bucket = _layers(server, options)
    delay = latency(options.latency, options.seed)
    filler = "We check each step of the solution again. " * (options.chars // 42)

    def good(request: Request) -> Act:
        body = chat(f"{filler}The answer is $\\boxed{{{request.problem}}}$.")
        return Act(body=body, delay=delay(request), headers=bucket.headers() if bucket else {})

    return layered(*layers, base=good)


@asynccontextmanager
async def _running(options: argparse.Namespace) -> AsyncIterator[FaultyServer]:
    server = FaultyServer(keep=False, log=options.log)
    server.plan = _plan(server, options)
    await server.start(options.port)
    yield server
    await server.stop()


async def _serve(options: argparse.Namespace) -> None:
    async with _running(options) as server:
        sys.stdout.write(server.url + "\n")
        sys.stdout.flush()
        await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    try:
        asyncio.run(_serve(_options(None)))
    except KeyboardInterrupt:
        sys.exit(130)
