"""What the terminal room promises: width, wrapping, safety, colour."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from math500 import display
from math500.display import terminal

CELLS = st.text(st.characters(codec="utf-8"), max_size=60)


@pytest.mark.parametrize(
    ("text", "columns"),
    [("abc", 3), ("中文", 4), ("e\u0301", 1), ("\x1b[1mab\x1b[0m", 2), ("\u200bab", 2), ("ｆ", 2)],
)
def test_width(text: str, columns: int) -> None:
    assert display.width(text) == columns


@settings(deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_characters="\n"), max_size=300), st.integers(2, 60))
def test_wrapped_lines_fit_and_lose_nothing_but_spaces(text: str, limit: int) -> None:
    lines = terminal.wrapped(text, limit)
    assert all(terminal.width(line) <= limit for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


@settings(deadline=None)
@given(st.data(), st.integers(2, 9), st.integers(20, 120), st.booleans())
def test_a_table_fits_whatever_is_in_it(data: st.DataObject, columns: int, limit: int, head: bool) -> None:
    rows = data.draw(st.lists(st.lists(CELLS, min_size=columns, max_size=columns), min_size=1, max_size=5))
    right = data.draw(st.sets(st.integers(0, columns - 1)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(limit))
        text = display.table(rows, right=right, head=head)
    assert all(display.width(line) <= limit for line in text.split("\n"))
    assert not any(ord(c) < 32 and c != "\n" for c in text)


def test_what_is_piped_keeps_its_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    long = "word " * 100
    assert display.fitted(long) == long
    monkeypatch.setenv("COLUMNS", "40")
    assert max(map(len, display.fitted(long).split("\n"))) <= 40


def test_a_command_stays_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    line = "Next: math500 run --resume runs/20260101-000000-model-boxed"
    assert display.fitted(line) == line


@pytest.mark.parametrize("bad", ["\x1b]0;title\x07", "\x1b[2J", "\u202eabc", "\r", "\x9b31m", "\ud800"])
def test_nothing_that_a_model_wrote_moves_the_cursor(bad: str) -> None:
    for text in (display.fitted(f"a{bad}b"), display.table([(f"a{bad}", "b")])):
        assert bad not in text
        assert "\x1b" not in text
        text.encode()


def test_our_own_colour_passes() -> None:
    assert display.fitted("\x1b[1mhead\x1b[0m \x1b[5mblink") == "\x1b[1mhead\x1b[0m \\x1b[5mblink"


@pytest.mark.parametrize(
    ("terminal_is_there", "environment", "colour"),
    [
        (True, {}, True),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
        (True, {"TERM": "dumb"}, False),
        (False, {}, False),
    ],
)
def test_colour_only_where_it_is_seen_and_wanted(
    monkeypatch: pytest.MonkeyPatch, terminal_is_there: bool, environment: dict[str, str], colour: bool
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal_is_there, raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert ("\x1b[" in terminal.paint("x", "good")) is colour
    rows = [("head", "n"), (terminal.Styled("good one", "good"), "1")]
    assert ("\x1b[" in display.table(rows, head=True)) is colour


def test_colour_takes_no_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [("head", "n"), (terminal.Styled("中文", "good"), "1"), ("plain", "2")]
    plain = display.table(rows, head=True)
    monkeypatch.setattr(terminal, "coloured", lambda: True)
    painted = display.table(rows, head=True)
    assert painted != plain
    assert [display.width(line) for line in painted.split("\n")] == [
        display.width(li) for li in plain.split("\n")
    ]
