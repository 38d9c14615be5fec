"""Imported runs are in order; the harness' own verdicts are taken as logged."""

from __future__ import annotations

from pathlib import Path

import pytest

from math500 import imports, verify
from tests.verify.test_tamperings import differing

CASES = Path(__file__).parent.parent / "imports" / "cases"
LOGS = {
    "lm-eval": next((CASES / "lm-eval").glob("samples_minerva_*.jsonl")),
    "inspect": CASES / "inspect" / "math-tiny.json",
    "opencompass": CASES / "opencompass",
    "evalscope": CASES / "evalscope",
}


@pytest.mark.parametrize("log", LOGS.values(), ids=LOGS)
def test_an_imported_run_is_in_order(log: Path, folder: Path) -> None:
    imports.into_folder([log], data_set="none", out=folder)
    assert differing(folder) == []
    assert {"ok", "note"} == {one.state for one in verify.verify(folder).checks}
