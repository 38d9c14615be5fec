"""The embedded model: settings, errors and the child's life without a model; then the model itself.

The child's life is tested with a stand-in for xllamacpp, put before the real one on PYTHONPATH.
"""

from __future__ import annotations

import asyncio
import http.server
import json
import math
import os
import signal
import struct
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from math500 import embedded, engine
from math500.client import Client, resolve
from math500.embedded import Served
from math500.engine import Settings
from math500.errors import (
    DataNotFound,
    DataUnreadable,
    DependencyMissing,
    Math500Error,
    ModelError,
    RequestRejected,
    SampleFailed,
    UsageError,
)
from math500.records import Decoding, Message, ModelInfo

SETTINGS = Settings(gguf="/models/small.gguf", served_name="small", slots=3, context=512, threads=1)
EVERYDAY = "math500.embedded"


# -- numbers ---------------------------------------------------------------------------------


@given(st.integers(1, 100_000))
def test_the_context_has_room_for_the_answer_and_a_usual_prompt(max_tokens: int) -> None:
    context = embedded.context_for(max_tokens)
    assert context % 256 == 0
    assert max_tokens + embedded.PROMPT_ROOM <= context < max_tokens + embedded.PROMPT_ROOM + 256


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"slots": 0}, "1 to 256 requests"),
        ({"slots": 257}, "at most 256"),
        ({"slots": 1, "threads": 0}, "0 computing threads"),
        ({"slots": 1, "threads": 10_000}, "10000 computing threads"),
        ({"slots": 1, "context": 512, "max_tokens": 512}, "--max-tokens below 512"),
    ],
)
def test_impossible_numbers_are_a_mistake_of_the_user(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said), embedded.serve(**asked):
        pass


# -- what cannot be served -------------------------------------------------------------------


def test_a_missing_engine_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{EVERYDAY}.importlib.util.find_spec", lambda _: None)
    with pytest.raises(DependencyMissing, match=r"pip install 'math500\[local\]'"), embedded.serve(slots=1):
        pass


def _string(text: str) -> bytes:
    return struct.pack("<Q", len(text)) + text.encode()


def _gguf(architecture: str) -> bytes:
    """A GGUF file with a name, an architecture and no tensors."""
    keys = {"general.architecture": architecture, "general.name": "made up"}
    pairs = b"".join(_string(key) + struct.pack("<I", 8) + _string(value) for key, value in keys.items())
    return b"GGUF" + struct.pack("<IQQ", 3, 0, len(keys)) + pairs


@pytest.mark.parametrize(
    ("content", "error", "said"),
    [
        (None, DataNotFound, "there is no model file"),
        (b"", DataUnreadable, "no GGUF file"),
        (b"PK\x03\x04 a zip", DataUnreadable, "no GGUF file"),
        (b"GGUF", DataUnreadable, "cut off or damaged"),
        (_gguf("llama")[:40], DataUnreadable, "cut off or damaged"),
        (_gguf("perceptron"), ModelError, "unknown model architecture"),
    ],
)
def test_a_file_that_is_no_model(
    content: bytes | None,
    error: type[Math500Error],
    said: str,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "mine.gguf"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(error, match=said) as caught, embedded.serve(slots=1, gguf=file):
        pass
    assert "mine.gguf" in str(caught.value)
    assert caught.value.next_step
    assert capfd.readouterr() == ("", "")


def test_a_folder_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(DataUnreadable, match="cannot be read"), embedded.serve(slots=1, gguf=tmp_path):
        pass


@pytest.mark.parametrize(
    ("said", "code", "error", "next_step"),
    [
        ("llama_kv_cache: failed to allocate buffer for kv cache", 1, ModelError, "Lower --concurrency"),
        (
            "ggml_backend_cpu_buffer_type_alloc_buffer: failed to allocate buffer of size 9",
            1,
            ModelError,
            "Lower",
        ),
        ("", -9, ModelError, "Lower --concurrency"),
        ("ImportError: libgomp.so.1: cannot open shared object file", 1, DependencyMissing, "libgomp1"),
        ("ImportError: symbol not found", 1, DependencyMissing, "Reinstall"),
        ("srv start: couldn't bind HTTP server socket, hostname: 127.0.0.1", 1, ModelError, "Check"),
        (
            "tensor 'x' data is not within the file bounds, model is corrupted or incomplete",
            1,
            DataUnreadable,
            "Copy",
        ),
        ("", 1, ModelError, "Check"),
    ],
)
def test_why_it_was_not_loaded(said: str, code: int, error: type[Math500Error], next_step: str) -> None:
    found = embedded._load_error(SETTINGS, said, code)
    assert type(found) is error
    assert next_step in found.next_step


LOG = """\
0.00.061.038 W srv          init: security: no API key is set
0.00.041.581 E llama_model_load: error loading model: the first cause
0.00.041.604 E cmn  common_init_: failed to load model
0.00.041.700 E srv  and so on
0.00.041.800 W srv  goodbye
"""


@pytest.mark.parametrize(
    ("log", "tail"),
    [
        (
            LOG,
            "llama_model_load: error loading model: the first cause; cmn  common_init_: failed to load model",
        ),
        ("0.1 W one\n\n0.2 W two\n", "0.2 W two"),
        ("x\nTraceback (most recent call last):\nImportError: no\n", "ImportError: no"),
        ("", ""),
    ],
)
def test_the_engine_s_last_words(log: str, tail: str) -> None:
    with tempfile.TemporaryFile() as file:
        file.write(log.encode())
        file.flush()
        assert embedded._tail(file) == tail


@pytest.mark.parametrize("template", [True, False])
def test_a_file_without_a_chat_template_is_told(template: bool, tmp_path: Path) -> None:
    file = tmp_path / "m.gguf"
    file.write_bytes(_gguf("llama") + (_string("tokenizer.chat_template") if template else b""))
    assert embedded._has_chat_template(file) is template


# -- the child's life ------------------------------------------------------------------------

STAND_IN = """
import os, sys, time

class Any:
    def __getattr__(self, name):
        value = 0 if name == "user_sampling_config" else Any()
        setattr(self, name, value)
        return value

class common_params_sampling_config: pass
CommonParams = Any

class Server:
    listening_address = "http://127.0.0.1:1"
    def __init__(self, params):
        print("noise on stdout", flush=True)
        os.write(1, b"more noise\\n")
        {on_load}

def get_system_info():
    return "a stand-in"
"""


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts a stand-in for the engine in its place; `on_load` is what it does when it loads a model."""

    def put(on_load: str = "pass") -> None:
        (tmp_path / "xllamacpp.py").write_text(STAND_IN.format(on_load=on_load))
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    return put


@pytest.fixture
def log() -> Iterator[IO[bytes]]:
    with tempfile.TemporaryFile() as file:
        yield file


def _gone(pid: int, within: float = 10.0) -> bool:
    """Whether the process ends within so many seconds (a zombie has ended)."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        state = subprocess.run(
            ["ps", "-o", "stat=", "-p", str(pid)], check=False, capture_output=True, text=True
        ).stdout
        if not state.strip() or state.startswith("Z"):
            return True
        time.sleep(0.02)
    return False


def test_the_child_says_where_it_listens_and_its_noise_goes_to_the_log(
    stand_in: Callable[[str], None], log: IO[bytes], capfd: pytest.CaptureFixture[str]
) -> None:
    stand_in("pass")
    child = embedded._start(SETTINGS, log)
    ready = embedded._wait_until_loaded(child, SETTINGS, log)
    started = time.monotonic()
    embedded._stop(child)
    assert time.monotonic() - started < embedded._STOP_SECONDS
    assert child.returncode == 0
    assert (ready.address, ready.system) == ("http://127.0.0.1:1", "a stand-in")
    assert embedded._tail(log) == "more noise"
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("on_load", "said"),
    [
        ("os.abort()", "could not load"),
        ("os.kill(os.getpid(), 9)", "not enough memory"),
        ("raise MemoryError('std::bad_alloc')", "not enough memory"),
        ("raise ImportError('libgomp.so.1: no such file')", "libgomp"),
    ],
)
def test_a_child_that_dies_while_loading(
    on_load: str, said: str, stand_in: Callable[[str], None], tmp_path: Path
) -> None:
    stand_in(on_load)
    (tmp_path / "m.gguf").write_bytes(_gguf("llama"))
    with pytest.raises(Math500Error, match=said), embedded.serve(slots=1, gguf=tmp_path / "m.gguf"):
        pass


def test_a_load_that_never_ends(
    stand_in: Callable[[str], None], log: IO[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in("time.sleep(60)")
    monkeypatch.setattr(embedded, "_LOAD_SECONDS", 0.1)
    monkeypatch.setattr(embedded, "_STOP_SECONDS", 0.1)
    child = embedded._start(SETTINGS, log)
    with pytest.raises(ModelError, match="was not loaded within"):
        embedded._wait_until_loaded(child, SETTINGS, log)
    embedded._stop(child)
    assert child.returncode == -signal.SIGKILL


def test_a_child_that_does_not_stop_is_killed(
    stand_in: Callable[[str], None], log: IO[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in("pass")
    monkeypatch.setattr(embedded, "_STOP_SECONDS", 0.1)
    child = embedded._start(SETTINGS, log)
    embedded._wait_until_loaded(child, SETTINGS, log)
    child.send_signal(signal.SIGSTOP)
    embedded._stop(child)
    assert child.returncode == -signal.SIGKILL


PARENT = """
    import os, signal, sys, tempfile, time
    from math500 import embedded, engine
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell starts with `&` is not to hear it
    log = tempfile.TemporaryFile()
    settings = engine.Settings(gguf="m", served_name="m", slots=1, context=256, threads=1)
    child = embedded._start(settings, log)
    embedded._wait_until_loaded(child, settings, log)
    {then}
    print(child.pid, flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize(
    "then", ["pass", "if os.fork() == 0: time.sleep(15); os._exit(0)"], ids=["", "forked"]
)
def test_no_orphan_is_left(how: signal.Signals, then: str, stand_in: Callable[[str], None]) -> None:
    stand_in("pass")
    script = textwrap.dedent(PARENT).format(then=then)
    parent = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert parent.stdout is not None
    with parent.stdout:
        child = int(parent.stdout.readline())
    parent.send_signal(how)
    parent.wait()
    try:
        assert _gone(child)
    finally:
        os.killpg(parent.pid, signal.SIGKILL) if "fork" in then else None


def test_a_fork_of_the_parent_does_not_keep_the_child(stand_in: Callable[[str], None]) -> None:
    stand_in("pass")
    then = "if os.fork() == 0: time.sleep(15); os._exit(0)"
    script = (
        textwrap.dedent(PARENT)
        .format(then=then)
        .replace("print(child.pid", "embedded._stop(child); print(child.returncode")
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert parent.stdout is not None
    with parent.stdout:
        assert parent.stdout.readline() == b"0\n"
    os.killpg(parent.pid, signal.SIGKILL)
    parent.wait()


def test_a_ctrl_c_at_the_terminal_does_not_reach_the_child(
    stand_in: Callable[[str], None], log: IO[bytes]
) -> None:
    stand_in("pass")
    child = embedded._start(SETTINGS, log)
    assert os.getpgid(child.pid) != os.getpgid(0)
    embedded._stop(child)


# -- what it answers about itself ------------------------------------------------------------


class Engine(http.server.BaseHTTPRequestHandler):
    """Answers like the engine: a token per character, and refuses an empty prompt."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        count = sum(len(m["content"]) for m in asked["messages"])
        answer = {"input_tokens": count} if count else {"error": {"message": "nothing asked"}}
        self.send_response(200 if count else 400)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def served() -> Iterator[Served]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Engine) as server:
        threading.Thread(target=server.serve_forever).start()
        base_url = f"http://127.0.0.1:{server.server_address[1]}/v1"
        yield Served(
            base_url=base_url,
            info=ModelInfo(name="embedded", served_name="m", base_url=base_url),
            context=100,
        )
        server.shutdown()


def _user(text: str) -> list[Message]:
    return [Message(role="user", content=text)]


def test_the_longest_prompt_must_fit(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    served.require_room([], 100)
    served.require_room([_user("x" * 10), _user("x" * 60)], 40)
    with pytest.raises(UsageError, match=r"prompt of 60 tokens .* context of 100 .* --max-tokens to 40"):
        served.require_room([_user("x" * 10), _user("x" * 60)], 41)


def test_an_engine_that_refuses_or_is_gone(served: Served) -> None:
    with pytest.raises(ModelError, match="nothing asked"):
        served.prompt_tokens(_user(""))
    with pytest.raises(ModelError, match="does not answer"):
        embedded._ask("http://127.0.0.1:9", "/props")


# -- the model itself ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def model() -> Iterator[Served]:
    with embedded.serve(slots=2, context=512) as served:
        yield served


def _chat(model: Served, question: str, **fields: object) -> dict[str, Any]:
    body = {"messages": [{"role": "user", "content": question}], **fields}
    return embedded._ask(model.base_url, "/v1/chat/completions", body)


def _text(answer: dict[str, Any]) -> str:
    return str(answer["choices"][0]["message"]["content"])


@pytest.mark.real_model
def test_it_answers(model: Served) -> None:
    answer = _chat(model, "What is 2+3?", max_tokens=32, temperature=0)
    assert "5" in _text(answer)
    assert answer["choices"][0]["finish_reason"] == "stop"
    assert answer["model"] == model.info.served_name == "SmolLM2-135M-Instruct.Q4_1-as-Q8_0"


@pytest.mark.real_model
def test_it_says_what_it_is(model: Served) -> None:
    detail = model.info.detail
    assert model.info.name == "embedded"
    assert (detail["made_from_sha256"], detail["quantization"]) == (embedded.MEMBER.sha256, "Q8_0")
    assert str(detail["engine"]).startswith("llama.cpp (xllamacpp 20")
    assert (detail["slots"], detail["context"], detail["trained_context"]) == (2, 512, 8192)
    assert detail["threads"] == engine.cores()
    assert detail["chat_template"] == "the file's own"


@pytest.mark.real_model
def test_usage_and_the_token_limit(model: Served) -> None:
    answer = _chat(model, "Tell a long story.", max_tokens=9, temperature=0)
    assert answer["choices"][0]["finish_reason"] == "length"
    assert answer["usage"]["completion_tokens"] == 9
    assert answer["usage"]["prompt_tokens"] == model.prompt_tokens(_user("Tell a long story."))


@pytest.mark.real_model
def test_no_system_message_means_the_template_s_own(model: Served) -> None:
    def seen(*messages: dict[str, str]) -> str:
        return str(embedded._ask(model.base_url, "/apply-template", {"messages": messages})["prompt"])

    user = {"role": "user", "content": "1+1?"}
    rest = "<|im_start|>user\n1+1?<|im_end|>\n<|im_start|>assistant\n"
    own = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"
    assert seen(user) == f"<|im_start|>system\n{own}<|im_end|>\n{rest}"
    assert (
        seen({"role": "system", "content": "Be brief."}, user)
        == f"<|im_start|>system\nBe brief.<|im_end|>\n{rest}"
    )
    assert seen({"role": "system", "content": ""}, user) == f"<|im_start|>system\n<|im_end|>\n{rest}"


@pytest.mark.real_model
def test_a_prompt_that_does_not_fit_is_refused_and_not_shortened(model: Served) -> None:
    with pytest.raises(ModelError, match="exceeds the available context size"):
        _chat(model, "word " * 600, max_tokens=8)


@pytest.mark.real_model
def test_greedy_takes_the_likeliest_token_each_time(model: Served) -> None:
    answer = _chat(model, "Count to five.", max_tokens=12, temperature=0, logprobs=True, top_logprobs=2)
    for token in answer["choices"][0]["logprobs"]["content"]:
        assert token["id"] == token["top_logprobs"][0]["id"]


@pytest.mark.real_model
def test_a_seed_is_honoured(model: Served) -> None:
    one, again, other = (
        _text(_chat(model, "Tell a story.", max_tokens=16, temperature=1, seed=seed)) for seed in (1, 1, 2)
    )
    assert one == again != other


def _first_token(model: Served, **fields: object) -> dict[str, Any]:
    asked = {"max_tokens": 1, "logprobs": True, "top_logprobs": 2_000, "seed": 1}
    answer = _chat(model, "Name a fruit.", **asked, **fields)
    return dict(answer["choices"][0]["logprobs"]["content"][0])


@pytest.fixture(scope="module")
def plain(model: Served) -> list[float]:
    """The first token's probabilities as the model gives them: the likeliest 2,000."""
    return [math.exp(token["logprob"]) for token in _first_token(model)["top_logprobs"]]


def _candidates(model: Served, **fields: object) -> list[float]:
    """The same after the samplers; those that were cut are left out."""
    after = _first_token(model, post_sampling_probs=True, **fields)["top_probs"]
    return [token["prob"] for token in after if token["prob"] > 0]


@pytest.mark.real_model
@pytest.mark.parametrize("fields", [{}, {"temperature": 1.0, "top_p": 1.0}])
def test_sampling_is_from_the_plain_distribution(
    model: Served, plain: list[float], fields: dict[str, float]
) -> None:
    candidates = _candidates(model, **fields)
    assert candidates == pytest.approx(plain, rel=0.02)  # llama.cpp's own top_k would leave 40


@pytest.mark.real_model
@pytest.mark.parametrize("temperature", [0.5, 0.7])
def test_top_p_cuts_what_the_temperature_made(model: Served, plain: list[float], temperature: float) -> None:
    tempered = sorted((p ** (1 / temperature) for p in plain), reverse=True)
    total, kept = 0.0, 0
    while total < 0.9 * sum(tempered):
        total += tempered[kept]
        kept += 1
    candidates = _candidates(model, temperature=temperature, top_p=0.9)
    assert len(candidates) == pytest.approx(kept, rel=0.02, abs=1)


@pytest.mark.real_model
def test_nothing_is_reused_from_an_earlier_prompt(model: Served) -> None:
    for _ in range(2):
        usage = _chat(model, "What is 2+3?", max_tokens=2, temperature=0)["usage"]
        assert usage["prompt_tokens_details"]["cached_tokens"] == 0


@pytest.mark.real_model
def test_the_client_talks_to_it_as_to_any_endpoint(model: Served) -> None:
    async def ask() -> list[Any]:
        async with Client(resolve(model.info.served_name, model.base_url, {}), concurrency=8) as client:
            settings = Decoding(temperature=0.0, max_tokens=8)
            questions = [_user(f"What is {i}+{i}?") for i in range(8)]
            answers = await asyncio.gather(*(client.generate(q, settings) for q in questions))
            with pytest.raises((SampleFailed, RequestRejected)):
                await client.generate(_user("word " * 600), settings)
            return answers

    for generation in asyncio.run(ask()):
        assert generation.text
        assert generation.completion_tokens <= 8
        assert generation.attempts == 1


@pytest.mark.real_model
def test_an_engine_that_dies_is_named_and_not_the_connection(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    children = []
    start = embedded._start

    def noted(*arguments: Any) -> subprocess.Popen[bytes]:
        children.append(start(*arguments))
        return children[0]

    monkeypatch.setattr(embedded, "_start", noted)

    def ask_after(death: signal.Signals) -> None:
        with embedded.serve(slots=1, context=256) as served:
            children[0].send_signal(death)
            children[0].wait()
            served.prompt_tokens(_user("Are you there?"))

    with pytest.raises(ModelError, match=r"engine died \(signal 6"):
        ask_after(signal.SIGABRT)
    assert capfd.readouterr() == ("", "")


@pytest.mark.real_model
def test_a_context_beyond_the_model_s_own_is_refused() -> None:
    with (
        pytest.raises(UsageError, match=r"trained for a context of 8192"),
        embedded.serve(slots=1, max_tokens=9000),
    ):
        pass
