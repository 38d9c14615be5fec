from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest

from math500 import data, grading, selftest
from math500.errors import CheckFailed
from math500.records import Grade, Problem, Shot


@pytest.fixture
def own_set(tmp_path: Path, problems: tuple[Problem, ...]) -> str:
    path = tmp_path / "twelve.jsonl"
    path.write_bytes(b"".join(msgspec.json.encode(p) + b"\n" for p in problems))
    return str(path)


@pytest.fixture(autouse=True)
def _shots_without_the_train_split(monkeypatch: pytest.MonkeyPatch) -> None:
    def filled(prompt: object, _train: object) -> object:
        shot = Shot(problem="What is $1$?", solution="It is $\\boxed{1}$.", answer="1")
        return msgspec.structs.replace(prompt, shots=(shot,))  # type: ignore[type-var]

    load = data.load

    def no_train(name: str = "math500", **options: object) -> object:
        if name == "math-train":
            return data.ProblemSet(source=None, problems=())  # type: ignore[arg-type]
        return load(name, **options)  # type: ignore[arg-type]

    monkeypatch.setattr("math500.prompts.with_shots", filled)
    monkeypatch.setattr("math500.data.load", no_train)


@pytest.mark.lm_eval
def test_right_answers_pass_and_wrong_ones_do_not_everywhere(
    own_set: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)  # which is no git repository, and lm-eval asks git where it is
    mine = tmp_path / "mine.txt"
    mine.write_text("Solve this: {problem}")
    report = selftest.run(own_set, prompt_file=mine, say=lambda _: None)
    assert [(c.part, c.name) for c in report.checks if not c.passed] == []
    assert {c.part for c in report.checks} == {"grader", "run", "lm-eval"}
    assert "mine" in {c.name for c in report.checks}
    assert all(c.n == 12 for c in report.checks)
    selftest.require_passed(report)
    assert capfd.readouterr().err == ""


def test_a_grader_that_refuses_is_found_out(own_set: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("math500.lmeval.require", _no_lm_eval)
    grade = grading.grade

    def blind_to_bold(response: str, answer: str, **options: bool) -> Grade:
        if "**" in response:
            return Grade(verdict="no_answer")
        return grade(response, answer, **options)  # type: ignore[arg-type]

    monkeypatch.setattr("math500.grading.grade", blind_to_bold)
    report = selftest.run(own_set, say=lambda _: None)
    assert len(report.skipped) == 1
    failed = {c.name: c for c in report.checks if not c.passed}
    assert failed["**$x$**"].right == 0
    assert "test/1" in failed["**$x$**"].ids
    assert failed["boxed"].right < 12
    with pytest.raises(CheckFailed, match="grader"):
        selftest.require_passed(report)


def test_a_grader_that_accepts_everything_is_found_out(own_set: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("math500.lmeval.require", _no_lm_eval)
    monkeypatch.setattr("math500.grading.grade", lambda *_, **__: Grade(verdict="correct"))
    report = selftest.run(own_set, say=lambda _: None)
    assert {c.wrong for c in report.checks} == {12}
    with pytest.raises(CheckFailed):
        selftest.require_passed(report)


@pytest.mark.lm_eval
def test_what_lm_eval_says_is_shown_where_it_fails(capfd: pytest.CaptureFixture[str]) -> None:
    from math500.lmeval import oracle

    def fails() -> None:
        with oracle._held_back():
            os.write(2, b"what another program said")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fails()
    assert capfd.readouterr().err == "what another program said"


def _no_lm_eval() -> None:
    from math500.errors import DependencyMissing

    raise DependencyMissing("lm-eval is not installed")


@pytest.mark.real_data
@pytest.mark.timeout(600)
def test_the_oracle_table_on_math500(monkeypatch: pytest.MonkeyPatch) -> None:
    problems = data.load("math500").problems
    for name, style in selftest.STYLES.items():
        check = selftest._grader(name, style, problems)
        assert (check.right, check.wrong) == (500, 0), check.ids
