"""A model by any of its names."""

from __future__ import annotations

import tomllib
from importlib.resources import files

import pytest

from math500 import scores
from math500.display import scores as display
from math500.errors import UsageError
from math500.scores import names


@pytest.mark.parametrize("model", sorted({row.model for row in scores.registry.shipped()}))
def test_every_model_is_found_by_its_id_and_without_its_owner(model: str) -> None:
    for name in (model, model.split("/", 1)[1], model.upper(), model.replace("-", " ")):
        found = scores.find(name)
        assert found is not None, name
        assert model in found.versions


ALIASES = tomllib.loads(files("math500.scores").joinpath("names.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("model", "name"), [(m, n) for m, listed in ALIASES.items() for n in listed])
def test_every_alias_is_found(model: str, name: str) -> None:
    found = scores.find(name)
    assert found is not None
    assert model in found.versions


def test_every_alias_is_of_a_model_that_has_rows() -> None:
    assert set(ALIASES) <= {row.model for row in scores.rows()}


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("qwen2.5-72b-instruct", "Qwen/Qwen2.5-72B-Instruct"),
        ("qwen2.5-72b-instruct-hf", "Qwen/Qwen2.5-72B-Instruct"),
        ("Qwen2.5 72B Instruct", "Qwen/Qwen2.5-72B-Instruct"),
        ("openai/gpt-4o-mini", "openai/gpt-4o-mini-2024-07-18"),
        ("OpenAI o1-mini", "openai/o1-mini"),
        ("deepseek-r1:32b", "deepseek-ai/DeepSeek-R1-Distill-Qwen-32B"),
        ("Kimi k1.5 long CoT", "moonshot/kimi-k1.5-long"),
        ("phi4", "microsoft/phi-4"),
    ],
)
def test_names_that_people_type(name: str, model: str) -> None:
    found = scores.find(name)
    assert found is not None
    assert found.model == model


@pytest.mark.parametrize(
    "name", ["QVQ-72B-Preview", "DeepSeek-R1-32B", "DeepSeek-R1-V3", "", "qwen", "-", "/"]
)
def test_what_is_no_name_is_not_found(name: str) -> None:
    assert scores.find(name) is None


def test_a_name_without_a_date_stands_for_all_snapshots() -> None:
    found = scores.find("GPT-4o")
    assert found is not None
    assert found.model == "openai/gpt-4o"
    assert {"openai/gpt-4o-2024-05-13", "openai/gpt-4o-2024-11-20"} < set(found.versions)
    assert found.rows[0].model == "openai/gpt-4o"


def test_a_name_with_a_date_is_that_snapshot_alone() -> None:
    found = scores.find("gpt-4o-2024-05-13")
    assert found is not None
    assert found.versions == ("openai/gpt-4o-2024-05-13",)


def test_a_name_that_could_be_several_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "_index", lambda _: {"x": frozenset({"a/x", "b/other"})})
    with pytest.raises(UsageError, match="'x' could be a/x, b/other"):
        scores.find("x")


def test_names_that_are_nearly_right() -> None:
    assert scores.near("DeepSeek-R1-32B", scores.rows())[0] in (
        "deepseek-ai/DeepSeek-R1-Distill-Qwen-32B",
        "deepseek-ai/DeepSeek-R1",
    )


def test_a_model_s_rows_say_what_their_sources_state_and_what_to_do_next() -> None:
    found = scores.find("qwen2.5-72b-instruct")
    assert found is not None
    shown = display.model(found)
    assert "token limit 8192" in shown
    assert "unknown;" not in shown
    assert "token limit unknown" not in shown
    assert shown.endswith(
        "A setting that a row does not state is unknown.\nNext: math500 gap RUN --against MODEL"
    )
    one = scores.find("llama-3.1-8b")
    assert one is not None
    assert "none stated" not in display.model(one)
