"""The rows that come with math500, and the form of a registry file."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from math500 import scores
from math500.errors import DataUnreadable
from math500.records import PublishedScore
from math500.scores import page, registry

ROOT = Path(__file__).parents[2]
BLOCK = {
    "source": "a report",
    "ref": "arXiv:0000.00000",
    "reporter": "vendor:somebody",
    "data": "MATH-500",
    "confidence": "verified",
}


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own file, which is not there yet."""
    path = tmp_path / "own" / "scores.toml"
    monkeypatch.setenv("MATH500_SCORES", str(path))
    return path


def text(*rows: str, **fields: str) -> str:
    block = {**BLOCK, **fields}
    lines = [f'{key} = "{value}"' for key, value in block.items() if value]
    return "\n".join(["[[block]]", *lines, f"rows = [{', '.join(rows)}]"])


def test_every_row_has_a_source_and_a_possible_value() -> None:
    rows = scores.rows()
    assert len(rows) == 402
    assert len({row.model for row in rows}) == 220
    assert [sum(row.data == data for row in rows) for data in scores.SIZES] == [302, 100]
    assert all(row.source and row.reporter for row in rows)
    assert all(row.ref for row in rows if not row.confidence.startswith("memory"))
    assert sum(row.confidence.startswith("memory") for row in rows) == 11
    assert not [row for row in rows if registry.impossible(row)]


def test_no_row_is_there_twice() -> None:
    keys = [(r.model, r.called, r.score, r.data, r.source, r.metric, r.date) for r in scores.rows()]
    assert len(keys) - len(set(keys)) == 0


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[[block", "is not TOML"),
        (text('["m", "90.0", "m"]', source=""), "block 1: it has no source"),
        (text('["m", "90.0", "m"]', ref=""), "it has no ref"),
        (text('["m", "90.0", "m"]', colour="red"), "it has colour, which is no field"),
        (text('["m", "90.0", "m"]', data="GSM8K"), "its data is none of MATH-500, MATH-5000"),
        (text('["m", "90.0", "m"]', confidence="sure"), "its confidence begins with none of verified"),
        (text('["m", 90.0, "m"]'), "is not .model, score, name., each in quotation marks"),
        (text('["m", "90.0"]'), "is not .model, score, name."),
        (text('["m", "190", "m"]'), "is no score from 0 to 100"),
        (text('["m", "a lot", "m"]'), "is no score from 0 to 100"),
        (text(), "it has no rows"),
        (text('["m", "90.1", "m"]', samples="1"), "no number of 500 right answers is 90.1 %"),
        (text('["m", "90.1", "m"]', metric="greedy"), "no number of 500 right answers is 90.1 %"),
    ],
)
def test_a_file_that_is_not_what_it_should_be_is_told(content: str, words: str) -> None:
    with pytest.raises(DataUnreadable, match=words):
        scores.read(content, "mine.toml")


def test_a_row_from_memory_needs_no_place() -> None:
    (row,) = scores.read(text('["m", "90.0", "m"]', ref="", confidence="memory"), "mine.toml")
    assert row.ref == ""


def test_a_mean_of_several_samples_moves_in_smaller_steps() -> None:
    (row,) = scores.read(text('["m", "90.1", "m"]', samples="4"), "mine.toml")
    assert row.samples == "4"


def test_what_is_added_is_found(own: Path) -> None:
    row = PublishedScore(
        model="acme/tiny-1b",
        called='tiny "1B"',
        score="12.4",
        **(BLOCK | {"prompt": "a \\\\boxed{} request"}),
    )
    assert scores.find("tiny-1b") is None
    assert scores.add(row) == own
    assert scores.add(msgspec.structs.replace(row, score="12.6")) == own
    found = scores.find("tiny-1B")
    assert found is not None
    assert [r.score for r in found.rows] == ["12.4", "12.6"]
    assert found.rows[0] == row


def test_what_cannot_be_is_not_added(own: Path) -> None:
    row = PublishedScore(model="acme/tiny-1b", called="tiny", score="12.5", samples="1", **BLOCK)
    with pytest.raises(DataUnreadable, match="no number of 500"):
        scores.add(row)
    assert not own.exists()


def test_a_damaged_own_file_is_told(own: Path) -> None:
    own.parent.mkdir()
    own.write_text("[[block]]\n")
    with pytest.raises(DataUnreadable, match="block 1: it has no source"):
        scores.rows()


def test_the_page_is_current() -> None:
    assert (ROOT / "docs" / "scores.md").read_text(encoding="utf-8") == page.page()
