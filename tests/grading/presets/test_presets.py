from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from math500.errors import UsageError
from math500.grading import presets

CASES = Path(__file__).parents[2] / "cases" / "presets.jsonl"
NAMES = presets.names()
CHEAP = [name for name in NAMES if presets.get(name).cheap]


def cases() -> Iterator[tuple[str, str, str, str]]:
    """Preset, response, reference answer, and the verdict that the project's rule gives."""
    for line in CASES.read_text("utf-8").splitlines():
        case = json.loads(line)
        for name, verdict in case["verdicts"].items():
            yield name, case["response"], case["answer"], verdict


@pytest.mark.parametrize(("name", "response", "answer", "verdict"), list(cases()))
def test_a_preset_grades_as_upstream_does(name: str, response: str, answer: str, verdict: str) -> None:
    grade = presets.get(name).grade(response, answer)
    assert grade.verdict == verdict, grade


def test_each_preset_has_cases_of_both_kinds() -> None:
    seen = {(name, verdict == "correct") for name, _, _, verdict in cases()}
    assert {(name, kind) for name in NAMES for kind in (True, False)} <= seen


@pytest.mark.parametrize("name", NAMES)
def test_a_preset_says_what_it_is(name: str) -> None:
    preset = presets.get(name)
    assert preset.name == name
    assert preset.version
    assert preset.about
    assert preset.source.startswith("https://github.com/") or name == "math500"


def test_the_first_is_our_own() -> None:
    assert NAMES[0] == "math500"


def test_an_unknown_name_is_told_the_known_ones() -> None:
    with pytest.raises(UsageError, match="Choose out of math500, hendrycks"):
        presets.get("hendricks")


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60) | st.text(r"\\{}$frac sqrtbxed12/=.,%^()", max_size=60), st.sampled_from(CHEAP))
def test_no_text_makes_a_cheap_preset_raise(text: str, name: str) -> None:
    for response in (text, f"$\\boxed{{{text}}}$", f"The final answer is {text}. I hope it is correct."):
        assert presets.get(name).grade(response, r"\frac{1}{2}").verdict in {
            "correct",
            "wrong",
            "no_answer",
            "ungraded",
        }


HOSTILE = (
    "__import__('os').system('touch executed')",
    "open('executed','w')",
    "(lambda: open('executed','w'))()",
    "[open('executed','w') for x in (1,)][0]",
    "x.__class__.__base__.__subclasses__()",
    "exec(\"open('executed','w')\")",
)


@pytest.mark.parametrize("name", [name for name in NAMES if not presets.get(name).cheap])
def test_text_is_never_executed(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    from math500 import grading

    grading.shutdown()
    for text in HOSTILE:
        assert presets.get(name).grade(f"So $\\boxed{{{text}}}$ is it: {text}", "x+1").verdict != "correct"
    grading.shutdown()
    assert list(tmp_path.iterdir()) == []


def test_a_comparison_without_end_is_ungraded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("math500.grading.presets.base.TIMEOUT", 0.5)
    presets.get("math-verify").grade("$1$", "1")
    grade = presets.get("math-verify").grade("$9^{9^{9^9}}$", "3")
    assert grade.verdict == "ungraded"
    assert "took longer" in grade.reason
