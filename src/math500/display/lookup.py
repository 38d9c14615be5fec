"""Problem sets, prompts, one grading decision, the self-test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from math500 import data, prompts
from math500.display.tables import duration, table
from math500.display.terminal import Style, Styled
from math500.plural import counted
from math500.records import Grade, GradeStep, Prompt, Report, Verdict

VERDICTS: dict[Verdict, Style] = {
    "correct": "good",
    "wrong": "bad",
    "no_answer": "bad",
    "ungraded": "unsure",
}


def prompt(chosen: Prompt) -> str:
    """A prompt with its exact text and where it comes from."""
    lines = [f"{chosen.name}: {chosen.description}", f"source: {chosen.source}", ""]
    if chosen.system is not None:
        lines += ["[system]", chosen.system, ""]
    lines.append("[user]")
    if chosen.shot_keys and not chosen.shots:
        lines.append(
            f"({len(chosen.shot_keys)} worked examples out of the MATH train split, "
            f"filled in when it is used, each as:)\n{chosen.shot_template}"
        )
    for message in prompts.messages(msgspec.structs.replace(chosen, shot_keys=(), system=None), "{problem}"):
        lines.append(message.content)
    if chosen.stop:
        lines += ["", f"[stop] {', '.join(map(repr, chosen.stop))}"]
    return "\n".join(lines)


def grade(result: Grade, answer: str, steps: Sequence[GradeStep] = ()) -> str:
    """One grading decision in words, and how it came about."""
    rows = [
        ("verdict", Styled(result.verdict, VERDICTS[result.verdict])),
        ("extracted", "nothing" if result.extracted is None else result.extracted),
        ("by rule", result.rule),
        ("reference", answer),
        ("decided by", result.stage),
        ("because", result.reason),
        ("took", f"{1000 * result.seconds:.1f} ms"),
    ]
    decided = table([row for row in rows if row[1]])
    if not steps:
        return decided
    return f"{decided}\n\n{table([('step', 'what'), *((s.step, s.what) for s in steps)], head=True)}"


def problem_sets() -> str:
    """The known problem sets and whether they are here."""
    head = ("set", "problems", "in the cache", "")
    sets = ((k.name, f"{k.rows:,}", data.where(k.name).state, k.description) for k in data.known_sets())
    return table([head, *sets], right=(1,), head=True)


def problem_set(found: data.ProblemSet) -> str:
    """One problem set: where it came from, what proves it, and its counts."""
    source = found.source
    proof = "verified" if source.verified else "your own set: there is nothing to verify it against"
    counts = data.counts(found.problems)
    blocks = [
        f"{source.name}: {counted(source.rows, 'problem')}, {proof}",
        table([(s.place, s.location, s.outcome) for s in source.steps]),
        f"sha256 of the rows: {source.sha256}",
        _counts("subject", {k or "(none)": n for k, n in counts.by_subject.items()}),
        _counts("level", {"(none)" if k is None else str(k): n for k, n in counts.by_level.items()}),
    ]
    return "\n\n".join(b for b in blocks if b)


def _counts(what: str, numbers: Mapping[str, int]) -> str:
    if len(numbers) < 2:
        return ""
    return table(
        [(what, "problems"), *((name, str(n)) for name, n in numbers.items())], right=(1,), head=True
    )


def selftest(report: Report) -> str:
    """What a self-test found."""
    rows = [("part", "what", "right accepted", "wrong accepted", "")]
    for check in report.checks:
        right, wrong = f"{check.right} of {check.n}", f"{check.wrong} of {check.n}"
        rows.append(
            (
                check.part,
                check.name,
                right,
                wrong,
                "" if check.passed else Styled("FAILED " + ", ".join(check.ids), "bad"),
            )
        )
    skipped = [f"not checked: {what}" for what in report.skipped]
    return "\n".join([table(rows, right=(2, 3), head=True), *skipped, f"in {duration(report.seconds)}"])
