"""A run while it goes."""

from __future__ import annotations

import time

from math500 import paid, stats
from math500.client import prices
from math500.display.live import Live
from math500.display.money import at_least, dollars
from math500.records import Grade, Price, Sample, Summary

BAR = "{n_fmt}/{total_fmt}{postfix}, {remaining} left |{bar}|"
"""What is read first stands first: a narrow terminal cuts off the end."""


class Progress(Live):
    """A run's live progress with its running score.

    It is called for each finished sample (`evaluate.OnSample`).
    """

    def __init__(
        self,
        before: Summary,
        *,
        quiet: bool = False,
        price: Price | None = None,
        judge_price: Price | None = None,
    ) -> None:
        self._done = self._start_done = before.samples - before.missing - before.failed
        super().__init__(before.samples, self._done, quiet=quiet, bar_format=BAR, smoothing=0.1)
        self._correct = before.correct
        self._graded = before.correct + before.wrong + before.no_answer
        self._failed = self._tokens = 0
        self._start = time.monotonic()
        self._price = price
        self._judge_price = judge_price
        self._cost = before.cost or 0.0
        self._least = at_least(before)
        self._all_tokens = before.prompt_tokens + before.completion_tokens
        self._all_tokens += before.judge_prompt_tokens + before.judge_completion_tokens

    def __call__(self, sample: Sample, grade: Grade | None) -> None:
        """Count one finished sample."""
        self._done += 1
        self._failed += sample.failure is not None
        self._count(sample)
        if grade is not None and grade.verdict != "ungraded":
            self._graded += 1
            self._correct += grade.verdict == "correct"
        self._step()

    def _count(self, sample: Sample) -> None:
        judged = [g for score in sample.scores for g in score.generations]
        for price, generations in ((self._price, sample.generations), (self._judge_price, judged)):
            for generation in generations:
                generated = generation.completion_tokens or 0
                self._tokens += generated
                if paid.uncounted((generation,)):
                    self._least = "at least "
                self._all_tokens += (generation.prompt_tokens or 0) + generated
                if price is not None:
                    self._cost += prices.cost_of(price, generation)

    def _place(self) -> str:
        return f"{self._done}/{self._total}"

    def _state(self) -> str:
        parts = []
        if self._graded:
            p = self._correct / self._graded
            low, high = stats.wilson(p, self._graded)
            parts.append(f"score {100 * p:.1f} ({100 * low:.1f}-{100 * high:.1f})")
        parts.append(f"{self._tokens / max(time.monotonic() - self._start, 1e-9):.0f} tok/s")
        parts.append(f"{self._least}{self._all_tokens:,} tokens")
        if self._price is not None or self._judge_price is not None:
            parts.append(dollars(self._cost))
        if self._failed:
            parts.append(f"{self._failed} failed")
        return ", ".join(parts)

    def _left(self) -> float:
        each = (time.monotonic() - self._start) / max(self._done - self._start_done, 1)
        return each * (self._total - self._done)
