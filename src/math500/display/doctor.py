"""The doctor's findings."""

from __future__ import annotations

from math500.display.tables import table
from math500.display.terminal import Styled
from math500.records import Diagnosis, Finding

MARKS = {
    "ok": Styled("ok", "good"),
    "note": Styled("note", "unsure"),
    "fail": Styled("FAIL", "bad"),
}


def diagnosis(result: Diagnosis) -> str:
    """What was found, what to do, and whether a run can begin."""
    place = f" at {result.base_url}" if result.base_url else ""
    rows = [(MARKS[one.state], one.about, one.what) for one in result.findings]
    steps = [_step(one) for one in result.findings if one.next_step]
    end = "A run can begin." if result.exit_code == 0 else "A run would not get far."
    return "\n".join([f"{result.model}{place}", "", table(rows), *(["", *steps] if steps else []), "", end])


def _step(finding: Finding) -> str:
    return f"{finding.about}: {finding.next_step}"
