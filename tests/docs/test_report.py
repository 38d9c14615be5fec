"""What docs/report.md says of its two runs is derived again out of them, and its plots are drawn again."""

from __future__ import annotations

import gzip
import importlib.util
import io
import subprocess
import sys
from collections import Counter
from contextlib import redirect_stdout
from pathlib import Path
from types import ModuleType

import pytest

from math500 import data, evaluate, pack, verify
from math500.rundir import RunDir

ROOT = Path(__file__).parent.parent.parent
RUNS = ROOT / "examples" / "report"
PAGES = ("report.md", "report.zh-CN.md")


@pytest.fixture(params=["embedded", "lines"])
def archive(request: pytest.FixtureRequest) -> Path:
    return RUNS / f"{request.param}.tar.gz"


def unpacked(name: str, folder: Path) -> RunDir:
    """A run of the report, without the texts that were left out."""
    pack.unpack(RUNS / f"{name}.tar.gz", folder / name)
    return RunDir.open(folder / name, whole=False)


def figures() -> ModuleType:
    """benchmarks/figures.py."""
    spec = importlib.util.spec_from_file_location("figures", ROOT / "benchmarks" / "figures.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_figure_of_the_archive_is_what_its_samples_give(archive: Path, tmp_path: Path) -> None:
    pack.unpack(archive, tmp_path / "run")
    found = verify.verify(tmp_path / "run")
    assert not found.differs
    assert "summary" in {check.about for check in found.checks if check.state == "ok"}


def test_it_is_small(archive: Path) -> None:
    assert archive.stat().st_size < 100_000


@pytest.mark.parametrize("page", PAGES)
def test_the_embedded_run_is_what_the_page_says(page: str, tmp_path: Path) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    run = unpacked("embedded", tmp_path)
    found = evaluate.summarize(run, "math500/4")
    score = found.score
    assert score is not None
    shown = (
        f"{100 * score.value:.1f} % (95 % interval {100 * score.low:.1f} to {100 * score.high:.1f}, n = 500)"
    )
    assert f"score  {shown}  by math500/4" in text
    assert f"{found.no_answer} responses give no answer" in text
    assert f"{found.truncated} of 500 responses were cut off" in text
    assert f"{found.prompt_tokens:,} prompt and {found.completion_tokens:,} completion tokens" in text
    older = evaluate.summarize(run, "math500/1").score
    assert older is not None
    assert f"{100 * older.value:.1f}" in text


@pytest.mark.parametrize("page", PAGES)
def test_the_lines_were_answered_once_each_and_failures_are_on_record(page: str, tmp_path: Path) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    run = unpacked("lines", tmp_path)
    answered = Counter(s.unique_id for s in run.history() if s.failure is None)
    assert set(answered.values()) == {1}
    assert set(answered) == {f"line/{i}" for i in range(1, 501)}
    kinds = Counter(s.failure.kind for s in run.history() if s.failure is not None)
    assert kinds == {"filtered": 8}
    score = evaluate.summarize(run, "math500/4").score
    assert score is not None
    assert f"{100 * score.low:.1f}" in text
    assert score.n == 500


def test_no_problem_and_no_response_is_in_the_embedded_archive(tmp_path: Path) -> None:
    run = unpacked("embedded", tmp_path)
    assert all(s.response.endswith("⟧") or not s.response for s in run.samples().values())
    assert all(p.problem.startswith("⟦math500") for p in run.problems())
    grades = run.grades("math500/4").values()
    assert max(len(g.grade.extracted or "") for g in grades if "⟦" not in (g.grade.extracted or "")) < 40


@pytest.mark.real_data
def test_nor_any_part_of_a_problem(tmp_path: Path) -> None:
    """No piece of 40 characters of any problem stands in the archive."""
    plain = gzip.decompress((RUNS / "embedded.tar.gz").read_bytes()).decode()
    there = {plain[at : at + 40] for at in range(len(plain) - 40)}
    for problem in data.load("math500").problems:
        text = problem.problem
        pieces = {text[at : at + 40] for at in range(len(text) - 40)}
        assert not [piece for piece in pieces & there if "\\" not in piece], problem.unique_id


def test_the_questions_are_those_of_the_script(tmp_path: Path) -> None:
    made = subprocess.run(
        [sys.executable, RUNS / "lines.py"], capture_output=True, check=True, text=True
    ).stdout
    (tmp_path / "lines.jsonl").write_text(made, encoding="utf-8")
    run = unpacked("lines", tmp_path)
    assert data.load(str(tmp_path / "lines.jsonl")).source.sha256 == run.manifest.data.sha256


def test_the_plots_are_drawn_by_the_script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = figures()
    monkeypatch.setattr(sys, "argv", ["figures.py", str(tmp_path)])
    with redirect_stdout(io.StringIO()):
        module.main()
    for name in module.FIGURES:
        assert (tmp_path / name).read_bytes() == (ROOT / "docs" / name).read_bytes(), name


def test_every_number_that_is_drawn_stands_where_it_was_written_down() -> None:
    places = (
        "docs/log.md",
        "docs/gap-study.md",
        "examples/rft/README.md",
        "docs/reward-models.md",
        "docs/rl.md",
    )
    text = "".join((ROOT / place).read_text(encoding="utf-8") for place in places)
    written = " ".join(text.replace("|", " ").replace("(", " ").replace("*", "").split())
    for row in figures().GAINS:
        value, low, high = (f"{100 * v:+.1f}" for v in (row.value, row.low, row.high))
        assert f"{value.replace('+0.0', '0.0')} {low} to {high}" in written, row.label
    for bar in figures().SENT:
        assert f"{bar.value} sent" in written, bar.label
