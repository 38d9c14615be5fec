"""The whole loop as the example has it, with less of everything: its paths, not its figures.

How much the loop brings is chance at this size; the full one's figures are in examples/rft/README.md.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from math500 import evaluate
from math500.rundir import RunDir
from math500.synth.dataset import TrainingSet
from math500.train.folder import TrainingFolder

RECIPE = Path(__file__).parents[2] / "examples" / "rft" / "recipe.sh"
LESS = {
    "START_STEPS": "400",
    "SOLVED": "30",
    "FURTHER": "30",
    "HELD": "40",
    "MOST": "12",
    "SAMPLES": "32",
    "STEPS": "20",
}


@pytest.mark.recipe
@pytest.mark.real_data
@pytest.mark.timeout(900)
def test_from_a_start_to_two_scores(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="needs the extra `train`")
    environment = os.environ | LESS | {"PYTHON": sys.executable}
    done = subprocess.run(
        [RECIPE, tmp_path / "loop"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    made = tmp_path / "loop" / "0"
    rows, originals = TrainingSet.load(made / "rft"), TrainingSet.load(made / "originals")
    assert rows.manifest.rows > 0
    assert {row.problem_id for row in originals.rows} <= {row.problem_id for row in rows.rows}
    for name in ("trained", "trained/control"):
        outcome = TrainingFolder(made / name).finished()
        assert outcome.steps == 20
        assert outcome.last_loss < outcome.first_loss
    for name in ("before", "after", "control"):
        summary = evaluate.summarize(RunDir.open(made / name))
        assert (summary.problems, summary.missing, summary.failed) == (40, 0, 0)
    models = {
        RunDir.open(made / name).manifest.model.detail["sha256"] for name in ("before", "after", "control")
    }
    assert len(models) == 3
    assert "after" in done.stdout
