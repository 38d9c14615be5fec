from __future__ import annotations

import tomllib
from pathlib import Path

import click
import pytest

from math500.cli.train import grpo, ppo
from math500.errors import DataUnreadable, UsageError
from math500.records import GrpoSettings, PpoSettings, SamplingSettings, TrainingSettings
from math500.train import settings


def test_options_come_before_the_file(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text("batch = 16\nlearning_rate = 1e-3\n[lora]\nrank = 4\n")
    found = settings.read(file, {"batch": 8, "seed": None})
    assert (found.batch, found.learning_rate, found.lora.rank, found.seed) == (8, 1e-3, 4, 0)


def test_a_length_is_said_in_one_way() -> None:
    with pytest.raises(UsageError, match="two ways"):
        settings.read(None, {"steps": 2, "epochs": 3.0})


def test_epochs_that_are_typed_undo_steps_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text("steps = 7\n")
    assert settings.read(file, {}).steps == 7
    assert settings.settled(settings.read(file, {"epochs": 2.0}), 64).steps == 4


def test_nothing_is_left_open() -> None:
    full = settings.settled(TrainingSettings(epochs=1.5, batch=10), 101)
    assert (full.steps, full.learning_rate, full.epochs) == (16, 2e-5, 1.5842)
    assert settings.settled(TrainingSettings(method="lora"), 10).learning_rate == 2e-4


@pytest.mark.parametrize("method", ["full", "lora"])
def test_the_file_in_the_folder_can_be_given_again(tmp_path: Path, method: str) -> None:
    made = settings.settled(settings.read(None, {"method": method, "steps": 12, "checkpointing": True}), 40)
    file = tmp_path / "training.toml"
    file.write_text(settings.text(made))
    assert settings.read(file, {}) == made
    assert (
        set(tomllib.loads(file.read_text()))
        == set(TrainingSettings.__struct_fields__) - settings.TABLES.keys()
    )


def test_every_setting_has_its_meaning() -> None:
    tables = {"lora", *settings.TABLES}
    assert set(settings.MEANING) >= set(TrainingSettings.__struct_fields__) - tables
    for table in settings.TABLES.values():
        assert set(settings.MEANING) >= set(table.__struct_fields__)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rate = 1", "unknown field `rate`"),
        ('batch = "many"', "Expected `int`"),
        ("batch = 0", "batch is 0"),
        ("steps = 0", "0 steps"),
        ("learning_rate = 3", "a learning rate of 3"),
        ("warmup = 1.0", "a warmup of 1.0"),
        ("[lora]\nsize = 3", "unknown field `size`"),
    ],
)
def test_what_cannot_be_used_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "own.toml"
    file.write_text(text)
    with pytest.raises(UsageError, match=said):
        settings.read(file, {})


def test_a_file_that_is_no_toml(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text("= 3")
    with pytest.raises(DataUnreadable, match=r"own\.toml cannot be read"):
        settings.read(tmp_path / "own.toml", {})


def test_a_training_that_writes_its_rows_counts_completions_and_steps_gently() -> None:
    wanted = settings.read(
        None, {"generations": 4, "batch": 16, "epochs": 2.0, "reuse": 2, "save_every": 2}, "grpo"
    )
    found = settings.settled(wanted, 40)
    assert found.steps == 2 * 40 * 4 * 2 // 16
    assert found.epochs == 2.0
    assert found.learning_rate == pytest.approx(1e-6)
    assert settings.settled(
        settings.read(None, {"method": "lora"}, "ppo"), 40
    ).learning_rate == pytest.approx(1e-5)


def test_the_tables_of_both_are_read_back(tmp_path: Path) -> None:
    for task, own in (("grpo", {"scale": "none"}), ("ppo", {"process_reward": "prm", "gae_lambda": 1.0})):
        wanted = settings.read(None, own, task)
        file = tmp_path / f"{task}.toml"
        file.write_text(settings.text(wanted))
        assert settings.read(file, {}, task) == wanted
        with pytest.raises(UsageError, match=f"settings of `train {task}`"):
            settings.read(file, {}, "sft")


@pytest.mark.parametrize(("command", "own"), [(grpo, GrpoSettings()), (ppo, PpoSettings())])
def test_the_help_names_the_commands_own_defaults(command: click.Command, own: SamplingSettings) -> None:
    said = {option.name: getattr(option, "help", None) or "" for option in command.params}
    for name in (
        "generations",
        "beta",
        "reuse",
        "completion_length",
        "temperature",
        "held_out",
        "held_every",
    ):
        assert said[name].endswith(f"[default: {getattr(own, name):g}]")
