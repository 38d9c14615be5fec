"""The engine in its child process: llama.cpp through xllamacpp, serving one model on loopback.

    python -m math500.engine    reads Settings from stdin, writes Ready to stdout, serves until stdin
                                says a line or ends, or until its parent is gone

Every setting that could change an answer without being asked for is set in `parameters` and not left
to the engine; docs/decisions/embedded-model.md says why each has its value.
"""

from __future__ import annotations

import os
import select
import sys
import time
from pathlib import Path
from typing import Any

import msgspec

LOG_SECONDS = 1.0
"""How long the engine's own log is waited for before the process ends in an error."""
SAMPLERS = "penalties;dry;temperature;top_k;typ_p;top_p;min_p;xtc"
"""Temperature comes first, as in transformers and vLLM; llama.cpp's own order cuts with top_p before it."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What the child process is told: which model, and how much of the machine."""

    gguf: str
    served_name: str
    slots: int
    """Requests answered at the same time."""
    context: int
    """Tokens per slot, prompt and answer together."""
    threads: int


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """What the child process says once the model is loaded."""

    address: str
    system: str
    """The instruction sets and backends that llama.cpp was built with."""


def cores() -> int:
    """The physical cores that this process may use.

    The engine's threads meet several hundred times a token: with one thread more than there are cores,
    all of them wait each time for the one that has none.
    """
    if not hasattr(os, "sched_getaffinity"):
        return os.cpu_count() or 1
    siblings = {_siblings(cpu) for cpu in os.sched_getaffinity(0)}
    return max(1, min(len(siblings), _cpu_quota()))


def _siblings(cpu: int) -> str:
    """The hardware threads that share this one's core."""
    try:
        return Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list").read_text("ascii")
    except OSError:
        return str(cpu)


def _cpu_quota(file: Path = Path("/sys/fs/cgroup/cpu.max")) -> int:
    """Whole CPUs that the container may use (cgroup v2); many when there is no limit."""
    try:
        quota, period = file.read_text("ascii").split()
        return int(quota) // int(period)
    except (OSError, ValueError):
        return sys.maxsize


# -- parameters ------------------------------------------------------------------------------


def parameters(settings: Settings) -> Any:  # noqa: ANN401 - xllamacpp ships no types
    """The engine's parameters: an `xllamacpp.CommonParams`."""
    import xllamacpp  # noqa: PLC0415 - loads llama.cpp, which only the child needs

    params = xllamacpp.CommonParams()
    params.model.path = settings.gguf
    params.model_alias = {settings.served_name}
    params.cpuparams.n_threads = settings.threads
    params.cpuparams_batch.n_threads = settings.threads
    params.verbosity = 2  # warnings and errors
    params.warmup = False  # an empty run that delays the start and makes no later answer faster
    _set_server(params, settings)
    _set_memory(params, settings)
    _set_sampling(params.sampling, xllamacpp.common_params_sampling_config)
    return params


def _set_server(params: Any, settings: Settings) -> None:  # noqa: ANN401
    params.hostnames = ["127.0.0.1"]
    params.port = 0  # the system picks
    params.n_threads_http = settings.slots + 32  # an open connection holds a thread of the HTTP server
    params.cors_origins = ""  # no web page may read answers
    params.endpoint_slots = False  # would show prompts
    params.ui = False


def _set_memory(params: Any, settings: Settings) -> None:  # noqa: ANN401
    """A slot's context is its own, and no answer depends on what was asked before."""
    params.n_parallel = settings.slots
    params.n_ctx = settings.slots * settings.context
    params.kv_unified = False
    params.ctx_shift = False  # a full context ends the answer; nothing is dropped to go on
    params.fit_params = False  # would lower the context to fit the memory, and loads twice to find out
    params.cache_prompt = False
    params.n_cache_reuse = 0
    params.cache_ram_mib = 0
    params.slot_prompt_similarity = 0.0


def _set_sampling(sampling: Any, marks: Any) -> None:  # noqa: ANN401
    """Defaults under which a request gets the model's plain distribution unless it asks otherwise."""
    sampling.samplers = SAMPLERS
    sampling.temp = 1.0
    sampling.top_k = 0
    sampling.top_p = 1.0
    sampling.min_p = 0.0
    sampling.typ_p = 1.0
    sampling.xtc_probability = 0.0
    sampling.dry_multiplier = 0.0
    sampling.mirostat = 0
    sampling.penalty_repeat = 1.0
    sampling.penalty_freq = 0.0
    sampling.penalty_present = 0.0
    # Marked as the user's, so that `general.sampling.*` in a model file does not replace them.
    for name in vars(marks):
        if name.startswith("COMMON_PARAMS_SAMPLING_CONFIG_"):
            sampling.user_sampling_config |= int(getattr(marks, name))


# -- the process -----------------------------------------------------------------------------


def main() -> None:
    """Load, say where, and serve until the parent is gone."""
    settings = msgspec.json.decode(sys.stdin.buffer.readline(), type=Settings)
    parent = os.getppid()
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever the engine prints belongs in the log

    import xllamacpp  # noqa: PLC0415 - loads llama.cpp, which only the child needs

    try:
        server = xllamacpp.Server(parameters(settings))
    except Exception:
        # What is wrong with the file stands in the log alone, which a thread of the engine's writes later.
        time.sleep(LOG_SECONDS)
        raise
    ready = Ready(address=server.listening_address, system=xllamacpp.get_system_info().strip())
    answer.write(msgspec.json.encode(ready) + b"\n")
    answer.close()
    # No end of file comes if the parent is killed while a fork of it holds the pipe: hence the second look.
    while os.getppid() == parent and not select.select([sys.stdin.buffer], [], [], 1.0)[0]:
        pass
    os._exit(0)  # nothing to save, and a request in flight is not waited for


if __name__ == "__main__":
    main()
