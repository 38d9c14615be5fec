"""Whatever stands in a log, reading it gives a log or one of our own errors, never another one."""

from __future__ import annotations

import contextlib
import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from math500.errors import Math500Error
from math500.imports import detect, folder, lighteval, match, rows
from math500.imports.log import Log
from tests.imports.conftest import CASES

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("0"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


def rows_of(pattern: str) -> list[Any]:
    (path, *_) = sorted(CASES.glob(pattern))
    text = path.read_text(encoding="utf-8")
    return [json.loads(text)] if path.suffix == ".json" else [json.loads(line) for line in text.splitlines()]


KINDS = {
    "lm-eval": rows_of("lm-eval/samples_*.jsonl"),
    "inspect": rows_of("inspect/*.json"),
    "evalscope": rows_of("evalscope/reviews/*/*.jsonl"),
    "opencompass": rows_of("opencompass/predictions/*/*.json"),
    "jsonl": [{"problem": "a", "response": ["b", "c"], "answer": "b", "correct": [True, False], "usage": {}}],
}

(_DETAILS_FILE,) = CASES.rglob("*.parquet")
DETAILS: list[Any] = list(rows.parquet(_DETAILS_FILE))


def places(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every value inside of a value."""
    found = [here] if here else []
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        found += places(each, (*here, key))
    return found


def changed(value: Any, place: tuple[Any, ...], new: Any) -> Any:
    copied = copy.deepcopy(value)
    inside = copied
    for key in place[:-1]:
        inside = inside[key]
    inside[place[-1]] = new
    return copied


def made(log: Log) -> None:
    """All that comes after reading, but for the writing itself."""
    for known in ("auto", "none"):
        placed = match.place(log, "own", data_set=known)
        folder.manifest(log, placed, [], None, ())


@pytest.mark.parametrize("kind", KINDS)
@given(draw=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_log_with_anything_in_it_is_read_or_refused(
    kind: str, draw: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    log = KINDS[kind]
    for _ in range(draw.draw(st.integers(1, 3))):
        place = draw.draw(st.sampled_from(places(log)))
        log = changed(log, place, draw.draw(anything))
    one = kind in ("inspect", "opencompass")
    path = tmp_path_factory.mktemp("log") / ("log.json" if one else "log.jsonl")
    path.write_text(json.dumps(log[0]) if one else "".join(json.dumps(row) + "\n" for row in log))
    with contextlib.suppress(Math500Error):
        made(detect.get(kind).read([path]))
        detect.of(path)


@given(draw=st.data())
@settings(max_examples=40, deadline=None)
def test_details_with_anything_in_them_are_read_or_refused(draw: st.DataObject) -> None:
    log = DETAILS
    for _ in range(draw.draw(st.integers(1, 3))):
        log = changed(log, draw.draw(st.sampled_from(places(log))), draw.draw(anything))
    with pytest.MonkeyPatch.context() as patch, contextlib.suppress(Math500Error):
        patch.setattr(lighteval, "parquet", lambda _: [row for row in log if isinstance(row, dict)])
        made(lighteval.read([Path("details.parquet")]))


@given(junk=st.binary(max_size=200))
@settings(max_examples=60, deadline=None)
def test_bytes_of_any_kind_are_read_or_refused(junk: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("log") / "log"
    for start in (b"", b"PK\x03\x04", b"PAR1", b"{", b'[{"'):
        path.write_bytes(start + junk)
        with pytest.raises(Math500Error):
            detect.of(path).read([path])
