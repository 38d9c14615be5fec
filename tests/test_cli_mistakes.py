"""What is easily mistyped or mixed up, and the one line that says what to do."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from math500 import cli

ONE = Path(__file__).parent / "formats" / "1"


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One folder of each kind that math500 makes, an archive and two files, where the command is typed."""
    for name in ("run", "set", "training"):
        shutil.copytree(ONE / name, tmp_path / name)
    for name in ("study", "begun"):
        (tmp_path / name).mkdir()
    (tmp_path / "study" / "experiment.json").write_text("{}")
    (tmp_path / "begun" / "draft.json").write_text("{}")
    shutil.copy(ONE / "run.tar.gz", tmp_path)
    (tmp_path / "notes.txt").write_text("hello")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("typed", "code", "says"),
    [
        ("shwo run", 2, "No such command 'shwo'. Did you mean 'show'?"),
        ("zzz", 2, "No such command 'zzz'.\n"),
        ("show set", 5, "set is a training set. Give the folder that `math500 run` printed"),
        ("compare run begun", 5, "begun is a training set that is not finished. Give the folder"),
        ("run --resume training", 5, "training is a training's folder. Give the folder"),
        ("errors study", 5, "study is a study's folder; each cell in it is a run folder. Give the folder"),
        ("verify notes.txt", 5, "Give what `math500 pack` wrote; if this is it, fetch it again."),
        ("import set", 2, "set is a training set. Give the log of another harness."),
        ("import run", 2, "See it with: math500 show run"),
        ("import run.tar.gz", 3, "run.tar.gz is compressed. Unpack it first"),
        ("run --base-url http://127.0.0.1:9/v1", 2, "--model NAME; or leave --base-url out."),
        ("grade --response @gone --answer 2", 2, "gone cannot be read (No such file or directory). Check"),
        ("experiment gone.toml", 3, "gone.toml cannot be read (No such file or directory). Give a TOML file"),
        ("experiment run", 3, "run cannot be read (Is a directory). Give a TOML file"),
    ],
)
def test_a_mistake_is_told_with_what_to_do(
    typed: str, code: int, says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["math500", *typed.split()])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    err = capsys.readouterr().err
    assert ended.value.code == code
    assert says in err
    assert "Traceback" not in err
