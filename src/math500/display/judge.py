"""A judge beside the rule: both scores, how far they agree, and where they do not."""

from __future__ import annotations

from math500.display.compare import points
from math500.display.lookup import VERDICTS
from math500.display.money import dollars
from math500.display.tables import percent, table
from math500.display.terminal import Styled
from math500.plural import counted, form
from math500.records import JudgeReport, Overruled, Verdict

SHOWN = 20
"""Samples on which they differ that are listed; all of them are in the JSON."""
LONGEST_ANSWER = 40
WORDS: dict[str, str] = {
    "cascade": "asked where the rule could not tell",
    "wrong": "asked where the rule did not say correct",
    "all": "asked about every sample",
}


def judged(found: JudgeReport) -> str:
    """What a judge made of a run."""
    blocks = [
        f"{found.model}, form {found.form}, {WORDS[found.scope]}: {counted(found.judged, 'sample')} judged",
        _scores(found),
        _agreement(found),
        _left(found),
        _cost(found),
        _overruled(found),
    ]
    return "\n\n".join(block for block in blocks if block)


def _scores(found: JudgeReport) -> str:
    rows = [
        ("rule", percent(found.rule_score), found.rule),
        ("judge", percent(found.score), found.grader),
    ]
    if found.difference is not None:
        rows.append(("difference", points(found.difference), "in pairs"))
    return table(rows)


def _agreement(found: JudgeReport) -> str:
    if not found.compared:
        if not found.judged:
            return ""
        if found.unreadable == found.judged:
            return "No reply of this judge could be read, so it has no verdict. Ask another --model."
        return (
            "The rule has no verdict on any judged sample, so nothing here says how good this judge is. "
            "Ask it where the rule knows: the same command with --all --limit 50."
        )
    rows = [
        ("agree", f"{found.agreed} of {counted(found.compared, 'judged sample')} that the rule graded too"),
        ("kappa", _kappa(found)),
        ("correct by the judge alone", str(found.gained)),
        ("correct by the rule alone", str(found.lost)),
    ]
    return table(rows) + _doubt(found)


def _doubt(found: JudgeReport) -> str:
    """What to think of a judge that does not agree with the rule where the rule knows."""
    if found.kappa is None or found.kappa_low is None or found.kappa_low > 0:
        return ""
    return (
        "\nWhere the rule has a verdict this judge may agree with it by chance alone: "
        "do not rely on its score."
    )


def _kappa(found: JudgeReport) -> str:
    if found.kappa is None:
        return "not defined: both give one verdict throughout"
    if found.kappa_low is None or found.kappa_high is None:
        return f"{found.kappa:.2f}"
    return (
        f"{found.kappa:.2f} (95 % interval {found.kappa_low:.2f} to {found.kappa_high:.2f}; 1 full, 0 chance)"
    )


def _left(found: JudgeReport) -> str:
    lines = []
    if found.unreadable:
        lines.append(
            f"{counted(found.unreadable, 'sample is', 'samples are')} ungraded: neither of two "
            "replies could be read."
        )
    if found.owed:
        lines.append(
            f"{counted(found.owed, 'sample is', 'samples are')} still to be judged, and "
            f"{form(found.owed, 'is', 'are')} in neither the judge's score nor the "
            "difference, which say little until then. The same command goes on with what is owed."
        )
    return "\n".join(lines)


def _cost(found: JudgeReport) -> str:
    if not found.requests:
        return ""
    money = "" if found.cost is None else f": {dollars(found.cost)}"
    return (
        f"{counted(found.requests, 'request')} to this judge so far, {found.prompt_tokens:,} prompt and "
        f"{found.completion_tokens:,} completion tokens{money}"
    )


def _overruled(found: JudgeReport) -> str:
    if not found.overruled:
        return ""
    rows = [("problem", "sample", "rule", "judge", "answer", "reference")]
    rows += [_row(each) for each in found.overruled[:SHOWN]]
    more = len(found.overruled) - SHOWN
    left = f"\n... and {more} more: --json lists all." if more > 0 else ""
    return f"Where they differ:\n{table(rows, right=(1,), head=True)}{left}"


def _row(each: Overruled) -> tuple[str, str, str, str, str, str]:
    return (
        each.unique_id,
        str(each.index),
        _verdict(each.rule),
        _verdict(each.judge),
        _short(each.extracted or "-"),
        _short(each.reference),
    )


def _verdict(verdict: Verdict) -> str:
    return Styled(verdict, VERDICTS[verdict])


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= LONGEST_ANSWER else f"{flat[: LONGEST_ANSWER - 3]}..."
