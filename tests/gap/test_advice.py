from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from math500.errors import RunError
from math500.gap import of_run
from math500.rundir import RunDir
from tests.gap.conftest import Outcome

Command = Callable[..., Outcome]


def test_the_most_effect_for_its_cost_comes_first(twelve: Path) -> None:
    advice = of_run(twelve).advice
    worth = [a.effect / (a.tokens + 1) for a in advice]
    assert worth == sorted(worth, reverse=True)
    assert all(a.tokens > 0 and a.effect > 0 for a in advice if "token limit" not in a.what)
    assert not any("repeat" in a.command for a in advice)


def test_a_folder_that_cannot_be_written_is_read_all_the_same(
    twelve: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: RunDir, gap: object) -> None:
        raise RunError("gap.json cannot be written (Read-only file system)")

    monkeypatch.setattr(RunDir, "write_gap", refuse)
    assert of_run(twelve).notes[-1].startswith("It is not kept: gap.json cannot be written")


def test_what_was_measured_is_not_proposed_again(twelve: Path, command: Command) -> None:
    assert any("--ablate prompt" in a.command for a in of_run(twelve).advice)
    command("gap", twelve, "--ablate", "prompt", "--budget", 100_000, "--quiet")
    assert not any("--ablate prompt" in a.command for a in of_run(twelve).advice)


def test_what_both_protocols_share_is_not_proposed(twelve: Path, command: Command) -> None:
    command("gap", twelve, "--ablate", "prompt", "--budget", 100_000, "--quiet")
    other = twelve / "ablations" / "prompt-answer-line"
    advice = of_run(twelve, compared_with=str(other)).advice
    assert not any("--ablate decoding" in a.command for a in advice)


def test_a_limit_that_cut_nothing_promises_nothing(twelve: Path) -> None:
    assert not any("--ablate limit" in a.command for a in of_run(twelve).advice)
