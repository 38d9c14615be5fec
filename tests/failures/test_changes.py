from __future__ import annotations

import pytest

from math500 import failures
from math500.errors import UsageError
from math500.failures.choose import choice
from math500.grading import GRADER
from math500.records import Changes, Problem, Sample
from math500.rundir import RunDir
from tests.failures.conftest import LIMIT, MakeRun, problem, sample

OWN = GRADER.replace("/", "-")

RIGHT, WRONG, CUT = r"$\boxed{7}$", r"$\boxed{312}$", "First we write the sum as"


def between(before: RunDir, after: RunDir) -> Changes:
    return failures.changes(before, after, failures.explain(before), failures.explain(after))


@pytest.fixture
def two(make_run: MakeRun) -> tuple[RunDir, RunDir]:
    """Fixed, new, the same, another reason, right in both, only in one."""
    problems = [problem(name, "7") for name in "abcdef"]
    first = [WRONG, RIGHT, WRONG, CUT, RIGHT]
    second = [RIGHT, WRONG, WRONG, WRONG, RIGHT, RIGHT]
    before = [sample(n, r, finish=LIMIT if r is CUT else "stop") for n, r in zip("abcde", first, strict=True)]
    after = [sample(n, r) for n, r in zip("abcdef", second, strict=True)]
    return make_run(problems, before, run_id="old"), make_run(problems, after, run_id="new", samples=1)


def test_each_sample_is_fixed_new_the_same_or_moved(two: tuple[RunDir, RunDir]) -> None:
    found = between(*two)
    assert (found.before, found.after, found.compared, found.left_out) == ("old", "new", 5, 1)
    assert [(c.unique_id, c.change) for c in found.changes] == [
        ("a", "fixed"),
        ("b", "new"),
        ("c", "same"),
        ("d", "other_reason"),
    ]
    assert (found.changes[3].before, found.changes[3].after) == ("cut_off", "wrong")


def test_what_differs_between_the_runs_is_said(make_run: MakeRun) -> None:
    problems, samples = [problem("a", "7")], [sample("a", WRONG)]
    found = between(make_run(problems, samples), make_run(problems, samples, solver="vote"))
    assert [row.field for row in found.differences] == ["solver"]


@pytest.mark.parametrize("other", [problem("z", "7"), problem("a", "8"), problem("a", "7", question="What?")])
def test_other_problems_are_not_compared(make_run: MakeRun, other: Problem) -> None:
    before = make_run([problem("a", "7")], [sample("a", WRONG)])
    after = make_run([other], [sample(other.unique_id, WRONG)])
    with pytest.raises(UsageError, match="no sample in common"):
        between(before, after)


def test_failures_are_chosen_by_reason_kind_subject_and_level(make_run: MakeRun) -> None:
    problems = [problem("a", "7", level=1), problem("b", "7", level=2), problem("c", "7", level=2)]
    responses: list[Sample] = [sample("a", WRONG), sample("b", r"$\boxed{-7}$"), sample("c", r"$\boxed{8}$")]
    run = make_run(problems, responses)
    every = failures.explain(run)

    def chosen(*reasons: str, subjects: tuple[str, ...] = (), levels: tuple[int, ...] = ()) -> list[str]:
        return [r.unique_id for r in choice(run, reasons, subjects, levels).of(every, run.problems())]

    assert chosen() == ["a", "b", "c"]
    assert chosen("near_miss") == ["b", "c"]
    assert chosen("near_miss/sign", "wrong") == ["a", "b"]
    assert chosen(levels=(2,)) == ["b", "c"]
    assert chosen(subjects=("ALGEBRA",)) == ["a", "b", "c"]
    within = choice(run, (), (), (2,))
    counted = failures.tally(run, every, within=within.has)
    assert (counted.samples, [c.samples for c in counted.counts]) == (2, [2])


@pytest.mark.parametrize(
    ("reasons", "subjects", "levels", "words"),
    [
        (("lop",), (), (), "no reason 'lop'. --reason is one of: failed_request"),
        ((), ("Optics",), (), "no subject in this run 'optics'. --subject is one of: algebra"),
        ((), (), (9,), "no level in this run '9'. --level is one of: 1"),
    ],
)
def test_what_is_not_there_is_a_mistake(
    make_run: MakeRun,
    reasons: tuple[str, ...],
    subjects: tuple[str, ...],
    levels: tuple[int, ...],
    words: str,
) -> None:
    run = make_run([problem("a", "7")], [sample("a", WRONG)])
    with pytest.raises(UsageError, match=words):
        choice(run, reasons, subjects, levels)


def test_changes_are_chosen_by_the_reason_before_or_after(two: tuple[RunDir, RunDir]) -> None:
    found, problems = between(*two), two[1].problems()
    assert [c.unique_id for c in choice(two[0], ["cut_off"], [], []).of_changes(found, problems).changes] == [
        "d"
    ]
    assert len(choice(two[0], ["wrong"], [], []).of_changes(found, problems).changes) == 4


def test_the_grader_falls_back_to_the_run_s_own(make_run: MakeRun) -> None:
    run = make_run([problem("a", "7")], [sample("a", WRONG)])
    assert failures.grader_of(run) == GRADER
    with pytest.raises(UsageError, match=rf"no grades by other/2 \(there: {OWN}\)"):
        failures.grader_of(run, "other/2")


def test_other_graders_grades_in_the_folder_are_used(make_run: MakeRun) -> None:
    run = make_run([problem("a", "7")], [sample("a", WRONG)])
    grades = run.path / "grades"
    line = (grades / f"{OWN}.jsonl").read_text()
    (grades / "lenient-3.jsonl").write_text(line.replace('"wrong"', '"correct"'))
    (grades / "math500-0.jsonl").write_text(line.replace('"wrong"', '"correct"'))
    others = failures.other_graders(run)
    assert others == {"lenient-3": {("a", 0): True}}
    (found,) = failures.explain(run, others=others)
    assert (found.why, found.kind) == ("other_grader", "lenient-3")
