"""A table for a model card: the score with its interval and n, and below it the protocol."""

from __future__ import annotations

import re

from math500.exports.facts import Facts
from math500.plural import counted

SIGNS = re.compile(r"[\\`*\[\]|~]|(?<![^\W_])_|_(?![^\W_])")
"""What Markdown reads as more than a character; an underscore within a word is none."""


def card(known: Facts) -> str:
    """The table in Markdown."""
    made, counts = known.made, known.summary
    left_out = counts.ungraded + counts.failed + counts.missing
    row = (made.data.name, f"{known.percent:.2f} %", known.interval, str(known.score.n), str(made.samples))
    why = f"{counts.ungraded} could not be told, {counts.failed} failed, {counts.missing} not asked"
    lines = [
        "| benchmark | score | 95 % interval | problems | samples | grader |",
        "|---|---:|---:|---:|---:|---|",
        f"| {' | '.join(map(_cell, (*row, counts.grader)))} |",
        "",
        "| setting | value |",
        "|---|---|",
        *(f"| {_cell(name)} | {_cell(said)} |" for name, said in known.protocol.items()),
        f"| not in the score | {counted(left_out, 'sample')}: {why} |",
        f"| cut off | {counted(counts.truncated, 'response')} ended at the token limit |",
        f"| measured | {_cell(made.created)}, math500 {_cell(made.math500_version)} |",
        f"| data | sha256 `{made.data.sha256}` |",
    ]
    if known.seal:
        lines.append(f"| run | {_cell(made.run_id)}, seal `{known.seal}` |")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    r"""Text inside a cell: one line, and no character that ends it or means something in Markdown."""
    plain = "".join(c if c.isprintable() else " " for c in text)
    return SIGNS.sub(r"\\\g<0>", plain).replace("&", "&amp;").replace("<", "&lt;")
