from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from math500 import display, evaluate, grading, pack
from math500.compare import compare
from math500.errors import UsageError
from math500.records import Decoding, Generation, Manifest, Problem, Sample
from math500.rundir import RunDir, RunWriter

Make = Callable[..., RunDir]


@pytest.fixture
def make(tmp_path: Path, manifest_of: Callable[..., Manifest], problems: tuple[Problem, ...]) -> Make:
    """A finished run in which the problems of these numbers were right."""

    def write(
        name: str,
        right: Mapping[int, Sequence[bool]] | set[int],
        rows: Sequence[Problem] = problems,
        **fields: object,
    ) -> RunDir:
        made = manifest_of(run_id=name, grader=grading.GRADER, **fields)
        with RunWriter.create(tmp_path / name, made, rows) as run:
            for i, problem in enumerate(rows):
                verdicts = right[i] if isinstance(right, Mapping) else [i in right]
                for index, good in enumerate(verdicts):
                    text = f"It is $\\boxed{{{problem.answer if good else 777}}}$ says {name if good else ''}"
                    sample = Sample(
                        unique_id=problem.unique_id,
                        index=index,
                        response=text,
                        generations=(Generation(text=text, finish_reason="stop"),),
                    )
                    run.append(sample)
                    run.append_grade(
                        grading.GRADER, evaluate.named(sample, evaluate.grade_sample(sample, problem))
                    )
        return RunDir.open(tmp_path / name)

    return write


def test_what_flipped_and_by_how_much(make: Make) -> None:
    found = compare(make("one", {0, 1, 2, 3}), make("two", {2, 3, 4, 5, 6, 7}))
    assert (found.n, found.gained, found.lost) == (12, 4, 2)
    assert found.difference is not None
    assert found.difference.value == pytest.approx(2 / 12)
    assert found.p_value == pytest.approx(0.6875)  # 2 of 6 by a fair coin
    assert found.test == "McNemar, exact"
    assert [f.unique_id for f in found.flips] == [f"test/{i}" for i in (0, 1, 4, 5, 6, 7)]
    assert found.flips[0].extracted == ("0", "777")
    assert found.changed == 8


def test_the_same_run_twice_differs_nowhere(make: Make) -> None:
    run = make("one", {0, 5})
    found = compare(run, run)
    assert (found.gained, found.lost, found.changed, found.p_value) == (0, 0, 0, 1.0)
    assert all(row.state == "same" for row in found.comparability)
    assert "may be chance" in display.comparison(found)


def test_what_differs_in_the_protocols_is_named_first(make: Make) -> None:
    one = make("one", {0})
    two = make("two", {0}, decoding=Decoding(temperature=0.7, max_tokens=64))
    found = compare(one, two)
    assert [r.field for r in found.comparability if r.state == "different"] == ["decoding"]
    shown = display.comparison(found)
    assert shown.index("temperature 0.7") < shown.index("difference")


def test_several_samples_a_problem_are_compared_by_their_shares(make: Make) -> None:
    one = make("one", {i: [True, False, False] for i in range(12)}, samples=3)
    two = make("two", {i: [True, True, False] for i in range(12)}, samples=3)
    found = compare(one, two)
    assert found.test == "sign flip, exact"
    assert found.p_value == pytest.approx(2 / 2**12)
    assert found.difference is not None
    assert found.difference.value == pytest.approx(1 / 3)
    assert (found.flips[0].before, found.flips[0].after) == pytest.approx((1 / 3, 2 / 3))


def test_only_problems_that_both_hold_count(make: Make, problems: tuple[Problem, ...]) -> None:
    found = compare(
        make("one", {0, 1}), make("two", {0, 1}, problems[:5], data=make("x", set()).manifest.data)
    )
    assert found.n == 5
    assert found.first_score.value == 0.4
    assert "7 problems of one are left out" in found.notes[0]


def test_nothing_in_common_is_told(make: Make, problems: tuple[Problem, ...]) -> None:
    with pytest.raises(UsageError, match="no graded problem in common"):
        compare(make("one", {0}, problems[:3]), make("two", {0}, problems[6:]))


def test_a_run_packed_without_words_is_compared_as_the_whole_one(
    make: Make, tmp_path: Path, problems: tuple[Problem, ...]
) -> None:
    one, two = make("one", {0, 1, 2, 3}), make("two", {2, 3, 4, 5, 6, 7})
    bare = []
    for run in (one, two):
        archive = tmp_path / f"{run.path.name}.tar.gz"
        pack.pack(run, archive, texts=False, responses=False)
        pack.unpack(archive, tmp_path / f"{run.path.name}-bare", lambda _: problems)
        bare.append(RunDir.open(tmp_path / f"{run.path.name}-bare", whole=False))
    expected = compare(one, two)
    assert compare(one, bare[1]) == compare(bare[0], two) == compare(bare[0], bare[1]) == expected
    assert expected.changed == 8
    assert compare(one, bare[0]).changed == 0


def test_a_run_unpacked_without_texts_says_why_it_has_nothing_in_common(make: Make, tmp_path: Path) -> None:
    run = make("one", {0})
    pack.pack(run, tmp_path / "one.tar.gz", texts=False)
    pack.unpack(tmp_path / "one.tar.gz", tmp_path / "bare")
    with pytest.raises(UsageError, match="bare lacks the problems' texts"):
        compare(run, RunDir.open(tmp_path / "bare"))


def test_a_run_without_grades_is_told(
    make: Make, tmp_path: Path, manifest_of: Callable[..., Manifest]
) -> None:
    RunWriter.create(tmp_path / "empty", manifest_of(), ()).close()
    with pytest.raises(UsageError, match="no grades by"):
        compare(make("one", {0}), RunDir.open(tmp_path / "empty"))


def test_the_spread_of_runs_that_differ_in_chance_alone(make: Make) -> None:
    one, two, three = make("one", {0, 1}), make("two", {0, 1, 2}), make("three", {0})
    found = [compare(one, two), compare(one, three)]
    assert "3 runs: mean 16.7, standard deviation 8.3, 8.3 to 25.0." in display.spread(found)
    assert display.spread(found[:1]) == ""
