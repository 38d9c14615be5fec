"""The guides' commands run as they stand, in order, and say what the page says that they say.

A block of `sh` is run; one of `console` needs something of the reader's own, and is run by test_pages.py.
A block of `text` behind it is what was printed. It is compared where that can be the same everywhere: where
no model is asked.
"""

from __future__ import annotations

import itertools
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.docs import pages, world

GUIDES = Path(__file__).parents[2] / "docs" / "guides"
TRANSLATED = sorted(path.name.removesuffix(".zh-CN.md") for path in GUIDES.glob("*.zh-CN.md"))
OFFLINE = ("math500 grade ", "math500 scores ", "math500 gap --measured ")
"""Need no model, no data and no network."""


def blocks(name: str) -> list[tuple[str, str]]:
    """A page's blocks: their language and what stands in them."""
    return pages.blocks(GUIDES / f"{name}.md")


def run(name: str) -> list[str]:
    """What a page says to run, block by block."""
    return [content for language, content in blocks(name) if language == "sh"]


def offline() -> list[tuple[str, str, str]]:
    """Each block of offline commands with what the page says that it prints."""
    found = []
    for name in sorted(path.stem for path in GUIDES.glob("*.md")):
        for (language, content), (beside, printed) in itertools.pairwise(blocks(name)):
            if language == "sh" and beside == "text" and content.startswith(OFFLINE):
                found.append((name, content, printed))
    return found


@pytest.fixture
def shell(tmp_path: Path) -> dict[str, str]:
    """An environment in which `math500` and `python3` are those of the tests."""
    return os.environ | {"PATH": world.programs(tmp_path / "bin"), "COLUMNS": "100"}


def carry_out(commands: list[str], folder: Path, shell: dict[str, str]) -> str:
    """Run a page's blocks in a folder; what they printed."""
    folder.mkdir()
    printed = []
    for block in commands:
        done = subprocess.run(
            ["bash", "-euc", block], cwd=folder, env=shell, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        printed.append(done.stdout)
    return "\n".join(printed)


@pytest.mark.parametrize(("page", "commands", "expected"), offline())
def test_what_asks_no_model_prints_what_the_page_shows(
    page: str, commands: str, expected: str, tmp_path: Path, shell: dict[str, str]
) -> None:
    alone = shell | {"MATH500_OFFLINE": "1", "MATH500_CACHE": str(tmp_path / "cache")}
    printed = [line.rstrip() for line in carry_out([commands], tmp_path / "here", alone).splitlines()]
    shown = [line.rstrip() for line in expected.splitlines() if line.strip() not in ("", "...")]
    assert shown
    # A page may leave the end of a line out, not change it.
    assert not [line for line in shown if not any(one.startswith(line) for one in printed)]


def test_there_is_something_to_compare() -> None:
    assert {page for page, *_ in offline()} >= {"reproduce", "explain"}


@pytest.mark.real_data
@pytest.mark.real_model
@pytest.mark.timeout(900)
@pytest.mark.parametrize("page", ["reproduce", "explain", "write"])
def test_a_guide_can_be_followed(page: str, tmp_path: Path, shell: dict[str, str]) -> None:
    commands = run(page)
    assert len(commands) >= 1
    assert "score" in carry_out(commands, tmp_path / "here", shell)


@pytest.mark.real_data
@pytest.mark.real_model
@pytest.mark.timeout(1800)
def test_a_model_can_be_trained_and_compared(tmp_path: Path, shell: dict[str, str]) -> None:
    pytest.importorskip("torch", reason="needs the extra `train`")
    printed = carry_out(run("improve"), tmp_path / "here", shell)
    assert printed.count("McNemar") == 2
    assert (tmp_path / "here" / "trained" / "rft.gguf").exists()


@pytest.mark.parametrize("page", TRANSLATED)
def test_both_languages_have_the_same_blocks(page: str) -> None:
    """Commands and output are the same in both; a comment in a block is not translated either."""
    assert blocks(f"{page}.zh-CN") == blocks(page)


@pytest.mark.parametrize("page", TRANSLATED)
def test_both_languages_have_the_same_parts(page: str) -> None:
    def shape(name: str) -> tuple[int, int, list[str]]:
        text = (GUIDES / f"{name}.md").read_text(encoding="utf-8")
        links = [link.replace(".zh-CN", "") for link in re.findall(r"\]\(([^)]+)\)", text)]
        headings = len(re.findall(r"^#+ ", text, re.MULTILINE))
        return headings, len(re.findall(r"^\|", text, re.MULTILINE)), links[1:]

    assert shape(f"{page}.zh-CN") == shape(page)


def test_the_main_guides_are_translated() -> None:
    assert {"explain", "improve", "reproduce"} <= set(TRANSLATED)
