"""`math500 gap` and `math500 compare` as they are typed."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from math500.records import Problem
from math500.rundir import RunDir
from tests.faulty_server import FaultyServer
from tests.gap.conftest import Outcome

Command = Callable[..., Outcome]


def test_a_run_is_looked_into_without_asking_again(
    twelve: Path, command: Command, server: FaultyServer
) -> None:
    sent = len(server.requests)
    done = command("gap", twelve, "--against", "90")
    assert done.code == 0
    assert "40.0 points" in done.out
    assert len(server.requests) == sent
    kept = RunDir.open(twelve).gap()
    assert kept is not None
    assert kept.measured.value == 0.5


def test_what_an_ablation_costs_is_told_before_it_is_asked(
    twelve: Path, command: Command, server: FaultyServer
) -> None:
    sent = len(server.requests)
    refused = command("gap", twelve, "--ablate", "prompt,limit")
    assert refused.code == 2
    assert "the ablations would send 36 requests" in refused.err
    assert "--budget" in refused.err
    planned = command("gap", twelve, "--ablate", "prompt,limit", "--plan")
    assert planned.code == 0
    assert "together 36 requests" in planned.out
    for wrong in (("--plan",), ("--ablate", "prompt", "--plan", "--json")):
        assert command("gap", twelve, *wrong).code == 2, "the plan was not there to be read"
    assert len(server.requests) == sent


def test_one_setting_is_changed_and_its_effect_is_found(
    twelve: Path, command: Command, server: FaultyServer
) -> None:
    sent = len(server.requests)
    asked = ("gap", twelve, "--ablate", "prompt,limit", "--budget", 100_000, "--quiet", "--json")
    gap = json.loads(command(*asked).out)
    assert len(server.requests) == sent + 36
    effects = {f["name"]: f for f in gap["factors"] if f["kind"] == "measured"}
    assert effects["prompt"]["value"] == 0.5
    assert effects["prompt"]["setting"] == "answer-line"
    assert (effects["prompt"]["gained"], effects["prompt"]["lost"]) == (6, 0)
    assert effects["token limit"]["value"] == 0
    assert effects["prompt"]["share"]["value"] == pytest.approx(0.5)
    assert gap["explained"]["value"] == pytest.approx(0.5)
    assert RunDir.open(twelve).ablations() == (
        "limit-128-tokens",
        "prompt-answer-line",
        "together-prompt-limit",
    )


def test_what_was_asked_already_is_not_asked_again(
    twelve: Path, command: Command, server: FaultyServer
) -> None:
    asked = ("gap", twelve, "--ablate", "decoding", "--budget", 100_000, "--quiet")
    assert command(*asked).code == 0
    sent = len(server.requests)
    assert command(*asked).code == 0
    assert len(server.requests) == sent
    other = command("gap", twelve, "--ablate", "decoding", "--problems", 5, "--budget", 100_000, "--quiet")
    assert other.code == 5
    assert "holds a run with another concurrency and selection" in other.err


def test_a_budget_that_is_too_small_is_told(twelve: Path, command: Command) -> None:
    refused = command("gap", twelve, "--ablate", "prompt", "--problems", 12, "--budget", 20)
    assert refused.code == 2
    assert "a budget of 20 tokens is enough for" in refused.err


def test_a_budget_chooses_how_many_problems(twelve: Path, command: Command) -> None:
    planned = command("gap", twelve, "--ablate", "repeat", "--budget", 60, "--plan")
    assert planned.code == 0
    assert "requests and about" in planned.out
    assert "on 12 problems" not in planned.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "neither a run nor a number"),
        (("--measured", "75.16"), "needs --model"),
        (("--measured", "much", "--model", "m"), "is no score"),
        (("--measured", "75.16", "--model", "m", "--against", "1000"), "is no score"),
        (("--measured", "75.16", "--model", "m", "--against", "no such thing"), "no number, no run folder"),
        (("--measured", "75.16", "--model", "m", "--config", "none"), "is not on record"),
        (("--measured", "75.16", "--model", "m", "--ablate", "prompt"), "stands for a run"),
        (("RUN", "--ablate", "weather"), "there is no factor weather"),
        (("RUN", "--ablate", "prompt", "--to", "prompt"), "is no other setting"),
        (("RUN", "--ablate", "prompt", "--to", "prompt=minerva"), "two factors at once"),
        (("RUN", "--ablate", "limit", "--to", "limit=many"), "is no number"),
        (("RUN", "--ablate", "decoding", "--to", "decoding=hot"), "is no decoding"),
        (("RUN", "--ablate", "shots", "--to", "shots=9"), "there are 4 worked examples"),
    ],
)
def test_each_mistake_ends_in_one_line(
    arguments: tuple[str, ...], said: str, twelve: Path, command: Command
) -> None:
    done = command("gap", *(twelve if a == "RUN" else a for a in arguments))
    assert done.code == 2
    assert said in done.err.splitlines()[-1]


def test_two_runs_side_by_side(twelve: Path, command: Command) -> None:
    command("gap", twelve, "--ablate", "prompt", "--budget", 100_000, "--quiet")
    other = twelve / "ablations" / "prompt-answer-line"
    shown = command("compare", twelve, other)
    assert shown.code == 0
    assert "answer-line" in shown.out
    (found,) = json.loads(command("compare", twelve, other, "--json").out)
    assert (found["gained"], found["lost"], found["n"]) == (6, 0, 12)
    alone = command("compare", twelve)
    assert alone.code == 2
    assert "a comparison needs two" in alone.err


def test_another_run_is_something_to_compare_with(twelve: Path, command: Command) -> None:
    command("gap", twelve, "--ablate", "prompt", "--budget", 100_000, "--quiet")
    other = twelve / "ablations" / "prompt-answer-line"
    gap = json.loads(command("gap", twelve, "--against", other, "--json").out)
    assert gap["gap"]["value"] == -0.5
    rows = {r["field"]: r["state"] for r in gap["comparability"]}
    assert rows["prompt"] == "different"
    assert rows["token limit"] == "same"
    planned = command("gap", other, "--against", twelve, "--ablate", "all", "--plan")
    assert "together 12 requests" in planned.out
    assert "prompt-boxed" in planned.out
    assert gap["remainder"]["value"] == pytest.approx(0.0)


def test_the_gap_to_another_run_is_the_difference_that_compare_finds(twelve: Path, command: Command) -> None:
    command("gap", twelve, "--ablate", "prompt", "--budget", 100_000, "--quiet")
    other = twelve / "ablations" / "prompt-answer-line"
    gap = json.loads(command("gap", other, "--against", twelve, "--json").out)
    (found,) = json.loads(command("compare", twelve, other, "--json").out)
    assert gap["gap"] == found["difference"]
    assert gap["smallest"] == found["smallest"]
    assert gap["remainder"]["high"] == pytest.approx(-found["difference"]["low"])
    shown = command("gap", other, "--against", twelve).out
    assert "two such runs differ visibly from" in shown
    assert "points above the 50.0 of the run" in shown
    assert "like-for-like" not in shown


def test_runs_over_other_problems_are_no_pairs(twelve: Path, server: FaultyServer, command: Command) -> None:
    asked = ("--model", "stub", "--base-url", server.url, "--data", twelve.parent / "twelve.jsonl")
    fewer = twelve.parent / "fewer"
    assert command("run", *asked, "--limit", 8, "--out", fewer, "--quiet").code == 0
    gap = json.loads(command("gap", fewer, "--against", twelve, "--json").out)
    assert gap["gap"]["method"].startswith("Newcombe")
    assert "two independent scores" in command("gap", fewer, "--against", twelve).out


def test_what_is_proposed_can_be_typed(twelve: Path, command: Command) -> None:
    command("gap", twelve, "--ablate", "prompt", "--budget", 100_000, "--quiet")
    other = twelve / "ablations" / "prompt-answer-line"
    found = json.loads(command("gap", other, "--against", twelve, "--json").out)
    proposed = [shlex.split(a["command"]) for a in found["advice"]]
    assert proposed
    for program, *words in proposed:
        assert program == "math500"
        assert words[words.index("--against") + 1] == str(twelve)
        done = command(*words, "--quiet")
        assert done.code != 2, (
            done.err
        )  # refused as typed; a stub that counts no prompt may exceed its budget


def test_a_header_whose_value_no_run_keeps_is_given_again(
    command: Command, server: FaultyServer, problems: tuple[Problem, ...], tmp_path: Path, folder: Path
) -> None:
    rows = tmp_path / "twelve.jsonl"
    rows.write_bytes(b"".join(msgspec.json.encode(p) + b"\n" for p in problems))
    asked = ("--model", "stub", "--base-url", server.url, "--data", rows, "--out", folder, "--quiet")
    assert command("run", *asked, "--header", "X-Team: blue").code == 0
    again = ("gap", folder, "--ablate", "repeat", "--budget", 10_000, "--quiet")
    refused = command(*again)
    assert refused.code == 2
    assert "Give it again: --header" in refused.err
    assert command(*again, "--header", "X-Team: blue").code == 0
    assert server.requests[-1].headers["x-team"] == "blue"
