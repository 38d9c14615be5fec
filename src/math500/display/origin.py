"""Where an imported run comes from, and what its own harness thought of it."""

from __future__ import annotations

from collections.abc import Sequence

from math500.display.tables import percent, table
from math500.records import Origin, Summary

WORDS = {
    "max_tokens": "token limit",
    "finish_reason": "which responses were cut off",
    "tokens": "tokens used",
    "seconds": "time taken",
    "created": "date",
    "stop": "stop strings",
    "top_p": "top-p",
}


def origin(origin: Origin) -> str:
    """The log an imported run was read from, what it does not say, and what was found in it."""
    version = f" {origin.version}" if origin.version else ""
    files = ", ".join(file.name for file in origin.files)
    lines = [f"imported from {origin.harness}{version}, {files}"]
    if origin.unknown:
        lines.append("not in the log: " + ", ".join(WORDS.get(name, name) for name in origin.unknown))
    return "\n".join([*lines, *(f"note: {note}" for note in origin.notes)])


def verdicts(summaries: Sequence[Summary]) -> str:
    """The score by each grader: ours first, the harness' own behind it."""
    rows = [("grader", "correct", "of", "score")]
    for each in summaries:
        graded = each.correct + each.wrong + each.no_answer
        rows.append((each.grader, str(each.correct), str(graded), percent(each.score)))
    return table(rows, right=(1, 2), head=True)
