"""A gap in a terminal: the numbers, whether they may be subtracted, the noise, the factors, what is left."""

from __future__ import annotations

from collections.abc import Sequence

from math500.display.compare import comparability, points
from math500.display.tables import between, percent, table
from math500.display.terminal import paint
from math500.records import Advice, Factor, Gap, Reference

DECIDING = ("prompt", "shots", "decoding", "token limit", "samples", "grader")
"""Settings that decide a score wherever it is measured."""
OTHERS = 6
"""Other published scores that are listed."""


def gap(found: Gap) -> str:
    """Everything, in the order in which it should be read."""
    blocks = [
        "\n".join(found.findings),
        _numbers(found),
        _titled("Can they be compared?", _comparability(found)),
        _titled("Measured with the model, in pairs", _factors(found, "measured")),
        _titled("From the same responses, nothing asked again", _factors(found, "recomputed")),
        _titled(f"From the measured to the {_other(found)} score", _steps(found)),
        _titled("Priors: what others found on other models", _priors(found.factors)),
        _titled("Other published scores of the model", _others(found.others)),
        _titled("In words", found.words),
        _titled("Next, the most expected effect for its cost first", _advice(found.advice)),
        "\n".join(found.notes),
    ]
    return "\n\n".join(block for block in blocks if block)


def _titled(title: str, text: str) -> str:
    return f"{paint(title, 'heading')}\n{text}" if text else ""


def _comparability(found: Gap) -> str:
    """The fields of both protocols, and those that neither states: nobody knows whether they agree."""
    if not found.comparability:
        return ""
    stated = {row.field for row in found.comparability}
    silent = [field for field in DECIDING if field not in stated]
    rows = comparability(found.comparability, "measured", _other(found))
    return f"{rows}\nstated by neither: {', '.join(silent)}" if silent else rows


def _other(found: Gap) -> str:
    """The heading of what the measured score is held against."""
    of_run = found.published is not None and found.published.of_run
    return "other" if of_run else "published"


def _numbers(found: Gap) -> str:
    rows = [("measured", percent(found.measured))]
    if found.claimed is not None and found.claimed != found.published:
        rows.append(("compared with", f"{_score(found.claimed)} {_of(found.claimed)}".rstrip()))
    if found.published is not None:
        other = found.published
        rows.append((other.called, f"{_score(other)} {_of(other)}".rstrip()))
    if found.gap is not None:
        rows.append(("gap", points(found.gap)))
    if found.smallest is not None:
        rows.append(("noise", _noise(found, found.smallest)))
    return table(rows)


def _noise(found: Gap, smallest: float) -> str:
    """From which difference on one shows; paired runs show smaller ones than two independent scores."""
    paired = found.gap is not None and found.gap.method.endswith("paired")
    two = "two such runs" if paired else "two independent scores of this size"
    return f"{two} differ visibly from {_pt(smallest)} on (in four of five cases)"


def _score(reference: Reference) -> str:
    """In percent, with a second digit only where it says something."""
    return f"{100 * reference.score:.2f}".removesuffix("0")


def _of(reference: Reference) -> str:
    parts = (reference.model, reference.data, reference.reporter)
    return ", ".join(part for part in parts if part)


def _pt(value: float) -> str:
    return f"{100 * value:.1f} points"


def _factors(found: Gap, kind: str) -> str:
    factors = [f for f in found.factors if f.kind == kind]
    if not factors:
        return ""
    rows = [("factor", "other setting", "effect", "95 % interval", "n", "gained", "lost", "")]
    for f in factors:
        value, low, high = (100 * (v or 0.0) for v in (f.value, f.low, f.high))
        interval = f"{low:+.1f} to {high:+.1f}"
        rows.append(
            (f.name, f.setting, f"{value:+.1f}", interval, str(f.n), str(f.gained), str(f.lost), f.detail)
        )
    return table(rows, right=(2, 3, 4, 5, 6), head=True)


def _steps(found: Gap) -> str:
    """The waterfall as rows: where it starts, every share, the remainder, where it ends."""
    shares = [(f, f.share) for f in found.factors if f.share is not None]
    if not shares and found.remainder is None:
        return ""
    rows = [("measured", f"{100 * found.measured.value:.1f}", "")]
    for factor, share in sorted(shares, key=lambda fs: -abs(fs[1].value)):
        interval = f"{100 * share.low:+.1f} to {100 * share.high:+.1f}"
        rows.append((f"{factor.name}: {factor.setting}", f"{100 * share.value:+.1f}", interval))
    if found.remainder is not None and found.published is not None:
        r = found.remainder
        rows.append(("remainder", f"{100 * r.value:+.1f}", f"{100 * r.low:+.1f} to {100 * r.high:+.1f}"))
        rows.append((found.published.called, f"{100 * found.published.score:.1f}", ""))
    elif found.explained is not None:
        total = 100 * (found.measured.value + found.explained.value)
        rows.append(("with all other settings", f"{total:.1f}", ""))
    return table(rows, right=(1, 2))


def _priors(factors: Sequence[Factor]) -> str:
    rows = [(f.name, between(f.low, f.high), f"{f.detail}; {f.source}") for f in factors if f.kind == "prior"]
    return table(rows, right=(1,))


def _others(references: Sequence[Reference]) -> str:
    rows = [(_score(r), r.data, r.reporter, r.source) for r in references[:OTHERS]]
    left = len(references) - OTHERS
    return table(rows, right=(0,)) + (f"\n... and {left} more" if left > 0 else "")


def _advice(advice: Sequence[Advice]) -> str:
    rows = [
        (f"{i}.", a.what, f"about {100 * a.effect:.1f} points", _tokens(a.tokens), f"{a.command}   ({a.why})")
        for i, a in enumerate(advice, 1)
    ]
    return table(rows, right=(2, 3))


def _tokens(tokens: int) -> str:
    return f"{tokens:,} tokens" if tokens else "free"
