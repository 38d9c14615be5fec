from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path
from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from math500 import display
from math500.display import training
from math500.records import (
    Asking,
    Check,
    Compared,
    Decoding,
    Estimate,
    Exported,
    Failure,
    Generation,
    Grade,
    Manifest,
    Price,
    Report,
    Sample,
    Summary,
    TrainingOutcome,
)

HALF = Estimate(value=0.5, low=0.4, high=0.6, n=100)


def summary(**fields: object) -> Summary:
    base: dict[str, object] = {
        "grader": "math500/1",
        "score": HALF,
        "problems": 100,
        "samples": 100,
        "correct": 50,
        "wrong": 50,
        "no_answer": 0,
        "ungraded": 0,
        "failed": 0,
        "missing": 0,
        "truncated": 0,
        "prompt_tokens": 1000,
        "completion_tokens": 2000,
        "seconds": 10.0,
    }
    return Summary(**base | fields)  # type: ignore[arg-type]


def test_a_score_is_never_shown_without_interval_and_n() -> None:
    assert display.percent(HALF) == "50.0 % (95 % interval 40.0 to 60.0, n = 100)"
    assert display.percent(None) == "no score: nothing was graded"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"no_answer": 7}, "7 responses give no answer"),
        ({"truncated": 3}, "3 of 100 responses were cut off"),
        ({"ungraded": 2}, "2 responses could not be graded; they are not in the score"),
        ({"failed": 1, "missing": 4}, "1 sample failed and 4 were not collected"),
    ],
)
def test_what_is_not_in_the_score_is_said(
    manifest_of: Callable[..., Manifest], fields: dict[str, int], words: str
) -> None:
    assert words in display.summary(manifest_of(), summary(**fields), Path("run"))
    assert words not in display.summary(manifest_of(), summary(), Path("run"))


def test_the_protocol_stands_beside_the_score(manifest_of: Callable[..., Manifest]) -> None:
    made = manifest_of(decoding=Decoding(temperature=0.6, top_p=0.95), samples=4)
    shown = display.summary(made, summary(), Path("run"))
    assert (
        "prompt bare, temperature 0.6, top-p 0.95, the endpoint's own token limit, 4 samples a problem"
        in shown
    )
    greedy = display.summary(manifest_of(), summary(), Path("run"))
    assert "prompt bare, greedy, at most 64 tokens" in greedy


def test_a_run_that_collected_nothing_says_nothing_of_its_speed(
    manifest_of: Callable[..., Manifest],
) -> None:
    nothing = summary(missing=100, correct=0, wrong=0, prompt_tokens=0, completion_tokens=0, seconds=0.0)
    shown = display.summary(manifest_of(), nothing, Path("run"))
    assert "100 were not collected" in shown
    assert "tokens" not in shown.replace("at most 64 tokens", "")


def test_columns_line_up_with_chinese_in_them() -> None:
    shown = display.table([("题目", "1"), ("ab", "22")], right=(1,))
    assert shown == "题目   1\nab    22"


@given(st.lists(st.tuples(st.text("ab题", max_size=5), st.text("ab题", max_size=5)), min_size=1))
def test_the_second_column_starts_at_the_same_place(rows: list[tuple[str, str]]) -> None:
    lines = display.table([(a, f"|{b}") for a, b in rows]).splitlines()
    assert len({display.width(line.split("|")[0]) for line in lines}) == 1


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "under 1 s"), (0.6, "1 s"), (59.4, "59 s"), (65, "1 min 05 s"), (3725, "1 h 02 min")],
)
def test_durations(seconds: float, text: str) -> None:
    assert display.duration(seconds) == text


def test_progress_counts_failures_apart(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(display.live, "PLAIN_SECONDS", 0.0)
    before = summary(samples=4, missing=4, correct=0, wrong=0)
    good = Sample(
        unique_id="a", index=0, response="r", generations=(Generation(text="r", completion_tokens=9),)
    )
    bad = Sample(unique_id="b", index=0, response="", failure=Failure(kind="empty", detail="nothing"))
    with display.Progress(before) as progress:
        progress(good, Grade(verdict="correct"))
        progress(bad, None)
        progress(good, Grade(verdict="ungraded"))
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("1/4, score 100.0 (20.7-100.0)")
    assert lines[2].startswith("3/4, score 100.0 (20.7-100.0)")
    assert "1 failed" in lines[2]
    assert all("about 0 s left" not in line and "under 1 s" not in line for line in lines)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_running_score_stands_first(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with display.Progress(summary(samples=200, missing=100)) as progress:
        progress(Sample(unique_id="p", index=0, response="r"), Grade(verdict="correct"))
    last = terminal.getvalue().rstrip().rsplit("\r", maxsplit=1)[-1]
    assert last.startswith("101/200, score 50.5 (40.9-60.0)"), "what a narrow terminal cuts off is the end"


@pytest.mark.parametrize("is_terminal", [True, False])
def test_a_run_goes_on_when_nobody_looks_any_more(monkeypatch: pytest.MonkeyPatch, is_terminal: bool) -> None:
    stream = Terminal()
    monkeypatch.setattr(stream, "isatty", lambda: is_terminal)
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(display.live, "PLAIN_SECONDS", 0.0)
    with display.Progress(summary(samples=200, missing=100)) as progress:
        monkeypatch.setattr(stream, "write", Mock(side_effect=BrokenPipeError))
        for _ in range(2):
            progress(Sample(unique_id="p", index=0, response="r"), Grade(verdict="correct"))
            progress.note("waiting")


def test_progress_shows_tokens_and_money_so_far(capsys: pytest.CaptureFixture[str]) -> None:
    before = summary(cost=0.5, missing=50, correct=25, wrong=25)
    price = Price(model="given", prompt=1000.0, completion=2000.0)
    generation = Generation(text="4", prompt_tokens=100, completion_tokens=200)
    sample = Sample(unique_id="a", index=0, response="4", generations=(generation,))
    with display.Progress(before, price=price) as progress:
        progress(sample, Grade(verdict="correct"))
        progress._line()
    shown = capsys.readouterr().err
    assert f"{before.prompt_tokens + before.completion_tokens + 300:,} tokens, $1.00" in shown


def test_a_terminal_has_a_bar_that_notes_do_not_spoil(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with display.Progress(summary(samples=4, missing=4, correct=0, wrong=0)) as progress:
        progress(Sample(unique_id="a", index=0, response="r"), Grade(verdict="correct"))
        progress.note("waiting: it is slow")
    shown = capsys.readouterr().err
    assert "1/4" in shown
    assert "score 100.0" in shown
    assert "\nwaiting: it is slow\n" in shown.replace("\r", "\n")


def test_a_batch_run_has_no_speed(manifest_of: Callable[..., Manifest], tmp_path: Path) -> None:
    made = manifest_of(asking=Asking(batch=True))
    assert "through the batch queue" in display.summary(made, summary(seconds=0.0), tmp_path)


def test_a_resumed_run_goes_on_counting(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(display.live, "PLAIN_SECONDS", 0.0)
    before = summary(samples=100, missing=50, correct=40, wrong=10)
    with display.Progress(before) as progress:
        progress(Sample(unique_id="a", index=0, response="r"), Grade(verdict="wrong"))
    assert capsys.readouterr().err.startswith("51/100, score 78.4")


def test_a_failed_check_names_its_problems() -> None:
    checks = (
        Check(part="run", name="boxed", n=3, right=3, wrong=0),
        Check(part="grader", name="bold", n=3, right=2, wrong=0, ids=("test/1",)),
    )
    shown = display.selftest(Report(data="x", checks=checks, skipped=("lm-eval: not here",), seconds=1.0))
    assert "FAILED test/1" in shown
    assert shown.count("FAILED") == 1
    assert "not checked: lm-eval: not here" in shown


def test_a_difference_that_stands_far_behind_is_seen() -> None:
    words = "vote:selfcheck, 4 rounds of native calls, 16 votes, weighed by judge openai/gpt-4o"
    row = Compared(field="solver", ours=words, theirs=f"{words}-mini", state="different")
    shown = display.comparability([row], "first", "second").splitlines()[1]
    assert "... openai/gpt-4o  " in shown
    assert "... openai/gpt-4o-mini" in shown
    near = Compared(field="solver", ours=words, theirs="cot", state="different")
    assert words[:41] in display.comparability([near], "first", "second")


def test_after_a_training_its_control_is_exported_too() -> None:
    done = TrainingOutcome(
        folder="t",
        steps=2,
        rows=4,
        first_loss=1.0,
        last_loss=0.5,
        tokens=9,
        seconds=1.0,
        device="cpu",
        processes=1,
        control="t/control",
    )
    assert training.outcome(done).splitlines()[-2:] == [
        "Next: math500 train export t --to gguf --out t.gguf",
        "and: math500 train export t/control --to gguf --out t/control.gguf",
    ]


def test_after_an_export_the_rows_prompt_is_asked_for() -> None:
    gguf = Exported(location="t.gguf", form="gguf", sha256="", bytes=1, quantization="F16", training="t")
    folder = Exported(location="t", form="safetensors", sha256="", bytes=1, quantization="F32", training="t")
    assert "Next: math500 run --model embedded:t.gguf --prompt NAME\n" in training.exported(gguf)
    assert all(
        "NAME is the prompt that the training rows" in training.exported(one) for one in (gguf, folder)
    )
