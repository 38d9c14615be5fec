"""Worked examples as a person asks for them: what is sent, what is kept, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from math500 import compare, prompts
from math500.records import Problem
from math500.rundir import RunDir
from tests.faulty_server import FaultyServer, Request
from tests.test_cli import Command, _mistake, command, own_set, run_twelve, server

__all__ = ["command", "own_set", "run_twelve", "server"]


@pytest.fixture
def train(tmp_path: Path) -> Path:
    """Nine worked examples, three of each subject."""
    rows = [
        Problem(
            problem=f"How much is {('four', 'six', 'nine')[i % 3]} and {i} more in {subject}?",
            answer=str(i),
            solution=f"Adding gives $\\boxed{{{i}}}$.",
            unique_id=f"train/{subject}/{i}",
            subject=subject,
        )
        for subject in ("Algebra", "Geometry", "Number Theory")
        for i in range(3)
    ]
    path = tmp_path / "train.jsonl"
    path.write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
    return path


def sent(request: Request) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(request.raw.split(b"\r\n\r\n", 1)[-1])["messages"]
    return found


def test_examples_are_sent_and_kept(
    run_twelve: Command, server: FaultyServer, folder: Path, train: Path
) -> None:
    done = run_twelve("--shots", 2, "--shots-from", train, "--quiet")
    assert done.code == 0, done.err
    assert "2 examples before each question, by subject, from train.jsonl" in done.err
    assert len(server.requests) == 12
    made = RunDir.open(folder).manifest
    asked = {tuple(m["content"] for m in sent(r)) for r in server.requests}
    again = {
        tuple(m.content for m in prompts.messages(made.prompt, p.problem))
        for p in RunDir.open(folder).problems()
    }
    assert asked == again
    assert all(len(messages) == 5 for messages in asked)
    assert made.prompt.chosen is not None
    assert {one.unique_id for one in made.prompt.chosen.shown.values()} == {f"test/{i}" for i in range(12)}


def test_a_resumed_run_shows_the_same_examples(
    run_twelve: Command, command: Command, server: FaultyServer, folder: Path, train: Path
) -> None:
    run_twelve("--shots", 1, "--choose", "similarity", "--shots-from", train, "--max-requests", 3)
    before = RunDir.open(folder).manifest.prompt
    train.unlink()
    assert command("run", "--resume", folder, "--max-requests", 20).code == 0
    assert RunDir.open(folder).manifest.prompt == before
    wanted = {
        tuple(m.content for m in prompts.messages(before, p.problem)) for p in RunDir.open(folder).problems()
    }
    assert {tuple(m["content"] for m in sent(r)) for r in server.requests} == wanted


def test_a_comparison_names_how_they_were_chosen(
    run_twelve: Command, command: Command, folder: Path, train: Path, tmp_path: Path
) -> None:
    run_twelve()
    other = tmp_path / "other"
    run_twelve("--shots", 1, "--choose", "similarity", "--shots-from", train, "--out", other)
    rows = {c.field: c for c in compare.compare(RunDir.open(folder), RunDir.open(other)).comparability}
    assert (rows["shots"].ours, rows["shots"].theirs) == ("0", "1 by similarity, from train.jsonl")
    assert rows["shots"].state == "different"


def test_none_at_all(run_twelve: Command, server: FaultyServer, folder: Path) -> None:
    run_twelve("--prompt", "report-zh", "--shots", 0, "--limit", 1)
    assert "24 ÷ 8" not in sent(server.requests[0])[-1]["content"]
    assert RunDir.open(folder).manifest.prompt.shots == ()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--choose", "similarity"), ("--choose", "--shots 4")),
        (("--shots", "0", "--shots-seed", "3"), ("none are asked for",)),
        (("--shots", "4", "--shots-from", "TRAIN"), ("3 examples of its subject", "--choose similarity")),
        (("--shots", "1", "--shots-from", "nowhere.jsonl"), ("nowhere.jsonl",)),
    ],
)
def test_mistakes(run_twelve: Command, train: Path, options: tuple[str, ...], words: tuple[str, ...]) -> None:
    typed = [str(train) if option == "TRAIN" else option for option in options]
    _mistake(run_twelve(*typed), 2, *words)


@pytest.mark.real_data
def test_math500_is_refused_as_a_source_of_examples(
    run_twelve: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MATH500_CACHE")
    monkeypatch.delenv("MATH500_OFFLINE")
    _mistake(
        run_twelve("--shots", 4, "--shots-from", "math500"), 2, "500 problems of MATH-500", "never shown"
    )
