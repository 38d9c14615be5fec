"""The commands masked, cot, evolve, steps, ranks and prm800k as they are typed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from math500 import cli, display
from math500.records import Manifest
from tests.synth import test_cot, test_evolve, test_masked, test_prm800k, test_ranks, test_steps
from tests.synth.asked import TRAIN, run_of, scripted, source, train

__all__ = ["train"]
Typed = Callable[..., tuple[int, str, str]]


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], train: Path) -> Typed:
    """Types a command in the folder of the problems; its exit code and what it printed."""
    monkeypatch.chdir(train.parent)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["math500", "synth", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    return run


@pytest.mark.parametrize("name", ["masked", "cot", "evolve", "steps", "ranks", "prm800k"])
def test_help_fits(typed: Typed, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    code, printed, _ = typed(name, "--help")
    assert code == 0
    assert all(display.width(line) <= 80 for line in printed.split("\n"))


def test_hard_problems_with_masks(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with scripted(test_masked.model) as server:
        endpoint = ("--model", "m", "--base-url", server.url, "--quiet")
        code, printed, said = typed(
            "masked", *endpoint, "--data", "train.jsonl", "--samples", "2", "--out", "sets/m"
        )
    assert code == 0, said
    assert "speaks of what it was shown" in printed
    assert all(display.width(line) <= 80 for line in printed.split("\n"))
    assert Path("runs/m-solutions/manifest.json").is_file()
    manifest = json.loads(Path("runs/m-solutions/manifest.json").read_bytes())
    assert (manifest["decoding"]["temperature"], manifest["decoding"]["seed"]) == (0.7, None)
    assert manifest["command"][:2] == ["synth", "masked"]
    assert "mask" in Path("sets/m/README.md").read_text(encoding="utf-8")


def test_cot_by_rule_and_by_a_model(typed: Typed, train: Path, manifest_of: Callable[..., Manifest]) -> None:
    run_of(Path("base"), manifest_of(data=source(train)), test_cot.TEXTS, TRAIN[:2])
    code, printed, said = typed("cot", "base", "--out", "steps", "--language", "zh", "--json")
    assert code == 0, said
    assert json.loads(printed)["settings"]["language"] == "zh"
    with scripted(lambda _: test_cot.CHECK) as server:
        asked = ("--model", "m", "--base-url", server.url, "--quiet", "--json")
        code, printed, said = typed("cot", "base", "--kind", "check", "--out", "checks", *asked)
    assert code == 0, said
    assert json.loads(printed)["settings"]["by"] == "model"
    assert json.loads(printed)["parents"][1]["prompt"]["name"] == "check"
    code, _, said = typed("cot", "base", "--kind", "backward", "--out", "backward")
    assert code == 2
    assert "Say --model" in said


def test_new_problems(typed: Typed, tmp_path: Path) -> None:
    (tmp_path / "ways.toml").write_text('[up]\nmore = "Harder: {problem}"\n')
    with scripted(test_evolve.model) as server:
        code, printed, said = typed(
            *(
                "evolve",
                "--model",
                "m",
                "--base-url",
                server.url,
                "--quiet",
                "--json",
                "--data",
                "train.jsonl",
            ),
            *("--samples", "4", "--agree", "0.5", "--wording", "ways.toml", "--out", "new", "--seed", "3"),
        )
    assert code == 0, said
    made = json.loads(printed)
    assert made["settings"]["agree"] == 0.5
    assert made["seed"] == 3
    assert made["parents"][0]["decoding"]["seed"] == 3


def test_labelled_steps(typed: Typed, train: Path, manifest_of: Callable[..., Manifest]) -> None:
    run_of(Path("base"), manifest_of(data=source(train)), test_steps.TEXTS, TRAIN[:2])
    with test_steps.completer() as server:
        asked = ("--model", "m", "--base-url", server.url, "--quiet", "--seed", "3")
        code, printed, said = typed(
            "steps",
            "base",
            *asked,
            "--rollouts",
            "2",
            "--search",
            "first",
            "--no-carry",
            "--out",
            "s",
            "--json",
        )
    assert code == 0, said
    made = json.loads(printed)
    assert (made["kind"], made["rows"], made["seed"]) == ("stepwise", 3, 3)
    chosen = {"labels": "rollouts", "search": "first", "carry": False, "rollouts": 2, "temperature": 0.7}
    assert chosen.items() <= made["settings"].items()
    with scripted(lambda _: "First wrong step: none") as server:
        judged = ("--model", "m", "--base-url", server.url, "--quiet", "--labels", "judge")
        code, printed, said = typed("steps", "base", *judged, "--out", "j")
    assert code == 0, said
    assert "the judge finds no wrong step" in printed


def test_ranked_problems(typed: Typed, train: Path, manifest_of: Callable[..., Manifest]) -> None:
    texts = {"train/rolls+easier": [test_ranks.GOOD], "train/rolls+concrete": [test_ranks.POOR]}
    test_ranks.evolved(Path("new-evolve-1"), train, manifest_of, texts)
    with scripted(test_ranks.honest) as server:
        asked = ("--model", "m", "--base-url", server.url, "--quiet")
        code, printed, said = typed("ranks", "new-evolve-1", *asked, "--out", "ranked")
    assert code == 0, said
    assert "1 row over 1 problem, preference" in printed


def test_steps_of_prm800k(typed: Typed, tmp_path: Path) -> None:
    test_prm800k.file_of(tmp_path, test_prm800k.RIGHT, test_prm800k.ENDED)
    code, printed, said = typed("prm800k", "phase2_train.jsonl", "--neutral", "leave-out", "--out", "people")
    assert code == 0, said
    assert "a step is rated 0" in printed


def test_a_mistake_is_one_line(typed: Typed) -> None:
    code, _, said = typed(
        "evolve", "--data", "math500", "--model", "m", "--base-url", "http://127.0.0.1:9/v1", "--out", "x"
    )
    assert code == 3
    assert said.count("\n") == 1
    assert "must never train" in said
