from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from math500 import cli, plots, tradeoffs
from math500.display import solvers as show
from math500.errors import RunError
from math500.grading import GRADER
from math500.records import Generation, Grade, Manifest, Problem, Sample, SampleGrade, Tradeoff
from math500.rundir import RunDir, RunWriter


@pytest.fixture
def runs(
    tmp_path: Path, problems: tuple[Problem, ...], manifest_of: Callable[..., Manifest]
) -> tuple[RunDir, RunDir]:
    """Twelve problems: the first run solves six, the second nine of them with three times the tokens."""

    def made(solver: str, right: int, tokens: int) -> RunDir:
        manifest = manifest_of(solver=solver, grader=GRADER)
        with RunWriter.create(tmp_path / solver, manifest, problems) as run:
            for i, problem in enumerate(problems):
                generation = Generation(text="x", completion_tokens=tokens)
                run.append(
                    Sample(unique_id=problem.unique_id, index=0, response="x", generations=(generation,) * 2)
                )
                verdict = Grade(verdict="correct" if i < right else "wrong")
                run.append_grade(GRADER, SampleGrade(unique_id=problem.unique_id, index=0, grade=verdict))
        return RunDir.open(tmp_path / solver)

    return made("cot", 6, 10), made("tools", 9, 30)


def test_what_each_brought_and_cost(runs: tuple[RunDir, RunDir]) -> None:
    first, second = tradeoffs.tradeoffs(runs)
    assert (first.solver, first.difference, first.tokens, first.completions) == ("cot", None, 20.0, 2.0)
    assert first.score is not None
    assert first.score.value == 0.5
    assert second.difference is not None
    assert second.difference.value == pytest.approx(0.25)
    assert second.difference.low < 0.25 < second.difference.high
    assert (second.common, second.tokens) == (12, 60.0)


def test_a_run_that_an_older_grader_graded_has_its_score(
    tmp_path: Path, problems: tuple[Problem, ...], manifest_of: Callable[..., Manifest]
) -> None:
    with RunWriter.create(tmp_path / "old", manifest_of(solver="cot", grader="math500/0"), problems) as run:
        for problem in problems:
            run.append(Sample(unique_id=problem.unique_id, index=0, response="x"))
            grade = SampleGrade(unique_id=problem.unique_id, index=0, grade=Grade(verdict="correct"))
            run.append_grade("math500/0", grade)
    (row,) = tradeoffs.tradeoffs([RunDir.open(tmp_path / "old")])
    assert row.score is not None
    assert row.score.value == 1.0


def test_the_table_and_the_plot(runs: tuple[RunDir, RunDir]) -> None:
    rows = tradeoffs.tradeoffs(runs)
    lines = show.tradeoffs(rows).splitlines()
    assert lines[1].split()[:2] == ["cot", "50.0"]
    assert "+25.0" in lines[2]
    svg = tradeoffs.plot(rows)
    assert svg.startswith("<svg")
    assert "best for its cost" in svg
    assert "others" not in svg


def test_the_table_says_what_its_figures_rest_on(runs: tuple[RunDir, RunDir]) -> None:
    one, two = tradeoffs.tradeoffs(runs)
    assert "own problems" not in show.tradeoffs([one, two])
    assert "Each p is" not in show.tradeoffs([one, two])
    fewer = msgspec.structs.replace(two, common=8, p_value=0.0001)
    shown = show.tradeoffs([one, two, fewer])
    assert "<0.001" in shown
    assert "A score is over the run's own problems, a difference over the n that it shares" in shown
    assert "with 2 of them, count those below 0.025" in shown


def test_a_run_that_costs_more_and_brings_less_is_not_among_the_best(runs: tuple[RunDir, RunDir]) -> None:
    cheap, dear = tradeoffs.tradeoffs(runs)
    assert tradeoffs._beats(cheap, dear) is False
    assert tradeoffs._beats(dear, cheap) is False
    assert "others" in tradeoffs.plot([dear, *tradeoffs.tradeoffs([runs[0]]), _worse(dear)])


def _worse(row: Tradeoff) -> Tradeoff:
    return msgspec.structs.replace(row, tokens=row.tokens * 2)


def test_the_command(
    runs: tuple[RunDir, RunDir],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def said(*arguments: str) -> str:
        monkeypatch.setattr("sys.argv", ["math500", "solvers", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert not ended.value.code
        return capsys.readouterr().out

    assert "selfcheck" in said()
    plot = tmp_path / "pareto.svg"
    rows = json.loads(said(*(str(run.path) for run in runs), "--json", "--plot", str(plot)))
    assert [row["solver"] for row in rows] == ["cot", "tools"]
    assert plot.read_text(encoding="utf-8").startswith("<svg")


def test_a_plot_that_cannot_be_written_is_told(runs: tuple[RunDir, RunDir], tmp_path: Path) -> None:
    svg = tradeoffs.plot(tradeoffs.tradeoffs(runs))
    with pytest.raises(RunError, match="cannot be written"):
        plots.save(svg, tmp_path / "nowhere" / "pareto.svg")
    plots.save(svg, tmp_path / "pareto.svg")
    assert (tmp_path / "pareto.svg").read_text(encoding="utf-8") == svg
