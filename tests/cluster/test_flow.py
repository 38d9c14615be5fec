from __future__ import annotations

import inspect
from typing import Any

import pytest

import math500
from math500.cluster.asker import Asker
from math500.cluster.engine import Ray
from math500.cluster.flow import Flow, gave_up


def test_map_batches_is_given_only_what_it_has_names_for(monkeypatch: pytest.MonkeyPatch) -> None:
    data = pytest.importorskip("ray.data")
    bound: dict[str, Any] = {}

    class Rows:
        def map_batches(self, *given: Any, **named: Any) -> None:
            bound.update(inspect.signature(data.Dataset.map_batches).bind(self, *given, **named).arguments)

    monkeypatch.setattr(data, "from_items", lambda _items, override_num_blocks: Rows())
    Flow._dataset([b"row"], Asker, (), Ray(), at_once=1, size=1)
    assert bound["fn"] is Asker
    assert "ray_remote_args" not in bound


def test_a_worker_that_cannot_be_made_is_one_line_without_its_traceback() -> None:
    said = (
        "The actor died because of an error raised in its creation task, \x1b[36mray::MapWorker\x1b[39m\n"
        "  File \"asker.py\", line 1\nModuleNotFoundError: No module named 'math500'"
    )
    error = gave_up(RuntimeError(said))
    assert error.what == "a worker cannot be started (ModuleNotFoundError: No module named 'math500')"
    assert f"math500 {math500.__version__}" in error.next_step


def test_what_else_ends_ray_is_named() -> None:
    assert gave_up(ValueError("no\nmore")).what == "Ray gave the work up (ValueError: no more)"
