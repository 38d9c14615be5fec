"""What verifying a run folder found."""

from __future__ import annotations

from math500.display.tables import table
from math500.display.terminal import Styled
from math500.plural import counted, form
from math500.records import RunCheck, Verified

MARKS = {
    "ok": Styled("ok", "good"),
    "note": Styled("note", "unsure"),
    "differs": Styled("DIFFERS", "bad"),
}
NAMED = 5
"""Places that are named of each difference; --json has all."""


def verified(result: Verified) -> str:
    """One line a check, then what to do, then the outcome."""
    rows = [(MARKS[one.state], one.about, _what(one)) for one in result.checks]
    steps = dict.fromkeys(f"{one.about}: {one.next_step}" for one in result.checks if one.next_step)
    sealed = f"Its seal's fingerprint: {result.seal}" if result.seal else "It has no seal."
    end = (
        f"{result.differs} of {counted(len(result.checks), 'check')} "
        f"{form(result.differs, 'differs', 'differ')} from what the samples give."
        if result.differs
        else "Every figure that can be derived here is what its samples give."
    )
    return "\n".join([result.run, "", table(rows), *(["", *steps] if steps else []), "", sealed, end])


def _what(one: RunCheck) -> str:
    if not one.where:
        return one.what
    more = f"; and {len(one.where) - NAMED} more" if len(one.where) > NAMED else ""
    return f"{one.what}: {'; '.join(one.where[:NAMED])}{more}"
