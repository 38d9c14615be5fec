"""The READMEs are true: their tree is the real one, their commands exist, both say the same."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from math500 import cli

ROOT = Path(__file__).parent.parent
READMES = ("README.md", "README.zh-CN.md")


def blocks(name: str, language: str) -> list[str]:
    text = (ROOT / name).read_text(encoding="utf-8")
    fenced = re.findall(r"^```(\w*)\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    return [content for marked, content in fenced if marked == language]


def tree(name: str) -> set[str]:
    """The paths below src/math500 that a README lists."""
    (drawn,) = (block for block in blocks(name, "") if block.startswith("src/math500/"))
    paths, folder = set(), ""
    for line in drawn.splitlines()[1:]:
        if not line.startswith(" "):
            break
        entry = line.split()[0]
        if line.startswith("    "):
            paths.add(folder + entry)
        else:
            folder = entry if entry.endswith("/") else ""
            if not folder:
                paths.add(entry)
    return paths


def test_the_tree_is_the_real_one() -> None:
    source = ROOT / "src" / "math500"
    real = {str(p.relative_to(source)) for p in source.rglob("*.py")}
    packages = {path for path in real if path.endswith("/__init__.py")}
    listed = {path for path in tree("README.md") if path.endswith(".py")}
    assert listed == real - packages


def test_both_languages_have_the_same_commands_and_tree() -> None:
    english, chinese = ((blocks(name, "sh"), blocks(name, "python"), tree(name)) for name in READMES)
    assert english == chinese


@pytest.mark.parametrize("name", READMES)
def test_every_command_is_listed(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `math500 ([\w-]+)", text, re.MULTILINE)) == set(cli.COMMANDS)


@pytest.mark.parametrize("name", READMES)
def test_every_option_that_is_named_exists(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    names = "|".join(name for name in cli.COMMANDS if name != "lm-eval")
    for typed, rest in re.findall(rf"math500 ({names})\b([^`\n|#]*)", text):
        command = cli.commands()[typed]
        if isinstance(command, click.Group) and rest.split() and rest.split()[0] in command.commands:
            command = command.commands[rest.split()[0]]
        known = {o for p in command.params if isinstance(p, click.Option) for o in p.opts}
        assert set(re.findall(r"--[\w-]+", rest)) <= known


@pytest.mark.parametrize("name", READMES)
def test_every_link_leads_somewhere(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#]+)\)", text)
    assert links
    assert not [link for link in links if not (ROOT / link).exists()]


def test_the_python_in_the_readme_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    import math500

    (code,) = blocks("README.md", "python")
    graded = code.split("\n")[2]
    expression, expected = graded.split("  # ")
    assert eval(expression, {"math500": math500}) == eval(expected)
