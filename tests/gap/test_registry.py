"""The registry's rows as what a score is compared with, and the starting report as it is typed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from math500.errors import UsageError
from math500.gap import against, registry, settings
from math500.gap.explain import stated_settings
from math500.records import DataSource, Manifest
from math500.rundir import RunDir, RunWriter
from tests.gap.conftest import Outcome

Command = Callable[..., Outcome]
REPORT = ("gap", "--measured", "75.16", "--n", "5000", "--model", "qwen2.5-72b-instruct", "--against", "90.6")


def test_the_report_that_math500_started_from(command: Command) -> None:
    gap = json.loads(command(*REPORT, "--json").out)
    said = " ".join(gap["findings"])
    for part in (
        "it is Qwen/QwQ-32B-Preview's on MATH-500",
        "75.16 cannot be a MATH-500 score",
        "75.16 is 3,758 of 5,000",
        "like-for-like published value is 83.1 on MATH-5000, by vendor:Qwen",
        "the gap is 7.9 points and not 15.4",
        "caps answers at 1,024 tokens",
    ):
        assert part in said
    assert gap["gap"]["value"] == pytest.approx(-0.0794)
    assert len(gap["others"]) >= 6


def test_a_configuration_that_nobody_typed_is_told_to_be_a_guess(command: Command) -> None:
    (note,) = json.loads(command(*REPORT, "--json").out)["notes"]
    assert "is on record as measured with OpenCompass math_0shot_gen_393424, and is taken for that" in note
    assert json.loads(command(*REPORT, "--config", "393424", "--json").out)["notes"] == []


def test_a_row_says_what_its_source_states_and_no_more() -> None:
    name, rows = registry.of_model("DeepSeek-R1")
    assert name == "deepseek-ai/DeepSeek-R1"
    own = next(r for r in rows if r.reporter == "vendor:DeepSeek" and r.data == "MATH-500")
    assert own.score == pytest.approx(0.973)
    assert own.n == 500
    assert own.protocol["decoding"] == "temperature 0.6, top-p 0.95"
    assert own.protocol["token limit"] == "32768"
    assert own.protocol["prompt"] == "boxed"
    assert "grader" not in own.protocol


def test_a_score_from_memory_is_told_to_be_one(command: Command) -> None:
    shown = command("gap", "--measured", "90.0", "--model", "claude-3-7-sonnet").out
    assert "96.2 is on record from memory and was not looked up" in shown
    assert "from memory" not in command("gap", "--measured", "80.0", "--model", "gpt-4o").out
    assert "published  76.4 openai/gpt-4o" in command("gap", "--measured", "80.0", "--model", "gpt-4o").out


def test_settings_of_which_neither_side_speaks_are_not_the_same(command: Command) -> None:
    shown = command("gap", "--measured", "80.0", "--model", "gpt-4o").out
    assert "stated by neither: prompt, shots, decoding, token limit, samples, grader" in shown
    assert "stated by neither: decoding, samples" in command(*REPORT).out


def test_every_row_can_be_compared_with() -> None:
    from math500 import scores

    for row in scores.rows():
        found = registry._reference(row, row.model)
        assert 0 <= found.score <= 1
        assert found.data in scores.SIZES
        assert found.source
        assert not [v for v in found.protocol.values() if not v or "not stated" in v]


def test_a_model_that_nobody_reports(command: Command) -> None:
    assert registry.of_model("no-such-model-1b") == ("", ())
    assert registry.of_model("") == ("", ())
    done = command(
        "gap", "--measured", "50.0", "--model", "no-such-model-1b", "--against", "neither this one"
    )
    assert done.code == 2


def test_whose_number_it_is_begins_with_the_vendors_own() -> None:
    first = registry.with_score("90.6")[0]
    assert first.reporter.startswith("vendor:")
    assert registry.with_score("0.01") == ()


def test_a_number_of_the_models_own_is_compared_with_its_row() -> None:
    found = against.resolve("83.1", "qwen2.5-72b-instruct")
    assert found.model == "Qwen/Qwen2.5-72B-Instruct"
    assert found.claimed is not None
    assert any(row.score == pytest.approx(0.831) for row in found.rows)


def test_a_name_that_means_several_is_told_only_where_it_was_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    def several(name: str) -> object:
        raise UsageError(f"{name!r} could be a, b", "Use one of these names.")

    monkeypatch.setattr("math500.scores.find", several)
    assert against.resolve(None, "r1", typed=False).rows == ()
    with pytest.raises(UsageError, match="could be a, b"):
        against.resolve(None, "r1")


def test_an_ablation_goes_toward_what_the_source_states(
    folder: Path, manifest_of: Callable[..., Manifest]
) -> None:
    math500 = DataSource(name="math500", place="path", location="-", rows=500, sha256="0", verified=True)
    RunWriter.create(folder, manifest_of(data=math500), ()).close()
    run = RunDir.open(folder)
    stated = stated_settings(run, against.resolve(None, "DeepSeek-R1"))
    assert stated == {"limit": "32768", "decoding": "0.6/0.95"}
    made = settings.change(run.manifest, stated, stated, list).manifest
    assert (made.decoding.max_tokens, made.decoding.temperature, made.decoding.top_p) == (32768, 0.6, 0.95)
    assert stated_settings(run, against.resolve(None, "nobody-knows-it")) == {}


def test_on_another_set_of_problems_nothing_is_taken_over(twelve: Path, command: Command) -> None:
    planned = command("gap", twelve, "--model", "DeepSeek-R1", "--ablate", "limit", "--plan")
    assert "limit-128-tokens" in planned.out
