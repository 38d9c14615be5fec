"""What goes out: the wheel and the source archive are whole and small, and the versions agree."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

import math500

ROOT = Path(__file__).parent.parent
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MOST = 2 << 20
"""Bytes of the wheel."""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The wheel and the source archive."""
    folder = tmp_path_factory.mktemp("dist")
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", folder],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "warn" not in done.stderr.lower()
    return {path.suffix: path for path in folder.iterdir()}


def _names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_is_small_and_whole(built: dict[str, Path]) -> None:
    assert built[".whl"].stat().st_size < MOST
    names = _names(built[".whl"])
    kept = {path for path in (ROOT / "src").rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert {path.relative_to(ROOT / "src").as_posix() for path in kept} <= names
    assert "math500/py.typed" in names
    tops = {name.split("/")[0] for name in names}
    assert tops == {"math500", "lm_eval", f"math500-{math500.__version__}.dist-info"}
    # Of lm_eval only the folder of the tasks: nothing of its own is touched.
    assert all(name.startswith("lm_eval/tasks/math500/") for name in names if name.startswith("lm_eval/"))
    assert {Path(name).name for name in names if "/licenses/" in name} == {"LICENSE", "NOTICE.md"}


def test_the_source_archive_holds_what_a_check_needs(built: dict[str, Path]) -> None:
    with tarfile.open(built[".gz"]) as archive:
        names = {member.name.partition("/")[2] for member in archive if member.isfile()}
    pages = {path.name for path in ROOT.glob("*.md")}
    assert {"CITATION.cff", "LICENSE", "check", "constraints.txt", "pyproject.toml", *pages} <= names
    for folder in ("src", "tests", "docs", "examples", "benchmarks"):
        there = (path for path in (ROOT / folder).rglob("*.py") if "__pycache__" not in path.parts)
        assert {path.relative_to(ROOT).as_posix() for path in there} <= names
    assert not [name for name in names if "__pycache__" in name or name.endswith((".pyc", ".gguf"))]


def test_the_versions_agree() -> None:
    assert PROJECT["version"] == math500.__version__
    assert f"\nversion: {math500.__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\n## {math500.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_pythons_are_those_that_are_named() -> None:
    named = [c.rpartition(" :: ")[2] for c in PROJECT["classifiers"] if ":: Python ::" in c]
    assert named == ["3.11", "3.12", "3.13", "3.14"]
    assert PROJECT["requires-python"] == f">={named[0]}"


def test_every_dependency_has_its_licence_listed() -> None:
    said = (ROOT / "docs" / "licences.md").read_text(encoding="utf-8")
    listed = {row.lower() for row in re.findall(r"^\| ([\w.-]+) \|", said, re.MULTILINE)}
    extras = PROJECT["optional-dependencies"].values()
    for one in [*PROJECT["dependencies"], *(one for extra in extras for one in extra)]:
        name = re.split(r"[<>=\[]", one)[0].replace("_", "-").lower()
        assert name in listed, f"{name}: run benchmarks/licences.py"


def test_the_pinned_versions_are_versions_alone() -> None:
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert [line for line in lines if not re.fullmatch(r"[\w.-]+==[\w.+!]+", line)] == []


def test_importing_it_warns_of_nothing() -> None:
    rooms = "import math500, math500.cli, math500.grading, math500.stats, math500.rundir, math500.data"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", rooms], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
