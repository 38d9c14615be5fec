"""What every test needs: no way out to the network, no keys, and a few invented problems."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from math500.data import rows
from math500.grading import GRADER
from math500.records import DataSource, Decoding, Manifest, ModelInfo, Problem, Prompt, Selection

# On CI the same examples each time: a landing must not hang on a new find. At home new ones are looked for.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")

LOOPBACK = ("127.", "::1", "localhost")


@pytest.fixture(autouse=True)
def _closed_world(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the user's keys or proxies."""
    for name in os.environ:
        if name.endswith(("_API_KEY", "_proxy", "_PROXY")) or name.startswith("HF_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.fixture(autouse=True)
def _no_network(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection to anything but this machine fails the test that tries it."""
    if request.node.get_closest_marker("real_data") or request.node.get_closest_marker("real_model"):
        return
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        host = address[0] if isinstance(address, tuple) else ""
        if self.family in (socket.AF_INET, socket.AF_INET6) and not str(host).startswith(LOOPBACK):
            pytest.fail(f"a test tried to reach {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


SUBJECTS = ("Algebra", "Geometry", "Number Theory")


@pytest.fixture
def problems() -> tuple[Problem, ...]:
    """Twelve invented problems, three subjects, five levels; problem i asks for i + i."""
    return tuple(
        Problem(
            problem=f"What is ${i} + {i}$?",
            answer=str(2 * i),
            solution=f"It is $\\boxed{{{2 * i}}}$.",
            unique_id=f"test/{i}",
            subject=SUBJECTS[i % 3],
            level=1 + i % 5,
        )
        for i in range(12)
    )


@pytest.fixture
def manifest_of(problems: tuple[Problem, ...]) -> Callable[..., Manifest]:
    """Makes a manifest of a run over the twelve problems; any field can be given."""

    def make(**fields: Any) -> Manifest:
        base: dict[str, Any] = {
            "run_id": "r",
            "created": "2026-01-01T00:00:00+00:00",
            "math500_version": "0",
            "data": DataSource(
                name="twelve",
                place="path",
                location="x.jsonl",
                rows=12,
                sha256=rows.digest(problems),
                verified=False,
            ),
            "selection": Selection(count=12),
            "prompt": Prompt(name="bare", template="{problem}", source="test"),
            "decoding": Decoding(temperature=0.0, max_tokens=64),
            "samples": 1,
            "model": ModelInfo(name="stub", served_name="stub", base_url="http://127.0.0.1:1/v1"),
            "grader": GRADER,
        }
        return Manifest(**base | fields)

    return make


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a run may be made."""
    return tmp_path / "run"


@pytest.fixture(scope="session", autouse=True)
def _workers_end() -> Iterator[None]:
    """The comparison processes end with the tests."""
    yield
    from math500 import grading

    grading.shutdown()
