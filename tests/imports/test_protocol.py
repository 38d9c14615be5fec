"""An imported run beside others: what its log does not state is unknown there too."""

from __future__ import annotations

from pathlib import Path

import pytest

from math500 import gap, imports, protocols
from math500.errors import UsageError
from math500.rundir import RunDir
from tests.imports.conftest import CASES

MINERVA = next((CASES / "lm-eval").glob("samples_minerva*"))
(PREDICTIONS,) = (CASES / "opencompass" / "predictions").rglob("*.json")


def protocol(log: Path, folder: Path) -> dict[str, str]:
    imports.into_folder([log], out=folder)
    return protocols.of(RunDir.open(folder).manifest)


def test_only_what_the_log_states_is_in_the_protocol(folder: Path) -> None:
    stated = protocol(MINERVA, folder)
    assert (stated["model"], stated["shots"], stated["token limit"]) == ("acme/tiny-1b", "4", "300")
    assert not {"prompt", "solver", "concurrency", "decoding"} & stated.keys()
    assert "engine" not in stated


def test_a_wording_that_is_one_of_ours_has_its_name(folder: Path) -> None:
    stated = protocol(PREDICTIONS, folder)
    assert stated["prompt"] == "boxed"
    assert not {"shots", "token limit", "decoding"} & stated.keys()


def test_the_gap_of_an_imported_run_proposes_no_asking(folder: Path) -> None:
    imports.into_folder([PREDICTIONS], out=folder)
    found = gap.of_run(folder, compared_with="90.6")
    assert found.advice == ()
    states = {row.field: row.state for row in found.comparability}
    assert states.get("decoding", "unknown") == "unknown"


def test_there_is_no_model_to_ask_again(folder: Path) -> None:
    imports.into_folder([MINERVA], out=folder)
    with pytest.raises(UsageError, match="imported from lm-eval: there is no model to ask again"):
        gap.ask_again(
            folder,
            "all",
            to={},
            problems=1,
            budget=None,
            plan_only=True,
            crossed=False,
            say=print,
            quiet=True,
        )
