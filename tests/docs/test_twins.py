"""Pages in two languages say the same: headings, commands, outputs, plots, links and every figure."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

DOCS = Path(__file__).parent.parent.parent / "docs"
TWINS = sorted(path.name.removesuffix(".zh-CN.md") for path in DOCS.glob("*.zh-CN.md"))
FENCED = re.compile(r"^```\w*\n.*?^```$", re.DOTALL | re.MULTILINE)
EACH = pytest.mark.parametrize("name", TWINS)


def both(name: str) -> tuple[str, str]:
    english, chinese = (DOCS / f"{name}{ending}" for ending in (".md", ".zh-CN.md"))
    return english.read_text(encoding="utf-8"), chinese.read_text(encoding="utf-8")


def prose(text: str) -> str:
    """Without blocks, code and links' targets."""
    return re.sub(r"\]\([^)]*\)|`[^`]*`", " ", FENCED.sub("", text))


def numbers(text: str) -> Counter[str]:
    """The numbers of two digits and more; smaller ones are words in one language and digits in the other."""
    found = re.findall(r"(?<![\w.,-])[+-]?\d[\d,]*(?:\.\d+)?(?:e-\d)?", prose(text))
    return Counter(number for number in (n.rstrip(",") for n in found) if len(number.strip("+-")) > 1)


def links(text: str) -> Counter[str]:
    """Where links lead, one language's page for the other's, without the places in pages."""
    found = re.findall(r"\]\(([^)#]+)", text)
    return Counter(link.replace(".zh-CN.md", ".md") for link in found)


def test_there_are_some() -> None:
    assert {"report", "improve"} <= set(TWINS)


@EACH
def test_the_same_commands_and_outputs(name: str) -> None:
    english, chinese = (FENCED.findall(text) for text in both(name))
    assert english == chinese


@EACH
def test_the_same_headings_lists_and_tables(name: str) -> None:
    english, chinese = (re.findall(r"^(#+|- |\|)", FENCED.sub("", text), re.MULTILINE) for text in both(name))
    assert english == chinese


@EACH
def test_the_same_links(name: str) -> None:
    english, chinese = (links(text) for text in both(name))
    assert english == chinese


@EACH
def test_the_same_figures(name: str) -> None:
    english, chinese = (numbers(text) for text in both(name))
    assert set(english) == set(chinese)
