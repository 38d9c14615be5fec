"""The rows as a page: docs/scores.md, which a test holds against them.

python -m math500.scores.page > docs/scores.md
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from math500.records import PublishedScore
from math500.scores import registry

HEAD = """# Published scores

{rows} scores of {models} models from {sources} sources, {of_500} of them on MATH-500 and {of_5000} on the
whole test set of MATH (`MATH-5000`). What a source does not state is left out here and is `unknown` wherever
math500 compares. `shots` and `cot` are sometimes a reading of a chat setup and not a statement. This page is
made by `python -m math500.scores.page`; the rows are in `src/math500/scores/published.toml`.

Look a model up with `math500 scores MODEL`, a number with `math500 scores what 75.16`, and check a table of
claims with `math500 scores check FILE.csv`.
"""


def page() -> str:
    """The page as Markdown; the user's own rows are not on it."""
    rows = registry.shipped()
    head = HEAD.format(
        rows=len(rows),
        models=len({r.model for r in rows}),
        sources=len({(r.source, r.ref) for r in rows}),
        of_500=sum(r.data == "MATH-500" for r in rows),
        of_5000=sum(r.data == "MATH-5000" for r in rows),
    )
    return "\n".join([head, *_table(rows), "", "## Sources", "", *_sources(rows), ""])


def settings(row: PublishedScore) -> str:
    """The settings that are stated, in words."""
    parts = [
        row.metric,
        _several(row.shots, "shot"),
        f"cot {row.cot}" if row.cot else "",
        f"temperature {row.temperature}" if row.temperature else "",
        f"top-p {row.top_p}" if row.top_p else "",
        f"at most {row.max_tokens} tokens" if row.max_tokens else "",
        _several(row.samples, "sample"),
        f"grader: {row.grader}" if row.grader else "",
    ]
    return "; ".join(p for p in parts if p)


def _several(number: str, noun: str) -> str:
    """A number as its source writes it; empty where it says none."""
    return number and f"{number} {noun}{'' if number == '1' else 's'}"


def _table(rows: Iterable[PublishedScore]) -> Iterator[str]:
    yield "| model | set | score | reporter | settings | confidence | source |"
    yield "|---|---|---|---|---|---|---|"
    numbers = _numbers(rows)
    for r in sorted(rows, key=lambda r: (r.model.casefold(), r.data, -float(r.score))):
        cells = (
            r.model,
            r.data,
            r.score,
            r.reporter,
            settings(r),
            r.confidence,
            f"[{numbers[r.source, r.ref]}]",
        )
        yield f"| {' | '.join(c.replace('|', '/') for c in cells)} |"


def _sources(rows: Iterable[PublishedScore]) -> Iterator[str]:
    dates = {(r.source, r.ref): r.date for r in rows}
    for (source, ref), number in _numbers(rows).items():
        date = dates[source, ref]
        yield f"{number}. {source}: {ref}{f' ({date})' if date else ''}"


def _numbers(rows: Iterable[PublishedScore]) -> dict[tuple[str, str], int]:
    return {key: i for i, key in enumerate(dict.fromkeys((r.source, r.ref) for r in rows), 1)}


if __name__ == "__main__":
    sys.stdout.write(page())
