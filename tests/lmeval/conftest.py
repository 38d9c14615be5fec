"""Invented problems, scripted answers, and an endpoint on loopback that gives them."""

from __future__ import annotations

import json
import re
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest

from math500 import data, prompts
from math500.data import ProblemSet
from math500.records import DataSource, Problem, Prompt, Shot

CASES = Path(__file__).parent.parent / "cases" / "lmeval_parity.jsonl"
SUBJECTS = (
    "Algebra",
    "Counting & Probability",
    "Geometry",
    "Intermediate Algebra",
    "Number Theory",
    "Prealgebra",
    "Precalculus",
)


@dataclass(frozen=True)
class Case:
    """An invented problem and what the stub models answer to it."""

    problem: Problem
    response: str


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"):
        monkeypatch.setenv(name, "1")


@pytest.fixture(autouse=True)
def _fresh_tasks() -> Iterator[None]:
    """Prompts and problems are looked up once a process; each test starts anew."""
    yield
    if (task := sys.modules.get("math500.lmeval.task")) is not None:
        task._prompt.cache_clear()
        task._problems.cache_clear()


@pytest.fixture(scope="session")
def cases() -> tuple[Case, ...]:
    rows = [json.loads(line) for line in CASES.read_text(encoding="utf-8").splitlines()]
    return tuple(
        Case(
            Problem(
                problem=row["problem"],
                answer=row["answer"],
                unique_id=f"test/invented/{i}.json",
                # Subjects of different sizes, so that a mean over subjects is not the mean over problems.
                subject=SUBJECTS[min(i, 6) if i < 10 else 0],
                level=1 + i % 5,
            ),
            row["response"],
        )
        for i, row in enumerate(rows)
    )


@pytest.fixture
def problem_file(cases: Sequence[Case], tmp_path: Path) -> Path:
    """The cases' problems as a user's own set."""
    path = tmp_path / "invented.jsonl"
    path.write_bytes(b"".join(msgspec.json.encode(case.problem) + b"\n" for case in cases))
    return path


@pytest.fixture
def script(cases: Sequence[Case]) -> Callable[[str], str]:
    """Finds the response to a prompt by the problem's number, which every problem text begins with."""

    def answer(text: str) -> str:
        return cases[int(re.findall(r"Problem (\d+):", text)[-1])].response

    return answer


@pytest.fixture
def invented_shots(monkeypatch: pytest.MonkeyPatch) -> None:
    """Worked examples that come from MATH train at run time, invented here."""
    load = data.load
    shot = Shot(problem="Problem 0: one?", solution="It is 1.", answer="1")

    def loaded(name: str = "math500", **options: Any) -> ProblemSet:
        if name != "math-train":
            return load(name, **options)
        source = DataSource(name=name, place="path", location="invented", rows=0, sha256="", verified=False)
        return ProblemSet(source, ())

    def with_shots(prompt: Prompt, _: Any) -> Prompt:
        return (
            msgspec.structs.replace(prompt, shots=(shot,) * len(prompt.shot_keys))
            if prompt.shot_keys
            else prompt
        )

    monkeypatch.setattr(data, "load", loaded)
    monkeypatch.setattr(prompts, "with_shots", with_shots)


@dataclass
class Endpoint:
    """An OpenAI-compatible server on loopback; `reply` makes status and body out of a request's body."""

    reply: Callable[[dict[str, Any]], tuple[int, dict[str, Any]]]
    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)


def completion(text: str, finish_reason: str = "stop") -> tuple[int, dict[str, Any]]:
    """A chat completion as an endpoint gives it."""
    choice = {"index": 0, "finish_reason": finish_reason, "message": {"role": "assistant", "content": text}}
    usage = {"prompt_tokens": 11, "completion_tokens": len(text), "total_tokens": 11 + len(text)}
    return 200, {"id": "r-1", "model": "stub-served", "choices": [choice], "usage": usage}


@pytest.fixture
def endpoint(script: Callable[[str], str]) -> Iterator[Endpoint]:
    """Answers with the script; a test may put another `reply` in its place."""

    def scripted(body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        text = script(body["messages"][-1]["content"])
        return completion(text or "(nothing)")

    served = Endpoint(scripted)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            served.requests.append(body)
            status, answer = served.reply(body)
            raw = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        served.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
        yield served
        server.shutdown()
