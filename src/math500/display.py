"""What a person sees in the terminal: progress, summaries, tables.

Everything here returns or shows text; nothing decides or computes a score.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from unicodedata import east_asian_width

import msgspec

from math500 import data, prompts, stats
from math500.records import Estimate, Grade, Manifest, Part, Prompt, Report, Sample, Summary

if TYPE_CHECKING:
    from tqdm import tqdm


PLAIN_SECONDS = 10.0
"""How often progress is printed where the output is not a terminal."""


def percent(score: Estimate | None) -> str:
    """A score as people read it, such as `5.0 % (95 % interval 0.9 to 23.6, n = 20)`."""
    if score is None:
        return "no score: nothing was graded"
    return (
        f"{100 * score.value:.1f} % (95 % interval {100 * score.low:.1f} to {100 * score.high:.1f}, "
        f"n = {score.n})"
    )


def width(text: str) -> int:
    """Columns that a text takes in a terminal; Chinese characters take two."""
    return sum(2 if east_asian_width(c) in "WF" else 1 for c in text)


def table(rows: Sequence[Sequence[str]], *, right: Iterable[int] = ()) -> str:
    """Rows of cells as aligned columns; the columns in `right` are aligned to the right."""
    if not rows:
        return ""
    widths = [max(width(row[i]) for row in rows) for i in range(len(rows[0]))]
    to_right = set(right)

    def cell(text: str, column: int) -> str:
        gap = " " * (widths[column] - width(text))
        return gap + text if column in to_right else text + gap

    return "\n".join("  ".join(cell(c, i) for i, c in enumerate(row)).rstrip() for row in rows)


def decoding(manifest: Manifest) -> str:
    """The decoding settings in words."""
    d = manifest.decoding
    chosen = (
        "the endpoint's"
        if d.temperature is None
        else "greedy"
        if d.temperature == 0
        else f"{d.temperature:g}"
    )
    parts = [f"temperature {chosen}" if chosen != "greedy" else "greedy"]
    if d.top_p is not None:
        parts.append(f"top-p {d.top_p:g}")
    limit = "the endpoint's own token limit" if d.max_tokens is None else f"at most {d.max_tokens} tokens"
    return ", ".join([*parts, limit])


def summary(manifest: Manifest, result: Summary, folder: Path) -> str:
    """The end of a run: the score, what is not in it, its parts, and what it cost."""
    blocks = [
        _head(manifest, result),
        _not_scored(result, folder),
        _parts("subject", result.by_subject),
        _parts("level", result.by_level),
        _cost(manifest, result),
    ]
    return "\n\n".join(b for b in blocks if b)


def _head(manifest: Manifest, result: Summary) -> str:
    samples = f", {manifest.samples} samples a problem" if manifest.samples > 1 else ""
    asked = f"prompt {manifest.prompt.name}, {decoding(manifest)}{samples}"
    return (
        f"{manifest.data.name}  {manifest.model.name}  {asked}\n"
        f"score  {percent(result.score)}  by {result.grader}"
    )


def _not_scored(result: Summary, folder: Path) -> str:
    lines = []
    answered = result.correct + result.wrong + result.no_answer + result.ungraded
    if result.no_answer:
        lines.append(f"{result.no_answer} responses give no answer; they count as not correct.")
    if result.truncated:
        lines.append(
            f"{result.truncated} of {answered} responses were cut off by the token limit; "
            "raise --max-tokens to see what that costs."
        )
    if result.ungraded:
        lines.append(f"{result.ungraded} responses could not be graded; they are not in the score.")
    if result.failed or result.missing:
        lines.append(
            f"{result.failed} samples failed and {result.missing} were not collected; "
            f"they are not in the score. Go on with: math500 run --resume {folder}"
        )
    return "\n".join(lines)


def _parts(what: str, parts: Sequence[Part]) -> str:
    if len(parts) < 2:
        return ""
    rows = [(what, "score", "95 % interval", "n")]
    for part in parts:
        s = part.score
        rows.append((part.name, f"{100 * s.value:.1f}", f"{100 * s.low:.1f} to {100 * s.high:.1f}", str(s.n)))
    return table(rows, right=(1, 2, 3))


def _cost(manifest: Manifest, result: Summary) -> str:
    rate = result.completion_tokens / result.seconds if result.seconds else 0.0
    return (
        f"{result.prompt_tokens:,} prompt and {result.completion_tokens:,} completion tokens in "
        f"{duration(result.seconds)} ({rate:.0f} tokens/s at concurrency {manifest.concurrency})"
    )


def duration(seconds: float) -> str:
    """Seconds as `42 s`, `3 min 05 s` or `2 h 10 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


class Progress:
    """A run's live progress with its running score: a bar in a terminal, a line now and then elsewhere.

    It is called for each finished sample (`evaluate.OnSample`).
    """

    def __init__(self, before: Summary, *, quiet: bool = False) -> None:
        self._total = before.samples
        self._done = self._start_done = before.samples - before.missing - before.failed
        self._correct = before.correct
        self._graded = before.correct + before.wrong + before.no_answer
        self._failed = self._tokens = 0
        self._start = self._printed = time.monotonic()
        self._bar = self._make_bar() if sys.stderr.isatty() and not quiet else None
        self._quiet = quiet

    def _make_bar(self) -> tqdm[Any]:
        from tqdm import tqdm  # noqa: PLC0415 - only a run with a terminal needs it

        return tqdm(
            total=self._total, initial=self._done, unit="", dynamic_ncols=True, smoothing=0.1, leave=True
        )

    def __call__(self, sample: Sample, grade: Grade | None) -> None:
        """Count one finished sample."""
        self._done += 1
        self._failed += sample.failure is not None
        self._tokens += sum(g.completion_tokens or 0 for g in sample.generations)
        if grade is not None and grade.verdict != "ungraded":
            self._graded += 1
            self._correct += grade.verdict == "correct"
        if self._bar is not None:
            self._bar.set_postfix_str(self._state(), refresh=False)
            self._bar.update()
        elif not self._quiet and time.monotonic() - self._printed >= PLAIN_SECONDS:
            self._print()

    def note(self, text: str) -> None:
        """Say something in between without spoiling the bar."""
        if self._bar is not None:
            self._bar.write(text, file=sys.stderr)
        elif not self._quiet:
            print(text, file=sys.stderr, flush=True)  # noqa: T201 - this is the terminal's room

    def _state(self) -> str:
        parts = []
        if self._graded:
            p = self._correct / self._graded
            low, high = stats.wilson(p, self._graded)
            parts.append(f"score {100 * p:.1f} ({100 * low:.1f}-{100 * high:.1f})")
        parts.append(f"{self._tokens / max(time.monotonic() - self._start, 1e-9):.0f} tok/s")
        if self._failed:
            parts.append(f"{self._failed} failed")
        return ", ".join(parts)

    def _print(self) -> None:
        self._printed = time.monotonic()
        elapsed = self._printed - self._start
        left = elapsed / max(self._done - self._start_done, 1) * (self._total - self._done)
        print(  # noqa: T201 - this is the terminal's room
            f"{self._done}/{self._total}, {self._state()}, about {duration(left)} left",
            file=sys.stderr,
            flush=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()


FOLDER_HOLDS = (
    "manifest.json (all settings), problems.jsonl, samples.jsonl (every generation), "
    "grades/ (every grade and why), summary.json"
)


def next_command(manifest: Manifest, result: Summary, folder: Path) -> str:
    """What to type after this run."""
    if result.failed or result.missing:
        return f"math500 run --resume {folder}"
    if manifest.model.name.startswith("embedded"):
        return (
            "your own model: `math500 run --model NAME --base-url http://localhost:8000/v1`, or a vendor's: "
            "`OPENAI_API_KEY=... math500 run --model openai/gpt-4o-mini`"
        )
    return f"math500 export {folder}"


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


def grade(result: Grade, answer: str) -> str:
    """One grading decision in words."""
    rows = [
        ("verdict", result.verdict),
        ("extracted", "nothing" if result.extracted is None else result.extracted),
        ("by rule", result.rule),
        ("reference", answer),
        ("decided by", result.stage),
        ("because", result.reason),
        ("took", f"{1000 * result.seconds:.1f} ms"),
    ]
    return table([row for row in rows if row[1]])


def problem_sets() -> str:
    """The known problem sets and whether they are here."""
    head = ("set", "problems", "in the cache", "")
    sets = ((k.name, f"{k.rows:,}", data.where(k.name).state, k.description) for k in data.known_sets())
    return table([head, *sets], right=(1,))


def problem_set(found: data.ProblemSet) -> str:
    """One problem set: where it came from, what proves it, and its counts."""
    source = found.source
    proof = "verified" if source.verified else "your own set: there is nothing to verify it against"
    counts = data.counts(found.problems)
    blocks = [
        f"{source.name}: {source.rows:,} problems, {proof}",
        table([(s.place, s.location, s.outcome) for s in source.steps]),
        f"sha256 of the rows: {source.sha256}",
        _counts("subject", {k or "(none)": n for k, n in counts.by_subject.items()}),
        _counts("level", {"(none)" if k is None else str(k): n for k, n in counts.by_level.items()}),
    ]
    return "\n\n".join(b for b in blocks if b)


def _counts(what: str, numbers: Mapping[str, int]) -> str:
    if len(numbers) < 2:
        return ""
    return table([(what, "problems"), *((name, str(n)) for name, n in numbers.items())], right=(1,))


def selftest(report: Report) -> str:
    """What a self-test found."""
    rows = [("part", "what", "right accepted", "wrong accepted", "")]
    for check in report.checks:
        right, wrong = f"{check.right} of {check.n}", f"{check.wrong} of {check.n}"
        rows.append(
            (check.part, check.name, right, wrong, "" if check.passed else "FAILED " + ", ".join(check.ids))
        )
    skipped = [f"not checked: {what}" for what in report.skipped]
    return "\n".join([table(rows, right=(2, 3)), *skipped, f"in {duration(report.seconds)}"])
