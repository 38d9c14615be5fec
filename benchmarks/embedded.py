"""How near the embedded model's endpoint comes to what the engine can do on this machine.

    python benchmarks/embedded.py ceiling  --slots 1 2 4 8 16 32
    python benchmarks/embedded.py variants --slots 16
    python benchmarks/embedded.py busy     --slots 16

`ceiling` compares three ways to ask the same questions of the same engine with the same parameters:

    engine   `Server.handle_chat_completions` from as many threads as there are slots, in its own process
    http     `embedded.serve`, and one bare keep-alive connection per slot
    client   `embedded.serve`, and math500's own client

`variants` runs `engine` with one parameter changed at a time. `busy` runs `engine` and `client` while
other processes compute, with several waiting policies of the OpenMP library.

Each trial is a process of its own. The arms of a round take turns, and the ratio is taken within the
round: on a machine that others use too, only the ratios mean something.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import queue
import resource
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

from math500 import embedded, engine
from math500.client import Client, resolve
from math500.records import Decoding, Message

CONTEXT = 1024
Counts = tuple[int, int]
"""Prompt and completion tokens."""

VARIANTS: dict[str, dict[str, Any]] = {
    "ours": {},
    "flash attention off": {"flash_attn_type": "LLAMA_FLASH_ATTN_TYPE_DISABLED"},
    "flash attention on": {"flash_attn_type": "LLAMA_FLASH_ATTN_TYPE_ENABLED"},
    "n_ubatch 128": {"n_ubatch": 128},
    "n_batch 256": {"n_batch": 256, "n_ubatch": 256},
    "n_batch 64": {"n_batch": 64, "n_ubatch": 64},
    "kv f32": {"cache_type_k": "GGML_TYPE_F32", "cache_type_v": "GGML_TYPE_F32"},
    "kv q8_0": {"cache_type_k": "GGML_TYPE_Q8_0", "cache_type_v": "GGML_TYPE_Q8_0"},
    "one pool of kv": {"kv_unified": True},
    "no repacking": {"no_extra_bufts": True},
    "llama.cpp's samplers": {
        "sampling.samplers": "penalties;dry;top_n_sigma;top_k;typ_p;top_p;min_p;xtc;temperature",
        "sampling.top_k": 40,
    },
    "prompt cache": {"cache_prompt": True, "cache_ram_mib": 8192, "slot_prompt_similarity": 0.1},
}
WAITING: dict[str, dict[str, str]] = {
    "ours": {},
    "the library's own": {"GOMP_SPINCOUNT": "300000"},
    "spin 1,000": {"GOMP_SPINCOUNT": "1000"},
    "spin 30,000": {"GOMP_SPINCOUNT": "30000"},
}


def question(number: int) -> str:
    """An invented problem whose answer is long."""
    return (
        f"Tom has {number + 3} apples and buys {2 * number + 5} boxes with {number + 2} apples in each. "
        "Explain step by step how many apples he has in the end, then write a long story about them."
    )


# -- one trial, in a process of its own ------------------------------------------------------


def trial(spec: dict[str, Any]) -> dict[str, float]:
    """Answer `requests` questions and say how fast it went."""
    return {"engine": in_engine, "http": over_http, "client": with_client}[spec["arm"]](spec)


def in_engine(spec: dict[str, Any]) -> dict[str, float]:
    import xllamacpp

    path = embedded.own_model()
    settings = engine.Settings(
        gguf=str(path), served_name="m", slots=spec["slots"], context=CONTEXT, threads=engine.cores()
    )
    params = engine.parameters(settings)
    for name, value in spec.get("change", {}).items():
        change(params, name, value)
    server = xllamacpp.Server(params)
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    counts: list[Counts] = []
    for number in range(spec["requests"]):
        waiting.put(number)

    def work() -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                usage = server.handle_chat_completions(body(waiting.get_nowait(), spec))["usage"]
                counts.append((usage["prompt_tokens"], usage["completion_tokens"]))

    started = time.perf_counter()
    threads = [threading.Thread(target=work) for _ in range(spec["slots"])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return rate(counts, started, resource.RUSAGE_SELF)


def change(params: Any, name: str, value: object) -> None:  # noqa: ANN401 - xllamacpp ships no types
    """Set one parameter, by its dotted name; the names of the engine's enumerations are looked up."""
    import xllamacpp

    *path, last = name.split(".")
    for part in path:
        params = getattr(params, part)
    if isinstance(value, str) and value.startswith("GGML_TYPE"):
        value = getattr(xllamacpp.ggml_type, value)
    elif isinstance(value, str) and value.startswith("LLAMA_FLASH"):
        value = getattr(xllamacpp.llama_flash_attn_type, value)
    setattr(params, last, value)


def body(number: int, spec: dict[str, Any]) -> dict[str, Any]:
    return {
        "messages": [{"role": "user", "content": question(number)}],
        "max_tokens": spec["max_tokens"],
        "temperature": spec["temperature"],
        "seed": number,
    }


def over_http(spec: dict[str, Any]) -> dict[str, float]:
    async def work(address: str, waiting: list[int], counts: list[Counts]) -> None:
        host, port = address.removeprefix("http://").removesuffix("/v1").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        while waiting:
            data = json.dumps(body(waiting.pop(0), spec)).encode()
            head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
            writer.write(f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data)
            headers = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            length = int(headers.split("content-length:")[1].split("\r\n")[0])
            usage = json.loads(await reader.readexactly(length))["usage"]
            counts.append((usage["prompt_tokens"], usage["completion_tokens"]))
        writer.close()

    async def run(address: str) -> list[Counts]:
        waiting, counts = list(range(spec["requests"])), list[Counts]()
        await asyncio.gather(*(work(address, waiting, counts) for _ in range(spec["slots"])))
        return counts

    return served(spec, run)


def with_client(spec: dict[str, Any]) -> dict[str, float]:
    async def run(address: str) -> list[Counts]:
        decoding = Decoding(temperature=spec["temperature"], max_tokens=spec["max_tokens"], seed=0)
        endpoint = resolve("m", address, {})
        async with Client(endpoint, concurrency=spec["slots"]) as client:
            questions = [[Message(role="user", content=question(i))] for i in range(spec["requests"])]
            answers = await asyncio.gather(*(client.generate(q, decoding) for q in questions))
        return [(a.prompt_tokens or 0, a.completion_tokens or 0) for a in answers]

    return served(spec, run)


def served(spec: dict[str, Any], run: Callable[[str], Coroutine[Any, Any, list[Counts]]]) -> dict[str, float]:
    with embedded.serve(slots=spec["slots"], context=CONTEXT) as model:
        started = time.perf_counter()
        counts = asyncio.run(run(model.base_url))
        figures = rate(counts, started)
    return figures | {"rss_mb": peak(resource.RUSAGE_CHILDREN)}


def rate(counts: list[Counts], started: float, who: int | None = None) -> dict[str, float]:
    seconds = time.perf_counter() - started
    figures = {
        "generated": sum(c for _, c in counts) / seconds,
        "processed": sum(p + c for p, c in counts) / seconds,
        "requests": len(counts),
    }
    return figures if who is None else figures | {"rss_mb": peak(who)}


def peak(who: int) -> float:
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(who).ru_maxrss / unit


# -- many trials -----------------------------------------------------------------------------


def measure(spec: dict[str, Any], environ: dict[str, str]) -> dict[str, float]:
    """One trial; the engine waits as it does under `embedded.serve` unless `environ` says otherwise."""
    command = [sys.executable, __file__, "trial", json.dumps(spec)]
    environ = embedded.WAITING | os.environ | environ
    done = subprocess.run(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def compare(arms: dict[str, tuple[dict[str, Any], dict[str, str]]], base: str, rounds: int) -> None:
    """Print each arm's median rate and its median ratio to `base` of the same round."""
    rates: dict[str, list[float]] = {name: [] for name in arms}
    memory: dict[str, float] = dict.fromkeys(arms, 0.0)
    order = list(arms)
    for number in range(rounds):
        for name in order if number % 2 == 0 else reversed(order):
            figures = measure(*arms[name])
            rates[name].append(figures["generated"])
            memory[name] = max(memory[name], figures["rss_mb"])
    for name, seen in rates.items():
        ratios = [mine / theirs for mine, theirs in zip(seen, rates[base], strict=True)]
        print(
            f"  {name:24} {statistics.median(seen):7.1f} tokens/s"
            f"   {statistics.median(ratios):5.2f} of {base} ({min(ratios):.2f} to {max(ratios):.2f})"
            f"   {memory[name]:6.0f} MB",
            flush=True,
        )


@contextlib.contextmanager
def load(processes: int) -> Iterator[None]:
    """Other processes that compute all the time."""
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(processes)]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["ceiling", "variants", "busy", "trial"])
    parser.add_argument("spec", nargs="?", help=argparse.SUPPRESS)
    parser.add_argument("--slots", type=int, nargs="+", default=[16])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--waves", type=int, default=3, help="requests per slot")
    parser.add_argument("--max-tokens", type=int, default=96)
    parser.add_argument("--temperature", type=float, default=0.0)
    parser.add_argument("--beside", type=int, nargs="+", default=[0, 1, 2], help="busy processes")
    parser.add_argument("--only", nargs="+", help="of the variants")
    options = parser.parse_args()
    if options.what == "trial":
        print(json.dumps(trial(json.loads(options.spec))))
        return
    print(f"{Path(__file__).name} {options.what}: {engine.cores()} cores, {options.rounds} rounds")
    for slots in options.slots:
        spec = {
            "slots": slots,
            "requests": max(4, options.waves * slots),
            "max_tokens": options.max_tokens,
            "temperature": options.temperature,
        }
        print(f"{slots} slots, {spec['requests']} requests of up to {options.max_tokens} tokens")
        run(options, spec)


def run(options: argparse.Namespace, spec: dict[str, Any]) -> None:
    if options.what == "ceiling":
        arms: dict[str, Any] = {arm: (spec | {"arm": arm}, {}) for arm in ("engine", "http", "client")}
        compare(arms, "engine", options.rounds)
    elif options.what == "variants":
        wanted = {name: VARIANTS[name] for name in ["ours", *(options.only or list(VARIANTS)[1:])]}
        arms = {name: (spec | {"arm": "engine", "change": made}, {}) for name, made in wanted.items()}
        compare(arms, "ours", options.rounds)
    else:
        for processes in options.beside:
            print(f" beside {processes} busy processes")
            with load(processes):
                arms = {name: (spec | {"arm": "client"}, environ) for name, environ in WAITING.items()}
                compare(arms, "ours", options.rounds)


if __name__ == "__main__":
    main()
