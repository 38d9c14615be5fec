"""A run through a batch queue: the same samples and grades, and nothing paid for twice wherever it stops."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import zlib
from pathlib import Path
from typing import Any

import pytest

from math500 import batching
from math500.grading import GRADER
from math500.rundir import RunDir, RunWriter
from tests.fake_batches import FakeBatches, ok
from tests.faulty_server import FAULTS, Act, FaultyServer, Request, chat, error
from tests.test_cli import QUESTION, Command, _mistake, command, own_set, run_twelve, server

__all__ = ["command", "own_set", "run_twelve", "server"]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "FIRST_POLL", 0.002)
    monkeypatch.setattr(batching, "LONGEST_POLL", 0.01)


def first_of(body: dict[str, Any]) -> int:
    text = body["messages"][-1]["content"] if "messages" in body else body["prompt"]
    return int(QUESTION.findall(text)[-1])


def adds(body: dict[str, Any]) -> dict[str, Any]:
    completion: dict[str, Any] = json.loads(chat(f"I add.\n\n$\\boxed{{{2 * first_of(body)}}}$"))
    return ok(completion)


def test_a_batch_run_is_a_run(
    run_twelve: Command, command: Command, server: FaultyServer, folder: Path, tmp_path: Path
) -> None:
    server.plan = queue = FakeBatches(adds, polls=3)
    done = run_twelve("--batch", "--max-tokens", 60, "--seed", 5, "--samples", 2, "--price", "1,2")
    assert done.code == 0, done.err
    assert "score  100.0 % (95 % interval 75.8 to 100.0, n = 12)" in done.out
    assert "batch-1: completed, 24 of 24 done" in done.err
    run = RunDir.open(folder)
    assert len(run.samples()) == len(run.grades(GRADER)) == 24
    sample = next(iter(run.samples().values()))
    assert sample.generations[0].request_id == "req-1"
    assert sample.generations[0].finish_reason == "stop"
    assert run.manifest.asking.batch
    (part,) = run.batches()
    assert (part.stage, part.status, len(part.keys)) == ("fetched", "completed", 24)
    (batch,) = queue.batches.values()
    assert batch["endpoint"] == "/v1/chat/completions"
    assert batch["metadata"]["math500_run"] == run.manifest.run_id
    line = queue.asked[0]
    assert (line["method"], line["url"], line["body"]["model"]) == ("POST", "/v1/chat/completions", "stub")
    firsts = [(5 + zlib.crc32(f"test/{i}".encode())) % 2**30 for i in range(12)]
    assert sorted(r["body"]["seed"] for r in queue.asked) == sorted([*firsts, *(one + 1 for one in firsts)])
    assert len({request["custom_id"] for request in queue.asked}) == 24
    before = len(queue.calls)
    assert "0 of 24 samples are owed" in command("run", "--resume", folder).err
    assert len(queue.calls) == before


def test_grades_are_those_of_a_run_without_it(
    run_twelve: Command, command: Command, server: FaultyServer, folder: Path, own_set: Path, tmp_path: Path
) -> None:
    def odd(body: dict[str, Any]) -> dict[str, Any]:
        number = first_of(body)
        completion: dict[str, Any] = json.loads(chat("no idea" if number % 2 else f"\\boxed{{{2 * number}}}"))
        return ok(completion)

    server.plan = FakeBatches(odd)
    run_twelve("--batch")
    server.plan = lambda request: Act(body=json.dumps(odd(request.body)["response"]["body"]).encode())
    other = tmp_path / "live"
    command("run", "--model", "stub", "--base-url", server.url, "--data", own_set, "--out", other)

    def verdicts(of: Path) -> dict[Any, str]:
        return {key: grade.grade.verdict for key, grade in RunDir.open(of).grades(GRADER).items()}

    assert verdicts(folder) == verdicts(other)
    assert set(verdicts(folder).values()) == {"correct", "no_answer"}


def test_completions_go_through_the_queue_too(run_twelve: Command, server: FaultyServer) -> None:
    def text(body: dict[str, Any]) -> dict[str, Any]:
        choice = {"text": f"\\boxed{{{2 * first_of(body)}}}", "finish_reason": "stop"}
        return ok({"choices": [choice]})

    server.plan = queue = FakeBatches(text)
    assert "score  100.0 %" in run_twelve("--batch", "--api", "completions").out
    assert queue.asked[0]["url"] == "/v1/completions"


# -- partial failures --------------------------------------------------------------------------


def test_what_failed_is_owed_again(
    run_twelve: Command, command: Command, server: FaultyServer, folder: Path
) -> None:
    def some(body: dict[str, Any]) -> dict[str, Any] | None:
        number = first_of(body)
        if number == 3:
            refused = {"error": {"message": "content filter", "code": "content_filter"}}
            return {"response": {"status_code": 400, "body": refused}, "error": None}
        if number == 4:
            return {"response": None, "error": {"code": "batch_expired", "message": "too late"}}
        return None if number == 5 else adds(body)

    server.plan = FakeBatches(some, status="expired")
    done = run_twelve("--batch")
    assert done.code == 0
    assert "2 samples failed and 1 was not collected" in done.out
    failures = {s.unique_id: s.failure.kind for s in RunDir.open(folder).samples().values() if s.failure}
    assert failures == {"test/3": "filtered", "test/4": "expired"}
    server.plan = queue = FakeBatches(adds)
    done = command("run", "--resume", folder)
    assert "n = 12" in done.out
    assert {first_of(line["body"]) for line in queue.asked} == {3, 4, 5}
    assert [part.number for part in RunDir.open(folder).batches()] == [1, 2]


def test_a_file_that_is_refused_stops_the_run(
    run_twelve: Command, server: FaultyServer, folder: Path
) -> None:
    server.plan = FakeBatches(adds, status="failed")
    _mistake(run_twelve("--batch"), 4, "line 1 is not JSON", f"math500 run --resume {folder}")


@pytest.mark.parametrize("junk", [b"not json\n", b'{"custom_id": "p99-s0"}\n', b'{"custom_id": 5}\n\n'])
def test_junk_among_the_answers_hurts_nobody(
    junk: bytes, run_twelve: Command, server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = FakeBatches._keep
    monkeypatch.setattr(FakeBatches, "_keep", lambda self, content: keep(self, junk + content))
    queue = FakeBatches(adds)
    server.plan = queue
    monkeypatch.setattr(queue, "_upload", lambda raw: {"id": keep(queue, _lines(raw))})
    assert "score  100.0 %" in run_twelve("--batch").out


def _lines(raw: bytes) -> bytes:
    found = re.search(rb'(\{"custom_id".*\})\r?\n', raw, re.DOTALL)
    assert found is not None
    return found[1]


# -- stopped anywhere --------------------------------------------------------------------------


def stop_before(stage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process ends just before it writes this stage."""
    write = RunWriter.append_batch

    def dies(self: RunWriter, part: Any) -> None:
        if part.stage == stage:
            monkeypatch.setattr(RunWriter, "append_batch", write)
            raise KeyboardInterrupt
        write(self, part)

    monkeypatch.setattr(RunWriter, "append_batch", dies)


@pytest.mark.parametrize(("stage", "uploads"), [("uploaded", 2), ("created", 1), ("fetched", 1)])
def test_no_batch_is_paid_twice_wherever_the_run_is_stopped(
    stage: str,
    uploads: int,
    run_twelve: Command,
    command: Command,
    server: FaultyServer,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server.plan = queue = FakeBatches(adds)
    stop_before(stage, monkeypatch)
    assert run_twelve("--batch").code == 130
    done = command("run", "--resume", folder)
    assert done.code == 0, done.err
    assert "score  100.0 %" in done.out
    assert len(queue.batches) == 1
    assert queue.calls.count("/files") == uploads
    assert sum(1 for sample in RunDir.open(folder).history()) == 12


def test_a_run_that_is_killed_while_it_waits_goes_on(
    command: Command, server: FaultyServer, own_set: Path, folder: Path
) -> None:
    server.plan = queue = FakeBatches(adds, polls=10**6)
    arguments = [
        "run",
        "--batch",
        "--model",
        "m",
        "--base-url",
        server.url,
        "--data",
        own_set,
        "--out",
        folder,
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "math500", *map(str, arguments)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ},
    )
    deadline = time.monotonic() + 60
    while not queue.looks and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    queue.polls = 1
    done = command("run", "--resume", folder)
    assert "score  100.0 %" in done.out
    assert len(queue.batches) == 1


def test_a_lost_answer_to_create_does_not_make_two(run_twelve: Command, server: FaultyServer) -> None:
    server.plan = queue = FakeBatches(adds)
    queue.lose_create = True
    assert "score  100.0 %" in run_twelve("--batch").out
    assert len(queue.batches) == 1


def test_the_queue_may_stumble(run_twelve: Command, server: FaultyServer) -> None:
    queue = FakeBatches(adds, polls=2)
    faults = iter(["500", "429", "reset", "503", "502"])

    def stumbles(request: Request) -> Act:
        fault = next(faults, None) if request.attempt == 1 or "batches/" in request.path else None
        return FAULTS[fault] if fault else queue(request)

    server.plan = stumbles
    assert "score  100.0 %" in run_twelve("--batch").out
    assert len(queue.batches) == 1


# -- mistakes ----------------------------------------------------------------------------------


def test_an_endpoint_without_a_queue(run_twelve: Command, server: FaultyServer) -> None:
    server.plan = lambda _: error(404, "Not Found")
    _mistake(run_twelve("--batch"), 4, "without --batch")


def test_a_refused_key(run_twelve: Command, server: FaultyServer) -> None:
    server.plan = lambda _: error(401, "Incorrect API key provided", "invalid_api_key")
    _mistake(run_twelve("--batch"), 4, "key")


@pytest.mark.parametrize(
    ("more", "word"),
    [
        (("--stream",), "--batch and --stream"),
        (("--hedge",), "--batch and --hedge"),
        (("--base-url", "http://127.0.0.1:9/v1"), "one --base-url"),
    ],
)
def test_what_does_not_go_with_a_batch(more: tuple[str, ...], word: str, run_twelve: Command) -> None:
    _mistake(run_twelve("--batch", *more), 2, word)


def test_the_embedded_model_has_no_queue(command: Command, own_set: Path) -> None:
    _mistake(command("run", "--batch", "--data", own_set), 2, "no batch queue")


def test_a_limit_holds_for_a_batch(
    run_twelve: Command, command: Command, server: FaultyServer, folder: Path
) -> None:
    server.plan = queue = FakeBatches(adds)
    _mistake(run_twelve("--batch", "--max-requests", 5), 4, "limit of 5 requests", "--max-requests")
    assert len(queue.asked) == len(RunDir.open(folder).samples()) == 5
    _mistake(command("run", "--resume", folder), 4, "limit of 5 requests")
    assert "n = 12" in command("run", "--resume", folder, "--max-requests", 12).out
    assert len(queue.asked) == 12


def test_the_price_of_a_batch_is_known_for_openai_only() -> None:
    from math500.client import Endpoint
    from math500.client.prices import find

    whole = find(Endpoint("https://api.openai.com/v1", "gpt-4o-mini"))
    half = find(Endpoint("https://api.openai.com/v1", "gpt-4o-mini"), batch=True)
    assert whole is not None
    assert half is not None
    assert (2 * half.prompt, 2 * half.completion) == (whole.prompt, whole.completion)
    assert find(Endpoint("https://api.deepseek.com/v1", "deepseek-v4-pro"), batch=True) is None
