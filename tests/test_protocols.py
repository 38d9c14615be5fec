from __future__ import annotations

from collections.abc import Callable

import pytest

from math500 import protocols
from math500.records import Decoding, Manifest, Origin


def test_a_run_states_its_whole_protocol(manifest_of: Callable[..., Manifest]) -> None:
    found = protocols.of(manifest_of())
    assert set(found) <= set(protocols.FIELDS)
    assert found["decoding"] == "greedy"
    assert (found["shots"], found["system"], found["token limit"]) == ("0", "none", "64")


def test_an_imported_run_states_what_its_log_does(manifest_of: Callable[..., Manifest]) -> None:
    origin = Origin(harness="lm-eval", version="0.4.13", imported="now", unknown=("temperature", "prompt"))
    found = protocols.of(manifest_of(origin=origin))
    assert "engine" not in found
    assert not {"prompt", "decoding", "concurrency", "shots"} & {k for k, v in found.items() if v}


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        (Decoding(temperature=0.0), "greedy"),
        (Decoding(temperature=None), ""),
        (Decoding(temperature=0.6, top_p=0.95), "temperature 0.6, top-p 0.95"),
    ],
)
def test_decoding_in_words(chosen: Decoding, words: str) -> None:
    assert protocols.decoding(chosen) == words


def test_what_is_described_in_other_words_may_be_the_same() -> None:
    ours, theirs = {"prompt": "boxed"}, {"prompt": "asks for a box at the end"}
    (named,) = protocols.side_by_side(ours, theirs)
    (described,) = protocols.side_by_side(ours, theirs, described=("prompt",))
    assert (named.state, described.state) == ("different", "unknown")


def test_side_by_side() -> None:
    rows = protocols.side_by_side(
        {"model": "A", "data": "MATH-500", "shots": "0"},
        {"model": "a", "data": "MATH-5000", "grader": "string"},
        blocking=("model", "data"),
    )
    assert [(r.field, r.state, r.blocks) for r in rows] == [
        ("model", "same", False),
        ("data", "different", True),
        ("shots", "unknown", False),
        ("grader", "unknown", False),
    ]
