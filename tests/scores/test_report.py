"""The report that this project starts from: what its author could not find is found at once."""

from __future__ import annotations

from pathlib import Path

from math500 import display, gap, scores
from math500.display import scores as show

ROOT = Path(__file__).parents[2]


def test_the_reports_gap_is_told_from_the_numbers_alone() -> None:
    found = gap.of_number("75.16", n=5000, model="qwen2.5-72b-instruct", compared_with="90.6", config=None)
    text = display.gap(found)
    assert "90.6 is not a published score of Qwen/Qwen2.5-72B-Instruct: it is Qwen/QwQ-32B-Preview's" in text
    assert "75.16 cannot be a MATH-500 score" in text
    assert "75.16 is 3,758 of 5,000" in text
    assert "The like-for-like published value is 83.1 on MATH-5000" in text
    assert "the gap is 7.9 points and not 15.4" in text
    assert "caps answers at 1,024 tokens" in text


def test_the_page_shows_what_is_printed() -> None:
    page = (ROOT / "docs" / "report-check.md").read_text(encoding="utf-8")
    assert show.forensics(scores.what("75.16")) in page
    found = gap.of_number("75.16", n=5000, model="qwen2.5-72b-instruct", compared_with="90.6", config=None)
    assert display.gap(found).split("\n\n")[0] in page
