"""Published scores, what a number says, and claims against the rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from math500.display.tables import table
from math500.plural import counted
from math500.records import Claim, Fit, Forensics, PublishedModel, PublishedScore

SETTINGS = ("metric", "shots", "cot", "temperature", "top_p", "max_tokens", "samples", "prompt", "grader")
UNSTATED = "A setting that a row does not state is unknown.\nNext: math500 gap RUN --against MODEL"
SHOWN = 8
"""Rows that are near a number."""


def overview(rows: Sequence[PublishedScore]) -> str:
    """The models that scores are published of, with the band of each set."""
    models: dict[str, list[PublishedScore]] = {}
    for row in rows:
        models.setdefault(row.model, []).append(row)
    lines = [
        (model, str(len(of)), band(of, "MATH-500"), band(of, "MATH-5000"))
        for model, of in sorted(models.items(), key=lambda item: item[0].casefold())
    ]
    return table([("model", "rows", "MATH-500", "MATH-5000"), *lines], right=(1, 2, 3), head=True)


def band(rows: Sequence[PublishedScore], data: str) -> str:
    """The lowest and the highest score on a set."""
    found = sorted((r.score for r in rows if r.data == data), key=float)
    return "" if not found else found[0] if found[0] == found[-1] else f"{found[0]} to {found[-1]}"


def model(found: PublishedModel) -> str:
    """A model's scores across reporters, with what they have in common and where they differ."""
    same = {s: v for s in SETTINGS if len(v := {getattr(r, s) for r in found.rows}) == 1}
    shared = ", ".join(f"{_word(s)} {next(iter(v))}" for s, v in same.items() if v != {""})
    head = [found.model]
    if others := [name for name in found.names if name != found.model]:
        head.append(f"also called {', '.join(others)}")
    bands = [(data, band(found.rows, data)) for data in ("MATH-500", "MATH-5000")]
    head += [f"{d}: {b} ({sum(r.data == d for r in found.rows)} reported)" for d, b in bands if b]
    if shared:
        head.append(f"all rows: {shared}")
    differing = [s for s in SETTINGS if s not in same]
    return "\n".join(head) + f"\n\n{_rows(found.rows, differing)}\n\n{UNSTATED}"


def _rows(rows: Sequence[PublishedScore], settings: Sequence[str]) -> str:
    ordered = sorted(rows, key=lambda r: (r.data, -float(r.score)))
    lines = [
        (r.score, r.data, r.called, r.reporter, _settings(r, settings), r.confidence, _source(r))
        for r in ordered
    ]
    names = ("score", "set", "called", "reporter", "settings that differ", "confidence", "source")
    return table([names, *lines], right=(0,), head=True)


def _settings(row: PublishedScore, settings: Sequence[str]) -> str:
    stated = (f"{_word(s)} {value}" for s in settings if (value := getattr(row, s)))
    return "; ".join(stated) or ("none stated" if settings else "none")


def _word(setting: str) -> str:
    return {"max_tokens": "token limit", "top_p": "top-p"}.get(setting, setting)


def _source(row: PublishedScore) -> str:
    return f"{row.source}: {row.ref}" if row.ref else row.source


def forensics(found: Forensics) -> str:
    """What a number says."""
    parts = [table([("set", "problems", "right", ""), *_fits(found)], right=(1, 2), head=True)]
    if found.exact:
        parts.append(f"Published as {found.score}:\n" + _short(found.exact))
    else:
        parts.append(f"Nobody's published score is {found.score}.")
    if found.near:
        parts.append("Near it:\n" + _short(found.near[:SHOWN]))
    return "\n\n".join(parts)


def _fits(found: Forensics) -> list[tuple[str, str, str, str]]:
    return [(name, f"{fit.n:,}", _right(fit), _said(fit)) for name, fit in found.fits.items()]


def _right(fit: Fit) -> str:
    return "none" if fit.right is None else f"{fit.right:,}"


def _said(fit: Fit) -> str:
    if fit.right is not None:
        return "possible"
    step = f"{counted(fit.n, 'problem moves', 'problems move')} in steps of {100 / fit.n:g}"
    if fit.samples is None:
        return f"impossible: {step}"
    return f"impossible: {step}; possible as a mean of {fit.samples} or more samples a problem"


def _short(rows: Sequence[PublishedScore]) -> str:
    lines = [(r.score, r.data, r.model, r.reporter, r.confidence) for r in rows]
    return table(lines, right=(0,))


def claims(found: Sequence[Claim]) -> str:
    """Claims, one a line, and how many of each kind there are."""
    lines = [(c.model, c.score, c.verdict, c.why) for c in found]
    kinds: Mapping[str, int] = {
        k: sum(c.verdict == k for c in found) for k in dict.fromkeys(c.verdict for c in found)
    }
    total = ", ".join(f"{n} {kind}" for kind, n in kinds.items())
    return (
        table([("claim", "score", "verdict", "why"), *lines], right=(1,), head=True)
        + f"\n\n{len(found)}: {total}"
    )
