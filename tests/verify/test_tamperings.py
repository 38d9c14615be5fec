"""Run folders altered in as many ways as cases/tamperings.jsonl has, and each alteration is found.

`shows` names the check that finds it in a folder without a seal; where it is empty, only the seal does.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from math500 import grading, verify

CASES = [
    json.loads(line)
    for line in (Path(__file__).parent / "cases/tamperings.jsonl").read_text(encoding="utf-8").splitlines()
]
NAMES = [case["what"] for case in CASES]
RULE = grading.GRADER.partition("/")[2]


@pytest.fixture
def run(request: pytest.FixtureRequest, case: dict[str, Any]) -> Path:
    folder: Path = request.getfixturevalue(case["run"])
    return folder


def alter(folder: Path, case: dict[str, Any]) -> None:
    path = folder / case["file"].replace("OWN", grading.GRADER.replace("/", "-")).replace("RULE", RULE)
    whole = path.suffix == ".json"
    lines = [path.read_text()] if whole else path.read_text().splitlines()
    record = json.loads(lines[case["line"]])
    for place, value in (case.get("set") or case.get("append") or {}).items():
        put(record, place.split("."), value)
    text = json.dumps(record, ensure_ascii=False)
    if "set" in case:
        assert text != json.dumps(json.loads(lines[case["line"]]), ensure_ascii=False), "nothing is altered"
        lines[case["line"]] = text
    elif "drop" in case:
        del lines[case["line"]]
    else:
        lines.append(text)
    path.write_text("".join(f"{line}\n" for line in lines))


def put(record: Any, place: list[str], value: object) -> None:
    for step in place[:-1]:
        record = record[int(step)] if step.isdigit() else record[step]
    record[place[-1]] = value


def without_seal(folder: Path) -> None:
    """As a folder was before there were seals."""
    (folder / "seal.json").unlink()
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["sealed"]
    (folder / "manifest.json").write_text(json.dumps(manifest))


def differing(folder: Path) -> list[str]:
    return [one.about for one in verify.verify(folder).checks if one.state == "differs"]


def test_there_are_enough_of_them() -> None:
    assert len(CASES) >= 20
    assert sum(bool(case["shows"]) for case in CASES) >= 20


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_it_is_found_in_a_sealed_folder(run: Path, case: dict[str, Any]) -> None:
    assert differing(run) == []
    alter(run, case)
    assert differing(run)
    if case["file"] != "summary.json" and "append" not in case and "double" not in case:
        assert "seal" in differing(run)


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_it_is_found_without_a_seal_where_something_binds_it(run: Path, case: dict[str, Any]) -> None:
    without_seal(run)
    assert differing(run) == []
    alter(run, case)
    found = differing(run)
    assert any(about.startswith(case["shows"]) for about in found) if case["shows"] else not found, found


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_a_later_command_does_not_put_it_under_a_new_seal(run: Path, case: dict[str, Any]) -> None:
    from math500.rundir import RunWriter

    alter(run, case)
    before = set(differing(run))
    with RunWriter(run):
        pass
    assert set(differing(run)) >= before
