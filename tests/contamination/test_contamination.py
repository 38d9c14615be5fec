from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from math500 import contamination, evaluate
from math500.contamination.agree import agreement, cut, rouge_l
from math500.errors import DataUnreadable, UsageError
from math500.records import Generation, Manifest, Problem, Sample
from math500.rundir import RunDir, RunWriter

WORDS = st.lists(st.sampled_from(["a", "b", "$x$"]), min_size=2, max_size=30)
Make = Callable[..., Manifest]


def run_of(folder: Path, manifest: Manifest, problems: Sequence[Problem], texts: Sequence[str]) -> RunDir:
    with RunWriter.create(folder, manifest, problems) as run:
        for problem, text in zip(problems, texts, strict=False):
            made = (Generation(text=text, finish_reason="stop"),)
            run.append(Sample(unique_id=problem.unique_id, index=0, response=text, generations=made))
        evaluate.grade(run)
    return RunDir.open(folder)


@given(WORDS)
@settings(max_examples=50)
def test_a_cut_loses_nothing_and_the_rest_itself_is_exact(words: list[str]) -> None:
    first, rest = cut(" ".join(words))
    assert f"{first} {rest}".split() == words
    found = agreement("i", first, rest, f"{first} {rest} and more", truncated=False)
    assert (found.exact, found.prefix, found.rouge_l) == (True, 1.0, 1.0)


def test_sixty_percent_of_the_words() -> None:
    assert cut("1 2 3 4 5 6 7 8 9 10") == ("1 2 3 4 5 6", "7 8 9 10")
    assert cut("alone") == ("alone", "")


def test_how_far_a_completion_agrees() -> None:
    found = agreement("i", "x", "a b c d", "a b d e f", truncated=True)
    assert (found.exact, found.prefix, found.short) == (False, 0.5, False)
    assert found.rouge_l == 0.75
    assert agreement("i", "x", "a b c d", "a b", truncated=True).short


def test_rouge_l_by_the_papers_example() -> None:
    """Lin 2004, section 3.1: S1, S2 and S3; 3 and 2 of 4 words are in the common subsequence."""
    reference = ["police", "killed", "the", "gunman"]
    assert rouge_l(reference, ["police", "kill", "the", "gunman"]) == 0.75
    assert rouge_l(reference, ["the", "gunman", "kill", "police"]) == 0.5
    assert rouge_l(reference, []) == 0.0


def test_a_probe_beside_its_control(tmp_path: Path, problems: tuple[Problem, ...], manifest_of: Make) -> None:
    asked = [
        msgspec.structs.replace(p, problem=cut(p.problem)[0], solution=cut(p.problem)[1]) for p in problems
    ]
    made = manifest_of(prompt=contamination.PROMPT)
    known = run_of(tmp_path / "a", made, asked, [p.solution for p in asked])
    other = run_of(tmp_path / "b", made, asked, ["Sure!"] * 10)
    found = contamination.against(contamination.read(known), contamination.read(other))
    assert found.probe is not None
    assert found.probe.exact is not None
    assert found.probe.exact.value == 1.0
    assert found.control is not None
    assert found.control.owed == 2
    assert found.above_control is not None
    assert found.above_control.value == 1.0
    assert found.above_control.low > 0.5


def test_a_control_that_shows_nothing_is_refused(
    tmp_path: Path, problems: tuple[Problem, ...], manifest_of: Make
) -> None:
    made = manifest_of(prompt=contamination.PROMPT)
    model = msgspec.structs.replace(made.model, served_name="another")
    another = msgspec.structs.replace(made, model=model)
    probe = run_of(tmp_path / "a", made, problems[:3], ["x"] * 3)
    overlapping = run_of(tmp_path / "b", made, problems[2:], ["x"] * 3)
    other = run_of(tmp_path / "c", another, problems[3:], ["x"] * 3)
    with pytest.raises(UsageError, match="holds problems that"):
        contamination.require_control(probe, overlapping)
    with pytest.raises(UsageError, match="is a probe of another"):
        contamination.require_control(probe, other)
    contamination.require_control(probe, run_of(tmp_path / "d", made, problems[3:], ["x"] * 3))


def test_an_ordinary_run_is_no_probe(folder: Path, problems: tuple[Problem, ...], manifest_of: Make) -> None:
    with pytest.raises(UsageError, match="is no probe"):
        contamination.read(run_of(folder, manifest_of(), problems, ["x"]))


def test_perturbed_problems_are_paired_by_their_originals(
    tmp_path: Path, problems: tuple[Problem, ...], manifest_of: Make
) -> None:
    changed = [
        msgspec.structs.replace(p, problem=f"New: {p.problem}", unique_id=f"p/{p.unique_id}")
        for p in problems
    ]
    file = tmp_path / "p.jsonl"
    rows = [
        {"problem": c.problem, "answer": c.answer, "original_id": p.unique_id}
        for c, p in zip(changed[:8], problems, strict=False)
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    right = [f"$\\boxed{{{p.answer}}}$" for p in problems]
    first = run_of(tmp_path / "a", manifest_of(), problems, right)
    second = run_of(tmp_path / "b", manifest_of(), changed, [*right[:4], *(["$\\boxed{-1}$"] * 8)])
    found = contamination.beside(first, second, contamination.links(file, "original_id"))
    assert found.difference is not None
    assert (found.difference.n, found.difference.value) == (8, -0.5)
    assert found.p_value == 0.125
    with pytest.raises(DataUnreadable, match="--link-field"):
        contamination.links(file, "source")
    with pytest.raises(UsageError, match="is linked to"):
        contamination.beside(first, second, {})
