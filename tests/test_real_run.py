"""The README's first command on real problems and the real embedded model, only shorter."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from math500 import cli
from math500.rundir import RunDir

pytestmark = [pytest.mark.real_data, pytest.mark.real_model, pytest.mark.timeout(600)]


def math500(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int | str | None:
    monkeypatch.setattr(sys, "argv", ["math500", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code or 0


def test_a_real_model_answers_real_problems(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    options = ("--limit", 3, "--max-tokens", 48, "--concurrency", 2, "--out", folder)
    assert math500(monkeypatch, "run", *options) == 0
    assert "n = 3" in capsys.readouterr().out
    run = RunDir.open(folder)
    assert run.manifest.data.verified
    assert run.manifest.model.detail["quantization"] == "Q8_0"
    generations = [sample.generations[0] for sample in run.samples().values()]
    assert len(generations) == 3
    for generation in generations:
        assert len(generation.text.split()) > 5
        assert generation.completion_tokens is not None
        assert generation.completion_tokens <= 48
        assert (generation.finish_reason == "length") == (generation.completion_tokens == 48)


def test_a_token_limit_that_cannot_fit_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--limit", 1, "--max-tokens", 100_000, "--out", tmp_path / "run")
    assert math500(monkeypatch, "run", *options) == 2
    assert "was trained for a context of 8192" in capsys.readouterr().err


EASY = {
    "What is 12 * 3?": "36",
    "What is 45 - 17?": "28",
    "What is 20 - 9?": "11",
    "What is 100 / 4?": "25",
    "What is half of 50?": "25",
    "What is 6 * 7?": "42",
    "Solve x + 5 = 9 for x.": "4",
    "If I have 3 apples and buy 4 more, how many do I have?": "7",
}


def test_a_right_answer_of_a_real_model_is_graded_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    easy = tmp_path / "easy.jsonl"
    easy.write_text("".join(json.dumps({"problem": q, "answer": a}) + "\n" for q, a in EASY.items()))
    options = ("--data", easy, "--prompt", "bare", "--max-tokens", 96, "--out", tmp_path / "run")
    assert math500(monkeypatch, "run", *options, "--json", "--quiet") == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["failed"] == summary["missing"] == summary["ungraded"] == 0
    assert summary["correct"] >= 2
